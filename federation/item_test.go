package federation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
)

func TestItemKeepsItsBytes(t *testing.T) {
	it, err := federation.ParseItem(sample)
	if err != nil {
		t.Fatal(err)
	}
	b, err := federation.EncodeItem(it)
	if err != nil || !bytes.Equal(b, sample) {
		t.Errorf("the golden item was encoded otherwise: %v\n%s", err, cmp.Diff(string(sample), string(b)))
	}
	if it.Owner != "FR" || it.Form != "EWS-01" || it.Version != 1 || it.Ref != "FR-EWS-01-2026-000012" {
		t.Errorf("read %s %d of %s, %s", it.Form, it.Version, it.Owner, it.Ref)
	}
}

func TestItemKeepsNumbersExact(t *testing.T) {
	it := warning(t, edits{"fields.price.min.amount": json.Number("9007199254740993.10")})
	if b, _ := federation.EncodeItem(it); !bytes.Contains(b, []byte(`"amount":9007199254740993.10`)) {
		t.Error("the number lost digits")
	}
}

func TestNormalItemIsTheSameOnEveryNode(t *testing.T) {
	it := &federation.Item{Form: "EWS-01", Version: 1, Owner: "FR", Header: federation.Values{"b": 1, "a": []string{"x"}},
		Fields: federation.Values{"n": 1.5, "m": map[string]int{"z": 1, "a": 2}}}
	once, err := it.Normal()
	if err != nil {
		t.Fatal(err)
	}
	twice, err := once.Normal()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(once, twice); diff != "" {
		t.Error(diff)
	}
	if once.Header["b"] != json.Number("1") {
		t.Errorf("a number became %T", once.Header["b"])
	}
}

func TestParseItemRefuses(t *testing.T) {
	good := string(sample)
	swap := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the sample has no %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, in := range map[string]string{
		"nothing":              "",
		"null":                 "null",
		"list":                 "[]",
		"space before":         " " + good,
		"line break after":     good + "\n",
		"space inside":         swap(`"version":1`, `"version": 1`),
		"second value":         good + "{}",
		"zero byte after":      good + "\x00",
		"byte order mark":      "\ufeff" + good,
		"cut":                  good[:len(good)-1],
		"unknown key":          swap(`"version":1`, `"version":1,"flag":true`),
		"key twice":            swap(`"version":1`, `"version":1,"version":1`),
		"key twice below":      swap(`"from":"2026-11-22"`, `"from":"2026-11-22","from":"2026-11-22"`),
		"key in other case":    swap(`"form":`, `"Form":`),
		"keys unsorted":        swap(`"country":"PL","lat":49.8`, `"lat":49.8,"country":"PL"`),
		"keys of item moved":   swap(`"form":"EWS-01","version":1`, `"version":1,"form":"EWS-01"`),
		"key missing":          swap(`"version":1,`, ""),
		"escaped letter":       swap("Medyka", `\u004dedyka`),
		"escaped HTML":         swap("<double>", `\u003cdouble\u003e`),
		"escaped slash":        swap(`"Medyka"`, `"Med\/yka"`),
		"lone surrogate":       swap("Medyka", `\ud800`),
		"not UTF-8":            swap("Medyka", "Medyk\xff"),
		"NaN":                  swap("49.8", "NaN"),
		"leading zero":         swap("49.8", "049.8"),
		"plus sign":            swap("49.8", "+49.8"),
		"version as text":      swap(`"version":1`, `"version":"1"`),
		"version with decimal": swap(`"version":1`, `"version":1.0`),
		"header as list":       `{"item_id":"","form":"","version":0,"owner":"","header":[],"fields":{}}`,
		"too deep":             `{"item_id":"","form":"","version":0,"owner":"","header":{"a":[[[[[[[]]]]]]]},"fields":{}}`,
	} {
		if _, err := federation.ParseItem([]byte(in)); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

// filled gives an item whose canonical form has a number of bytes.
func filled(t testing.TB, size int) *federation.Item {
	t.Helper()
	it := &federation.Item{Form: "EWS-01", Version: 1, Owner: "FR", Header: federation.Values{}, Fields: federation.Values{"what": ""}}
	b, err := federation.EncodeItem(it)
	if err != nil {
		t.Fatal(err)
	}
	it.Fields["what"] = strings.Repeat("x", size-len(b))
	return it
}

func TestItemIsBoundedAt64KiB(t *testing.T) {
	b, err := federation.EncodeItem(filled(t, federation.MaxItem-1))
	if err != nil || len(b) != federation.MaxItem-1 {
		t.Fatalf("just below the limit: %d bytes, %v", len(b), err)
	}
	if _, err := federation.ParseItem(b); err != nil {
		t.Errorf("reading just below the limit: %v", err)
	}
	if _, err := federation.EncodeItem(filled(t, federation.MaxItem+1)); !errors.Is(err, federation.ErrInvalid) {
		t.Errorf("one byte over: got %v, want ErrInvalid", err)
	}
	over := append(bytes.TrimSuffix(b, []byte(`"}}`)), `xx"}}`...)
	if len(over) != federation.MaxItem+1 {
		t.Fatalf("made %d bytes", len(over))
	}
	if _, err := federation.ParseItem(over); !errors.Is(err, federation.ErrInvalid) {
		t.Errorf("reading one byte over: got %v, want ErrInvalid", err)
	}
}

func TestItemErrorsDoNotQuoteValues(t *testing.T) {
	for _, in := range []string{
		strings.Replace(string(sample), `"Medyka"`, `"Medyka", "name":"topsecret"`, 1),
		strings.Replace(string(sample), `"version":1`, `"version":"topsecret"`, 1),
		strings.Replace(string(sample), "Medyka", "topsecret\n", 1),
	} {
		if _, err := federation.ParseItem([]byte(in)); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzParseItem(f *testing.F) {
	s := structure(f)
	f.Add(sample)
	f.Add([]byte(`{"item_id":"","form":"EWS-01","version":1,"owner":"","header":null,"fields":null}`))
	f.Add([]byte(`{"item_id":"","form":"EWS-01","version":1,"owner":"","header":{"title":[],"audience":{}},"fields":{"place":[],"routes":["OTH"],"routes_other":1,"persons":{"value":1e999}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		it, err := federation.ParseItem(b)
		if err != nil {
			if !errors.Is(err, federation.ErrInvalid) {
				t.Errorf("error %v is not ErrInvalid", err)
			}
			return
		}
		again, err := federation.EncodeItem(it)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("accepted %q, which is written %q, %v", b, again, err)
		}
		// Whatever was read can be judged, and every fault has words.
		for _, fault := range s.Validate(it, now) {
			if fault.Message(s, it.Form, "en") == "" || fault.Message(s, it.Form, "fr") == "" {
				t.Errorf("rule %s at %s says nothing", fault.Rule, fault.Path)
			}
		}
	})
}
