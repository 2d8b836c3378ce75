package importer

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxNumber bounds a whole number, so that sums stay exact.
const maxNumber = 1e9

var decimalPattern = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,30})?$`)

// unknown stands in a text for a cell that is not known.
const unknown = "unknown"

// assign fills one field of a row.
func (in *Reader) assign(row *Row, cells []string, f *Assignment) {
	switch {
	case f.Value != nil:
		row.set(f.To, plain(f.Value))
	case f.Text != "":
		text := columnPattern.ReplaceAllStringFunc(f.Text, func(name string) string {
			if v := in.cell(cells, name[1:len(name)-1]); v != "" {
				return v
			}
			return unknown
		})
		row.set(f.To, clip(text, f.Max))
	case len(f.Sum) > 0:
		in.sum(row, cells, f)
	default:
		v := in.cell(cells, f.From)
		if v == "" {
			if !f.Optional {
				row.fault(f.From, "the cell is empty")
			}
			return
		}
		in.convert(row, f, v)
	}
}

// sum adds up the columns that are known.
func (in *Reader) sum(row *Row, cells []string, f *Assignment) {
	total, known := 0, false
	for _, column := range f.Sum {
		v := in.cell(cells, column)
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > maxNumber {
			row.fault(column, "%q is not a number of 0 or more", v)
			return
		}
		total, known = total+n, true
	}
	if known {
		row.set(f.To, count(total))
	} else if !f.Optional {
		row.fault(strings.Join(f.Sum, ", "), "none of the cells holds a number")
	}
}

func count(n int) map[string]any {
	return map[string]any{"value": json.Number(strconv.Itoa(n)), "precision": "exact"}
}

// convert reads a cell as the kind that the map says.
func (in *Reader) convert(row *Row, f *Assignment, v string) {
	switch f.Kind {
	case "count":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > maxNumber {
			row.fault(f.From, "%q is not a number of 0 or more", v)
			return
		}
		row.set(f.To, count(n))
	case "decimal":
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || !decimalPattern.MatchString(v) {
			row.fault(f.From, "%q is not a number such as 12.5", v)
			return
		}
		text := strconv.FormatFloat(x, 'f', f.Decimals, 64)
		if strings.Trim(text, "-0.") == "" {
			text = strings.TrimPrefix(text, "-")
		}
		row.set(f.To, json.Number(text))
	case "date", "datetime":
		t, err := time.Parse(time.DateOnly, v)
		if err != nil {
			row.fault(f.From, "%q is not a date such as 2026-11-23", v)
			return
		}
		if f.Kind == "date" {
			row.set(f.To, v)
		} else {
			row.set(f.To, t.Format(time.RFC3339))
		}
	case "code":
		if code, ok := in.code(row, f, v); ok {
			row.set(f.To, code)
		}
	case "codes":
		in.several(row, f, v)
	default:
		row.set(f.To, clip(v, f.Max))
	}
}

// code finds the code for a cell.
func (in *Reader) code(row *Row, f *Assignment, v string) (string, bool) {
	if code, ok := in.m.Tables[f.Table][v]; ok {
		return code, true
	}
	if code, ok := in.codes[f.List][v]; ok {
		return code, true
	}
	if f.Other {
		row.set(f.To+"_other", clip(v, 120))
		return "OTH", true
	}
	row.fault(f.From, "the map has no code for %q", v)
	return "", false
}

// knows reports whether a cell as a whole has a code.
func (in *Reader) knows(f *Assignment, v string) bool {
	_, table := in.m.Tables[f.Table][v]
	_, list := in.codes[f.List][v]
	return table || list
}

// several finds the codes for a cell that holds one or more values between commas. A value may hold commas itself, so the
// whole cell is tried first.
func (in *Reader) several(row *Row, f *Assignment, v string) {
	parts := []string{v}
	if !in.knows(f, v) {
		parts = strings.Split(v, ",")
	}
	var codes []any
	var others []string
	seen := map[string]bool{}
	for _, part := range parts {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		code, ok := in.code(row, f, part)
		if !ok {
			return
		}
		if code == "OTH" && f.Other {
			others = append(others, part)
			row.set(f.To+"_other", clip(strings.Join(others, ", "), 120))
		}
		if !seen[code] {
			seen[code] = true
			codes = append(codes, code)
		}
	}
	row.set(f.To, codes)
}

// set puts a value at the place that a path names.
func (r *Row) set(path string, value any) {
	steps := strings.Split(path, ".")
	at := map[string]any(r.Fields)
	if steps[0] == "header" {
		at = r.Header
	}
	for _, step := range steps[1 : len(steps)-1] {
		next, ok := at[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[step] = next
		}
		at = next
	}
	at[steps[len(steps)-1]] = value
}

// clip cuts a text to a number of characters; 0 means no bound.
func clip(s string, most int) string {
	runes := []rune(s)
	if most == 0 || len(runes) <= most {
		return s
	}
	return strings.TrimRight(string(runes[:most-1]), " ,;") + "…"
}

// plain copies a value of the map, with numbers as the forms have them.
func plain(v any) any {
	switch x := v.(type) {
	case int64:
		return json.Number(strconv.FormatInt(x, 10))
	case float64:
		return json.Number(strconv.FormatFloat(x, 'f', -1, 64))
	case []any:
		out := make([]any, len(x))
		for i, one := range x {
			out[i] = plain(one)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, one := range x {
			out[k] = plain(one)
		}
		return out
	default:
		return v
	}
}
