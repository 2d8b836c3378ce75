package feed_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/feed"
)

// refusedWithReason fails if bytes were refused in a way that no counter would show.
func refusedWithReason(t *testing.T, err error) {
	t.Helper()
	if federation.ReasonOf(err) == "" {
		t.Errorf("refused without a reason: %v", err)
	}
}

func FuzzEntry(f *testing.F) {
	addGolden(f, "entry-*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := feed.ParseEntry(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(e.LeafData(), b) {
			t.Error("two encodings of one entry")
		}
		_ = e.Binding()
		_ = e.Verify(key(t, 1).Public())
	})
}

func FuzzAudience(f *testing.F) {
	addGolden(f, "audience*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := feed.ParseAudience(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(a.Encode(), b) || !bytes.Equal(feed.NewAudience(a...).Encode(), b) {
			t.Error("two encodings of one audience")
		}
	})
}

// FuzzPlain fills short inputs up to the smallest size, since no mutation would hit upon the right number of zeros.
func FuzzPlain(f *testing.F) {
	for _, file := range []string{"plain.hex", "plain-files.hex"} {
		f.Add(bytes.TrimRight(readGolden(f, filepath.Join("testdata", file)), "\x00"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 4<<10 {
			b = append(bytes.Clone(b), make([]byte, 4<<10-len(b))...)
		}
		p, err := feed.ParsePlain(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(encodePlain(t, p), b) {
			t.Error("two encodings of one plaintext")
		}
	})
}

func FuzzSpine(f *testing.F) {
	addGolden(f, "spine*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := feed.ParseSpine(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(s.Encode(), b) {
			t.Error("two encodings of one spine")
		}
	})
}
