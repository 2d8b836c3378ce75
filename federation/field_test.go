package federation_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
)

func TestParseTypeReadsTheDomainsTypes(t *testing.T) {
	for text, want := range map[string]federation.Type{
		"string(150)":        {Kind: federation.KindString, Max: 150},
		"string(16)[]":       {Kind: federation.KindString, Max: 16, Many: true},
		"text(10000)":        {Kind: federation.KindText, Max: 10000},
		"enum:CL-MO":         {Kind: federation.KindEnum, List: "CL-MO"},
		"enum[]:CL-MO":       {Kind: federation.KindEnum, List: "CL-MO", Many: true},
		"enum(a/b_c/OTH)":    {Kind: federation.KindEnum, Codes: []string{"a", "b_c", "OTH"}},
		"enum[](a/b)":        {Kind: federation.KindEnum, Codes: []string{"a", "b"}, Many: true},
		"ref":                {Kind: federation.KindRef},
		"ref[]:EWS-03":       {Kind: federation.KindRef, Form: "EWS-03", Many: true},
		"country[]":          {Kind: federation.KindCountry, List: federation.CountryList, Many: true},
		"nationality":        {Kind: federation.KindNationality, List: federation.NationalityList},
		"lang":               {Kind: federation.KindLang, List: federation.LangList},
		"count":              {Kind: federation.KindCount},
		"group[]":            {Kind: federation.KindGroup, Many: true},
		"official":           {Kind: federation.KindOfficial},
		"money":              {Kind: federation.KindMoney},
		"file[]":             {Kind: federation.KindFile, Many: true},
		"enum[]:CL-3":        {Kind: federation.KindEnum, List: "CL-3", Many: true},
		"enum(AMBER+STRICT)": {Kind: federation.KindEnum, Codes: []string{"AMBER+STRICT"}},
	} {
		got, err := federation.ParseType(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if got.String() != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
}

// A kind for persons must not come in by a new word, by a bound or by a list.
func TestParseTypeRefusesWhatIsOutsideTheClosedList(t *testing.T) {
	for _, text := range []string{
		"", " ", "person", "name", "birthdate", "phone", "email", "address", "image", "biometric", "document_number", "Person", "STRING(10)",
		"string", "string()", "string(0)", "string(-1)", "string(10001)", "string(99999999999999999999)", "string(10):CL-MO", "text", "text[]",
		"enum", "enum[]", "enum:", "enum()", "enum(12)", "enum:cl-mo", "enum:CL-MO(a)", "enum(5):CL-MO", "enum(a b)", "enum(a|b)",
		"ref(3)", "ref(EWS)", "ref:ews-01", "country:CL-MO", "country(2)", "count(3)", "bool:CL-MO", "group{a}", "int[][]", "int ", " int", "int\n", "int\x00",
		"s\u0442ring(10)",
	} {
		if got, err := federation.ParseType(text); federation.ReasonOf(err) != federation.ReasonStructureType || !errors.Is(err, federation.ErrUnverified) {
			t.Errorf("%q: gave %v, %v; want reason structure_type", text, got, err)
		}
	}
}

func TestTypeIsTextInJSON(t *testing.T) {
	var f federation.Field
	if err := json.Unmarshal([]byte(`{"type":"enum[]:CL-MO"}`), &f); err != nil || f.Type.List != "CL-MO" || !f.Type.Many {
		t.Errorf("read %v, %v", f.Type, err)
	}
	if b, err := json.Marshal(f.Type); err != nil || string(b) != `"enum[]:CL-MO"` {
		t.Errorf("wrote %s, %v", b, err)
	}
}

func TestConditionHolds(t *testing.T) {
	values := federation.Values{"kind": "CHG", "modus": []any{"HIDE", "OTH"}, "yes": true, "no": false, "note": "x", "count": json.Number("0")}
	for _, c := range []struct {
		text string
		want bool
	}{
		{"", false},
		{"kind=CHG", true},
		{"kind=UPD|CHG", true},
		{"kind=UPD|FAL", false},
		{"kind=CH", false},
		{"modus=OTH", true},
		{"modus=CHG", false},
		{"yes", true},
		{"no", false},
		{"note", true},
		{"count", true},
		{"absent", false},
		{"absent=CHG", false},
		{"yes=true", false},
	} {
		cond, err := federation.ParseCondition(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := cond.Holds(values); got != c.want {
			t.Errorf("%q holds: %v", c.text, got)
		}
	}
}

func TestParseConditionRefuses(t *testing.T) {
	for _, text := range []string{"=A", "kind=", "Kind=A", "1kind=A", "kind.sub=A", "kind and urgency", " kind", "kind\n"} {
		if c, err := federation.ParseCondition(text); federation.ReasonOf(err) != federation.ReasonParse {
			t.Errorf("%q: gave %v, %v; want reason parse", text, c, err)
		}
	}
}

func FuzzParseType(f *testing.F) {
	for _, s := range []string{"string(150)[]", "enum[](a/b)", "enum:CL-MO", "ref[]:EWS-01", "country", "group[]", "string(007)", "enum(//)", "person"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := federation.ParseType(text)
		if err != nil {
			if federation.ReasonOf(err) != federation.ReasonStructureType {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := federation.ParseType(once.String())
		if err != nil {
			t.Fatalf("%q is written %q, which is refused: %v", text, once, err)
		}
		if diff := cmp.Diff(once, again); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	})
}
