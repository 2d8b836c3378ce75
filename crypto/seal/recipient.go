package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"iconet.example/crypto/canon"
)

// ErrRecipient says that a text is not a hybrid recipient or identity.
var ErrRecipient = errors.New("not a hybrid post-quantum age key")

// Recipient is the public half of a reader's key: ML-KEM-768 with X25519, "age1pq1...".
type Recipient struct{ r *age.HybridRecipient }

// ParseRecipient reads the text form; other kinds of age recipients are refused with [ErrRecipient].
func ParseRecipient(s string) (Recipient, error) {
	r, err := age.ParseHybridRecipient(s)
	if err != nil || r.String() != s {
		return Recipient{}, fmt.Errorf("reading a recipient: %w", ErrRecipient)
	}
	return Recipient{r: r}, nil
}

// String gives the 1 959 characters of the text form.
func (r Recipient) String() string {
	if r.r == nil {
		return ""
	}
	return r.r.String()
}

// Fingerprint is [canon.Fingerprint] of the text form.
func (r Recipient) Fingerprint() string { return canon.Fingerprint([]byte(r.String())) }

// Identity is the private half of a reader's key.
type Identity struct{ id *age.HybridIdentity }

// NewIdentity draws a key from the system's random source.
func NewIdentity() (*Identity, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("drawing a reader key: %w", err)
	}
	return &Identity{id: id}, nil
}

// ParseIdentity reads what Secret gives.
func ParseIdentity(s string) (*Identity, error) {
	id, err := age.ParseHybridIdentity(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("reading a reader key: %w", ErrRecipient) // the library's error could quote the key
	}
	return &Identity{id: id}, nil
}

// Recipient gives the public half.
func (id *Identity) Recipient() Recipient { return Recipient{r: id.id.Recipient()} }

// Secret gives the text form of the private half, for key files only.
func (id *Identity) Secret() string { return id.id.String() }

// String hides the key from formatted output.
func (id *Identity) String() string { return "[reader key]" }

// Seal encrypts plain to each of to, at least one.
func Seal(plain []byte, to ...Recipient) ([]byte, error) {
	rs := make([]age.Recipient, len(to))
	for i, r := range to {
		if r.r == nil {
			return nil, fmt.Errorf("sealing to an empty recipient: %w", ErrRecipient)
		}
		rs[i] = r.r
	}
	sealed, err := encrypt(plain, rs...)
	if err != nil {
		return nil, fmt.Errorf("sealing a message: %w", err)
	}
	return sealed, nil
}

// Unseal decrypts a message of at most most plain bytes. [ErrKey] if this key does not open it, or it was changed or cut.
func (id *Identity) Unseal(sealed []byte, most int) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), id.id)
	if err != nil {
		return nil, fmt.Errorf("opening a message: %w", ErrKey)
	}
	plain, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil || len(plain) > most {
		return nil, fmt.Errorf("opening a message: %w", ErrKey)
	}
	return plain, nil
}
