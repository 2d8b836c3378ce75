package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"iconet.example/crypto/seal"
)

func sealItem(t testing.TB, plain string) ([]byte, seal.ItemKey) {
	t.Helper()
	sealed, key, err := seal.SealItem(nil, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return sealed, key
}

// stock encrypts with the age library alone, as a sender with other ideas could.
func stock(t testing.TB, plain string, to ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func scrypt(t testing.TB, key seal.ItemKey, logN int) *age.ScryptRecipient {
	t.Helper()
	r, err := age.NewScryptRecipient(key.Passphrase())
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(logN)
	return r
}

func TestItemUnsealsToWhatWasSealed(t *testing.T) {
	for _, size := range []int{0, 1, 2000, 64 << 10, 64<<10 + 1, 1 << 20} {
		plain := make([]byte, size)
		rand.Read(plain)
		sealed, key := sealItem(t, string(plain))
		if err := seal.CheckItemHeader(sealed); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		got, err := seal.UnsealItem(sealed, key)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
	}
}

func TestItemKeyIsDrawnFromTheSource(t *testing.T) {
	want := seal.ItemKey(bytes.Repeat([]byte{7}, 32))
	sealed, key, err := seal.SealItem(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), []byte("plain"))
	if err != nil || key != want {
		t.Fatalf("another key was drawn, or error %v", err)
	}
	if got, err := seal.UnsealItem(sealed, want); err != nil || string(got) != "plain" {
		t.Errorf("opened to %q, %v", got, err)
	}
	if sealed, _, err := seal.SealItem(bytes.NewReader(make([]byte, 31)), nil); err == nil || sealed != nil {
		t.Error("an item was sealed with 31 bytes of randomness")
	}
}

func TestItemsOfOneTextShareNeitherKeyNorBytes(t *testing.T) {
	a, ka := sealItem(t, "plain")
	b, kb := sealItem(t, "plain")
	if ka == kb || bytes.Equal(a, b) {
		t.Error("two items are alike")
	}
	if _, err := seal.UnsealItem(a, kb); !errors.Is(err, seal.ErrKey) {
		t.Errorf("the key of another item: error %v, want ErrKey", err)
	}
}

func TestUnsealItemRefusesAWrongKey(t *testing.T) {
	sealed, key := sealItem(t, "plain")
	for i := range key {
		bad := key
		bad[i] ^= 1
		if got, err := seal.UnsealItem(sealed, bad); !errors.Is(err, seal.ErrKey) || got != nil {
			t.Errorf("byte %d flipped: gave %q, %v; want ErrKey", i, got, err)
		}
	}
}

func TestUnsealItemRefusesAChangedOrCutFile(t *testing.T) {
	sealed, key := sealItem(t, "plain")
	refuse := func(what string, b []byte) {
		t.Helper()
		got, err := seal.UnsealItem(b, key)
		if got != nil || !errors.Is(err, seal.ErrKey) && !errors.Is(err, seal.ErrHeader) {
			t.Errorf("%s: gave %q, %v; want ErrKey or ErrHeader", what, got, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		refuse(fmt.Sprintf("byte %d flipped", i), bad)
		refuse(fmt.Sprintf("cut to %d bytes", i), sealed[:i])
	}
	refuse("a byte behind", append(bytes.Clone(sealed), 0))
	refuse("itself behind", append(bytes.Clone(sealed), sealed...))
}

// TestUnsealItemGivesNothingOfACutItem cuts where the first chunk of 64 KiB is complete and authentic.
func TestUnsealItemGivesNothingOfACutItem(t *testing.T) {
	sealed, key := sealItem(t, strings.Repeat("a", 64<<10+100))
	if got, err := seal.UnsealItem(sealed[:len(sealed)-116], key); !errors.Is(err, seal.ErrKey) || got != nil {
		t.Errorf("gave %d bytes, %v; want ErrKey alone", len(got), err)
	}
}

// lines splits an item file behind its header: version, stanza, body, MAC line, payload.
func lines(t testing.TB, sealed []byte) []string {
	t.Helper()
	parts := strings.SplitN(string(sealed), "\n", 5)
	if len(parts) != 5 {
		t.Fatal("an item file has no header of four lines")
	}
	return parts
}

func TestForeignHeadersAreRefusedBeforeDecrypting(t *testing.T) {
	item, key := sealItem(t, "plain")
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	l := lines(t, item)
	edit := func(at int, with ...string) []byte {
		return []byte(strings.Join(slices.Concat(l[:at], with, l[at+1:]), "\n"))
	}
	stanza := strings.Fields(l[1])
	for _, c := range []struct {
		name   string
		sealed []byte
	}{
		{"nothing", nil},
		{"text", []byte("not an age file at all\n--- \n")},
		{"X25519 recipient", stock(t, "plain", x25519.Recipient())},
		{"hybrid recipient", stock(t, "plain", hybrid.Recipient())},
		{"scrypt with work factor 2", stock(t, "plain", scrypt(t, key, 2))},
		{"scrypt with work factor 10", stock(t, "plain", scrypt(t, key, 10))},
		{"work factor rewritten to 22", edit(1, strings.Join(append(stanza[:3:3], "22"), " "))},
		{"work factor 01", edit(1, strings.Join(append(stanza[:3:3], "01"), " "))},
		{"work factor 1 with a space behind", edit(1, l[1]+" ")},
		{"work factor missing", edit(1, strings.Join(stanza[:3], " "))},
		{"two spaces in the stanza", edit(1, strings.Replace(l[1], " scrypt", "  scrypt", 1))},
		{"argument more", edit(1, l[1]+" 1")},
		{"type in capitals", edit(1, strings.Replace(l[1], "scrypt", "SCRYPT", 1))},
		{"two scrypt stanzas", edit(2, l[2], l[1], l[2])},
		{"second stanza in place of the body", edit(2, "-> X25519 abc")},
		{"X25519 stanza before", edit(1, "-> X25519 "+l[2], l[2], l[1])},
		{"X25519 stanza behind", edit(2, l[2], "-> X25519 "+l[2], l[2])},
		{"grease stanza behind", edit(2, l[2], "-> x-grease", "")},
		{"body of two lines", edit(2, l[2], l[2])},
		{"no body", edit(2)},
		{"version 2", edit(0, "age-encryption.org/v2")},
		{"version with carriage return", edit(0, l[0]+"\r")},
		{"line before", edit(0, "", l[0])},
		{"armoured", []byte("-----BEGIN AGE ENCRYPTED FILE-----\n" + base64.StdEncoding.EncodeToString(item) + "\n-----END AGE ENCRYPTED FILE-----\n")},
		{"huge body", edit(2, strings.Repeat("A", 1<<10))},
		{"huge salt", edit(1, "-> scrypt "+strings.Repeat("A", 1<<20)+" 1")},
		{"MAC line beyond 1 KiB", edit(3, "--- "+strings.Repeat("A", 1<<10))},
		{"many stanzas", edit(2, strings.Repeat(l[2]+"\n"+l[1]+"\n", 10_000)+l[2])},
		{"MAC line without end", []byte(strings.Join(l[:4], "\n"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := seal.CheckItemHeader(c.sealed); !errors.Is(err, seal.ErrHeader) {
				t.Errorf("CheckItemHeader: error %v, want ErrHeader", err)
			}
			if got, err := seal.UnsealItem(c.sealed, key); !errors.Is(err, seal.ErrHeader) || got != nil {
				t.Errorf("UnsealItem gave %q, %v; want ErrHeader alone", got, err)
			}
		})
	}
}

// TestItemKeepsItsForm opens testdata/item.age, so that items sealed by this version stay readable.
func TestItemKeepsItsForm(t *testing.T) {
	sealed, err := os.ReadFile("testdata/item.age")
	if err != nil {
		t.Fatal(err)
	}
	key := seal.ItemKey(bytes.Repeat([]byte{7}, 32))
	if got, err := seal.UnsealItem(sealed, key); err != nil || string(got) != "an item sealed once\n" {
		t.Errorf("opened to %q, %v", got, err)
	}
}

func TestPassphraseIsUnpaddedBase64url(t *testing.T) {
	key := seal.ItemKey{0: 0xfb, 1: 0xff, 31: 1}
	if got, want := key.Passphrase(), "-_8"+strings.Repeat("A", 39)+"E"; got != want {
		t.Errorf("passphrase %q, want %q", got, want)
	}
}

func TestSecretsAreHiddenFromText(t *testing.T) {
	_, key := sealItem(t, "plain")
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		Key seal.ItemKey
		ID  *seal.Identity
	}{key, id}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		out := fmt.Sprintf(verb, key) + fmt.Sprintf(verb, id) + fmt.Sprintf(verb, holder)
		for _, secret := range []string{key.Passphrase(), fmt.Sprintf("%x", key[:4]), fmt.Sprintf("%d, %d, %d", key[0], key[1], key[2]),
			fmt.Sprintf("%d %d %d", key[0], key[1], key[2]), fmt.Sprintf("%#x, %#x, %#x", key[0], key[1], key[2]), id.Secret()} {
			if strings.Contains(out, secret) {
				t.Errorf("%s shows a secret", verb)
			}
		}
	}
}

func FuzzCheckItemHeader(f *testing.F) {
	item, key := sealItem(f, "plain")
	l := lines(f, item)
	f.Add(item)
	f.Add([]byte(strings.Join([]string{l[0], l[1], l[2], l[1], l[2], l[3], l[4]}, "\n")))
	f.Add([]byte(strings.Join([]string{l[0], l[1], "---", l[3], l[4]}, "\n")))
	f.Add(stock(f, "plain", scrypt(f, key, 2)))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, unsealed := seal.UnsealItem(in, key)
		if unsealed == nil && string(got) != "plain" {
			t.Errorf("a file nobody sealed opens to %q", got)
		}
		if err := seal.CheckItemHeader(in); err != nil {
			if !errors.Is(err, seal.ErrHeader) || !errors.Is(unsealed, seal.ErrHeader) {
				t.Errorf("refused with %v, then %v", err, unsealed)
			}
			return
		}
		// The header is that of one scrypt stanza in the eyes of the age library too, if it can read it at all.
		look := &onlyLook{}
		_, _ = age.Decrypt(bytes.NewReader(in), look)
		for _, s := range look.seen {
			if len(look.seen) != 1 || s.Type != "scrypt" || len(s.Args) != 2 || s.Args[1] != "1" {
				t.Errorf("age sees %d stanzas, one of them %s %q", len(look.seen), s.Type, s.Args)
			}
		}
	})
}

// onlyLook is an identity that opens nothing and keeps the stanzas it is shown.
type onlyLook struct{ seen []*age.Stanza }

func (l *onlyLook) Unwrap(s []*age.Stanza) ([]byte, error) {
	l.seen = s
	return nil, age.ErrIncorrectIdentity
}
