package directory_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/directory"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestNodeKeysGolden(t *testing.T) {
	path := filepath.Join("testdata", "nodekeys.hex")
	if *update {
		k := statement(t, "P:EUROPOL", 20)
		if err := k.SignBy(key(t, 20)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(hex.EncodeToString(k.Encode())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	k, err := directory.ParseNodeKeys(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Encode(), golden) || k.Member != "P:EUROPOL" || k.Version != 1 || k.Witness != key(t, 23).Public() {
		t.Error("the statement reads differently from what was written")
	}
	if err := k.Verify(key(t, 20).Public()); err != nil {
		t.Error(err)
	}
}

func TestNodeKeysDoNotSurviveTampering(t *testing.T) {
	k := statement(t, "FR", 40)
	if err := k.SignBy(key(t, 40)); err != nil {
		t.Fatal(err)
	}
	whole := k.Encode()
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1
		if got, err := directory.ParseNodeKeys(b); err == nil && got.Verify(key(t, 40).Public()) == nil {
			t.Fatalf("byte %d was flipped unseen", i)
		}
	}
	for _, b := range [][]byte{whole[:len(whole)-1], append(bytes.Clone(whole), 0), nil, make([]byte, 33<<10)} {
		if _, err := directory.ParseNodeKeys(b); federation.ReasonOf(err) != federation.ReasonLayout {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

func TestNodeKeysWithStrangeAddressesAreRefused(t *testing.T) {
	for _, addr := range []string{"", "http://192.0.2.1", "/ip4/192.0.2.1", "/ip4/192.0.2.1/tcp/1/ws", "/unix/x/tcp/1", "/dns4/a b/tcp/1", "/dns4/é/tcp/1"} {
		k := statement(t, "FR", 40)
		k.Addrs = []string{addr}
		if _, err := directory.ParseNodeKeys(k.Encode()); federation.ReasonOf(err) != federation.ReasonLayout {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func FuzzNodeKeys(f *testing.F) {
	f.Add(statement(f, "FR", 40).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := directory.ParseNodeKeys(b); err == nil && !bytes.Equal(k.Encode(), b) {
			t.Error("two encodings of one statement")
		}
	})
}

// FuzzPayload gives foreign payloads of each kind to a book that trusts their signer.
func FuzzPayload(f *testing.F) {
	for i, p := range []string{`{"type":"root","version":2}`, `{"type":"timestamp"}`, `{"type":"directory","members":[{"code":"FR"}]}`, `{}`} {
		f.Add(uint8(i), []byte(p))
	}
	f.Fuzz(func(t *testing.T, which uint8, payload []byte) {
		w := newWorld(t)
		b := w.book()
		kind := directory.Kinds()[int(which)%4]
		if changed, err := b.Apply(kind, w.envelope(kind, payload), start); changed && err != nil {
			t.Errorf("changed with %v", err)
		}
		_, _ = directory.NewBook(w.envelope(directory.KindRoot, payload))
	})
}
