package importer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/node/importer"
)

const shortMap = `
form = "EWS-01"
key = "id"

[[field]]
to = "header.title"
text = "{What} at {Where}"

[[field]]
to = "fields.place.country"
from = "Where"
kind = "code"
table = "country"

[[field]]
to = "fields.persons"
sum = ["Dead", "Missing"]

[[field]]
to = "fields.urgency"
value = "ROUTINE"

[table.country]
"Italia" = "IT"
`

func TestParseMapReadsAMap(t *testing.T) {
	m, err := importer.ParseMap([]byte(shortMap))
	if err != nil {
		t.Fatal(err)
	}
	if m.Form != "EWS-01" || m.Key != "id" || len(m.Fields) != 4 || m.Tables["country"]["Italia"] != "IT" {
		t.Errorf("read %+v", m)
	}
}

func TestParseMapRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, with, says string }{
		{"unknown key", `key = "id"`, "key = \"id\"\nkeys = \"id\"", "keys"},
		{"unknown key of a field", `table = "country"`, `tabel = "country"`, "tabel"},
		{"key in a field twice", `from = "Where"`, "from = \"Where\"\nfrom = \"What\"", "from"},
		{"two sources", `from = "Where"`, "from = \"Where\"\nvalue = \"IT\"", "2 sources"},
		{"two sources, one false", `value = "ROUTINE"`, "value = false\ntext = \"{What}\"", "2 sources"},
		{"three sources", `from = "Where"`, "from = \"Where\"\ntext = \"x\"\nsum = [\"Dead\"]", "3 sources"},
		{"no source", `value = "ROUTINE"`, ``, "0 sources"},
		{"empty source", `value = "ROUTINE"`, `from = ""`, "0 sources"},
		{"empty sum", `sum = ["Dead", "Missing"]`, `sum = []`, "0 sources"},
		{"no form", `form = "EWS-01"`, ``, "form"},
		{"no key", `key = "id"`, ``, "key"},
		{"target outside of the form", `"header.title"`, `"owner"`, "owner"},
		{"target without a field", `"header.title"`, `"header"`, "header"},
		{"target in capitals", `"header.title"`, `"header.Title"`, "Title"},
		{"target with a row", `"header.title"`, `"fields.response[0].note"`, "response[0]"},
		{"unknown kind", `kind = "code"`, `kind = "person"`, "person"},
		{"table missing", `table = "country"`, `table = "countries"`, "countries"},
		{"number for a text", `form = "EWS-01"`, `form = 1`, "Form"},
		{"not TOML", `form = "EWS-01"`, `form: EWS-01`, "map"},
		{"not UTF-8", `"Italia"`, "\"Itali\xff\"", "map"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(shortMap, c.old) {
				t.Fatalf("the map has no %s", c.old)
			}
			_, err := importer.ParseMap([]byte(strings.Replace(shortMap, c.old, c.with, 1)))
			if !errors.Is(err, federation.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want ErrInvalid that names %s", err, c.says)
			}
		})
	}
}

func TestParseMapRefusesNothingAndTooMuch(t *testing.T) {
	for name, b := range map[string][]byte{"nothing": nil, "no fields": []byte("form = \"EWS-01\"\nkey = \"id\"\n"),
		"over 1 MiB": []byte(shortMap + strings.Repeat("#\n", 1<<19))} {
		if _, err := importer.ParseMap(b); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The person who mends a row sees columns, not fields.
func TestColumnsLeadFromAFaultToTheFile(t *testing.T) {
	m, err := importer.ParseMap([]byte(shortMap))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"header.title":            {"What", "Where"},
		"fields.place.country":    {"Where"},
		"fields.place":            {"Where"},
		"fields.persons.value":    {"Dead", "Missing"},
		"fields.persons[0].value": {"Dead", "Missing"},
		"fields.urgency":          nil,
		"fields.place.name":       nil,
		"fields.person":           nil,
	} {
		if diff := cmp.Diff(want, m.Columns(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// A map that names a field or code that the form lacks would fail on every row.
func TestMapOfIOMFitsTheForm(t *testing.T) {
	s, m := structure(t), iom(t)
	form, ok := s.Form(m.Form)
	if !ok {
		t.Fatalf("no form %s", m.Form)
	}
	for _, f := range m.Fields {
		top, rest, _ := strings.Cut(f.To, ".")
		id, _, _ := strings.Cut(rest, ".")
		field, header := s.Field(form, id)
		if field == nil || header != (top == "header") {
			t.Errorf("%s is no field", f.To)
			continue
		}
		if f.Table == "" || strings.Count(f.To, ".") > 1 {
			continue
		}
		codes := map[string]bool{}
		for _, e := range s.Options(field) {
			codes[e.Code] = true
		}
		for cell, code := range m.Tables[f.Table] {
			if !codes[code] {
				t.Errorf("%s: %q becomes %q, which is no code", f.To, cell, code)
			}
		}
	}
}

func FuzzParseMap(f *testing.F) {
	for _, s := range []string{shortMap, "form = 1", "[[field]]", strings.Replace(shortMap, `"ROUTINE"`, `[{a = 1979-05-27, b = nan}]`, 1), "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := importer.ParseMap(b)
		if err != nil {
			if !errors.Is(err, federation.ErrInvalid) {
				t.Errorf("error %v is not ErrInvalid", err)
			}
			return
		}
		if m.Form == "" || m.Key == "" || len(m.Fields) == 0 {
			t.Errorf("accepted %+v", m)
		}
		for i := range m.Fields {
			m.Columns(m.Fields[i].To)
		}
	})
}
