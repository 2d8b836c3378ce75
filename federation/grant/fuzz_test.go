package grant_test

import (
	"bytes"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/grant"
)

// refusedWithReason fails if bytes were refused in a way that no counter would show.
func refusedWithReason(t *testing.T, err error) {
	t.Helper()
	if federation.ReasonOf(err) == "" {
		t.Errorf("refused without a reason: %v", err)
	}
}

func FuzzGrant(f *testing.F) {
	addGolden(f, "grant*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := grant.Parse(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(g.Encode(), b) {
			t.Error("two encodings of one grant")
		}
		_ = g.Verify(key(t, 1).Public())
		_, _ = grant.Apply(grant.Position{}, g)
	})
}

func FuzzStreamHead(f *testing.F) {
	addGolden(f, "head*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := grant.ParseHead(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(h.Encode(), b) {
			t.Error("two encodings of one head")
		}
		_ = h.Verify(key(t, 1).Public())
	})
}

func FuzzAck(f *testing.F) {
	addGolden(f, "ack-*.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := grant.ParseAck(b)
		if err != nil {
			refusedWithReason(t, err)
			return
		}
		if !bytes.Equal(a.Encode(), b) {
			t.Error("two encodings of one acknowledgement")
		}
		_ = a.Verify(key(t, 2).Public())
	})
}
