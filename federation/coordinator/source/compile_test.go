package source_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/federation/coordinator/source"
)

var edition = source.Edition{Version: 3, Effective: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
	Expires: time.Date(2027, 11, 23, 0, 0, 0, 0, time.UTC), Previous: strings.Repeat("ab", 32)}

func compile(t testing.TB) *federation.Structure {
	t.Helper()
	b, err := source.Compile(edition)
	if err != nil {
		t.Fatal(err)
	}
	s, err := federation.ParseStructure(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompileGivesAStructureThatNodesAccept(t *testing.T) {
	s := compile(t)
	if s.Version != 3 || !s.Effective.Equal(edition.Effective) || !s.Expires.Equal(edition.Expires) || s.Previous != edition.Previous {
		t.Errorf("edition %d from %s to %s after %s", s.Version, s.Effective, s.Expires, s.Previous)
	}
	for i, code := range []federation.ElementCode{"EWS", "ILO", "VBD", "RET", "GEN"} {
		if e, ok := s.ElementNumber(uint16(i + 1)); !ok || e.Code != code {
			t.Errorf("element %d is %v, want %s", i+1, e, code)
		}
	}
}

// What is signed must come out alike on the machines of all who sign.
func TestCompileGivesTheSameBytesEachTime(t *testing.T) {
	first, err := source.Compile(edition)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := edition
	elsewhere.Effective = elsewhere.Effective.In(time.FixedZone("", 3600))
	elsewhere.Expires = elsewhere.Expires.In(time.FixedZone("", -7200))
	second, err := source.Compile(elsewhere)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the bytes differ, %v", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, first); err != nil || !bytes.Equal(compact.Bytes(), first) {
		t.Errorf("the payload is not compact JSON, %v", err)
	}
}

func TestCompileRefusesAnEditionWithoutVersionOrExpiry(t *testing.T) {
	for name, e := range map[string]source.Edition{"version": {Expires: edition.Expires}, "expiry": {Version: 1}} {
		if _, err := source.Compile(e); federation.ReasonOf(err) != federation.ReasonParse {
			t.Errorf("without %s: got %v", name, err)
		}
	}
}

// complete says whether a label is there in both languages, in other words than blanks.
func complete(text federation.Text) bool {
	return strings.TrimSpace(text["en"]) != "" && strings.TrimSpace(text["fr"]) != "" && len(text) == 2
}

func TestEverythingIsInEnglishAndFrench(t *testing.T) {
	s := compile(t)
	check := func(what string, text federation.Text) {
		t.Helper()
		if !complete(text) {
			t.Errorf("%s has %v", what, text)
		}
	}
	for _, e := range s.Elements {
		check("element "+string(e.Code), e.Label)
	}
	for _, l := range s.Lists {
		if len(l.Entries) == 0 {
			t.Errorf("list %s is empty", l.Code)
		}
		for _, e := range l.Entries {
			check("code "+e.Code+" of "+l.Code, e.Label)
		}
	}
	var fields func(at string, fs []federation.Field)
	fields = func(at string, fs []federation.Field) {
		for _, f := range fs {
			check("field "+at+f.ID, f.Label)
			if f.Help != nil {
				check("help of "+at+f.ID, f.Help)
			}
			fields(at+f.ID+".", f.Fields)
		}
	}
	fields("header.", s.Header)
	for _, f := range s.Forms {
		check("form "+string(f.Code), f.Label)
		check("purpose of "+string(f.Code), f.Purpose)
		for i, sec := range f.Sections {
			check(string(f.Code)+", a section", f.Sections[i].Label)
			if len(sec.Fields) == 0 {
				t.Errorf("section %s of %s is empty", sec.Label["en"], f.Code)
			}
		}
		fields(string(f.Code)+".", f.Fields)
	}
}

func TestEachFormFileIsOneForm(t *testing.T) {
	paths, err := filepath.Glob("files/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range paths {
		if name := strings.TrimSuffix(filepath.Base(p), ".toml"); !slices.Contains([]string{"elements", "lists", "countries", "header"}, name) {
			want = append(want, strings.ToUpper(name))
		}
	}
	var got []string
	for _, f := range compile(t).Forms {
		got = append(got, string(f.Code))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The order of files is that of a directory, which means nothing: a structure in another order must be as good.
func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	a, b := compile(t), compile(t)
	slices.Reverse(b.Lists)
	slices.Reverse(b.Forms)
	slices.Reverse(b.Elements)
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = federation.ParseStructure(raw); err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Forms {
		other, ok := b.Form(f.Code)
		if !ok {
			t.Errorf("form %s is gone", f.Code)
			continue
		}
		if diff := cmp.Diff(f, *other); diff != "" {
			t.Errorf("form %s: %s", f.Code, diff)
		}
		for i := range f.Fields {
			if diff := cmp.Diff(a.Options(&f.Fields[i]), b.Options(&f.Fields[i])); diff != "" {
				t.Errorf("options of %s.%s: %s", f.Code, f.Fields[i].ID, diff)
			}
		}
	}
	for _, l := range a.Lists {
		for _, e := range l.Entries {
			if got := b.Label(l.Code, e.Code, "fr"); got != e.Label["fr"] {
				t.Errorf("%s of %s is %q", e.Code, l.Code, got)
			}
		}
	}
}

// Validation judges what refers to another field by name, and is silent where that name is wrong.
func TestConditionsAndRulesNameFieldsAndCodesThatAreThere(t *testing.T) {
	s := compile(t)
	for _, form := range s.Forms {
		known := func(f federation.Field) {
			t.Helper()
			if f.Required == "C" && f.When == "" {
				t.Errorf("%s.%s is conditional without a condition", form.Code, f.ID)
			}
			c, err := federation.ParseCondition(f.When)
			if err != nil || f.When == "" {
				return
			}
			on, _ := s.Field(&form, c.Field)
			if on == nil {
				t.Errorf("the condition of %s.%s names field %s", form.Code, f.ID, c.Field)
				return
			}
			for _, code := range c.Codes {
				if !slices.ContainsFunc(s.Options(on), func(e federation.Entry) bool { return e.Code == code }) {
					t.Errorf("the condition of %s.%s names code %s", form.Code, f.ID, code)
				}
			}
		}
		for _, f := range append(slices.Clone(s.Header), form.Fields...) {
			known(f)
			if options := s.Options(&f); f.Default != "" && !slices.ContainsFunc(options, func(e federation.Entry) bool { return e.Code == f.Default }) {
				t.Errorf("the default of %s is %q, which is no code", f.ID, f.Default)
			}
		}
		for _, r := range form.Rules {
			if !slices.Contains([]string{"sum", "within", "unique", "ordered", "not_future"}, r.Kind) {
				t.Errorf("form %s has a rule of kind %q", form.Code, r.Kind)
			}
			for _, path := range []string{r.Field, r.Limit} {
				at := form.Fields
				for step := range strings.SplitSeq(path, ".") {
					i := slices.IndexFunc(at, func(f federation.Field) bool { return f.ID == step })
					if path != "" && i < 0 {
						t.Errorf("a rule of form %s names field %s", form.Code, path)
						break
					}
					if i >= 0 {
						at = at[i].Fields
					}
				}
			}
		}
	}
}

// Labels of the country list are what imports look codes up by, so two countries must not share one.
func TestLabelsOfAListAreDistinct(t *testing.T) {
	for _, l := range compile(t).Lists {
		seen := map[string]string{}
		for _, e := range l.Entries {
			for _, lang := range []string{"en", "fr"} {
				key := lang + " " + e.Label[lang]
				if other, twice := seen[key]; twice {
					t.Errorf("list %s: %s and %s are both %q", l.Code, other, e.Code, e.Label[lang])
				}
				seen[key] = e.Code
			}
		}
	}
}
