package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	badger "github.com/dgraph-io/badger/v4"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/node"
	"iconet.example/node/api"
	"iconet.example/testnet"
)

// call runs a command line in this process.
func call(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, append([]string{"iconet"}, args...), strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestFlagsStandBeforeOrAfterArguments(t *testing.T) {
	app := newApp(nil, nil, nil)
	for name, c := range map[string]struct{ args, want string }{
		"global flag last":           {"iconet item show ID --json", "iconet --json item show ID"},
		"flag with a value last":     {"iconet alert list --limit 5", "iconet alert list --limit 5"},
		"value behind the argument":  {"iconet import F.csv --form EWS-01 --dry-run", "iconet import --form EWS-01 --dry-run F.csv"},
		"value with equals":          {"iconet import F.csv --form=EWS-01", "iconet import --form=EWS-01 F.csv"},
		"global flag in the middle":  {"iconet item -o csv list", "iconet -o csv item list"},
		"an unknown flag stays":      {"iconet item show ID --nothing", "iconet item show --nothing ID"},
		"behind two dashes nothing":  {"iconet item show -- --json", "iconet item show -- --json"},
		"exec takes all as it is":    {"iconet testnet exec FR -- item show ID --json", "iconet testnet exec FR -- item show ID --json"},
		"an argument like a command": {"iconet item show list --json", "iconet --json item show list"},
	} {
		if got := strings.Join(reorder(app, strings.Fields(c.args)), " "); got != c.want {
			t.Errorf("%s: %q became %q, want %q", name, c.args, got, c.want)
		}
	}
}

func TestWrongUsageIsToldWithExitCodeTwo(t *testing.T) {
	t.Setenv("ICONET_DATA", t.TempDir())
	for _, args := range []string{"nothing", "alert nothing", "alert list --nothing", "item show", "item show A B", "alert send", "import", "import F.csv",
		"status -o xml", "status --lang de", "alert list --since never", "auth login", "testnet kill", "testnet exec FR", "testnet up --nodes XYZ", "init --no-input"} {
		code, out, msg := call(t.Context(), strings.Fields(args)...)
		if code != exitUsage && code != exitNotFound && code != exitUnreachable || out != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", args, code, out, msg)
		}
		lines := strings.Split(strings.TrimSpace(msg), "\n")
		if !strings.HasPrefix(lines[0], "error: ") || len(lines) > 3 {
			t.Errorf("%s: the error reads\n%s", args, msg)
		}
	}
}

func TestErrorsInJSONAreProblems(t *testing.T) {
	t.Setenv("ICONET_DATA", t.TempDir())
	code, _, msg := call(t.Context(), "status", "--json")
	var p api.Problem
	if err := json.Unmarshal([]byte(msg), &p); err != nil || code != exitUnreachable || p.Title == "" || p.Try == "" {
		t.Errorf("exit %d, %s (%v)", code, msg, err)
	}
}

func TestCSVCellsAreNoFormulas(t *testing.T) {
	var b bytes.Buffer
	tab := table{columns: []string{"A", "B"}, rows: [][]string{{"=1+1", "a,b"}, {"@x", "-"}}}
	if err := tab.csv(&b, true); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffA,B\r\n'=1+1,\"a,b\"\r\n'@x,'-\r\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// coordinatorAt makes the directory of a coordinator that can run by itself.
func coordinatorAt(t *testing.T, p keyring.Protection, test bool) string {
	t.Helper()
	root, err := os.MkdirTemp("", "iconet")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	dir := filepath.Join(root, "com")
	cfg := &config.Config{Member: federation.Commission, TestNetwork: test, Listen: []string{"/ip4/127.0.0.1/tcp/0"},
		Portal:     config.Portal{Listen: "127.0.0.1:0", Host: "com.localhost"},
		Operations: config.Operations{Listen: "127.0.0.1:0"}}
	if !test {
		cfg.Portal.Cert, cfg.Portal.Key = "cert.pem", "key.pem"
		cfg.Keys.PassphraseFile = filepath.Join(root, "pass")
		if err := os.WriteFile(cfg.Keys.PassphraseFile, []byte("another\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err = node.Init(node.Founding{Dir: dir, Config: cfg, Name: federation.Text{"en": "European Commission", "fr": "Commission européenne"},
		Addrs: []string{"/ip4/127.0.0.1/tcp/4001"}, Network: "test", Protection: p, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestServeEndsWithItsExitCodes(t *testing.T) {
	plain := keyring.Protection{Plain: true}
	t.Run("stopped", func(t *testing.T) {
		dir := coordinatorAt(t, plain, true)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan int)
		go func() {
			code, _, _ := call(ctx, "serve", "--data", dir)
			ended <- code
		}()
		waitReady(t, dir)
		if code, _, msg := call(t.Context(), "serve", "--data", dir); code != exitLocked {
			t.Errorf("a second serve: exit %d: %s", code, msg)
		}
		if code, out, msg := call(t.Context(), "doctor", "--data", dir); code != exitDone {
			t.Errorf("doctor: exit %d: %s%s", code, out, msg)
		}
		stop()
		select {
		case code := <-ended:
			if code != exitDone {
				t.Errorf("stopped with exit %d", code)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("serve does not stop")
		}
		if code, _, msg := call(t.Context(), "verify", "--data", dir); code != exitDone {
			t.Errorf("verify of a stopped node: exit %d: %s", code, msg)
		}
	})
	t.Run("unknown key", func(t *testing.T) {
		dir := coordinatorAt(t, plain, true)
		file := filepath.Join(dir, config.File)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append([]byte("protction = true\n"), b...), 0o600); err != nil {
			t.Fatal(err)
		}
		expectServe(t, dir, exitServeConfig)
	})
	t.Run("loose permissions", func(t *testing.T) {
		dir := coordinatorAt(t, plain, true)
		if err := os.Chmod(filepath.Join(dir, "keys", "ring.key"), 0o644); err != nil {
			t.Fatal(err)
		}
		expectServe(t, dir, exitServeConfig)
	})
	t.Run("symbolic link", func(t *testing.T) {
		dir := coordinatorAt(t, plain, true)
		link := dir + "-link"
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		expectServe(t, link, exitServeConfig)
	})
	t.Run("wrong passphrase", func(t *testing.T) {
		cheap := keyring.Cost{Passes: 1, MemoryKiB: 8}
		dir := coordinatorAt(t, keyring.Protection{Cost: cheap, Passphrase: func() ([]byte, error) { return []byte("the right one"), nil }}, false)
		expectServe(t, dir, exitCredentials)
	})
	t.Run("newer data", func(t *testing.T) {
		dir := coordinatorAt(t, plain, true)
		ring, err := keyring.Open(filepath.Join(dir, "keys"), plain)
		if err != nil {
			t.Fatal(err)
		}
		db, err := badger.Open(badger.DefaultOptions(filepath.Join(dir, "store", "badger")).WithEncryptionKey(ring.StoreKey[:]).WithIndexCacheSize(16 << 20).WithLogger(nil))
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(txn *badger.Txn) error {
			return txn.Set([]byte("mversion"), binary.BigEndian.AppendUint32(nil, 99))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		expectServe(t, dir, exitNewer)
	})
	t.Run("address in use", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		dir := coordinatorAt(t, plain, true)
		file := filepath.Join(dir, config.File)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, bytes.Replace(b, []byte("'127.0.0.1:0'"), []byte("'"+l.Addr().String()+"'"), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		expectServe(t, dir, exitServeConfig)
	})
}

func expectServe(t *testing.T, dir string, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if code, _, msg := call(ctx, "serve", "--data", dir); code != want {
		t.Errorf("exit %d, want %d: %s", code, want, msg)
	}
}

func waitReady(t *testing.T, dir string) {
	t.Helper()
	cl := api.NewClient(filepath.Join(dir, node.SocketFile))
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if s, err := cl.Status(t.Context()); err == nil && s.Ready {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the node does not become ready")
		}
	}
}

func TestInitChangesNothingThatIsThere(t *testing.T) {
	dir := coordinatorAt(t, keyring.Protection{Plain: true}, true)
	before, err := os.ReadFile(filepath.Join(dir, "keys", "ring.key"))
	if err != nil {
		t.Fatal(err)
	}
	pass := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(pass, []byte("a long enough passphrase\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, msg := call(t.Context(), "init", "--data", dir, "--state", "FR", "--name", "France", "--portal-host", "portal.fr.example", "--certificate", "c", "--private-key", "k",
		"--passphrase-file", pass, "--announce", "/dns4/iconet.fr.example/tcp/4001")
	if code != exitConflict {
		t.Errorf("exit %d: %s", code, msg)
	}
	after, err := os.ReadFile(filepath.Join(dir, "keys", "ring.key"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the keys changed (%v)", err)
	}
}

func TestTestNetworkSaysWhatIsInItsWay(t *testing.T) {
	n := bringUp(t, 23100, "FR")
	dir := filepath.Dir(n.Nodes()[0].Dir)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, err = testnet.Up(t.Context(), testnet.Config{Dir: dir, Members: testnet.DefaultMembers(), BasePort: 23300, Program: program})
	if err == nil || tell(err).code != exitConflict || !strings.Contains(err.Error(), fmt.Sprint(n.Nodes()[0].Process.PID)) {
		t.Errorf("a second start: %v", err)
	}
	// The ports of the first are taken, so another network beside it moves on by 100.
	root, err := os.MkdirTemp("", "iconet")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	var said []string
	second, err := testnet.Up(t.Context(), testnet.Config{Dir: filepath.Join(root, "net"), Members: []federation.MemberCode{"DE"}, BasePort: 23100, Program: program,
		Progress: func(s string) { said = append(said, s) }})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(said, "\n"), "23200") {
		t.Errorf("it says %q", said)
	}
	var pids []testnet.Process
	for _, one := range second.Nodes() {
		pids = append(pids, one.Process)
	}
	if err := second.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range pids {
		if p.Alive() {
			t.Errorf("process %d is left", p.PID)
		}
	}
	left, err := os.ReadDir(root)
	if err != nil || len(left) > 0 {
		t.Errorf("files are left: %v (%v)", left, err)
	}
}
