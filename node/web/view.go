package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"iconet.example/federation"
)

// answer is a question of a form with its answer, as an item page and the check before sending show it.
type answer struct {
	Path, Label string
	Lines       []string // the answer; several lines for several values
	Lang        string   // of free text, "" for what is in the reader's language
	Parts       []answer // of a group
}

// answered is a section with what was answered in it.
type answered struct {
	Label   string
	Answers []answer
}

// reader turns an item into answers in a language.
type reader struct {
	s    *federation.Structure
	lang string
	text *catalogue
	item *federation.Item
}

// sections gives what an item says, in the order of its form; questions without an answer are left out.
func (r *reader) sections(form *federation.Form) []answered {
	own, _ := r.item.Header["language"].(string)
	var out []answered
	for _, sec := range form.Sections {
		label, _ := sec.Label.In(r.lang)
		part := answered{Label: label}
		for _, id := range sec.Fields {
			f, header := r.s.Field(form, id)
			if f == nil {
				continue
			}
			values, base := r.item.Fields, "fields."
			if header {
				values, base = r.item.Header, "header."
			}
			if a, ok := r.answer(f, base+id, values, own); ok {
				part.Answers = append(part.Answers, a)
			}
		}
		if len(part.Answers) > 0 {
			out = append(out, part)
		}
	}
	return out
}

// answer gives one question, or false if it has no answer.
func (r *reader) answer(f *federation.Field, path string, values map[string]any, own string) (answer, bool) {
	value, ok := values[f.ID]
	if !ok {
		return answer{}, false
	}
	label, _ := f.Label.In(r.lang)
	a := answer{Path: path, Label: label}
	switch f.Type.Kind {
	case federation.KindString, federation.KindText, federation.KindUnit, federation.KindOfficial:
		a.Lang = own
	}
	list := []any{value}
	if f.Type.Many {
		list, _ = value.([]any)
	}
	for i, one := range list {
		if f.Type.Kind == federation.KindGroup {
			a.Parts = append(a.Parts, r.group(f, path, i, len(list), one, own)...)
			continue
		}
		text := r.text1(f, one)
		if other, _ := values[f.ID+"_other"].(string); one == "OTH" && other != "" {
			text += ": " + other
		}
		a.Lines = append(a.Lines, strings.Split(text, "\n")...)
	}
	return a, len(a.Lines)+len(a.Parts) > 0
}

// group gives the parts of one row of a group, numbered if there are several.
func (r *reader) group(f *federation.Field, path string, i, n int, value any, own string) []answer {
	m, _ := value.(map[string]any)
	var out []answer
	for k := range f.Fields {
		part := &f.Fields[k]
		if a, ok := r.answer(part, path+"."+part.ID, m, own); ok {
			if n > 1 {
				a.Label = fmt.Sprintf("%d. %s", i+1, a.Label)
			}
			out = append(out, a)
		}
	}
	return out
}

// text1 writes one value.
func (r *reader) text1(f *federation.Field, value any) string {
	list := f.Type.List
	if len(f.Type.Codes) > 0 {
		list = federation.InlineList
	}
	switch x := value.(type) {
	case bool:
		if x {
			return r.text.say("yes")
		}
		return r.text.say("no")
	case json.Number:
		return x.String()
	case string:
		return r.word(f.Type.Kind, list, x)
	case map[string]any:
		return r.compound(f.Type.Kind, x)
	}
	return fmt.Sprint(value)
}

func (r *reader) word(k federation.Kind, list, text string) string {
	switch k {
	case federation.KindDate:
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return r.text.day(t)
		}
	case federation.KindDatetime:
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return r.text.moment(t)
		}
	}
	if list != "" {
		return r.s.Label(list, text, r.lang)
	}
	return text
}

// compound writes the kinds that are small objects.
func (r *reader) compound(k federation.Kind, m map[string]any) string {
	text := func(name string) string { s, _ := m[name].(string); return s }
	number := func(name string) string { n, _ := m[name].(json.Number); return n.String() }
	switch k {
	case federation.KindCount:
		precision := text("precision")
		if precision == "exact" {
			return number("value")
		}
		return number("value") + " (" + r.s.Label(federation.PrecisionList, precision, r.lang) + ")"
	case federation.KindPeriod:
		if text("to") == "" {
			return r.text.say("since", r.word(federation.KindDate, "", text("from")))
		}
		if text("to") == text("from") {
			return r.word(federation.KindDate, "", text("from"))
		}
		return r.word(federation.KindDate, "", text("from")) + " – " + r.word(federation.KindDate, "", text("to"))
	case federation.KindPlace:
		out := text("name") + ", " + r.s.Label(federation.CountryList, text("country"), r.lang)
		if number("lat") != "" {
			out += " (" + number("lat") + ", " + number("lon") + ")"
		}
		return out
	case federation.KindMoney:
		return number("amount") + " " + text("currency")
	}
	return fmt.Sprint(m)
}
