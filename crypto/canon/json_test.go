package canon_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/crypto/canon"
)

type leaf struct {
	Name  string   `json:"name"`
	Count uint64   `json:"count"`
	Tags  []string `json:"tags"`
	Under *leaf    `json:"under"`
}

func TestJSONReadsWhatWasEncoded(t *testing.T) {
	want := leaf{Name: "é \" \u2028", Count: 1<<64 - 1, Tags: []string{"a", "a"}, Under: &leaf{Name: "same keys, another object"}}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got leaf
	if err := canon.JSON(b, len(b), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSONKeepsLargeNumbersExact(t *testing.T) {
	var v map[string]any
	if err := canon.JSON([]byte(`{"n":9007199254740993}`), 100, &v); err != nil {
		t.Fatal(err)
	}
	if v["n"] != json.Number("9007199254740993") {
		t.Errorf("the number became %v", v["n"])
	}
}

func TestJSONRefuses(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"nothing", ""},
		{"only space", " \n"},
		{"cut object", `{"name":"a"`},
		{"cut string", `{"name":"a`},
		{"unknown key", `{"nome":"a"}`},
		{"unknown key below", `{"under":{"nome":"a"}}`},
		{"duplicate key", `{"name":"a","name":"b"}`},
		{"duplicate key, same value", `{"count":1,"count":1}`},
		{"duplicate key, one escaped", `{"name":"a","\u006eame":"b"}`},
		{"duplicate key below", `{"under":{"name":"a","name":"b"}}`},
		{"second value", `{"name":"a"} {"name":"a"}`},
		{"trailing brace", `{"name":"a"}}`},
		{"trailing text", `{"name":"a"}x`},
		{"trailing zero byte", "{\"name\":\"a\"}\x00"},
		{"leading byte order mark", "\ufeff{}"},
		{"not UTF-8 in a value", "{\"name\":\"\xff\"}"},
		{"not UTF-8 in a key", "{\"na\xc0\xafme\":\"a\"}"},
		{"control character in a string", "{\"name\":\"a\nb\"}"},
		{"NaN", `{"count":NaN}`},
		{"infinity", `{"count":Infinity}`},
		{"negative count", `{"count":-1}`},
		{"fraction", `{"count":1.5}`},
		{"exponent", `{"count":1e2}`},
		{"leading zero", `{"count":01}`},
		{"count out of range", `{"count":18446744073709551616}`},
		{"number as text", `{"count":"1"}`},
		{"trailing comma", `{"count":1,}`},
		{"missing colon", `{"count" 1}`},
		{"key without quotes", `{count:1}`},
		{"comment", `{"count":1/**/}`},
		{"array for an object", `[]`},
		{"unmatched bracket", `]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v leaf
			if err := canon.JSON([]byte(c.in), 1000, &v); !errors.Is(err, canon.ErrLayout) {
				t.Errorf("error %v, want ErrLayout", err)
			}
		})
	}
}

func TestJSONIsBoundedInBytes(t *testing.T) {
	in := []byte(`{"count":1}`)
	var v leaf
	if err := canon.JSON(in, len(in), &v); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := canon.JSON(in, len(in)-1, &v); !errors.Is(err, canon.ErrLayout) {
		t.Errorf("one byte over: error %v, want ErrLayout", err)
	}
	if err := canon.JSON(append(in, ' '), len(in), &v); !errors.Is(err, canon.ErrLayout) {
		t.Errorf("a space over: error %v, want ErrLayout", err)
	}
}

func TestJSONIsBoundedInDepth(t *testing.T) {
	for _, c := range []struct{ name, open, inner, end string }{
		{"arrays", "[", "1", "]"},
		{"objects", `{"a":`, "1", "}"},
		{"empty arrays", "[", "", "]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nested := func(n int) []byte { return []byte(strings.Repeat(c.open, n) + c.inner + strings.Repeat(c.end, n)) }
			var v any
			if err := canon.JSON(nested(8), 1000, &v); err != nil {
				t.Errorf("8 deep: %v", err)
			}
			if err := canon.JSON(nested(9), 1000, &v); !errors.Is(err, canon.ErrLayout) {
				t.Errorf("9 deep: error %v, want ErrLayout", err)
			}
			// An unfinished nest must be refused by depth, not walked to its end.
			if err := canon.JSON([]byte(strings.Repeat(c.open, 100_000)), 1<<20, &v); !errors.Is(err, canon.ErrLayout) {
				t.Errorf("100 000 deep: error %v, want ErrLayout", err)
			}
		})
	}
}

func TestJSONErrorsDoNotQuoteValues(t *testing.T) {
	for _, in := range []string{
		`{"name":"topsecret","name":"topsecret"}`,
		`{"name":"topsecret"} "topsecret"`,
		`{"count":"topsecret"}`,
		`{"tags":"topsecret"}`,
		`{"name":"topsecret"`,
	} {
		var v leaf
		if err := canon.JSON([]byte(in), 1000, &v); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("error of %d bytes of input: %v", len(in), err)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `{"name":"a","count":18446744073709551615,"tags":["x"],"under":{"name":"b"}}`,
		`{"name":"a","name":"b"}`, `[[[[[[[[[1]]]]]]]]]`, `{"count":1e1}`, `{"name":"\ud800"}`, `{} {}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v leaf
		if err := canon.JSON(in, 4096, &v); err != nil {
			if !errors.Is(err, canon.ErrLayout) {
				t.Errorf("error %v does not wrap ErrLayout", err)
			}
			return
		}
		if len(in) > 4096 {
			t.Errorf("%d bytes were accepted", len(in))
		}
		// What was accepted has one encoding, which is accepted as well and means the same.
		once, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var again leaf
		if err := canon.JSON(once, len(once), &again); err != nil {
			t.Fatalf("the encoding %s is refused: %v", once, err)
		}
		if diff := cmp.Diff(v, again); diff != "" {
			t.Errorf("the value changed: %s", diff)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(once) {
			t.Errorf("encoded %s, then %s, %v", once, twice, err)
		}
	})
}
