package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/node/vault"
)

// recordSize is the length of a record as the package comment lays it out.
const recordSize = 32 + 24 + 48

var kek = [32]byte{1, 2, 3}

// entry gives a key of bytes that occur nowhere else.
func entry(n byte) vault.Entry {
	e := vault.Entry{Leaf: merkle.LeafHash([]byte{n})}
	for i := range e.Key {
		e.Key[i] = n*37 ^ byte(i*11)
	}
	return e
}

func open(t *testing.T, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir, kek, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func put(t *testing.T, v *vault.Vault, numbers ...byte) {
	t.Helper()
	var entries []vault.Entry
	for _, n := range numbers {
		entries = append(entries, entry(n))
	}
	if err := v.Put(entries...); err != nil {
		t.Fatal(err)
	}
}

// holds checks that v has the keys of the numbers and no others.
func holds(t *testing.T, v *vault.Vault, numbers ...byte) {
	t.Helper()
	for _, n := range numbers {
		if k, ok := v.Key(entry(n).Leaf); !ok || k != entry(n).Key {
			t.Errorf("key %d: there %v, right %v", n, ok, k == entry(n).Key)
		}
	}
	if v.Len() != len(numbers) {
		t.Errorf("%d keys, want %d", v.Len(), len(numbers))
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// contents gives all files of a vault by name.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, n := range names {
		all[n.Name()] = read(t, filepath.Join(dir, n.Name()))
	}
	return all
}

func TestKeysAreThereAfterReopen(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	put(t, v, 1)
	put(t, v, 2, 3)
	put(t, v)
	holds(t, open(t, dir), 1, 2, 3) // not closed before: Put alone makes durable
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	v = open(t, dir)
	put(t, v, 4)
	holds(t, open(t, dir), 1, 2, 3, 4)
	if _, ok := v.Key(entry(9).Leaf); ok {
		t.Error("a key that was never put")
	}
}

func TestPutKeepsTheFirstKeyOfALeaf(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	put(t, v, 1)
	again := vault.Entry{Leaf: entry(1).Leaf, Key: seal.ItemKey{9}}
	if err := v.Put(again, entry(2)); err != nil {
		t.Fatal(err)
	}
	holds(t, v, 1, 2)
	holds(t, open(t, dir), 1, 2)
	if n := len(read(t, filepath.Join(dir, "gen-1"))); n != 2*recordSize {
		t.Errorf("the file has %d bytes, want two records", n)
	}
}

func TestTornTailIsCut(t *testing.T) {
	garbled := func(b []byte, records ...int) []byte {
		b = bytes.Clone(b)
		for _, r := range records {
			b[(r-1)*recordSize+60] ^= 1
		}
		return b
	}
	tests := []struct {
		name string
		tear func(b []byte) []byte
		want []byte
	}{
		{"half a record", func(b []byte) []byte { return b[:3*recordSize-recordSize/2] }, []byte{1, 2}},
		{"one byte of a record", func(b []byte) []byte { return b[:2*recordSize+1] }, []byte{1, 2}},
		{"all but one byte", func(b []byte) []byte { return b[:3*recordSize-1] }, []byte{1, 2}},
		{"last record not written through", func(b []byte) []byte { return garbled(b, 3) }, []byte{1, 2}},
		{"last two of one write not written through", func(b []byte) []byte { return garbled(b, 2, 3) }, []byte{1}},
		{"zeros at the end", func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, recordSize+7)...) }, []byte{1, 2, 3}},
		{"nothing but a piece", func(b []byte) []byte { return b[:10] }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, open(t, dir), 1, 2, 3)
			path := filepath.Join(dir, "gen-1")
			write(t, path, tt.tear(read(t, path)))
			v := open(t, dir)
			holds(t, v, tt.want...)
			if n := len(read(t, path)); n != len(tt.want)*recordSize {
				t.Errorf("the file has %d bytes after the cut", n)
			}
			put(t, v, 8) // what is written next must not stand behind the torn piece
			holds(t, open(t, dir), append(bytes.Clone(tt.want), 8)...)
		})
	}
}

func TestDamageBeforeTheEndIsAnError(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), 1, 2, 3)
	path := filepath.Join(dir, "gen-1")
	good := read(t, path)
	for at := range 2 * recordSize {
		b := bytes.Clone(good)
		b[at] ^= 0x80
		write(t, path, b)
		if _, err := vault.Open(dir, kek, 0); !errors.Is(err, vault.ErrDamaged) {
			t.Fatalf("byte %d: got %v", at, err)
		}
		if !bytes.Equal(read(t, path), b) {
			t.Fatalf("byte %d: the damaged file was changed", at)
		}
	}
	write(t, path, good)
	holds(t, open(t, dir), 1, 2, 3)
}

func TestRecordOfAnotherGenerationOrLeafDoesNotOpen(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	put(t, v, 1, 2)
	old := read(t, filepath.Join(dir, "gen-1"))
	if err := v.Forget(entry(1).Leaf); err != nil {
		t.Fatal(err)
	}
	put(t, v, 3)
	path := filepath.Join(dir, "gen-2")
	good := read(t, path)
	swapped := bytes.Clone(good)
	copy(swapped, good[recordSize:recordSize+32])
	for name, b := range map[string][]byte{
		"record of the generation before": append(bytes.Clone(old[:recordSize]), good...),
		"key under the leaf of another":   swapped,
	} {
		write(t, path, b)
		if _, err := vault.Open(dir, kek, 0); !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWrongKEKIsRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), 1)
	before := contents(t, dir)
	wrong := kek
	wrong[31] ^= 1
	if _, err := vault.Open(dir, wrong, 0); !errors.Is(err, vault.ErrKEK) {
		t.Errorf("got %v", err)
	}
	for name, b := range contents(t, dir) {
		if !bytes.Equal(b, before[name]) {
			t.Errorf("%s was changed", name)
		}
	}
	holds(t, open(t, dir), 1)
}

func TestBrokenPointerIsAnErrorAndNoNewVault(t *testing.T) {
	for _, pointer := range []string{"", "0\n", "-1\n", "two\n", "7\n"} {
		dir := t.TempDir()
		put(t, open(t, dir), 1)
		write(t, filepath.Join(dir, "current"), []byte(pointer))
		if _, err := vault.Open(dir, kek, 0); err == nil {
			t.Errorf("a vault opens whose pointer is %q", pointer)
		}
		write(t, filepath.Join(dir, "current"), []byte("1\n"))
		holds(t, open(t, dir), 1)
	}
}

func TestForgottenKeyIsNowhere(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	put(t, v, 1, 2, 3)
	oldKey := read(t, filepath.Join(dir, "gen-1.key"))
	oldRecord := read(t, filepath.Join(dir, "gen-1"))[recordSize : 2*recordSize]
	if err := v.Forget(entry(2).Leaf); err != nil {
		t.Fatal(err)
	}
	if v.Generation() != 2 {
		t.Errorf("generation %d", v.Generation())
	}
	holds(t, v, 1, 3)
	gone := entry(2)
	for name, b := range contents(t, dir) {
		if name != "current" && name != "gen-2" && name != "gen-2.key" {
			t.Errorf("%s is still there", name)
		}
		for what, secret := range map[string][]byte{"the key": gone.Key[:], "its leaf": gone.Leaf[:], "its record": oldRecord, "the generation's key": oldKey} {
			if bytes.Contains(b, secret) {
				t.Errorf("%s holds %s", name, what)
			}
		}
	}
	put(t, v, 4)
	v = open(t, dir)
	holds(t, v, 1, 3, 4)
	if v.Generation() != 2 {
		t.Errorf("generation %d after reopening", v.Generation())
	}
}

func TestKeysAreNotOnTheDiskInTheClear(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), 1)
	key := entry(1).Key
	for name, b := range contents(t, dir) {
		if bytes.Contains(b, key[:]) || bytes.Contains(b, kek[:]) {
			t.Errorf("%s holds a key in the clear", name)
		}
	}
}

// A hard link shows what the disk keeps of the key file's blocks after it is unlinked.
func TestForgetOverwritesTheGenerationsKey(t *testing.T) {
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "blocks")
	v := open(t, dir)
	put(t, v, 1)
	key := read(t, filepath.Join(dir, "gen-1.key"))
	if err := os.Link(filepath.Join(dir, "gen-1.key"), link); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	if err := v.Forget(entry(1).Leaf); err != nil {
		t.Fatal(err)
	}
	left := read(t, link)
	if len(left) != len(key) {
		t.Fatalf("%d bytes are left of %d", len(left), len(key))
	}
	for at := 0; at+8 <= len(key); at += 8 {
		if bytes.Equal(left[at:at+8], key[at:at+8]) {
			t.Errorf("bytes %d to %d of the key are left", at, at+8)
		}
	}
}

func TestForgettingWhatIsNotThereIsNoError(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	put(t, v, 1)
	if err := v.Forget(entry(5).Leaf); err != nil {
		t.Fatal(err)
	}
	if err := v.Forget(); err != nil {
		t.Fatal(err)
	}
	holds(t, v, 1)
	holds(t, open(t, dir), 1)
}

// A crash may come before the pointer is flipped, or after it and before the old generation is destroyed.
func TestOpenSweepsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	put(t, v, 1, 2)
	old := contents(t, dir)
	if err := v.Forget(entry(1).Leaf); err != nil {
		t.Fatal(err)
	}
	now := contents(t, dir)
	tests := []struct {
		name    string
		pointer []byte
		want    []byte
		gen     uint64
	}{
		{"before the flip", old["current"], []byte{1, 2}, 1},
		{"after the flip", now["current"], []byte{2}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, files := range []map[string][]byte{old, now} {
				for name, b := range files {
					write(t, filepath.Join(dir, name), b)
				}
			}
			write(t, filepath.Join(dir, "current"), tt.pointer)
			v := open(t, dir)
			holds(t, v, tt.want...)
			if v.Generation() != tt.gen {
				t.Errorf("generation %d", v.Generation())
			}
			if n := len(contents(t, dir)); n != 3 {
				t.Errorf("%d files are left, want pointer, records and key", n)
			}
			if err := v.Forget(entry(2).Leaf); err != nil { // the number that the crash used is free again
				t.Fatal(err)
			}
			holds(t, open(t, dir), tt.want[:len(tt.want)-1]...)
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	var wg sync.WaitGroup
	for n := byte(1); n <= 8; n++ {
		wg.Go(func() {
			if err := v.Put(entry(n)); err != nil {
				t.Error(err)
			}
			v.Key(entry(n).Leaf)
			if n%4 == 0 {
				if err := v.Forget(entry(n).Leaf); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	holds(t, v, 1, 2, 3, 5, 6, 7)
	holds(t, open(t, dir), 1, 2, 3, 5, 6, 7)
}
