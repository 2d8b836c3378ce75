package grant_test

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
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/grant"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// codec is how one kind of value is written, read and verified.
type codec[T any] struct {
	encode func(T) []byte
	parse  func([]byte) (T, error)
	verify func(T) error     // nil where nothing is signed
	reason federation.Reason // of every cut and every byte too many
}

// sample is a value with the golden file that pins its bytes.
type sample struct {
	file   string
	want   any
	bytes  []byte
	reason federation.Reason
	parse  func([]byte) (any, error)
	encode func(any) []byte
	verify func(any) error
}

func of[T any](c codec[T], file string, want T) sample {
	s := sample{file: file, want: want, bytes: c.encode(want), reason: c.reason}
	s.parse = func(b []byte) (any, error) { return c.parse(b) }
	s.encode = func(v any) []byte { return c.encode(v.(T)) }
	if c.verify != nil {
		s.verify = func(v any) error { return c.verify(v.(T)) }
	}
	return s
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

// addGolden seeds a fuzz target with the golden files of a pattern.
func addGolden(f *testing.F, pattern string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no golden files %s: %v", pattern, err)
	}
	for _, path := range paths {
		f.Add(readGolden(f, path))
	}
}

func TestGoldenFilesHoldTheBytesOfTheFormat(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			path := filepath.Join("testdata", s.file+".hex")
			if *update {
				if err := os.WriteFile(path, []byte(hex.EncodeToString(s.bytes)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden := readGolden(t, path)
			if !bytes.Equal(s.bytes, golden) {
				t.Errorf("encodes to\n%x, the golden file has\n%x", s.bytes, golden)
			}
			got, err := s.parse(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("reads differently from what was written (-written +read):\n%s", diff)
			}
			if again := s.encode(got); !bytes.Equal(again, golden) {
				t.Errorf("encodes again to\n%x", again)
			}
			if s.verify != nil {
				if err := s.verify(got); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// startMS is the time of the first grant: 1 March 2026, 08:00 UTC.
const startMS = 1772352000000

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

// samples has everything of this package that has an encoding.
func samples(t testing.TB) []sample {
	t.Helper()
	grants := codec[*grant.Grant]{(*grant.Grant).Encode, grant.Parse,
		func(g *grant.Grant) error { return g.Verify(key(t, 1).Public()) }, federation.ReasonLayout}
	heads := codec[*grant.StreamHead]{(*grant.StreamHead).Encode, grant.ParseHead,
		func(h *grant.StreamHead) error { return h.Verify(key(t, 1).Public()) }, federation.ReasonLayout}
	acks := codec[*grant.Ack]{(*grant.Ack).Encode, grant.ParseAck,
		func(a *grant.Ack) error { return a.Verify(key(t, 2).Public()) }, federation.ReasonLayout}
	first, pos := issue(t, grant.Position{}, 1, give(0x61))
	second, _ := issue(t, pos, 1, give(0x62), grant.Line{Leaf: merkle.Hash(filled(0x63)), Action: grant.Withdraw},
		grant.Line{Leaf: merkle.Hash(filled(0x64)), Action: grant.Delete})
	return []sample{
		of(grants, "grant-first", first),
		of(grants, "grant", second),
		of(heads, "head", head(t)),
		of(acks, "ack-stored", ack(t, grant.Stored)),
		of(acks, "ack-quarantined", ack(t, grant.Quarantined)),
		of(acks, "ack-opened", ack(t, grant.Opened)),
	}
}

func give(n byte) grant.Line {
	return grant.Line{Leaf: merkle.Hash(filled(n)), Action: grant.Give, Key: seal.ItemKey(filled(n + 0x10))}
}

// issue signs the grant of FR to P:EUROPOL that follows pos.
func issue(t testing.TB, pos grant.Position, incarnation uint32, lines ...grant.Line) (*grant.Grant, grant.Position) {
	t.Helper()
	g, next, err := grant.Issue(pos, "FR", "P:EUROPOL", incarnation, startMS+1000*pos.Seq, lines, key(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	return g, next
}

func head(t testing.TB) *grant.StreamHead {
	t.Helper()
	h := &grant.StreamHead{Owner: "FR", Grantee: "P:EUROPOL", Incarnation: 2, LastSeq: 3, LastHash: filled(0x65), LogSize: 4,
		LogRoot: merkle.Hash(filled(0x66)), TimeMS: startMS}
	if err := h.Sign(key(t, 1)); err != nil {
		t.Fatal(err)
	}
	return h
}

func ack(t testing.TB, status grant.Status) *grant.Ack {
	t.Helper()
	a := &grant.Ack{Grantee: "P:EUROPOL", Owner: "FR", Incarnation: 2, Seq: 3, Hash: filled(0x67), Status: status}
	if err := a.Sign(key(t, 2)); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCutBytesAreRefused(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			for n := range s.bytes {
				if _, err := s.parse(s.bytes[:n:n]); federation.ReasonOf(err) != s.reason {
					t.Fatalf("cut to %d of %d bytes: %v, want reason %s", n, len(s.bytes), err, s.reason)
				}
			}
		})
	}
}

func TestBytesLeftOverAreRefused(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			for b := range 256 {
				if _, err := s.parse(append(bytes.Clone(s.bytes), byte(b))); federation.ReasonOf(err) != s.reason {
					t.Fatalf("%#x at the end: %v, want reason %s", b, err, s.reason)
				}
			}
		})
	}
}

// A flipped bit may give another value, but never a second encoding of one, and never one that is still signed. Verifying is
// slow under the race detector, so one bit of each byte stands for the other seven there.
func TestFlippedBitsAreSeen(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			for i := range 8 * len(s.bytes) {
				b := bytes.Clone(s.bytes)
				b[i/8] ^= 1 << (i % 8)
				v, err := s.parse(b)
				if err != nil {
					if federation.ReasonOf(err) == "" || !errors.Is(err, federation.ErrUnverified) {
						t.Fatalf("bit %d of byte %d: refused without a reason: %v", i%8, i/8, err)
					}
					continue
				}
				if !bytes.Equal(s.encode(v), b) {
					t.Fatalf("bit %d of byte %d: two encodings of one value", i%8, i/8)
				}
				if s.verify != nil && i%8 == i/8%8 && federation.ReasonOf(s.verify(v)) != federation.ReasonSig {
					t.Fatalf("bit %d of byte %d: the signature still holds", i%8, i/8)
				}
			}
		})
	}
}
