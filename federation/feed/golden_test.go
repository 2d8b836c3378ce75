package feed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
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

// samples has an entry of each kind and everything else of this package that has an encoding.
func samples(t testing.TB) []sample {
	t.Helper()
	entries := codec[*feed.Entry]{(*feed.Entry).LeafData, feed.ParseEntry,
		func(e *feed.Entry) error { return e.Verify(key(t, 1).Public()) }, federation.ReasonLayout}
	audiences := codec[feed.Audience]{feed.Audience.Encode, feed.ParseAudience, nil, federation.ReasonAudience}
	plains := codec[*feed.Plain]{func(p *feed.Plain) []byte { return encodePlain(t, p) }, feed.ParsePlain, nil, federation.ReasonLayout}
	spines := codec[feed.Spine]{feed.Spine.Encode, feed.ParseSpine, nil, federation.ReasonLayout}

	members := feed.NewAudience("DE", "GR").Encode()
	resumed := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, 7), 1<<40)
	newKey := key(t, 2).Public()
	var out []sample
	for _, k := range []struct {
		file string
		kind feed.Kind
		ext  []byte
	}{
		{"entry-publish", feed.Publish, nil},
		{"entry-revise", feed.Revise, nil},
		{"entry-withdraw", feed.Withdraw, nil},
		{"entry-delete", feed.Delete, nil},
		{"entry-grant", feed.Grant, members},
		{"entry-revoke", feed.Revoke, members},
		{"entry-keys", feed.Keys, newKey[:]},
		{"entry-resume", feed.Resume, resumed},
	} {
		out = append(out, of(entries, k.file, entry(t, k.kind, k.ext)))
	}
	signed, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: feed.Origin("P:EUROPOL"), Size: 9, Root: merkle.Hash(filled(0x51))}, key(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	spine := feed.Spine{Incarnation: 3, Size: 7, Root: merkle.Hash(filled(0x52)), LastLeaf: merkle.Hash(filled(0x53)),
		LastTimeMS: startMS, Checkpoint: signed}
	return append(out,
		of(audiences, "audience-empty", feed.NewAudience()),
		of(audiences, "audience", feed.NewAudience("FR", "P:EUROPOL", "COM", "GR", "FR", "AT")),
		of(plains, "plain", &feed.Plain{Binding: filled(0x41), Form: []byte(`{"item_id":"FR-EWS-01-2026-000012"}`)}),
		of(plains, "plain-files", &feed.Plain{Binding: filled(0x41), Form: []byte(`{}`),
			Files: []feed.Attachment{attachment("a.txt", "text/plain", "one"), attachment("é.bin", "application/octet-stream", "")}}),
		of(spines, "spine-empty", feed.Spine{}),
		of(spines, "spine", spine))
}

// entry gives a signed entry in which every field has a value of its own.
func entry(t testing.TB, kind feed.Kind, ext []byte) *feed.Entry {
	t.Helper()
	salt := filled(0x31)
	core := feed.Core{Kind: kind, Owner: "FR", Incarnation: 2, Index: 41, TimeMS: startMS, Prev: merkle.Hash(filled(0x32)),
		Item:     federation.ItemID{0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x49, 0x3a, 0x8b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42},
		Revision: 5, Element: 6, StructureVersion: 7, StructureHash: filled(0x43), DirectoryVersion: 8,
		Marking: federation.MarkingSensitive, DeleteAfterMS: startMS + 1<<35, AudienceHash: feed.NewAudience("FR", "GR").Hash(salt),
		Salt: salt, CtLen: 4321, CtHash: filled(0x44)}
	e := &feed.Entry{Core: core, Ext: ext}
	if err := e.Sign(key(t, 1)); err != nil {
		t.Fatal(err)
	}
	return e
}

func filled(n byte) (a [32]byte) {
	for i := range a {
		a[i] = n
	}
	return a
}

func attachment(name, media, data string) feed.Attachment {
	return feed.Attachment{Name: name, Type: media, SHA256: sha256.Sum256([]byte(data)), Data: []byte(data)}
}

func encodePlain(t testing.TB, p *feed.Plain) []byte {
	t.Helper()
	b, err := feed.EncodePlain(p.Binding, p.Form, p.Files)
	if err != nil {
		t.Fatal(err)
	}
	return b
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
