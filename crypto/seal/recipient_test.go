package seal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"

	"iconet.example/crypto/seal"
)

func identity(t testing.TB) *seal.Identity {
	t.Helper()
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMessageOpensForEachRecipientAndNobodyElse(t *testing.T) {
	a, b, other := identity(t), identity(t), identity(t)
	sealed, err := seal.Seal([]byte("message"), a.Recipient(), b.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []*seal.Identity{a, b} {
		if got, err := id.Unseal(sealed, 100); err != nil || string(got) != "message" {
			t.Errorf("a recipient reads %q, %v", got, err)
		}
	}
	if got, err := other.Unseal(sealed, 100); !errors.Is(err, seal.ErrKey) || got != nil {
		t.Errorf("a stranger reads %q, %v; want ErrKey", got, err)
	}
}

func TestUnsealIsBounded(t *testing.T) {
	id := identity(t)
	sealed, err := seal.Seal(make([]byte, 70_000), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := id.Unseal(sealed, 70_000); err != nil || len(got) != 70_000 {
		t.Errorf("at the limit: %d bytes, %v", len(got), err)
	}
	for _, most := range []int{0, 69_999} {
		if got, err := id.Unseal(sealed, most); !errors.Is(err, seal.ErrKey) || got != nil {
			t.Errorf("limit %d: gave %d bytes, %v; want ErrKey", most, len(got), err)
		}
	}
}

// TestUnsealAtTheLimitReadsToTheEnd has a message of exactly the limit, whose end must be authenticated all the same.
func TestUnsealAtTheLimitReadsToTheEnd(t *testing.T) {
	id := identity(t)
	const chunk = 64 << 10
	sealed, err := seal.Seal(make([]byte, chunk+10), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	cut := sealed[:len(sealed)-10-16] // the last chunk and its tag
	if got, err := id.Unseal(cut, chunk); !errors.Is(err, seal.ErrKey) || got != nil {
		t.Errorf("cut to the limit: gave %d bytes, %v; want ErrKey", len(got), err)
	}
	if got, err := id.Unseal(append(bytes.Clone(sealed), 0), chunk+10); !errors.Is(err, seal.ErrKey) || got != nil {
		t.Errorf("a byte behind: gave %d bytes, %v; want ErrKey", len(got), err)
	}
}

func TestUnsealRefusesChangedOrCutMessages(t *testing.T) {
	id := identity(t)
	sealed, err := seal.Seal([]byte("message"), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		if i%7 != 0 && i < len(sealed)-60 {
			continue // a sample of the long header is enough
		}
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if got, err := id.Unseal(bad, 100); !errors.Is(err, seal.ErrKey) || got != nil {
			t.Errorf("byte %d flipped: gave %q, %v; want ErrKey", i, got, err)
		}
		if got, err := id.Unseal(sealed[:i], 100); !errors.Is(err, seal.ErrKey) || got != nil {
			t.Errorf("cut to %d bytes: gave %q, %v; want ErrKey", i, got, err)
		}
	}
}

func TestUnsealRefusesAnItem(t *testing.T) {
	sealed, _ := sealItem(t, "plain")
	if got, err := identity(t).Unseal(sealed, 100); !errors.Is(err, seal.ErrKey) || got != nil {
		t.Errorf("gave %q, %v; want ErrKey", got, err)
	}
}

func TestSealNeedsRecipients(t *testing.T) {
	if sealed, err := seal.Seal([]byte("message")); err == nil || sealed != nil {
		t.Error("a message was sealed to nobody")
	}
	if sealed, err := seal.Seal([]byte("message"), identity(t).Recipient(), seal.Recipient{}); !errors.Is(err, seal.ErrRecipient) || sealed != nil {
		t.Errorf("an empty recipient: error %v, want ErrRecipient", err)
	}
}

func TestParseRecipientTakesTheHybridTextFormOnly(t *testing.T) {
	want := identity(t).Recipient()
	text := want.String()
	if got, err := seal.ParseRecipient(text); err != nil || got.String() != text {
		t.Fatalf("the text form is refused: %v", err)
	}
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(text)
	flipped[100] ^= 1
	for name, s := range map[string]string{
		"nothing":          "",
		"X25519":           x25519.Recipient().String(),
		"X25519 identity":  x25519.String(),
		"SSH":              "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6k4JCr7BKDKmcnkYR6BO6rCCZcSIXcKmZSpBWd5hxD",
		"plugin":           "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
		"upper case":       strings.ToUpper(text),
		"space before":     " " + text,
		"line end behind":  text + "\n",
		"cut":              text[:len(text)-1],
		"longer":           text + "q",
		"changed":          string(flipped),
		"another prefix":   "age1" + strings.TrimPrefix(text, "age1pq1"),
		"private half":     identity(t).Secret(),
		"two on one line":  text + "," + text,
		"without its text": "age1pq1",
	} {
		if _, err := seal.ParseRecipient(s); !errors.Is(err, seal.ErrRecipient) {
			t.Errorf("%s: error %v, want ErrRecipient", name, err)
		}
	}
}

func TestParseIdentityReadsWhatSecretGives(t *testing.T) {
	id := identity(t)
	for _, s := range []string{id.Secret(), id.Secret() + "\n"} {
		got, err := seal.ParseIdentity(s)
		if err != nil || got.Recipient().String() != id.Recipient().String() {
			t.Errorf("another key was read, or error %v", err)
		}
	}
}

func TestParseIdentityRefusesWithoutQuoting(t *testing.T) {
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	secret := identity(t).Secret()
	for name, s := range map[string]string{
		"nothing":     "",
		"X25519":      x25519.String(),
		"public half": identity(t).Recipient().String(),
		"cut":         secret[:len(secret)-1],
		"changed":     strings.Replace(secret, secret[30:34], "QQQQ", 1),
		"two":         secret + "\n" + secret,
	} {
		_, err := seal.ParseIdentity(s)
		if !errors.Is(err, seal.ErrRecipient) {
			t.Errorf("%s: error %v, want ErrRecipient", name, err)
		} else if len(s) > 40 && strings.Contains(err.Error(), s[20:40]) {
			t.Errorf("%s: the error quotes the text", name)
		}
	}
}

func TestRecipientHasTheLengthAndFingerprintOfItsComments(t *testing.T) {
	r := identity(t).Recipient()
	if n := len(r.String()); n != 1959 {
		t.Errorf("text form of %d characters", n)
	}
	sum := sha256.Sum256([]byte(r.String()))
	want := base32.StdEncoding.EncodeToString(sum[:20])
	if got := r.Fingerprint(); strings.ReplaceAll(got, " ", "") != want || len(got) != 39 {
		t.Errorf("fingerprint %q, want the groups of %q", got, want)
	}
}

var sink any // keeps the compiler from dropping what is measured

func BenchmarkSealItem2KB(b *testing.B) {
	plain := make([]byte, 2000)
	b.SetBytes(2000)
	for b.Loop() {
		sealed, _, err := seal.SealItem(nil, plain)
		if err != nil {
			b.Fatal(err)
		}
		sink = sealed
	}
}

func BenchmarkUnsealItem2KB(b *testing.B) {
	sealed, key := sealItem(b, strings.Repeat("a", 2000))
	b.SetBytes(2000)
	for b.Loop() {
		plain, err := seal.UnsealItem(sealed, key)
		if err != nil {
			b.Fatal(err)
		}
		sink = plain
	}
}

// BenchmarkSealTo is the cost of one grant: an item key to one hybrid recipient.
func BenchmarkSealTo(b *testing.B) {
	to, key := identity(b).Recipient(), make([]byte, 32)
	for b.Loop() {
		sealed, err := seal.Seal(key, to)
		if err != nil {
			b.Fatal(err)
		}
		sink = sealed
	}
}
