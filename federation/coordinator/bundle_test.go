package coordinator_test

import (
	"testing"
	"time"

	"iconet.example/crypto/keyring"
	"iconet.example/federation/coordinator"
)

func FuzzBundle(f *testing.F) {
	desk, err := coordinator.Create(f.TempDir(), "iconet", true, keyring.Protection{Plain: true}, time.Now())
	if err != nil {
		f.Fatal(err)
	}
	good, err := desk.Documents().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"documents":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		bundle, err := coordinator.ParseBundle(b)
		if err != nil {
			return
		}
		if _, err := bundle.Book(time.Now()); err != nil {
			return
		}
		again, err := bundle.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := coordinator.ParseBundle(again); err != nil {
			t.Errorf("a bundle does not read back: %v", err)
		}
	})
}
