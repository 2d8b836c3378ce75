package canon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrLayout is wrapped by every error about bytes that are not canonical: too short, too long, out of range, left over.
var ErrLayout = errors.New("not canonical bytes")

// Writer appends canonical bytes. The zero value is ready. Its error is sticky: look at Err once at the end.
type Writer struct {
	buf []byte
	err error
}

// U8 appends one byte.
func (w *Writer) U8(v uint8) { w.buf = append(w.buf, v) }

// U16 appends two bytes, big-endian.
func (w *Writer) U16(v uint16) { w.buf = binary.BigEndian.AppendUint16(w.buf, v) }

// U32 appends four bytes, big-endian.
func (w *Writer) U32(v uint32) { w.buf = binary.BigEndian.AppendUint32(w.buf, v) }

// U64 appends eight bytes, big-endian.
func (w *Writer) U64(v uint64) { w.buf = binary.BigEndian.AppendUint64(w.buf, v) }

// Raw appends b as it stands, for fields whose length the format fixes.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// Opaque16 appends a two-byte length and b. More than 65 535 bytes are an error.
func (w *Writer) Opaque16(b []byte) {
	if len(b) > math.MaxUint16 {
		w.err = fmt.Errorf("writing %d bytes where 65535 fit: %w", len(b), ErrLayout)
		return
	}
	w.U16(uint16(len(b)))
	w.Raw(b)
}

// Bytes gives what was written. It stays valid until the next write.
func (w *Writer) Bytes() []byte { return w.buf }

// Err gives the first error.
func (w *Writer) Err() error { return w.err }

// Reader takes canonical bytes apart. After an error every method returns zero values; look at Err or Done at the end.
type Reader struct {
	rest []byte
	err  error
}

// NewReader reads b, which it neither changes nor copies.
func NewReader(b []byte) *Reader { return &Reader{rest: b} }

// Raw gives the next n bytes, which alias the input.
func (r *Reader) Raw(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.rest) {
		r.err = fmt.Errorf("reading %d bytes where %d are left: %w", n, len(r.rest), ErrLayout)
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	if b := r.Raw(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes, big-endian.
func (r *Reader) U16() uint16 {
	if b := r.Raw(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U32 reads four bytes, big-endian.
func (r *Reader) U32() uint32 {
	if b := r.Raw(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes, big-endian.
func (r *Reader) U64() uint64 {
	if b := r.Raw(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Array16 reads 16 bytes.
func (r *Reader) Array16() (a [16]byte) { copy(a[:], r.Raw(16)); return a }

// Array32 reads 32 bytes.
func (r *Reader) Array32() (a [32]byte) { copy(a[:], r.Raw(32)); return a }

// Array64 reads 64 bytes.
func (r *Reader) Array64() (a [64]byte) { copy(a[:], r.Raw(64)); return a }

// Opaque16 reads a two-byte length and that many bytes, which alias the input. More than most bytes are an error.
func (r *Reader) Opaque16(most int) []byte {
	n := int(r.U16())
	if r.err == nil && n > most {
		r.err = fmt.Errorf("reading %d bytes where %d are allowed: %w", n, most, ErrLayout)
	}
	return r.Raw(n)
}

// Fail records an error of the caller's own rules, unless there is one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Err gives the first error.
func (r *Reader) Err() error { return r.err }

// Done gives the first error, or one if bytes are left over.
func (r *Reader) Done() error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes are left over: %w", len(r.rest), ErrLayout)
	}
	return r.err
}
