package sign_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/sign"
)

const roots sign.Context = "iconet/1/test-root"

// signed gives a document over payload signed by the keys numbered, read back from its encoding.
func signed(t testing.TB, payload string, numbers ...byte) *sign.Document {
	t.Helper()
	d := sign.NewDocument([]byte(payload))
	for _, n := range numbers {
		if err := d.Sign(roots, key(t, n)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := sign.ParseDocument(d.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func publics(t testing.TB, numbers ...byte) []sign.PublicKey {
	t.Helper()
	var keys []sign.PublicKey
	for _, n := range numbers {
		keys = append(keys, key(t, n).Public())
	}
	return keys
}

func TestDocumentNeedsItsThresholdOfDistinctKeys(t *testing.T) {
	for _, c := range []struct {
		name      string
		signers   []byte
		keys      []byte
		threshold int
		ok        bool
	}{
		{"one of one", []byte{1}, []byte{1}, 1, true},
		{"two of three", []byte{1, 3}, []byte{1, 2, 3}, 2, true},
		{"three where two are needed", []byte{1, 2, 3}, []byte{1, 2, 3}, 2, true},
		{"a stranger beside enough", []byte{9, 1, 2}, []byte{1, 2, 3}, 2, true},
		{"none", nil, []byte{1, 2}, 1, false},
		{"one of two", []byte{1}, []byte{1, 2}, 2, false},
		{"strangers only", []byte{8, 9}, []byte{1, 2}, 1, false},
		{"a stranger fills the number", []byte{1, 9}, []byte{1, 2}, 2, false},
		{"same key signs twice", []byte{1, 1}, []byte{1, 2}, 2, false},
		{"same key listed twice", []byte{1}, []byte{1, 1}, 2, false},
		{"nobody may sign", []byte{1}, nil, 1, false},
		{"threshold of zero", []byte{1}, []byte{1}, 0, false},
		{"threshold of zero, unsigned", nil, nil, 0, false},
		{"negative threshold", []byte{1}, []byte{1}, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload, err := signed(t, "payload", c.signers...).Verify(roots, publics(t, c.keys...), c.threshold)
			switch {
			case c.ok && (err != nil || string(payload) != "payload"):
				t.Errorf("refused: %v", err)
			case !c.ok && (!errors.Is(err, sign.ErrThreshold) || payload != nil):
				t.Errorf("gave %q, %v; want ErrThreshold alone", payload, err)
			}
		})
	}
}

// rewrite changes the JSON form of a document as an attacker could.
func rewrite(t *testing.T, d *sign.Document, change func(payload *[]byte, sigs *[]map[string]any)) []byte {
	t.Helper()
	var e struct {
		Payload    []byte           `json:"payload"`
		Signatures []map[string]any `json:"signatures"`
	}
	if err := json.Unmarshal(d.Encode(), &e); err != nil {
		t.Fatal(err)
	}
	change(&e.Payload, &e.Signatures)
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDocumentForgeriesDoNotVerify(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(payload *[]byte, sigs *[]map[string]any)
	}{
		{"payload flipped", func(p *[]byte, _ *[]map[string]any) { (*p)[0] ^= 1 }},
		{"payload longer", func(p *[]byte, _ *[]map[string]any) { *p = append(*p, ' ') }},
		{"payload empty", func(p *[]byte, _ *[]map[string]any) { *p = nil }},
		{"signature repeated", func(_ *[]byte, s *[]map[string]any) { *s = append((*s)[:1], (*s)[0]) }},
		{"signature removed", func(_ *[]byte, s *[]map[string]any) { *s = (*s)[:1] }},
		{"signatures swapped", func(_ *[]byte, s *[]map[string]any) {
			(*s)[0]["sig"], (*s)[1]["sig"] = (*s)[1]["sig"], (*s)[0]["sig"]
		}},
		{"one signature under both keys", func(_ *[]byte, s *[]map[string]any) { (*s)[1]["sig"] = (*s)[0]["sig"] }},
		{"signature of zeroes", func(_ *[]byte, s *[]map[string]any) { (*s)[0]["sig"] = make([]byte, 64) }},
		{"key left out", func(_ *[]byte, s *[]map[string]any) { delete((*s)[0], "key") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := sign.ParseDocument(rewrite(t, signed(t, "payload", 1, 2), c.change))
			if err != nil {
				return // refused even earlier
			}
			keys := append(publics(t, 1, 2), sign.PublicKey{})
			if payload, err := d.Verify(roots, keys, 2); !errors.Is(err, sign.ErrThreshold) || payload != nil {
				t.Errorf("gave %q, %v; want ErrThreshold alone", payload, err)
			}
		})
	}
}

func TestWrongSignatureOfAKeyDoesNotSpoilItsGoodOne(t *testing.T) {
	b := rewrite(t, signed(t, "payload", 1), func(_ *[]byte, s *[]map[string]any) {
		bad := map[string]any{"key": (*s)[0]["key"], "sig": make([]byte, 64)}
		*s = []map[string]any{bad, (*s)[0], bad}
	})
	d, err := sign.ParseDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Verify(roots, publics(t, 1), 1); err != nil {
		t.Error(err)
	}
}

func TestDocumentVerifiesInItsContextOnly(t *testing.T) {
	if _, err := signed(t, "payload", 1).Verify("iconet/1/other", publics(t, 1), 1); !errors.Is(err, sign.ErrThreshold) {
		t.Errorf("error %v, want ErrThreshold", err)
	}
}

func TestSigningAgainReplacesTheSignature(t *testing.T) {
	d := sign.NewDocument([]byte("payload"))
	for _, c := range []sign.Context{"wrong", roots, roots} {
		if err := d.Sign(c, key(t, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := bytes.Count(d.Encode(), []byte(`"sig"`)); n != 1 {
		t.Errorf("%d signatures of one key", n)
	}
	if _, err := d.Verify(roots, publics(t, 1), 1); err != nil {
		t.Error(err)
	}
}

// refusing is a signer whose hardware does not answer.
type refusing struct{ *sign.Key }

var errGone = errors.New("no answer")

func (refusing) Sign(sign.Context, []byte) (sign.Signature, error) { return sign.Signature{}, errGone }

func TestFailedSignerLeavesTheDocumentAsItWas(t *testing.T) {
	d := signed(t, "payload", 1)
	before := string(d.Encode())
	if err := d.Sign(roots, refusing{key(t, 1)}); !errors.Is(err, errGone) {
		t.Errorf("error %v, want that of the signer", err)
	}
	if string(d.Encode()) != before {
		t.Error("the document changed")
	}
}

func TestVerifySelfUsesTheKeysOfThePayload(t *testing.T) {
	keysOf := func(payload []byte) ([]sign.PublicKey, int, error) {
		if string(payload) != "root of 1 and 2" {
			return nil, 0, errGone
		}
		return publics(t, 1, 2), 2, nil
	}
	if payload, err := signed(t, "root of 1 and 2", 1, 2).VerifySelf(roots, keysOf); err != nil || string(payload) != "root of 1 and 2" {
		t.Errorf("gave %q, %v", payload, err)
	}
	if payload, err := signed(t, "root of 1 and 2", 1).VerifySelf(roots, keysOf); !errors.Is(err, sign.ErrThreshold) || payload != nil {
		t.Errorf("one signature gave %q, %v; want ErrThreshold", payload, err)
	}
	if payload, err := signed(t, "other", 1, 2).VerifySelf(roots, keysOf); !errors.Is(err, errGone) || payload != nil {
		t.Errorf("an unreadable payload gave %q, %v; want the error of keysOf", payload, err)
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	pub := key(t, 1).Public().String()
	sig := base64.StdEncoding.EncodeToString(make([]byte, 64))
	one := fmt.Sprintf(`{"key":%q,"sig":%q}`, pub, sig)
	doc := func(sigs ...string) string {
		return `{"payload":"YQ==","signatures":[` + strings.Join(sigs, ",") + `]}`
	}
	many := make([]string, 33)
	for i := range many {
		many[i] = one
	}
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"one signature", doc(one), true},
		{"32 signatures", doc(many[:32]...), true},
		{"33 signatures", doc(many...), false},
		{"63 bytes of signature", doc(fmt.Sprintf(`{"key":%q,"sig":%q}`, pub, base64.StdEncoding.EncodeToString(make([]byte, 63)))), false},
		{"65 bytes of signature", doc(fmt.Sprintf(`{"key":%q,"sig":%q}`, pub, base64.StdEncoding.EncodeToString(make([]byte, 65)))), false},
		{"no signature in the entry", doc(fmt.Sprintf(`{"key":%q}`, pub)), false},
		{"key of small order", doc(fmt.Sprintf(`{"key":%q,"sig":%q}`, smallOrder[0], sig)), false},
		{"key in upper case", doc(fmt.Sprintf(`{"key":%q,"sig":%q}`, strings.ToUpper(pub), sig)), false},
		{"unknown key", `{"payload":"YQ==","signatures":[],"more":1}`, false},
		{"payload twice", `{"payload":"YQ==","payload":"Yg==","signatures":[]}`, false},
		{"payload without base64", `{"payload":"*","signatures":[]}`, false},
		{"something behind", doc(one) + "{}", false},
		{"too long", doc(one) + strings.Repeat(" ", sign.MaxDocument), false},
		{"nothing", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sign.ParseDocument([]byte(c.in))
			if c.ok && err != nil {
				t.Error(err)
			}
			if !c.ok && !errors.Is(err, canon.ErrLayout) {
				// A key that is refused is reported by the JSON reader, so it wraps ErrLayout as well.
				t.Errorf("error %v, want ErrLayout", err)
			}
		})
	}
}

// TestDocumentKeepsItsForm holds the bytes of testdata/document.json, which change only with a format version.
func TestDocumentKeepsItsForm(t *testing.T) {
	want, err := os.ReadFile("testdata/document.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := signed(t, "payload", 1, 2).Encode(); !bytes.Equal(got, bytes.TrimSpace(want)) {
		t.Errorf("the document is now\n%s", got)
	}
	d, err := sign.ParseDocument(want)
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := d.Verify(roots, publics(t, 1, 2), 2); err != nil || string(payload) != "payload" {
		t.Errorf("it gave %q, %v", payload, err)
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(signed(f, "payload", 1, 2).Encode())
	f.Add([]byte(`{"payload":null,"signatures":null}`))
	f.Add([]byte(`{"payload":"YQ==","signatures":[{}]}`))
	keys := publics(f, 1, 2)
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := sign.ParseDocument(in)
		if err != nil {
			return
		}
		payload, err := d.Verify(roots, keys, 1)
		if err == nil && string(payload) != "payload" {
			t.Errorf("a payload nobody signed verifies: %q", payload)
		}
		once := d.Encode()
		again, err := sign.ParseDocument(once)
		if err != nil {
			t.Fatalf("the encoding is refused: %v", err)
		}
		if !bytes.Equal(again.Encode(), once) {
			t.Error("a second encoding differs from the first")
		}
	})
}
