package feed

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/federation"
)

// plainTag begins the bytes that are sealed.
const plainTag = "iconet/1/item\x00"

const (
	maxForm  = 64 << 10
	maxFiles = 10
	maxPlain = 256 << 10
	// MaxSealed bounds the sealed bytes of an item, which travel in one frame: the plaintext with the head and the tags of
	// its age file.
	MaxSealed = maxPlain + 4<<10
	maxName   = 255
)

// Attachment is a file of an item.
type Attachment struct {
	Name   string
	Type   string // media type
	SHA256 [32]byte
	Data   []byte
}

// Plain is what the sealed bytes of an item hold.
type Plain struct {
	Binding [32]byte
	Form    []byte
	Files   []Attachment
}

// EncodePlain gives the padded bytes to be sealed. Sizes over the bounds are ErrInvalid.
func EncodePlain(binding [32]byte, form []byte, files []Attachment) ([]byte, error) {
	if len(form) > maxForm || len(files) > maxFiles {
		return nil, fmt.Errorf("an item has at most %d KiB of form and %d files: %w", maxForm>>10, maxFiles, federation.ErrInvalid)
	}
	var w canon.Writer
	w.Raw([]byte(plainTag))
	w.U8(version)
	w.Raw(binding[:])
	w.U32(uint32(len(form)))
	w.Raw(form)
	w.U16(uint16(len(files)))
	for _, f := range files {
		if len(f.Name) > maxName || len(f.Type) > maxName {
			return nil, fmt.Errorf("a file's name and type have at most %d bytes: %w", maxName, federation.ErrInvalid)
		}
		w.Opaque16([]byte(f.Name))
		w.Opaque16([]byte(f.Type))
		sum := sha256.Sum256(f.Data)
		w.Raw(sum[:])
		w.U64(uint64(len(f.Data)))
		w.Raw(f.Data)
	}
	b := w.Bytes()
	size := padded(len(b))
	if size > maxPlain {
		return nil, fmt.Errorf("an item has at most %d KiB with its files: %w", maxPlain>>10, federation.ErrInvalid)
	}
	return append(b, make([]byte, size-len(b))...), nil
}

// padded gives the size to which n bytes are filled up, so that sizes tell little: 4, 8, 16, 32, 64 KiB, then multiples
// of 64 KiB.
func padded(n int) int {
	const step = 64 << 10
	for size := 4 << 10; size < step; size *= 2 {
		if n <= size {
			return size
		}
	}
	return (n + step - 1) / step * step
}

// ParsePlain reads what EncodePlain writes. Errors are [federation.RejectError]s with reason layout. The result aliases b.
func ParsePlain(b []byte) (*Plain, error) {
	refuse := func(what string) (*Plain, error) {
		return nil, federation.Reject(federation.ReasonLayout, "parsing an opened item: %s", what)
	}
	if len(b) > maxPlain {
		return refuse("too long")
	}
	r := canon.NewReader(b)
	if !bytes.Equal(r.Raw(len(plainTag)), []byte(plainTag)) || r.U8() != version {
		return refuse("tag or version")
	}
	p := &Plain{Binding: r.Array32()}
	n := r.U32()
	if n > maxForm {
		return refuse("form too long")
	}
	p.Form = r.Raw(int(n))
	k := r.U16()
	if k > maxFiles {
		return refuse("too many files")
	}
	used := len(plainTag) + 1 + 32 + 4 + int(n) + 2
	for range k {
		f := Attachment{Name: string(r.Opaque16(maxName)), Type: string(r.Opaque16(maxName)), SHA256: r.Array32()}
		size := r.U64()
		if size > maxPlain {
			return refuse("file too long")
		}
		f.Data = r.Raw(int(size))
		if r.Err() == nil && sha256.Sum256(f.Data) != f.SHA256 {
			return refuse("a file does not match its hash")
		}
		used += 2 + len(f.Name) + 2 + len(f.Type) + 32 + 8 + len(f.Data)
		p.Files = append(p.Files, f)
	}
	if r.Err() != nil {
		return refuse("cut short")
	}
	pad := r.Raw(len(b) - used)
	if r.Done() != nil || len(b) != padded(used) || len(bytes.Trim(pad, "\x00")) > 0 {
		return refuse("padding")
	}
	return p, nil
}
