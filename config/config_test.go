package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
)

const good = `
member = "FR"
listen = ["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/quic-v1"]

[portal]
listen = "0.0.0.0:443"
host = "iconet.example.fr"
certificate = "/etc/iconet/portal.pem"
private_key = "/etc/iconet/portal.key"

[operations]
listen = "127.0.0.1:9090"

[keys]
passphrase_file = "/etc/iconet/passphrase"
`

const testNetwork = `
member = "DE"
test_network = true
listen = ["/ip4/127.0.0.1/tcp/4001"]

[portal]
listen = "127.0.0.1:8080"
host = "localhost:8080"

[operations]
listen = "[::1]:9090"
`

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func swap(t testing.TB, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("the configuration has no %s", old)
	}
	return strings.Replace(text, old, with, 1)
}

func TestParseReadsAConfiguration(t *testing.T) {
	want := &config.Config{Member: "FR", Listen: []string{"/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/quic-v1"},
		Portal:     config.Portal{Listen: "0.0.0.0:443", Host: "iconet.example.fr", Cert: "/etc/iconet/portal.pem", Key: "/etc/iconet/portal.key"},
		Operations: config.Operations{Listen: "127.0.0.1:9090"}, Keys: config.Keys{PassphraseFile: "/etc/iconet/passphrase"}}
	if diff := cmp.Diff(want, parse(t, good)); diff != "" {
		t.Error(diff)
	}
	if c := parse(t, testNetwork); !c.TestNetwork || c.Member != "DE" {
		t.Errorf("read %+v", c)
	}
}

func TestParseTakesTheUnionsCodeForGreece(t *testing.T) {
	for in, want := range map[string]federation.MemberCode{"EL": "GR", "el": "GR", "COM": "COM", "p:europol": "P:EUROPOL"} {
		if got := parse(t, swap(t, good, `"FR"`, `"`+in+`"`)).Member; got != want {
			t.Errorf("%s is read as %s", in, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, old, with, says string }{
		{"unknown key", good, `member = "FR"`, "member = \"FR\"\ntest_netwerk = true", "test_netwerk"},
		{"unknown key of a table", good, `passphrase_file`, `passphrase`, "passphrase"},
		{"unknown table", good, `[keys]`, `[key]`, "key"},
		{"key twice", good, `member = "FR"`, "member = \"FR\"\nmember = \"DE\"", "member"},
		{"no member", good, `member = "FR"`, ``, "member"},
		{"member that is none", good, `"FR"`, `"France"`, "member"},
		{"member with a homoglyph", good, `"FR"`, "\"F\u0420\"", "member"},
		{"member with NUL", good, `"FR"`, `"FR\u0000"`, "member"},
		{"no address for nodes", good, `listen = ["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/quic-v1"]`, ``, "listen"},
		{"empty addresses for nodes", good, `["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/quic-v1"]`, `[]`, "listen"},
		{"portal without port", good, `"0.0.0.0:443"`, `"0.0.0.0"`, "portal.listen"},
		{"portal without name", good, `host = "iconet.example.fr"`, ``, "portal.host"},
		{"portal without certificate", good, `certificate = "/etc/iconet/portal.pem"`, ``, "portal.certificate"},
		{"portal without key", good, `private_key = "/etc/iconet/portal.key"`, ``, "portal.private_key"},
		{"operations for all", good, `"127.0.0.1:9090"`, `"0.0.0.0:9090"`, "operations.listen"},
		{"operations for all in IPv6", good, `"127.0.0.1:9090"`, `"[::]:9090"`, "operations.listen"},
		{"operations without address", good, `"127.0.0.1:9090"`, `":9090"`, "operations.listen"},
		{"operations on the house network", good, `"127.0.0.1:9090"`, `"192.168.1.2:9090"`, "operations.listen"},
		{"operations by name", good, `"127.0.0.1:9090"`, `"localhost.example.fr:9090"`, "operations.listen"},
		{"operations that look like loopback", good, `"127.0.0.1:9090"`, `"127.0.0.1.example.fr:9090"`, "operations.listen"},
		{"no operations", good, `listen = "127.0.0.1:9090"`, ``, "operations.listen"},
		{"two protections", good, `passphrase_file = "/etc/iconet/passphrase"`, "passphrase_file = \"a\"\ncredential = \"b\"", "keys"},
		{"open portal of a test network", testNetwork, `"127.0.0.1:8080"`, `"0.0.0.0:8080"`, "portal.listen"},
		{"open operations of a test network", testNetwork, `"[::1]:9090"`, `"0.0.0.0:9090"`, "operations.listen"},
		{"test network as text", testNetwork, `test_network = true`, `test_network = "true"`, "TestNetwork"},
		{"not TOML", good, `member = "FR"`, `member: FR`, "configuration"},
		{"not UTF-8", good, `"FR"`, "\"F\xff\"", "configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse([]byte(swap(t, c.text, c.old, c.with)))
			if !errors.Is(err, config.ErrConfig) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want ErrConfig that names %s", err, c.says)
			}
		})
	}
}

// An operator who mends one fault at a time restarts the node as often.
func TestParseReportsAllFaultsAtOnce(t *testing.T) {
	_, err := config.Parse([]byte(`
member = "France"
[portal]
listen = "443"
[operations]
listen = "0.0.0.0:9090"
[keys]
passphrase_file = "a"
credential = "b"
`))
	if !errors.Is(err, config.ErrConfig) || !errors.Is(err, federation.ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"member:", "\nlisten:", "portal.listen:", "portal.host:", "portal.certificate", "operations.listen:", "keys:"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
}

func TestUnknownKeyIsReportedWithItsLine(t *testing.T) {
	_, err := config.Parse([]byte(swap(t, good, `host = `, `hosts = `)))
	if err == nil || !strings.Contains(err.Error(), "7") || !strings.Contains(err.Error(), "hosts") {
		t.Errorf("got %v", err)
	}
}

func TestEncodedConfigurationReadsBack(t *testing.T) {
	for _, text := range []string{good, testNetwork} {
		want := parse(t, text)
		want.Portal.Host = "quote \" back\\slash é\n#.example"
		b, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse(b)
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(string(b), "# Whose node this is") {
			t.Error("the file does not explain its keys")
		}
	}
}

func TestLoadReadsTheFileOfADataDirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := config.Load(dir); !errors.Is(err, config.ErrConfig) {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parse(t, good), got); diff != "" {
		t.Error(diff)
	}
	if _, err := config.Load(filepath.Join(dir, "absent")); !errors.Is(err, config.ErrConfig) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a directory: %v", err)
	}
}

// A link can be pointed elsewhere by who may not write to the data directory itself.
func TestLoadRefusesASymbolicLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.File), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "data")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(link); !errors.Is(err, config.ErrConfig) || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got %v", err)
	}
}

func TestKeysAreUnprotectedOnTestNetworksOnly(t *testing.T) {
	asked := func() ([]byte, error) { return []byte("typed"), nil }
	c := parse(t, testNetwork)
	if p := c.Protection(asked); !p.Plain || p.Passphrase != nil {
		t.Error("a test network's keys are protected")
	}
	c.Keys.Credential = "/run/credentials/iconet"
	if p := c.Protection(asked); p.Plain || p.Credential != "/run/credentials/iconet" {
		t.Error("the credential is passed over")
	}
	c = parse(t, swap(t, good, `passphrase_file = "/etc/iconet/passphrase"`, ``))
	p := c.Protection(asked)
	if p.Plain || p.Passphrase == nil {
		t.Fatal("keys are unprotected outside a test network")
	}
	if b, err := p.Passphrase(); err != nil || string(b) != "typed" {
		t.Errorf("asking gave %d bytes, %v", len(b), err)
	}
}

func TestPassphraseFileMustBeTheOperatorsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	c := parse(t, swap(t, good, "/etc/iconet/passphrase", path))
	p := c.Protection(nil)
	if _, err := p.Passphrase(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o640, 0o604, 0o660} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(" open sesame \r\nsecond line\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		b, err := p.Passphrase()
		switch {
		case mode&0o077 == 0 && (err != nil || string(b) != " open sesame "):
			t.Errorf("mode %o: %d bytes, %v", mode, len(b), err)
		case mode&0o077 != 0 && !errors.Is(err, keyring.ErrPermissions):
			t.Errorf("mode %o: got %v", mode, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{good, testNetwork, "member = 1", "[portal]\n[portal]", "\xff", `member = "EL"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := config.Parse(b)
		if err != nil {
			if !errors.Is(err, config.ErrConfig) {
				t.Errorf("error %v does not wrap ErrConfig", err)
			}
			return
		}
		if !c.Member.Valid() {
			t.Errorf("accepted member %q", c.Member)
		}
		text, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := config.Parse(text)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, text)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Error(diff)
		}
	})
}
