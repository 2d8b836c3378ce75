package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a message with the golden file that pins its frame.
type sample struct {
	file    string
	message wire.Message
	open    bool // takes whatever the frame holds: a cut is seen by the frame's length alone
}

// frame gives the bytes of a message as they travel, the length first.
func frame(t testing.TB, m wire.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := wire.Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readGolden gives the bytes of a golden file.
func readGolden(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goldenFrames gives the golden files of all messages, for fuzz targets.
func goldenFrames(f *testing.F) [][]byte {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.hex"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	var out [][]byte
	for _, path := range paths {
		out = append(out, readGolden(f, path))
	}
	return out
}

// key gives the same key for the same number; 1 is the owner's and 2 the grantee's.
func key(t testing.TB, n byte) *sign.Key {
	t.Helper()
	k, err := sign.KeyFromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func filled(n byte) (a [32]byte) {
	for i := range a {
		a[i] = n
	}
	return a
}

func record(t testing.TB, index uint64, sealed string) feed.Record {
	t.Helper()
	audience := feed.NewAudience("FR", "P:EUROPOL")
	e := &feed.Entry{Core: feed.Core{Kind: feed.Publish, Owner: "FR", Incarnation: 1, Index: index, TimeMS: 1772352000000, Revision: 1,
		AudienceHash: audience.Hash(filled(1)), Salt: filled(1), CtLen: uint64(len(sealed))}}
	if err := e.Sign(key(t, 1)); err != nil {
		t.Fatal(err)
	}
	return feed.Record{Entry: e, Audience: audience, Sealed: []byte(sealed)}
}

func sealedGrant(grantee federation.MemberCode, seq uint64, sealed string) grant.Sealed {
	return grant.Sealed{Owner: "FR", Grantee: grantee, Incarnation: 1, Seq: seq, Bytes: []byte(sealed)}
}

// samples has every message, once full and once empty where it can be.
func samples(t testing.TB) []sample {
	t.Helper()
	signed, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: feed.Origin("FR"), Size: 9, Root: merkle.Hash(filled(2))}, key(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	head := &grant.StreamHead{Owner: "FR", Grantee: "P:EUROPOL", Incarnation: 1, LastSeq: 3, LastHash: filled(3), LogSize: 9,
		LogRoot: merkle.Hash(filled(2)), TimeMS: 1772352000000}
	ack := &grant.Ack{Grantee: "P:EUROPOL", Owner: "FR", Incarnation: 1, Seq: 3, Hash: filled(3), Status: grant.Opened}
	if err := errors.Join(head.Sign(key(t, 1)), ack.Sign(key(t, 2))); err != nil {
		t.Fatal(err)
	}
	hashes := []merkle.Hash{merkle.Hash(filled(4)), merkle.Hash(filled(5)), merkle.Hash(filled(6))}
	page := wire.Page{Page: feed.Page{Owner: "FR", From: 4, Leaves: hashes, Records: []feed.Record{record(t, 4, "sealed"), record(t, 6, "")},
		Checkpoint: signed, Proof: hashes[:2]}, Grants: []grant.Sealed{sealedGrant("P:EUROPOL", 2, "a sealed grant"), sealedGrant("P:EUROPOL", 3, "")}}
	return []sample{
		{file: "subscribe", message: wire.Subscribe{Owner: "FR", Incarnation: 1, Leaves: 4, GrantInc: 2, GrantSeq: 1}},
		{file: "page", message: page},
		{file: "page-empty", message: wire.Page{Page: feed.Page{Owner: "FR"}}},
		{file: "head", message: wire.Head{StreamHead: head}},
		{file: "ack", message: wire.Ack{Ack: ack}},
		{file: "want", message: wire.Want{Owner: "FR", Leaves: hashes}},
		{file: "want-nothing", message: wire.Want{Owner: "COM"}},
		{file: "records", message: wire.Records{Owner: "FR", Records: page.Records}},
		{file: "records-none", message: wire.Records{Owner: "FR"}},
		{file: "end", message: wire.End{}},
		{file: "docrequest", message: wire.DocRequest{Kind: 2, After: 7}},
		{file: "doc", message: wire.Doc{Kind: 2, Part: []byte(`{"payload":""}`)}, open: true},
		{file: "doc-part", message: wire.Doc{Kind: 3, More: true}, open: true},
		{file: "deposit", message: wire.Deposit{Sealed: sealedGrant("GR", 5, "a sealed grant")}},
		{file: "deposit-drop", message: wire.Deposit{Sealed: sealedGrant("GR", 5, "")}},
		{file: "result-kept", message: wire.Result{Kept: true}},
		{file: "result-refused", message: wire.Result{}},
	}
}

func TestGoldenFilesHoldTheFramesOfTheFormat(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			path := filepath.Join("testdata", s.file+".hex")
			sent := frame(t, s.message)
			if *update {
				if err := os.WriteFile(path, []byte(hex.EncodeToString(sent)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden := readGolden(t, path)
			if !bytes.Equal(sent, golden) {
				t.Errorf("encodes to\n%x, the golden file has\n%x", sent, golden)
			}
			got, err := wire.Read(bytes.NewReader(golden))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.message, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("reads differently from what was written (-written +read):\n%s", diff)
			}
			if again := frame(t, got); !bytes.Equal(again, golden) {
				t.Errorf("encodes again to\n%x", again)
			}
		})
	}
}

func TestCutMessagesAreRefused(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			body := frame(t, s.message)[4:]
			for n := range body {
				want := federation.ReasonLayout
				if n == 0 {
					want = federation.ReasonFrame // there is not even a type
				}
				if s.open && n >= 3 {
					break
				}
				if _, err := wire.Parse(body[:n:n]); federation.ReasonOf(err) != want {
					t.Fatalf("cut to %d of %d bytes: %v, want reason %s", n, len(body), err, want)
				}
			}
		})
	}
}

func TestBytesLeftOverAreRefused(t *testing.T) {
	for _, s := range samples(t) {
		if s.open {
			continue
		}
		t.Run(s.file, func(t *testing.T) {
			body := frame(t, s.message)[4:]
			for b := range 256 {
				if _, err := wire.Parse(append(bytes.Clone(body), byte(b))); federation.ReasonOf(err) != federation.ReasonLayout {
					t.Fatalf("%#x at the end: %v", b, err)
				}
			}
		})
	}
}

// A flipped bit may give another message, but never a second encoding of one. That none keeps its signature is tested where
// the signed parts are made.
func TestFlippedBitsAreSeen(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			body := frame(t, s.message)[4:]
			for i := range 8 * len(body) {
				b := bytes.Clone(body)
				b[i/8] ^= 1 << (i % 8)
				m, err := wire.Parse(b)
				if err != nil {
					if federation.ReasonOf(err) == "" || !errors.Is(err, federation.ErrUnverified) {
						t.Fatalf("bit %d of byte %d: refused without a reason: %v", i%8, i/8, err)
					}
					continue
				}
				if !bytes.Equal(frame(t, m)[4:], b) {
					t.Fatalf("bit %d of byte %d: two encodings of one message", i%8, i/8)
				}
			}
		})
	}
}
