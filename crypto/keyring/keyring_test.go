package keyring_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iconet.example/crypto/keyring"
	"iconet.example/crypto/sign"
)

// cheap is a cost for tests alone.
var cheap = keyring.Cost{Passes: 1, MemoryKiB: 8}

func passphrase(s string) keyring.Protection {
	return keyring.Protection{Passphrase: func() ([]byte, error) { return []byte(s), nil }, Cost: cheap}
}

func credential(t testing.TB, n byte, size int) keyring.Protection {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(path, bytes.Repeat([]byte{n}, size), 0o600); err != nil {
		t.Fatal(err)
	}
	return keyring.Protection{Credential: path}
}

var plain = keyring.Protection{Plain: true}

// protections has one of each kind.
func protections(t testing.TB) map[string]keyring.Protection {
	return map[string]keyring.Protection{"plain": plain, "passphrase": passphrase("correct"), "credential": credential(t, 1, 32)}
}

// same compares two rings without showing them.
func same(a, b *keyring.Ring) bool {
	if len(a.Enc) != len(b.Enc) {
		return false
	}
	for i := range a.Enc {
		if a.Enc[i].Secret() != b.Enc[i].Secret() {
			return false
		}
	}
	equal := func(a, b *sign.Key) bool { return bytes.Equal(a.Seed(), b.Seed()) && a.Public() == b.Public() }
	return equal(a.P2P, b.P2P) && equal(a.Sign, b.Sign) && equal(a.Witness, b.Witness) &&
		a.StoreKey == b.StoreKey && a.KEK == b.KEK && a.Plain == b.Plain
}

func create(t testing.TB, p keyring.Protection) (dir string, r *keyring.Ring) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "keys")
	r, err := keyring.Create(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	return dir, r
}

func TestOpenGivesTheRingThatWasCreated(t *testing.T) {
	for name, p := range protections(t) {
		t.Run(name, func(t *testing.T) {
			dir, want := create(t, p)
			got, err := keyring.Open(dir, p)
			if err != nil {
				t.Fatal(err)
			}
			if !same(want, got) {
				t.Error("the ring came back changed")
			}
			if got.Plain != p.Plain {
				t.Errorf("Plain is %t", got.Plain)
			}
		})
	}
}

func TestOpenKeyGivesTheKeyThatWasCreated(t *testing.T) {
	for name, p := range protections(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys", "root.key")
			want, err := keyring.CreateKey(path, p)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := keyring.OpenKey(path, p); err != nil || !bytes.Equal(got.Seed(), want.Seed()) {
				t.Errorf("another key was read, or error %v", err)
			}
		})
	}
}

func TestKeysOfARingAreDistinctAndNew(t *testing.T) {
	_, a := create(t, plain)
	_, b := create(t, plain)
	seen := map[string]bool{}
	for _, r := range []*keyring.Ring{a, b} {
		for _, secret := range [][]byte{r.P2P.Seed(), r.Sign.Seed(), r.Witness.Seed(), r.StoreKey[:], r.KEK[:], []byte(r.Enc[0].Secret())} {
			if seen[string(secret)] || len(bytes.Trim(secret, "\x00")) == 0 {
				t.Error("a key is used twice or empty")
			}
			seen[string(secret)] = true
		}
	}
}

func TestProtectedFilesDoNotShowTheSecret(t *testing.T) {
	for _, p := range []keyring.Protection{passphrase("correct"), credential(t, 1, 32)} {
		path := filepath.Join(t.TempDir(), "root.key")
		k, err := keyring.CreateKey(path, p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, k.Seed()) || bytes.Contains(b, []byte("correct")) {
			t.Error("the file shows the seed or the passphrase")
		}
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	for name, p := range protections(t) {
		t.Run(name, func(t *testing.T) {
			dir, want := create(t, p)
			for other, q := range protections(t) {
				if r, err := keyring.Create(dir, q); !errors.Is(err, keyring.ErrExists) || r != nil {
					t.Errorf("a second ring, %s: error %v, want ErrExists", other, err)
				}
				if k, err := keyring.CreateKey(filepath.Join(dir, "ring.key"), q); !errors.Is(err, keyring.ErrExists) || k != nil {
					t.Errorf("a key over the ring, %s: error %v, want ErrExists", other, err)
				}
			}
			if got, err := keyring.Open(dir, p); err != nil || !same(want, got) {
				t.Errorf("the first ring is gone: %v", err)
			}
		})
	}
}

func TestCreateDoesNotFollowALink(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "elsewhere")
	if err := os.Symlink(target, filepath.Join(dir, "ring.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Create(dir, plain); !errors.Is(err, keyring.ErrExists) {
		t.Errorf("error %v, want ErrExists", err)
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the target of the link was written: %v", err)
	}
}

func TestFailedCreateLeavesNoFile(t *testing.T) {
	lost := errors.New("no terminal")
	for name, p := range map[string]keyring.Protection{
		"nothing configured":    {},
		"passphrase not given":  {Passphrase: func() ([]byte, error) { return nil, lost }, Cost: cheap},
		"credential is missing": {Credential: filepath.Join(t.TempDir(), "none")},
		"credential is short":   credential(t, 1, 31),
		"credential is long":    credential(t, 1, 33),
		"cost out of range":     {Passphrase: passphrase("x").Passphrase, Cost: keyring.Cost{Passes: 1, MemoryKiB: 1<<20 + 1}},
		"cost without memory":   {Passphrase: passphrase("x").Passphrase, Cost: keyring.Cost{Passes: 1}},
		"cost without passes":   {Passphrase: passphrase("x").Passphrase, Cost: keyring.Cost{MemoryKiB: 8}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "keys")
			if r, err := keyring.Create(dir, p); err == nil || r != nil {
				t.Error("a ring was created")
			}
			if _, err := os.Lstat(filepath.Join(dir, "ring.key")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file is left: %v", err)
			}
		})
	}
}

func TestNewFilesAreReachableByTheirOwnerAlone(t *testing.T) {
	dir, _ := create(t, plain)
	for path, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, "ring.key"): 0o600} {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&^want != 0 {
			t.Errorf("%s has mode %v, want %v", filepath.Base(path), got, want)
		}
	}
}

func TestOpenRefusesLoosePermissions(t *testing.T) {
	dir, _ := create(t, plain)
	path := filepath.Join(dir, "ring.key")
	for _, c := range []struct {
		mode fs.FileMode
		ok   bool
	}{
		{0o600, true}, {0o400, true}, {0o700, true},
		{0o640, false}, {0o620, false}, {0o610, false}, {0o604, false}, {0o602, false}, {0o601, false}, {0o644, false}, {0o666, false},
	} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := keyring.Open(dir, plain)
		if c.ok && err != nil {
			t.Errorf("mode %v: %v", c.mode, err)
		}
		if !c.ok && !errors.Is(err, keyring.ErrPermissions) {
			t.Errorf("mode %v: error %v, want ErrPermissions", c.mode, err)
		}
	}
}

func TestOpenRefusesWhatIsNoRegularFile(t *testing.T) {
	dir, _ := create(t, plain)
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "ring.key"), filepath.Join(linked, "ring.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Open(linked, plain); !errors.Is(err, keyring.ErrPermissions) {
		t.Errorf("a link: error %v, want ErrPermissions", err)
	}
	nested := t.TempDir()
	if err := os.Mkdir(filepath.Join(nested, "ring.key"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Open(nested, plain); !errors.Is(err, keyring.ErrPermissions) {
		t.Errorf("a directory: error %v, want ErrPermissions", err)
	}
	if _, err := keyring.Open(t.TempDir(), plain); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v, want fs.ErrNotExist", err)
	}
}

func TestOpenRefusesAnotherSecret(t *testing.T) {
	lost := errors.New("no terminal")
	for _, c := range []struct {
		name       string
		made, open keyring.Protection
		want       error
	}{
		{"wrong passphrase", passphrase("correct"), passphrase("Correct"), keyring.ErrPassphrase},
		{"longer passphrase", passphrase("correct"), passphrase("correct\n"), keyring.ErrPassphrase},
		{"empty passphrase", passphrase("correct"), passphrase(""), keyring.ErrPassphrase},
		{"no passphrase given", passphrase("correct"), keyring.Protection{Passphrase: func() ([]byte, error) { return nil, lost }}, lost},
		{"no way to ask", passphrase("correct"), keyring.Protection{}, keyring.ErrProtection},
		{"wrong credential", credential(t, 1, 32), credential(t, 2, 32), keyring.ErrPassphrase},
		{"short credential", credential(t, 1, 32), credential(t, 1, 31), keyring.ErrPassphrase},
		{"long credential", credential(t, 1, 32), credential(t, 1, 33), keyring.ErrPassphrase},
		{"missing credential", credential(t, 1, 32), keyring.Protection{Credential: filepath.Join(t.TempDir(), "none")}, fs.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := create(t, c.made)
			r, err := keyring.Open(dir, c.open)
			if !errors.Is(err, c.want) || r != nil {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(strings.ToLower(err.Error()), "correct") {
				t.Error("the error quotes the passphrase")
			}
		})
	}
}

// TestOpenUsesTheCostOfTheFile: the cost configured is for new files, those of an older configuration still open.
func TestOpenUsesTheCostOfTheFile(t *testing.T) {
	dir, want := create(t, passphrase("correct"))
	p := passphrase("correct")
	p.Cost = keyring.Cost{Passes: 2, MemoryKiB: 16}
	if got, err := keyring.Open(dir, p); err != nil || !same(want, got) {
		t.Errorf("the ring does not open: %v", err)
	}
}

func TestOpenRefusesAnotherProtectionThanConfigured(t *testing.T) {
	asked := false
	ask := keyring.Protection{Passphrase: func() ([]byte, error) { asked = true; return []byte("correct"), nil }, Cost: cheap}
	for made, p := range protections(t) {
		dir, _ := create(t, p)
		path := filepath.Join(t.TempDir(), "root.key")
		if _, err := keyring.CreateKey(path, p); err != nil {
			t.Fatal(err)
		}
		for configured, q := range map[string]keyring.Protection{"plain": plain, "passphrase": ask, "credential": credential(t, 1, 32)} {
			if made == configured {
				continue
			}
			if r, err := keyring.Open(dir, q); !errors.Is(err, keyring.ErrProtection) || r != nil {
				t.Errorf("%s ring where %s is configured: error %v, want ErrProtection", made, configured, err)
			}
			if k, err := keyring.OpenKey(path, q); !errors.Is(err, keyring.ErrProtection) || k != nil {
				t.Errorf("%s key where %s is configured: error %v, want ErrProtection", made, configured, err)
			}
		}
	}
	if asked {
		t.Error("a passphrase was asked for a file that cannot take it")
	}
}

// damage writes b in place of the file and reports whether it opens as a ring.
func damage(t testing.TB, dir string, b []byte, p keyring.Protection) (*keyring.Ring, error) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "ring.key"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return keyring.Open(dir, p)
}

// TestFlippedBitNeverOpens covers protected files; plain ones carry no checksum and are for test networks alone.
func TestFlippedBitNeverOpens(t *testing.T) {
	for name, p := range map[string]keyring.Protection{"passphrase": passphrase("correct"), "credential": credential(t, 1, 32)} {
		t.Run(name, func(t *testing.T) {
			dir, _ := create(t, p)
			good, err := os.ReadFile(filepath.Join(dir, "ring.key"))
			if err != nil {
				t.Fatal(err)
			}
			for i := range good {
				for bit := range 8 {
					if name == "passphrase" && bit > 0 {
						continue // each try derives a key, some with much memory; the credential's file has the same layout
					}
					bad := bytes.Clone(good)
					bad[i] ^= 1 << bit
					r, err := damage(t, dir, bad, p)
					if r != nil || !errors.Is(err, keyring.ErrPassphrase) && !errors.Is(err, keyring.ErrProtection) {
						t.Errorf("bit %d of byte %d: error %v, want ErrPassphrase or ErrProtection", bit, i, err)
					}
				}
			}
		})
	}
}

func TestCutOrLongerFileNeverOpens(t *testing.T) {
	for name, p := range protections(t) {
		t.Run(name, func(t *testing.T) {
			dir, _ := create(t, p)
			good, err := os.ReadFile(filepath.Join(dir, "ring.key"))
			if err != nil {
				t.Fatal(err)
			}
			for n := range good {
				if r, err := damage(t, dir, good[:n], p); !errors.Is(err, keyring.ErrPassphrase) || r != nil {
					t.Errorf("cut to %d bytes: error %v, want ErrPassphrase", n, err)
				}
			}
			if r, err := damage(t, dir, append(bytes.Clone(good), 'x'), p); !errors.Is(err, keyring.ErrPassphrase) || r != nil {
				t.Errorf("a byte behind: error %v, want ErrPassphrase", err)
			}
		})
	}
}

// TestFileCannotMakeOpenWork: a planted head must not ask for terabytes.
func TestFileCannotMakeOpenWork(t *testing.T) {
	p := passphrase("correct")
	dir, _ := create(t, p)
	good, err := os.ReadFile(filepath.Join(dir, "ring.key"))
	if err != nil {
		t.Fatal(err)
	}
	for at, with := range map[int][]byte{9: {0xff, 0xff, 0xff, 0xff}, 12: {17}, 13: {0xff, 0xff, 0xff, 0xff}, 14: {0x10, 0, 1}, 15: {0, 7}} {
		bad := bytes.Clone(good)
		copy(bad[at:], with)
		if _, err := damage(t, dir, bad, p); !errors.Is(err, keyring.ErrPassphrase) {
			t.Errorf("%x at %d: error %v, want ErrPassphrase", with, at, err)
		}
	}
	for name, n := range map[string]int{"passes": 9, "memory": 13} {
		bad := bytes.Clone(good)
		copy(bad[n:], make([]byte, 4))
		if _, err := damage(t, dir, bad, p); !errors.Is(err, keyring.ErrPassphrase) { // argon2 panics on no passes
			t.Errorf("no %s: error %v, want ErrPassphrase", name, err)
		}
	}
}

func TestRingAndKeyFilesAreNotExchangeable(t *testing.T) {
	for name, p := range protections(t) {
		dir, _ := create(t, p)
		if k, err := keyring.OpenKey(filepath.Join(dir, "ring.key"), p); err == nil || k != nil {
			t.Errorf("%s: a ring opens as a key", name)
		}
		alone := t.TempDir()
		if _, err := keyring.CreateKey(filepath.Join(alone, "ring.key"), p); err != nil {
			t.Fatal(err)
		}
		if r, err := keyring.Open(alone, p); !errors.Is(err, keyring.ErrPassphrase) || r != nil {
			t.Errorf("%s: a key opened as a ring: error %v, want ErrPassphrase", name, err)
		}
	}
}

// TestKeyFileKeepsItsForm opens testdata/root.key, so that files of this version stay readable.
func TestKeyFileKeepsItsForm(t *testing.T) {
	b, err := os.ReadFile("testdata/root.key")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "root.key") // version control does not keep mode 0600
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "1fe8d107748bd8be9eef87ff1b0fb2428c4bddcffd23debcfa1a996f10dfd318"
	if k, err := keyring.OpenKey(path, passphrase("a test, not a secret")); err != nil {
		t.Error(err)
	} else if got := k.Public().String(); got != want {
		t.Errorf("the file holds the key %s, want %s", got, want)
	}
}

func TestOneWayOfProtectionIsTaken(t *testing.T) {
	p := passphrase("correct")
	p.Plain = true
	if _, err := keyring.Create(t.TempDir(), p); !errors.Is(err, keyring.ErrProtection) {
		t.Errorf("plain beside a passphrase: %v", err)
	}
}

func TestFormattedRingsShowNoKey(t *testing.T) {
	ring, err := keyring.Create(t.TempDir(), keyring.Protection{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%s"} {
		if got := fmt.Sprintf(verb, ring) + fmt.Sprintf(verb, *ring); got != "[key ring][key ring]" {
			t.Errorf("%s prints %q", verb, got)
		}
		if got := fmt.Sprintf(verb, ring.Sign) + fmt.Sprintf(verb, *ring.Sign); strings.Count(got, ring.Sign.Public().String()) != 2 || len(got) > 200 {
			t.Errorf("%s prints a key as %d characters", verb, len(got))
		}
	}
}
