package federation

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"iconet.example/crypto/canon"
)

// maxStructure bounds the payload of a structure in bytes.
const maxStructure = 4 << 20

// Structure is the Commission's definition of what may be exchanged. It never changes; a newer version is another value.
type Structure struct {
	Type      string     `json:"type"` // "structure"
	Version   uint32     `json:"version"`
	Expires   time.Time  `json:"expires"`
	Previous  string     `json:"previous"` // hex SHA-256 of the payload before
	Effective time.Time  `json:"effective"`
	Elements  []Element  `json:"elements"`
	Lists     []CodeList `json:"lists"`
	Header    []Field    `json:"header"` // fields that every item has
	Forms     []Form     `json:"forms"`

	lists map[string]*CodeList
	forms map[FormCode]*Form
}

// Element is a subject area of exchange.
type Element struct {
	Code   ElementCode `json:"code"`
	Number uint16      `json:"number"` // in entries
	Label  Text        `json:"label"`
}

// CodeList is a closed list of codes.
type CodeList struct {
	Code    string  `json:"code"`
	Entries []Entry `json:"entries"`

	byCode map[string]*Entry
}

// Entry is one code of a list with its label.
type Entry struct {
	Code  string `json:"code"`
	Label Text   `json:"label"`
}

// Form is a standardised form.
type Form struct {
	Code               FormCode    `json:"code"`
	Version            int         `json:"version"`
	Element            ElementCode `json:"element"`
	Label              Text        `json:"label"`
	Purpose            Text        `json:"purpose,omitempty"`
	RetentionMonths    int         `json:"retention_months"`
	MaxRetentionMonths int         `json:"max_retention_months"`
	AudienceDefault    string      `json:"audience_default"` // code of CL-AUD
	AudienceMax        string      `json:"audience_max"`
	RequireHeader      []string    `json:"require_header,omitempty"` // header fields that this form makes mandatory
	Sections           []Section   `json:"sections"`
	Fields             []Field     `json:"fields"`
	Rules              []Rule      `json:"rules,omitempty"`
}

// Section groups fields of a form on a page, header fields included.
type Section struct {
	Label  Text     `json:"label"`
	Fields []string `json:"fields"`
}

// Field is one field of a form or of a group.
type Field struct {
	ID       string  `json:"id"`
	Label    Text    `json:"label"`
	Help     Text    `json:"help,omitempty"`
	Type     Type    `json:"type"`
	Required string  `json:"req"`            // "M", "C" or "O"
	When     string  `json:"when,omitempty"` // condition of "C", see [Condition]
	By       string  `json:"by,omitempty"`   // "node" for what no person fills
	Default  string  `json:"default,omitempty"`
	Fields   []Field `json:"fields,omitempty"` // of a group
}

// Rule is a condition between fields; each kind is a check that validation knows by name.
type Rule struct {
	Kind  string `json:"kind"` // sum, within, unique, ordered, not_future
	Field string `json:"field"`
	Limit string `json:"limit,omitempty"`
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseStructure reads a verified payload strictly. It refuses labels without English and French, references to lists that
// are not there, and types outside the closed list, among them any that would hold a private person (reason
// structure_type). Errors are [RejectError]s.
func ParseStructure(payload []byte) (*Structure, error) {
	s := &Structure{}
	if err := canon.JSON(payload, maxStructure, s); err != nil {
		if ReasonOf(err) == ReasonStructureType {
			return nil, Reject(ReasonStructureType, "parsing the structure: %w", err)
		}
		return nil, Reject(ReasonParse, "parsing the structure: %w", err)
	}
	if s.Type != "structure" || s.Version == 0 || s.Expires.IsZero() {
		return nil, Reject(ReasonParse, "a document of type %q, version %d where a structure belongs", s.Type, s.Version)
	}
	if err := s.link(); err != nil {
		return nil, err
	}
	return s, s.check()
}

// link builds the look-up tables.
func (s *Structure) link() error {
	s.lists, s.forms = map[string]*CodeList{}, map[FormCode]*Form{}
	for i := range s.Lists {
		l := &s.Lists[i]
		if s.lists[l.Code] != nil {
			return Reject(ReasonParse, "list %s is there twice", l.Code)
		}
		s.lists[l.Code] = l
		l.byCode = map[string]*Entry{}
		for j := range l.Entries {
			e := &l.Entries[j]
			if l.byCode[e.Code] != nil || !e.Label.complete() {
				return Reject(ReasonParse, "code %s of list %s is there twice or lacks a label in English or French", e.Code, l.Code)
			}
			l.byCode[e.Code] = e
		}
	}
	for i := range s.Forms {
		f := &s.Forms[i]
		if s.forms[f.Code] != nil {
			return Reject(ReasonParse, "form %s is there twice", f.Code)
		}
		s.forms[f.Code] = f
	}
	return nil
}

func (s *Structure) check() error {
	codes, elements := map[ElementCode]bool{}, map[uint16]bool{}
	for _, e := range s.Elements {
		if !e.Label.complete() || e.Number == 0 || codes[e.Code] || elements[e.Number] {
			return Reject(ReasonParse, "element %s is there twice, or lacks a number or a label in English or French", e.Code)
		}
		codes[e.Code], elements[e.Number] = true, true
	}
	if err := s.checkFields("header", s.Header); err != nil {
		return err
	}
	for _, f := range s.Forms {
		if _, ok := s.Element(f.Element); !ok || !f.Label.complete() || f.Version < 1 || f.RetentionMonths < 1 || f.MaxRetentionMonths < f.RetentionMonths {
			return Reject(ReasonParse, "form %s has no element, label, version or retention", f.Code)
		}
		if err := s.checkFields(string(f.Code), f.Fields); err != nil {
			return err
		}
		if err := s.checkForm(&f); err != nil {
			return err
		}
	}
	return nil
}

// checkForm checks what refers to fields by name: sections and header requirements.
func (s *Structure) checkForm(f *Form) error {
	placed := map[string]bool{}
	for _, sec := range f.Sections {
		for _, id := range sec.Fields {
			if placed[id] || !sec.Label.complete() || fieldOf(f.Fields, id) == nil && fieldOf(s.Header, id) == nil {
				return Reject(ReasonParse, "a section of form %s lacks a label or names field %s, which is not there or placed twice", f.Code, id)
			}
			placed[id] = true
		}
	}
	for _, field := range f.Fields {
		if !placed[field.ID] || fieldOf(s.Header, field.ID) != nil {
			return Reject(ReasonParse, "field %s of form %s is in no section, or is named as one of the header", field.ID, f.Code)
		}
	}
	for _, id := range f.RequireHeader {
		if fieldOf(s.Header, id) == nil {
			return Reject(ReasonParse, "form %s requires header field %s, which is not there", f.Code, id)
		}
	}
	for _, r := range f.Rules {
		if !slices.Contains([]string{"sum", "within", "ordered", "unique", "not_future"}, r.Kind) {
			return Reject(ReasonParse, "form %s has a rule of kind %q, which no node knows", f.Code, r.Kind)
		}
	}
	for _, field := range f.Fields {
		if err := s.checkCondition(f, &field); err != nil {
			return err
		}
	}
	if len(audiencesUpTo(f.AudienceMax)) == 0 {
		return Reject(ReasonParse, "form %s may go to %q, which is not an audience", f.Code, f.AudienceMax)
	}
	return nil
}

// checkCondition refuses a condition on a field or an answer that is not there.
func (s *Structure) checkCondition(form *Form, f *Field) error {
	c, err := ParseCondition(f.When)
	if err != nil || c.Field == "" {
		return err
	}
	on, _ := s.Field(form, c.Field)
	if on == nil {
		return Reject(ReasonParse, "field %s of form %s depends on %s, which is not there", f.ID, form.Code, c.Field)
	}
	for _, code := range c.Codes {
		if !slices.ContainsFunc(s.Options(on), func(e Entry) bool { return e.Code == code }) {
			return Reject(ReasonParse, "field %s of form %s depends on answer %s of %s, which is not there", f.ID, form.Code, code, c.Field)
		}
	}
	return nil
}

func (s *Structure) checkFields(where string, fields []Field) error {
	seen := map[string]bool{}
	for _, f := range fields {
		name := where + "." + f.ID
		switch {
		case !idPattern.MatchString(f.ID) || seen[f.ID] || !f.Label.complete():
			return Reject(ReasonParse, "field %s has no proper id, is there twice or lacks a label in English or French", name)
		case f.Required != "M" && f.Required != "C" && f.Required != "O":
			return Reject(ReasonParse, "field %s is neither M, C nor O", name)
		case f.Type.Kind == "":
			return Reject(ReasonStructureType, "field %s has no type", name)
		case f.Required == "C" && f.When == "":
			return Reject(ReasonParse, "field %s is conditional without a condition", name)
		case (f.Type.Kind == KindGroup) != (len(f.Fields) > 0):
			return Reject(ReasonParse, "field %s is a group without fields, or none with them", name)
		case f.Type.List != "" && s.lists[f.Type.List] == nil:
			return Reject(ReasonParse, "field %s uses list %s, which is not there", name, f.Type.List)
		}
		seen[f.ID] = true
		if _, err := ParseCondition(f.When); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
		if f.Type.List == "" {
			for _, code := range f.Type.Codes {
				if e := s.lists[InlineList]; e == nil || e.byCode[code] == nil {
					return Reject(ReasonParse, "field %s uses code %s, which has no label", name, code)
				}
			}
		}
		if err := s.checkFields(name, f.Fields); err != nil {
			return err
		}
	}
	return nil
}

// InlineList is the list that holds the labels of inline codes.
const InlineList = "CL-INLINE"

// Form gives a form in force.
func (s *Structure) Form(code FormCode) (*Form, bool) {
	f, ok := s.forms[code]
	return f, ok
}

// Element gives an element by its code.
func (s *Structure) Element(code ElementCode) (*Element, bool) {
	for i := range s.Elements {
		if s.Elements[i].Code == code {
			return &s.Elements[i], true
		}
	}
	return nil, false
}

// ElementNumber gives an element by its number in entries.
func (s *Structure) ElementNumber(n uint16) (*Element, bool) {
	for i := range s.Elements {
		if s.Elements[i].Number == n {
			return &s.Elements[i], true
		}
	}
	return nil, false
}

// Field gives a field of a form or, failing that, of the header.
func (s *Structure) Field(f *Form, id string) (field *Field, header bool) {
	if field := fieldOf(f.Fields, id); field != nil {
		return field, false
	}
	return fieldOf(s.Header, id), true
}

// Label gives the label of a code of a list in a language, or the code itself if the list lacks it.
func (s *Structure) Label(list, code, lang string) string {
	if l := s.lists[list]; l != nil && l.byCode[code] != nil {
		text, _ := l.byCode[code].Label.In(lang)
		return text
	}
	return code
}

// Options gives the codes a field offers, with labels, in the order of the structure; nil for a field without codes.
func (s *Structure) Options(f *Field) []Entry {
	t := f.Type
	if t.List != "" {
		if l := s.lists[t.List]; l != nil {
			return l.Entries
		}
		return nil
	}
	var out []Entry
	for _, code := range t.Codes {
		if l := s.lists[InlineList]; l != nil && l.byCode[code] != nil {
			out = append(out, *l.byCode[code])
		}
	}
	return out
}

// fieldOf gives a field of a list of fields, or nil.
func fieldOf(fields []Field, id string) *Field {
	for i := range fields {
		if fields[i].ID == id {
			return &fields[i]
		}
	}
	return nil
}
