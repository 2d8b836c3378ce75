package sign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/edwards25519"

	"iconet.example/crypto/canon"
)

// ErrKey is wrapped by errors about bytes that are no acceptable public or private key.
var ErrKey = errors.New("not an acceptable Ed25519 key")

// ErrSignature says that a signature does not verify.
var ErrSignature = errors.New("signature does not verify")

// Context separates the uses of a key, such as "iconet/1/entry". It is ASCII without zero bytes.
type Context string

// PublicKey is an Ed25519 public key that [ParsePublicKey] accepted. It is comparable; the zero value verifies nothing.
type PublicKey [ed25519.PublicKeySize]byte

// ParsePublicKey reads 32 bytes. It refuses non-canonical encodings and points of small order with [ErrKey].
func ParsePublicKey(b []byte) (PublicKey, error) {
	point, err := new(edwards25519.Point).SetBytes(b)
	if err != nil || !bytes.Equal(point.Bytes(), b) {
		return PublicKey{}, fmt.Errorf("reading a public key: %w", ErrKey)
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return PublicKey{}, fmt.Errorf("reading a public key of small order: %w", ErrKey)
	}
	return PublicKey(b), nil
}

// String gives 64 lower-case hexadecimal digits.
func (k PublicKey) String() string { return hex.EncodeToString(k[:]) }

// Fingerprint is [canon.Fingerprint] of the key's bytes.
func (k PublicKey) Fingerprint() string { return canon.Fingerprint(k[:]) }

// MarshalText gives the hexadecimal form.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText writes and applies [ParsePublicKey].
func (k *PublicKey) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || hex.EncodeToString(b) != string(text) {
		return fmt.Errorf("reading a public key: %w", ErrKey)
	}
	parsed, err := ParsePublicKey(b)
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// Signature is an Ed25519 signature.
type Signature [ed25519.SignatureSize]byte

// Signer signs with a key that may be elsewhere, such as in a hardware module.
type Signer interface {
	Public() PublicKey
	Sign(c Context, body []byte) (Signature, error)
}

// Key is a private key in memory. It is a [Signer] and safe for concurrent use.
type Key struct {
	private ed25519.PrivateKey
	public  PublicKey
}

// NewKey draws a key from random.
func NewKey(random io.Reader) (*Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("drawing a key: %w", err)
	}
	return KeyFromSeed(seed)
}

// KeyFromSeed rebuilds a key from its 32-byte seed (RFC 8032, 5.1.5).
func KeyFromSeed(seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("reading a key seed of %d bytes: %w", len(seed), ErrKey)
	}
	k := &Key{private: ed25519.NewKeyFromSeed(seed)}
	copy(k.public[:], k.private.Public().(ed25519.PublicKey))
	return k, nil
}

// Public gives the public half.
func (k *Key) Public() PublicKey { return k.public }

// Seed gives the 32 secret bytes, for key files only.
func (k *Key) Seed() []byte { return k.private.Seed() }

// Std gives the standard library's form, for libraries that sign on their own (transport, signed notes).
func (k *Key) Std() ed25519.PrivateKey { return k.private }

// Sign signs body in context c. It never fails for a key in memory.
func (k *Key) Sign(c Context, body []byte) (Signature, error) {
	return Signature(ed25519.Sign(k.private, message(c, body))), nil
}

// String hides the key from formatted output.
func (k Key) String() string { return "[private key of " + k.public.String() + "]" }

// Format hides the key from formatted output, whatever the verb.
func (k Key) Format(s fmt.State, _ rune) { fmt.Fprint(s, k.String()) }

// Verify checks a signature over body in context c; a failure is [ErrSignature].
func Verify(pub PublicKey, c Context, body []byte, sig Signature) error {
	if pub == (PublicKey{}) || !ed25519.Verify(pub[:], message(c, body), sig[:]) {
		return fmt.Errorf("verifying %s: %w", c, ErrSignature)
	}
	return nil
}

func message(c Context, body []byte) []byte {
	m := make([]byte, 0, len(c)+5+len(body))
	m = append(m, c...)
	m = append(m, 0)
	m = binary.BigEndian.AppendUint32(m, uint32(len(body)))
	return append(m, body...)
}
