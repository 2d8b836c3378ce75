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
	"sync"

	"golang.org/x/crypto/chacha20poly1305"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
)

const (
	vaultContext = "iconet/1/vault\x00"
	recordSize   = 32 + chacha20poly1305.NonceSizeX + 32 + chacha20poly1305.Overhead
)

// ErrDamaged says that a record before the end of a generation does not open.
var ErrDamaged = errors.New("the vault is damaged")

// Entry is an item key under its leaf.
type Entry struct {
	Leaf merkle.Hash
	Key  seal.ItemKey
}

// Vault holds the item keys of a node. Safe for concurrent use.
type Vault struct {
	dir string
	kek [32]byte

	mu   sync.RWMutex // guards what follows
	gen  uint64
	file *os.File
	aead cipher.AEAD
	keys map[merkle.Hash]seal.ItemKey
	err  error // the first failure of the disk; nothing is written after it
}

// Open opens the vault in dir, which it creates if need be, with the node's key-encryption key. least is how many keys the
// store knows to be in it: fewer are [ErrDamaged], and nothing is cut or written then.
func Open(dir string, kek [32]byte, least int) (*Vault, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the vault: %w", err)
	}
	v := &Vault{dir: dir, kek: kek, keys: map[merkle.Hash]seal.ItemKey{}}
	gen, err := v.current()
	if err != nil {
		return nil, err
	}
	if gen == 0 {
		if there, err := filepath.Glob(filepath.Join(dir, "gen-*")); err != nil || len(there) > 0 || least > 0 {
			return nil, fmt.Errorf("the pointer to the current generation is gone: %w", ErrDamaged)
		}
		if err := v.begin(1, nil); err != nil {
			return nil, err
		}
		return v, nil
	}
	if err := v.load(gen, least); err != nil {
		return nil, err
	}
	v.sweep()
	return v, nil
}

// current reads the pointer; 0 means that there is no generation yet.
func (v *Vault) current() (uint64, error) {
	b, err := os.ReadFile(filepath.Join(v.dir, "current"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the vault: %w", err)
	}
	gen, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || gen == 0 {
		return 0, fmt.Errorf("reading which generation is current: %w", ErrDamaged)
	}
	return gen, nil
}

func (v *Vault) path(gen uint64) string {
	return filepath.Join(v.dir, "gen-"+strconv.FormatUint(gen, 10))
}

// load reads a generation into memory and opens it for appending.
func (v *Vault) load(gen uint64, least int) error {
	sealed, err := os.ReadFile(v.path(gen) + ".key")
	if err != nil {
		return fmt.Errorf("reading the vault's key: %w", err)
	}
	aead, err := openGeneration(v.kek, gen, sealed)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(v.path(gen))
	if err != nil {
		return fmt.Errorf("reading the vault: %w", err)
	}
	whole := len(b) / recordSize * recordSize
	for at := 0; at < whole; at += recordSize {
		e, err := openRecord(aead, gen, b[at:at+recordSize])
		if err != nil && tornFrom(aead, gen, b[at:whole]) {
			whole = at
			break
		}
		if err != nil {
			return fmt.Errorf("reading %s at byte %d: %w", filepath.Base(v.path(gen)), at, ErrDamaged)
		}
		v.keys[e.Leaf] = e.Key
	}
	if len(v.keys) < least {
		return fmt.Errorf("%d keys of %d are there: %w", len(v.keys), least, ErrDamaged)
	}
	f, err := os.OpenFile(v.path(gen), os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening the vault: %w", err)
	}
	if whole < len(b) {
		if err := errors.Join(f.Truncate(int64(whole)), f.Sync()); err != nil {
			f.Close()
			return fmt.Errorf("cutting the vault's torn end: %w", err)
		}
	}
	if _, err := f.Seek(int64(whole), 0); err != nil {
		f.Close()
		return fmt.Errorf("opening the vault: %w", err)
	}
	v.gen, v.file, v.aead = gen, f, aead
	return nil
}

// tornFrom reports whether no record of b opens: the end of a write that a crash cut and that was never acknowledged. One
// good record behind a bad one means damage instead.
func tornFrom(aead cipher.AEAD, gen uint64, b []byte) bool {
	for ; len(b) > 0; b = b[recordSize:] {
		if _, err := openRecord(aead, gen, b[:recordSize]); err == nil {
			return false
		}
	}
	return true
}

// Put makes keys durable with one write and one sync. A leaf that is there already is passed over.
func (v *Vault) Put(entries ...Entry) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return v.err
	}
	var fresh []Entry
	for _, e := range entries {
		if _, ok := v.keys[e.Leaf]; !ok {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := appendTo(v.file, v.aead, v.gen, fresh); err != nil {
		v.err = fmt.Errorf("writing the vault: %w", err)
		return v.err
	}
	for _, e := range fresh {
		v.keys[e.Leaf] = e.Key
	}
	return nil
}

// Key gives the key under a leaf.
func (v *Vault) Key(leaf merkle.Hash) (seal.ItemKey, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	k, ok := v.keys[leaf]
	return k, ok
}

// Len gives the number of keys.
func (v *Vault) Len() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.keys)
}

// Generation gives the number of the current generation.
func (v *Vault) Generation() uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.gen
}

// Close closes the file; keys stay in memory until the process ends.
func (v *Vault) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.file.Close(); err != nil {
		return fmt.Errorf("closing the vault: %w", err)
	}
	return nil
}

// appendTo writes records and syncs.
func appendTo(f *os.File, aead cipher.AEAD, gen uint64, entries []Entry) error {
	b := make([]byte, 0, len(entries)*recordSize)
	for _, e := range entries {
		var nonce [chacha20poly1305.NonceSizeX]byte
		rand.Read(nonce[:])
		b = append(append(b, e.Leaf[:]...), nonce[:]...)
		b = aead.Seal(b, nonce[:], e.Key[:], recordAAD(gen, e.Leaf))
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}

func openRecord(aead cipher.AEAD, gen uint64, b []byte) (Entry, error) {
	e := Entry{Leaf: merkle.Hash(b[:32])}
	nonce, sealed := b[32:32+chacha20poly1305.NonceSizeX], b[32+chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(nil, nonce, sealed, recordAAD(gen, e.Leaf))
	copy(e.Key[:], plain)
	return e, err
}

func recordAAD(gen uint64, leaf merkle.Hash) []byte {
	return append(binary.BigEndian.AppendUint64([]byte(vaultContext), gen), leaf[:]...)
}
