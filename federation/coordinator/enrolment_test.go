package coordinator_test

import (
	"bytes"
	"testing"
	"time"

	"iconet.example/crypto/keyring"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/directory"
)

func key(t testing.TB, n byte) *sign.Key {
	t.Helper()
	k, err := sign.KeyFromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func enrolment(t testing.TB, code federation.MemberCode, n byte) *coordinator.Enrolment {
	t.Helper()
	enc, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	k := &directory.NodeKeys{Member: code, Version: 1, NotAfterMS: 1 << 45, P2P: key(t, n+1).Public(), Sign: key(t, n+2).Public(),
		Witness: key(t, n+3).Public(), Recipients: []seal.Recipient{enc.Recipient()}, Addrs: []string{"/ip4/127.0.0.1/udp/4001/quic-v1"}}
	if err := k.SignBy(key(t, n)); err != nil {
		t.Fatal(err)
	}
	return &coordinator.Enrolment{Code: code, Name: federation.Text{"en": "France", "fr": "France"}, NationalRoot: key(t, n).Public(), NodeKeys: k.Encode()}
}

func TestAdmittedMemberIsInTheBundleOfAReopenedDesk(t *testing.T) {
	dir, p, now := t.TempDir(), keyring.Protection{Plain: true}, time.Now()
	desk, err := coordinator.Create(dir, "iconet", true, p, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Admit(now, enrolment(t, "FR", 100)); err != nil {
		t.Fatal(err)
	}
	if desk, err = coordinator.Open(dir, p); err != nil {
		t.Fatal(err)
	}
	if err := desk.Stamp(now); err != nil {
		t.Fatal(err)
	}
	raw, err := desk.Documents().Encode()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := coordinator.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	book, err := bundle.Book(now)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := book.Current().Member("FR"); !ok || got.Status != directory.Active {
		t.Error("the member is not in the directory")
	}
}

func TestAdmitRefusesAnotherNationalRoot(t *testing.T) {
	now := time.Now()
	desk, err := coordinator.Create(t.TempDir(), "iconet", true, keyring.Protection{Plain: true}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Admit(now, enrolment(t, "FR", 100)); err != nil {
		t.Fatal(err)
	}
	if err := desk.Admit(now, enrolment(t, "FR", 120)); federation.ReasonOf(err) != federation.ReasonNationalRoot {
		t.Errorf("got %v, want nr", err)
	}
}

func TestCrookedEnrolmentsAreRefused(t *testing.T) {
	good, err := enrolment(t, "FR", 100).Encode()
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, with string) []byte { return bytes.Replace(good, []byte(old), []byte(with), 1) }
	for name, file := range map[string][]byte{
		"homoglyph":           swap(`"FR"`, "\"F\u0420\""),
		"lower case":          swap(`"FR"`, `"fr"`),
		"for another member":  swap(`"FR"`, `"DE"`),
		"NodeKeys without NR": swap(key(t, 100).Public().String(), key(t, 101).Public().String()),
		"no French name":      swap(`"fr"`, `"de"`),
		"key twice":           swap(`"code"`, `"code": "DE", "code"`),
		"unknown key":         swap(`"code"`, `"status": "active", "code"`),
		"too large":           append(bytes.Repeat([]byte(" "), 64<<10), good...),
	} {
		if _, err := coordinator.ParseEnrolment(file); federation.ReasonOf(err) == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzEnrolment(f *testing.F) {
	good, err := enrolment(f, "FR", 100).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := coordinator.ParseEnrolment(b)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := coordinator.ParseEnrolment(again); err != nil {
			t.Errorf("an enrolment does not read back: %v", err)
		}
	})
}
