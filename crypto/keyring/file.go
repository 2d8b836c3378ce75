package keyring

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// The failures an operator must tell apart.
var (
	ErrExists      = errors.New("the key file exists already")
	ErrPermissions = errors.New("the key file can be reached by others than its owner")
	ErrPassphrase  = errors.New("the passphrase or credential does not open the key file")
	ErrProtection  = errors.New("the key file is protected in another way than configured")
)

// Protection says what seals the key files: exactly one of the three.
type Protection struct {
	Plain      bool                   // nothing; only a test network takes such files
	Passphrase func() ([]byte, error) // asked once for each file
	Credential string                 // path of a 32-byte secret, such as a systemd credential
	// Cost of the passphrase derivation; the zero value means argon2id with 256 MiB, 4 passes, 1 lane.
	Cost Cost
}

// Cost is the work of deriving a key from a passphrase.
type Cost struct {
	Passes, MemoryKiB uint32
}

var defaultCost = Cost{Passes: 4, MemoryKiB: 256 << 10}

var magic = []byte("ICOKEYS1")

const (
	kindPlain      = 0
	kindPassphrase = 1
	kindCredential = 2
)

const saltSize = 16

// write creates a key file; an existing one is [ErrExists].
func write(path string, p Protection, secret []byte) error {
	if err := p.check(); err != nil {
		return err
	}
	body, err := protect(p, secret)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("creating the key directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s: %w", filepath.Base(path), ErrExists)
	}
	if err != nil {
		return fmt.Errorf("creating a key file: %w", err)
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing a key file: %w", err), os.Remove(path)) // half a key would stand in the way
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("writing a key file: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// read gives the secret of a key file and whether the file is unprotected.
func read(path string, p Protection) (secret []byte, plain bool, err error) {
	if err := p.check(); err != nil {
		return nil, false, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, false, fmt.Errorf("reading a key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, false, fmt.Errorf("%s: %w: set it to mode 0600", filepath.Base(path), ErrPermissions)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, false, fmt.Errorf("reading a key file: %w", err)
	}
	head := len(magic) + 1 + 8 + saltSize
	if len(b) < head || !bytes.Equal(b[:len(magic)], magic) {
		return nil, false, fmt.Errorf("%s is no key file: %w", filepath.Base(path), ErrPassphrase)
	}
	secret, err = unprotect(p, b[:head], b[head:])
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return secret, b[len(magic)] == kindPlain, nil
}

// protect builds the bytes of a key file: magic, kind, passes u32, memory u32, salt, body. The head is authenticated.
func protect(p Protection, secret []byte) ([]byte, error) {
	cost := p.Cost
	if cost == (Cost{}) {
		cost = defaultCost
	}
	head := append([]byte(nil), magic...)
	head = append(head, kind(p))
	head = binary.BigEndian.AppendUint32(head, cost.Passes)
	head = binary.BigEndian.AppendUint32(head, cost.MemoryKiB)
	salt := make([]byte, saltSize)
	rand.Read(salt)
	head = append(head, salt...)
	if p.Plain {
		return append(head, secret...), nil
	}
	kek, err := derive(p, head)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(kek)
	if err != nil {
		return nil, fmt.Errorf("sealing a key file: %w", err)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	rand.Read(nonce)
	return aead.Seal(append(append([]byte(nil), head...), nonce...), nonce, secret, head), nil
}

func unprotect(p Protection, head, body []byte) ([]byte, error) {
	if head[len(magic)] != kind(p) {
		return nil, ErrProtection
	}
	if p.Plain {
		return body, nil
	}
	kek, err := derive(p, head)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(kek)
	if err != nil || len(body) < chacha20poly1305.NonceSizeX {
		return nil, ErrPassphrase
	}
	secret, err := aead.Open(nil, body[:chacha20poly1305.NonceSizeX], body[chacha20poly1305.NonceSizeX:], head)
	if err != nil {
		return nil, ErrPassphrase
	}
	return secret, nil
}

// check refuses a protection that is none or more than one.
func (p Protection) check() error {
	ways := 0
	for _, given := range []bool{p.Plain, p.Passphrase != nil, p.Credential != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return fmt.Errorf("%d ways to protect the keys are given instead of one: %w", ways, ErrProtection)
	}
	return nil
}

func kind(p Protection) byte {
	switch {
	case p.Plain:
		return kindPlain
	case p.Credential != "":
		return kindCredential
	default:
		return kindPassphrase
	}
}

// derive gives the key-encryption key of a file with that head.
func derive(p Protection, head []byte) ([]byte, error) {
	if p.Credential != "" {
		b, err := os.ReadFile(p.Credential)
		if err != nil {
			return nil, fmt.Errorf("reading the credential: %w", err)
		}
		if len(b) != chacha20poly1305.KeySize {
			return nil, fmt.Errorf("the credential has %d bytes instead of 32: %w", len(b), ErrPassphrase)
		}
		return b, nil
	}
	secret, err := p.Passphrase()
	if err != nil {
		return nil, fmt.Errorf("asking for the passphrase: %w", err)
	}
	if len(secret) == 0 {
		return nil, fmt.Errorf("the passphrase is empty: %w", ErrPassphrase)
	}
	at := len(magic) + 1
	passes, memory := binary.BigEndian.Uint32(head[at:]), binary.BigEndian.Uint32(head[at+4:])
	if passes < 1 || passes > 16 || memory < 8 || memory > 1<<20 {
		return nil, ErrPassphrase
	}
	return argon2.IDKey(secret, head[at+8:], passes, memory, 1, chacha20poly1305.KeySize), nil
}
