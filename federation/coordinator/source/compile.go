package source

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pelletier/go-toml/v2"

	"iconet.example/federation"
)

//go:embed files/*.toml
var files embed.FS

// pair is a label in English and French.
type pair [2]string

func (p pair) text() federation.Text {
	if p == (pair{}) {
		return nil
	}
	return federation.Text{"en": p[0], "fr": p[1]}
}

type fieldSource struct {
	ID      string        `toml:"id"`
	Label   pair          `toml:"label"`
	Help    pair          `toml:"help"`
	Type    string        `toml:"type"`
	Req     string        `toml:"req"`
	When    string        `toml:"when"`
	By      string        `toml:"by"`
	Default string        `toml:"default"`
	Fields  []fieldSource `toml:"field"`
}

type formSource struct {
	Code         string   `toml:"code"`
	Version      int      `toml:"version"`
	Element      string   `toml:"element"`
	Label        pair     `toml:"label"`
	Purpose      pair     `toml:"purpose"`
	Retention    int      `toml:"retention_months"`
	MaxRetention int      `toml:"max_retention_months"`
	Audience     string   `toml:"audience_default"`
	AudienceMax  string   `toml:"audience_max"`
	Require      []string `toml:"require_header"`
	Sections     []struct {
		Label  pair     `toml:"label"`
		Fields []string `toml:"fields"`
	} `toml:"section"`
	Rules []struct {
		Kind  string `toml:"kind"`
		Field string `toml:"field"`
		Limit string `toml:"limit"`
	} `toml:"rule"`
	Fields []fieldSource `toml:"field"`
}

type listSource struct {
	Lists []struct {
		Code    string      `toml:"code"`
		Entries [][3]string `toml:"entries"`
	} `toml:"list"`
}

// Edition is what changes from one issue of the structure to the next.
type Edition struct {
	Version   uint32
	Effective time.Time
	Expires   time.Time
	Previous  string // hex SHA-256 of the payload before; "" for the first
}

// Compile gives the payload of the structure document: canonical JSON.
func Compile(e Edition) ([]byte, error) {
	s := &federation.Structure{Type: "structure", Version: e.Version, Effective: e.Effective.UTC(), Expires: e.Expires.UTC(), Previous: e.Previous}
	for _, step := range []func(*federation.Structure) error{elements, lists, header, forms} {
		if err := step(s); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encoding the structure: %w", err)
	}
	payload := bytes.TrimSpace(b.Bytes())
	if _, err := federation.ParseStructure(payload); err != nil {
		return nil, fmt.Errorf("checking the structure: %w", err)
	}
	return payload, nil
}

// read decodes a file; a key that no one reads is an error with its line.
func read(name string, v any) error {
	b, err := files.ReadFile(path.Join("files", name))
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	dec := toml.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

func elements(s *federation.Structure) error {
	var in struct {
		Elements []struct {
			Code   string `toml:"code"`
			Number uint16 `toml:"number"`
			Label  pair   `toml:"label"`
		} `toml:"element"`
	}
	err := read("elements.toml", &in)
	for _, e := range in.Elements {
		s.Elements = append(s.Elements, federation.Element{Code: federation.ElementCode(e.Code), Number: e.Number, Label: e.Label.text()})
	}
	return err
}

func lists(s *federation.Structure) error {
	for _, name := range []string{"lists.toml", "countries.toml"} {
		var in listSource
		if err := read(name, &in); err != nil {
			return err
		}
		for _, l := range in.Lists {
			out := federation.CodeList{Code: l.Code}
			for _, e := range l.Entries {
				out.Entries = append(out.Entries, federation.Entry{Code: e[0], Label: pair{e[1], e[2]}.text()})
			}
			s.Lists = append(s.Lists, out)
		}
	}
	return nil
}

func header(s *federation.Structure) error {
	var in struct {
		Fields []fieldSource `toml:"field"`
	}
	if err := read("header.toml", &in); err != nil {
		return err
	}
	var err error
	s.Header, err = fields(in.Fields)
	return err
}

// forms reads every file that is not one of the common ones, in the order of their names.
func forms(s *federation.Structure) error {
	names, err := fs.Glob(files, "files/*.toml")
	if err != nil {
		return fmt.Errorf("listing the forms: %w", err)
	}
	for _, name := range names {
		switch base := path.Base(name); base {
		case "elements.toml", "lists.toml", "countries.toml", "header.toml":
		default:
			f, err := form(base)
			if err != nil {
				return err
			}
			s.Forms = append(s.Forms, f)
		}
	}
	return nil
}

func form(name string) (federation.Form, error) {
	var in formSource
	if err := read(name, &in); err != nil {
		return federation.Form{}, err
	}
	f := federation.Form{Code: federation.FormCode(in.Code), Version: in.Version, Element: federation.ElementCode(in.Element),
		Label: in.Label.text(), Purpose: in.Purpose.text(), RetentionMonths: in.Retention, MaxRetentionMonths: in.MaxRetention,
		AudienceDefault: in.Audience, AudienceMax: in.AudienceMax, RequireHeader: in.Require}
	for _, sec := range in.Sections {
		f.Sections = append(f.Sections, federation.Section{Label: sec.Label.text(), Fields: sec.Fields})
	}
	for _, r := range in.Rules {
		f.Rules = append(f.Rules, federation.Rule{Kind: r.Kind, Field: r.Field, Limit: r.Limit})
	}
	var err error
	if f.Fields, err = fields(in.Fields); err != nil {
		return federation.Form{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return f, nil
}

func fields(in []fieldSource) ([]federation.Field, error) {
	var out []federation.Field
	for _, f := range in {
		t, err := federation.ParseType(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.ID, err)
		}
		sub, err := fields(f.Fields)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.ID, err)
		}
		out = append(out, federation.Field{ID: f.ID, Label: f.Label.text(), Help: f.Help.text(), Type: t, Required: f.Req,
			When: f.When, By: f.By, Default: f.Default, Fields: sub})
	}
	return out, nil
}
