package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"iconet.example/federation"
)

// answers turns what was posted into the values of a form. What cannot be one is handed on as it was typed, so that
// validation says what is wrong with it.
func (b *builder) answers() (header, fields federation.Values) {
	header, fields = federation.Values{}, federation.Values{}
	for _, sec := range b.form.Sections {
		for _, id := range sec.Fields {
			f, inHeader := b.s.Field(b.form, id)
			if f == nil || f.By == "node" {
				continue
			}
			if inHeader {
				b.take(f, "header."+id, header)
			} else {
				b.take(f, "fields."+id, fields)
			}
		}
	}
	return header, fields
}

// take puts the answer to a question into values, if there is one.
func (b *builder) take(f *federation.Field, path string, values map[string]any) {
	if value, ok := b.value(f, path); ok {
		values[f.ID] = value
	}
	if other := strings.TrimSpace(b.posted.Get(path + "_other")); other != "" && b.hasOther(f) {
		values[f.ID+"_other"] = other
	}
}

func (b *builder) value(f *federation.Field, path string) (any, bool) {
	switch b.look(f) {
	case lookRows:
		return b.rowValues(f, path)
	case lookGroup:
		return b.groupValue(f, path)
	case lookDate:
		return dateValue(b.posted, path)
	case lookDatetime:
		return datetimeValue(b.posted, path)
	case lookChecks:
		var out []any
		for _, code := range b.posted[path] {
			out = append(out, code)
		}
		return out, len(out) > 0
	}
	text := strings.TrimSpace(strings.ReplaceAll(b.posted.Get(path), "\r\n", "\n"))
	if text == "" {
		return nil, false
	}
	if !f.Type.Many {
		return b.single(f, text), true
	}
	var out []any
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, b.single(f, part))
		}
	}
	return out, len(out) > 0
}

var numberPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})([.,][0-9]{1,6})?$`)

// single reads one value as its kind is written.
func (b *builder) single(f *federation.Field, text string) any {
	switch f.Type.Kind {
	case federation.KindInt, federation.KindDecimal:
		if numberPattern.MatchString(text) {
			return json.Number(strings.Replace(text, ",", ".", 1))
		}
	case federation.KindBool:
		switch text {
		case "yes":
			return true
		case "no":
			return false
		}
	}
	if len(b.s.Options(f)) > 0 {
		return b.code(f, text)
	}
	return text
}

// code finds the code for what was typed: a code, or a label in any language of the list.
func (b *builder) code(f *federation.Field, text string) string {
	for _, e := range b.s.Options(f) {
		if strings.EqualFold(e.Code, text) {
			return e.Code
		}
		for _, label := range e.Label {
			if strings.EqualFold(label, text) {
				return e.Code
			}
		}
	}
	return text
}

func (b *builder) rowValues(f *federation.Field, path string) (any, bool) {
	var out []any
	for i := range b.rowCount(path) {
		if row, ok := b.groupValue(f, fmt.Sprintf("%s[%d]", path, i)); ok {
			out = append(out, row)
		}
	}
	return out, len(out) > 0
}

// groupValue gives the answers of a group; one in which nothing but defaults stands is no answer.
func (b *builder) groupValue(f *federation.Field, path string) (any, bool) {
	fields := f.Fields
	if compound := f.Type.Kind.Parts(); len(compound) > 0 {
		fields = compound
	}
	m := map[string]any{}
	filled := false
	for i := range fields {
		sub := &fields[i]
		before := len(m)
		b.take(sub, path+"."+sub.ID, m)
		if len(m) > before && m[sub.ID] != compoundDefaults[sub.Type.List] {
			filled = true
		}
	}
	return m, filled
}

// dateValue gives day, month and year as ISO 8601; false if all are empty.
func dateValue(posted url.Values, path string) (any, bool) {
	d, m, y := strings.TrimSpace(posted.Get(path+".d")), strings.TrimSpace(posted.Get(path+".m")), strings.TrimSpace(posted.Get(path+".y"))
	if d+m+y == "" {
		return nil, false
	}
	return y + "-" + two(m) + "-" + two(d), true
}

func datetimeValue(posted url.Values, path string) (any, bool) {
	date, ok := dateValue(posted, path)
	h, i := strings.TrimSpace(posted.Get(path+".h")), strings.TrimSpace(posted.Get(path+".i"))
	if !ok && h+i == "" {
		return nil, false
	}
	return fmt.Sprintf("%vT%s:%s:00Z", date, two(h), two(i)), true
}

// two writes a part of a date with two digits.
func two(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}
