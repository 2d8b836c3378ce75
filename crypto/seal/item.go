package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// maxHeader bounds the header of an item file in bytes.
const maxHeader = 1 << 10

// workFactor of an item's scrypt stanza: 2^1 rounds.
const workFactor = 1

// ErrHeader says that a file is not an item file: nothing was decrypted.
var ErrHeader = errors.New("not the header of an item file")

// ErrKey says that a key does not open a file, or that the file was changed or cut.
var ErrKey = errors.New("key does not open the file")

// ItemKey is the secret of one revision of an item: 32 random bytes.
type ItemKey [32]byte

// String hides the key from formatted output.
func (ItemKey) String() string { return "[item key]" }

// Format hides the key from formatted output, whatever the verb.
func (k ItemKey) Format(s fmt.State, _ rune) { fmt.Fprint(s, k.String()) }

// MarshalText hides the key from encodings, which it never belongs in.
func (k ItemKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Passphrase gives the form that stock age asks for: 43 characters, unpadded base64url (RFC 4648, 5). It is secret.
func (k ItemKey) Passphrase() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// SealItem encrypts plain under a fresh key drawn from random.
func SealItem(random io.Reader, plain []byte) ([]byte, ItemKey, error) {
	var key ItemKey
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return nil, ItemKey{}, fmt.Errorf("drawing an item key: %w", err)
	}
	to, err := age.NewScryptRecipient(key.Passphrase())
	if err != nil {
		return nil, ItemKey{}, fmt.Errorf("sealing an item: %w", err)
	}
	to.SetWorkFactor(workFactor)
	sealed, err := encrypt(plain, to)
	if err != nil {
		return nil, ItemKey{}, fmt.Errorf("sealing an item: %w", err)
	}
	return sealed, key, nil
}

// UnsealItem checks the header and decrypts. Errors: [ErrHeader], [ErrKey].
func UnsealItem(sealed []byte, key ItemKey) ([]byte, error) {
	if err := CheckItemHeader(sealed); err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(key.Passphrase())
	if err != nil {
		return nil, fmt.Errorf("opening an item: %w", ErrKey)
	}
	id.SetMaxWorkFactor(workFactor)
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		return nil, fmt.Errorf("opening an item: %w", ErrKey)
	}
	plain := bytes.NewBuffer(make([]byte, 0, len(sealed)))
	if _, err := plain.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("opening an item: %w", ErrKey)
	}
	return plain.Bytes(), nil
}

// CheckItemHeader reports whether sealed begins with the header of an item file: version line, one scrypt stanza of work
// factor 1, MAC line, all within 1 KiB. Anything else is [ErrHeader]. It decrypts nothing.
func CheckItemHeader(sealed []byte) error {
	head := sealed[:min(len(sealed), maxHeader)]
	end := bytes.Index(head, []byte("\n--- "))
	if end < 0 || bytes.IndexByte(head[end+1:], '\n') < 0 {
		return ErrHeader
	}
	lines := strings.Split(string(head[:end]), "\n")
	if len(lines) != 3 || lines[0] != "age-encryption.org/v1" {
		return ErrHeader
	}
	stanza := strings.Split(lines[1], " ")
	if len(stanza) != 4 || stanza[0] != "->" || stanza[1] != "scrypt" || stanza[3] != "1" {
		return ErrHeader
	}
	if strings.HasPrefix(lines[2], "->") {
		return ErrHeader
	}
	return nil
}

func encrypt(plain []byte, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(plain) + 256)
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
