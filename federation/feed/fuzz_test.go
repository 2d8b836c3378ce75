package feed_test

import (
	"bytes"
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

func FuzzPlain(f *testing.F) {
	addGolden(f, "plain*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
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
