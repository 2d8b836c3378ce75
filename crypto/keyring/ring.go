package keyring

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
)

// Ring is the set of a node's own private keys.
type Ring struct {
	P2P, Sign, Witness *sign.Key
	Enc                []*seal.Identity // newest first
	StoreKey, KEK      [32]byte
	Plain              bool // the file is unprotected
}

// String hides the keys from formatted output.
func (r Ring) String() string { return "[key ring]" }

// Format hides the keys from formatted output, whatever the verb.
func (r Ring) Format(s fmt.State, _ rune) { fmt.Fprint(s, r.String()) }

// content is the ring as it lies in its file.
type content struct {
	P2P      []byte   `json:"p2p"`
	Sign     []byte   `json:"sign"`
	Witness  []byte   `json:"witness"`
	Enc      []string `json:"enc"`
	StoreKey []byte   `json:"store_key"`
	KEK      []byte   `json:"kek"`
}

const ringFile, maxRing = "ring.key", 64 << 10

// Create draws a new ring and writes it under dir. Errors: [ErrExists].
func Create(dir string, p Protection) (*Ring, error) {
	r := &Ring{Plain: p.Plain}
	for _, k := range []**sign.Key{&r.P2P, &r.Sign, &r.Witness} {
		key, err := sign.NewKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		*k = key
	}
	enc, err := seal.NewIdentity()
	if err != nil {
		return nil, err
	}
	r.Enc = []*seal.Identity{enc}
	rand.Read(r.StoreKey[:])
	rand.Read(r.KEK[:])
	c := content{P2P: r.P2P.Seed(), Sign: r.Sign.Seed(), Witness: r.Witness.Seed(), Enc: []string{enc.Secret()},
		StoreKey: r.StoreKey[:], KEK: r.KEK[:]}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding the key ring: %w", err)
	}
	if err := write(filepath.Join(dir, ringFile), p, b); err != nil {
		return nil, err
	}
	return r, nil
}

// Open reads the ring under dir. Errors: [ErrPermissions], [ErrPassphrase], [ErrProtection].
func Open(dir string, p Protection) (*Ring, error) {
	b, plain, err := read(filepath.Join(dir, ringFile), p)
	if err != nil {
		return nil, err
	}
	var c content
	if err := canon.JSON(b, maxRing, &c); err != nil {
		return nil, fmt.Errorf("reading the key ring: %w", ErrPassphrase)
	}
	r := &Ring{Plain: plain}
	for _, k := range []struct {
		to   **sign.Key
		seed []byte
	}{{&r.P2P, c.P2P}, {&r.Sign, c.Sign}, {&r.Witness, c.Witness}} {
		if *k.to, err = sign.KeyFromSeed(k.seed); err != nil {
			return nil, fmt.Errorf("reading the key ring: %w", err)
		}
	}
	for _, text := range c.Enc {
		id, err := seal.ParseIdentity(text)
		if err != nil {
			return nil, fmt.Errorf("reading the key ring: %w", err)
		}
		r.Enc = append(r.Enc, id)
	}
	if len(r.Enc) == 0 || len(c.StoreKey) != 32 || len(c.KEK) != 32 {
		return nil, fmt.Errorf("the key ring is not complete: %w", ErrPassphrase)
	}
	r.StoreKey, r.KEK = [32]byte(c.StoreKey), [32]byte(c.KEK)
	return r, nil
}

// CreateKey draws one signing key into a file of its own: a national root, or a key of the committee. [ErrExists].
func CreateKey(path string, p Protection) (*sign.Key, error) {
	k, err := sign.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := write(path, p, k.Seed()); err != nil {
		return nil, err
	}
	return k, nil
}

// OpenKey reads what CreateKey wrote; errors as [Open].
func OpenKey(path string, p Protection) (*sign.Key, error) {
	seed, _, err := read(path, p)
	if err != nil {
		return nil, err
	}
	k, err := sign.KeyFromSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("%s holds no single key: %w", filepath.Base(path), ErrPassphrase)
	}
	return k, nil
}
