package federation_test

import (
	_ "embed"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iconet.example/federation"
)

// small is a structure of one form, short enough to change by hand.
//
//go:embed testdata/structure.json
var small string

func TestParseStructureReadsTheGoldenFile(t *testing.T) {
	s, err := federation.ParseStructure([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	form, ok := s.Form("EWS-01")
	if !ok || len(form.Fields) != 4 || form.Fields[2].Fields[0].Type.Kind != federation.KindCount {
		t.Errorf("form EWS-01 was read as %+v", form)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := federation.ParseStructure(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again, cmpopts.IgnoreUnexported(federation.Structure{}, federation.CodeList{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseStructureRefuses(t *testing.T) {
	note := `{"id":"note","label":{"en":"Note","fr":"Note"},"type":"text(500)","req":"C","when":"kind=OTH"}`
	for _, c := range []struct{ name, old, with string }{
		{"another type of document", `"type":"structure"`, `"type":"directory"`},
		{"no version", `"version":1,"expires"`, `"version":0,"expires"`},
		{"negative version", `"version":1,"expires"`, `"version":-1,"expires"`},
		{"no expiry", `"expires":"2027-11-23T00:00:00Z",`, ``},
		{"unknown key", `"previous":""`, `"previous":"","note":""`},
		{"unknown key of a field", `"type":"text(500)"`, `"type":"text(500)","secret":true`},
		{"key twice", `"previous":""`, `"previous":"","previous":""`},
		{"list missing", `enum:CL-KIND`, `enum:CL-KINDS`},
		{"list of countries missing", `enum:CL-KIND`, `country`},
		{"list twice", `"code":"CL-INLINE"`, `"code":"CL-KIND"`},
		{"code twice", `{"code":"OTH",`, `{"code":"IND",`},
		{"code without French", `{"en":"other","fr":"autre"}`, `{"en":"other"}`},
		{"code without English", `{"en":"other","fr":"autre"}`, `{"fr":"autre"}`},
		{"code with empty French", `{"en":"other","fr":"autre"}`, `{"en":"other","fr":""}`},
		{"inline code without label", `enum(yes)`, `enum(yes/no)`},
		{"element without French", `{"en":"Early warning","fr":"Alerte rapide"}`, `{"en":"Early warning"}`},
		{"element without number", `"number":1`, `"number":0`},
		{"element number too large", `"number":1`, `"number":65536`},
		{"form of no element", `"element":"EWS"`, `"element":"VBD"`},
		{"form without French", `{"en":"Warning","fr":"Alerte"}`, `{"en":"Warning"}`},
		{"form of version 0", `"EWS-01","version":1`, `"EWS-01","version":0`},
		{"form without retention", `"retention_months":24`, `"retention_months":0`},
		{"form with longer default than maximum", `"max_retention_months":60`, `"max_retention_months":23`},
		{"form for no audience", `"audience_max":"ALLS"`, `"audience_max":"WORLD"`},
		{"form without widest audience", `"audience_max":"ALLS",`, ``},
		{"header requirement missing", `"require_header":["title"]`, `"require_header":["titre"]`},
		{"section without French", `{"en":"Main","fr":"Principal"}`, `{"en":"Main"}`},
		{"section with unknown field", `"title","kind","note"`, `"title","kind","note","more"`},
		{"field in two sections", `"title","kind","note"`, `"title","kind","kind","note"`},
		{"field in no section", `"title","kind","note"`, `"title","kind"`},
		{"duplicate field", note, note + "," + note},
		{"field named as one of the header", note, strings.Replace(note, `"note"`, `"title"`, 1)},
		{"header field without French", `{"en":"Title","fr":"Titre"}`, `{"en":"Title"}`},
		{"field without French", `{"en":"Note","fr":"Note"}`, `{"en":"Note"}`},
		{"field of a group without French", `{"en":"Number","fr":"Nombre"}`, `{"en":"Number"}`},
		{"field id in capitals", `"id":"note"`, `"id":"Note"`},
		{"field id with a dot", `"id":"number"`, `"id":"num.ber"`},
		{"field id with a homoglyph", `"id":"number"`, `"id":"numb` + "\u0435" + `r"`},
		{"field id of 41 letters", `"id":"number"`, `"id":"` + strings.Repeat("n", 41) + `"`},
		{"field neither M, C nor O", `"req":"C"`, `"req":"X"`},
		{"field without req", `,"req":"C"`, ``},
		{"condition that is none", `"when":"kind=OTH"`, `"when":"kind="`},
		{"group without fields", `"type":"enum(yes)"`, `"type":"group"`},
		{"fields below no group", `"type":"group[]"`, `"type":"bool"`},
		{"second document", `}]}]}`, `}]}]}{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(small, c.old) == 0 {
				t.Fatalf("the golden structure has no %s", c.old)
			}
			_, err := federation.ParseStructure([]byte(strings.Replace(small, c.old, c.with, 1)))
			if federation.ReasonOf(err) != federation.ReasonParse || !errors.Is(err, federation.ErrUnverified) {
				t.Errorf("got %v, want reason parse", err)
			}
		})
	}
}

func TestParseStructureRefusesFormTwice(t *testing.T) {
	at := strings.Index(small, `"forms":[`) + len(`"forms":[`)
	form := strings.TrimSuffix(strings.TrimSpace(small[at:]), "]}")
	_, err := federation.ParseStructure([]byte(small[:at] + form + "," + form + "]}"))
	if federation.ReasonOf(err) != federation.ReasonParse || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
}

// A field for a person's name or number must be refused with the structure, not when somebody fills it.
func TestParseStructureRefusesFieldsForPersons(t *testing.T) {
	for _, kind := range []string{"person", "name(80)", "birthdate", "phone", "email", "biometric[]", "image"} {
		_, err := federation.ParseStructure([]byte(strings.Replace(small, `"text(500)"`, `"`+kind+`"`, 1)))
		if !errors.Is(err, federation.ErrUnverified) || !strings.Contains(err.Error(), string(federation.ReasonStructureType)) {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

func TestStructureIsBoundedAt4MiB(t *testing.T) {
	padded := small + strings.Repeat(" ", 4<<20)
	if _, err := federation.ParseStructure([]byte(padded)); federation.ReasonOf(err) != federation.ReasonParse {
		t.Errorf("got %v", err)
	}
}

func TestStructureFindsWhatItHolds(t *testing.T) {
	s := structure(t)
	if e, ok := s.Element("EWS"); !ok || e.Number != 1 {
		t.Errorf("element EWS is %v", e)
	}
	if e, ok := s.ElementNumber(4); !ok || e.Code != "RET" {
		t.Errorf("element 4 is %v", e)
	}
	if _, ok := s.ElementNumber(0); ok {
		t.Error("there is an element 0")
	}
	if _, ok := s.Element("XXX"); ok {
		t.Error("there is an element XXX")
	}
	if _, ok := s.Form("EWS-99"); ok {
		t.Error("there is a form EWS-99")
	}
	form, _ := s.Form("EWS-01")
	if f, header := s.Field(form, "place"); f == nil || header {
		t.Errorf("place is %v, header %v", f, header)
	}
	if f, header := s.Field(form, "title"); f == nil || !header {
		t.Errorf("title is %v, header %v", f, header)
	}
	if f, _ := s.Field(form, "surname"); f != nil {
		t.Errorf("surname is %v", f)
	}
}

func TestStructureGivesLabelsAndOptions(t *testing.T) {
	s := structure(t)
	for _, c := range []struct{ list, code, lang, want string }{
		{"CL-ROUTE", "CMED", "fr", "Méditerranée centrale"},
		{"CL-ROUTE", "CMED", "de", "Central Mediterranean"},
		{"CL-ROUTE", "NONE", "fr", "NONE"},
		{"CL-NONE", "CMED", "fr", "CMED"},
	} {
		if got := s.Label(c.list, c.code, c.lang); got != c.want {
			t.Errorf("%s of %s in %s is %q", c.code, c.list, c.lang, got)
		}
	}
	form, _ := s.Form("EWS-01")
	codes := func(id string) (out []string) {
		f, _ := s.Field(form, id)
		for _, o := range s.Options(f) {
			out = append(out, o.Code)
		}
		return out
	}
	if got := codes("status"); !slices.Equal(got, []string{"suspected", "attempted", "ongoing", "completed"}) {
		t.Errorf("status offers %v", got)
	}
	if got := codes("urgency"); !slices.Equal(got, []string{"FLASH", "URGENT", "ROUTINE"}) {
		t.Errorf("urgency offers %v", got)
	}
	if got := codes("what"); got != nil {
		t.Errorf("a text offers %v", got)
	}
}

func TestTextSaysInWhichLanguageItIs(t *testing.T) {
	text := federation.Text{"en": "other", "fr": "autre"}
	if s, lang := text.In("fr"); s != "autre" || lang != "fr" {
		t.Errorf("French gives %q in %s", s, lang)
	}
	if s, lang := text.In("mt"); s != "other" || lang != "en" {
		t.Errorf("Maltese gives %q in %s", s, lang)
	}
	if s, lang := federation.Text(nil).In("fr"); s != "" || lang != "en" {
		t.Errorf("nothing gives %q in %s", s, lang)
	}
}

func FuzzParseStructure(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `enum:CL-KIND`, `place[]`, 1)))
	f.Add([]byte(strings.Replace(small, `"rows.number"`, `"rows.number.value.x"`, 1)))
	f.Add([]byte(strings.Replace(small, `"fr":"autre"`, `"fr":null`, 1)))
	f.Add([]byte(`{"type":"structure","version":1,"expires":"2027-01-01T00:00:00Z","lists":[{"entries":null}],"forms":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := federation.ParseStructure(b)
		if err != nil {
			if federation.ReasonOf(err) == "" {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		// What was accepted must judge and offer without falling over, whatever its fields are.
		for i := range s.Forms {
			form := &s.Forms[i]
			for j := range form.Fields {
				s.Options(&form.Fields[j])
			}
			for _, fields := range []federation.Values{{}, {"kind": "OTH", "rows": []any{map[string]any{"number": map[string]any{}}}, "note": nil}} {
				it := &federation.Item{Form: form.Code, Version: form.Version, Header: federation.Values{"title": "x"}, Fields: fields}
				for _, fault := range s.Validate(it, now) {
					fault.Message(s, it.Form, "fr")
				}
			}
		}
	})
}
