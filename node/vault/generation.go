package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"iconet.example/crypto/merkle"
)

// ErrKEK says that the key-encryption key does not open the vault.
var ErrKEK = errors.New("the key does not open the vault")

// Forget drops the keys of leaves and starts a new generation, so that they cannot be had from the disk either. It
// returns when the old generation's key is gone.
func (v *Vault) Forget(leaves ...merkle.Hash) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return v.err
	}
	for _, l := range leaves {
		delete(v.keys, l)
	}
	old, oldFile := v.gen, v.file
	entries := make([]Entry, 0, len(v.keys))
	for l, k := range v.keys {
		entries = append(entries, Entry{Leaf: l, Key: k})
	}
	if err := v.begin(old+1, entries); err != nil {
		v.err = err
		return err
	}
	oldFile.Close()
	return v.destroy(old)
}

// begin writes generation gen with entries and makes it the current one.
func (v *Vault) begin(gen uint64, entries []Entry) error {
	var gk [chacha20poly1305.KeySize]byte
	rand.Read(gk[:])
	sealed, err := sealGeneration(v.kek, gen, gk)
	if err != nil {
		return err
	}
	aead, err := chacha20poly1305.NewX(gk[:])
	if err != nil {
		return fmt.Errorf("starting generation %d: %w", gen, err)
	}
	f, err := os.OpenFile(v.path(gen), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("starting generation %d: %w", gen, err)
	}
	steps := []func() error{
		func() error { return appendTo(f, aead, gen, entries) },
		func() error { return writeFile(v.path(gen)+".key", sealed) },
		func() error { return syncDir(v.dir) },
		func() error {
			return writeFile(filepath.Join(v.dir, "current.new"), []byte(strconv.FormatUint(gen, 10)+"\n"))
		},
		func() error { return os.Rename(filepath.Join(v.dir, "current.new"), filepath.Join(v.dir, "current")) },
		func() error { return syncDir(v.dir) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			f.Close()
			return fmt.Errorf("starting generation %d: %w", gen, err)
		}
	}
	v.gen, v.file, v.aead = gen, f, aead
	return nil
}

// destroy overwrites and removes the key of a generation and then its records.
func (v *Vault) destroy(gen uint64) error {
	key := v.path(gen) + ".key"
	if info, err := os.Stat(key); err == nil {
		noise := make([]byte, info.Size())
		rand.Read(noise)
		f, err := os.OpenFile(key, os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("destroying generation %d: %w", gen, err)
		}
		_, err = f.WriteAt(noise, 0)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("destroying generation %d: %w", gen, err)
		}
	}
	for _, path := range []string{key, v.path(gen)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("destroying generation %d: %w", gen, err)
		}
	}
	return syncDir(v.dir)
}

// sweep finishes what a crash left of other generations: those before the current one, and a later one that never became
// current.
func (v *Vault) sweep() {
	names, err := filepath.Glob(filepath.Join(v.dir, "gen-*"))
	if err != nil {
		return
	}
	for _, name := range names {
		text := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "gen-"), ".key")
		if gen, err := strconv.ParseUint(text, 10, 64); err == nil && gen != v.gen {
			_ = v.destroy(gen) // tried again at the next start
		}
	}
}

func sealGeneration(kek [32]byte, gen uint64, gk [chacha20poly1305.KeySize]byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(kek[:])
	if err != nil {
		return nil, fmt.Errorf("sealing generation %d: %w", gen, err)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, gk[:], generationAAD(gen)), nil
}

func openGeneration(kek [32]byte, gen uint64, sealed []byte) (cipher.AEAD, error) {
	aead, err := chacha20poly1305.NewX(kek[:])
	if err != nil || len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, fmt.Errorf("opening generation %d: %w", gen, ErrDamaged)
	}
	nonce, box := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	gk, err := aead.Open(nil, nonce, box, generationAAD(gen))
	if err != nil {
		return nil, fmt.Errorf("opening generation %d: %w", gen, ErrKEK)
	}
	out, err := chacha20poly1305.NewX(gk)
	if err != nil {
		return nil, fmt.Errorf("opening generation %d: %w", gen, ErrDamaged)
	}
	return out, nil
}

func generationAAD(gen uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(vaultContext+"generation\x00"), gen)
}

// writeFile writes and syncs a file.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
