package federation

import (
	"strings"
	"time"
)

// rule judges one condition between fields. A rule speaks only where the values it compares are there; that they must be
// there is for the fields to say.
func (v *validation) rule(r Rule, fields Values) {
	path := "fields." + r.Field
	switch r.Kind {
	case "sum":
		v.within(path, numbers(fields, r.Field), numbers(fields, r.Limit), r.Limit, true)
	case "within", "ordered":
		v.within(path, numbers(fields, r.Field), numbers(fields, r.Limit), r.Limit, false)
	case "unique":
		seen := map[float64]bool{}
		for _, x := range numbers(fields, r.Field) {
			if seen[x] {
				v.fault(path, "unique")
				return
			}
			seen[x] = true
		}
	case "not_future":
		text, _ := fields[r.Field].(string)
		if t, err := time.Parse(time.RFC3339, text); err == nil && t.After(v.now.Add(5*time.Minute)) {
			v.fault(path, "future")
		}
	}
}

// within reports values, or their sum, above the first limit.
func (v *validation) within(path string, values, limits []float64, name string, sum bool) {
	if len(values) == 0 || len(limits) == 0 {
		return
	}
	total := 0.0
	for _, x := range values {
		total += x
		if !sum && x > limits[0] {
			v.fault(path, "within", name)
			return
		}
	}
	if sum && total > limits[0] {
		v.fault(path, "within", name)
	}
}

// numbers collects the numbers at a path such as "nationalities.count": through groups and lists, and of counts and money
// the amount.
func numbers(value any, path string) []float64 {
	id, rest, _ := strings.Cut(path, ".")
	switch x := value.(type) {
	case Values:
		return numbers(map[string]any(x), path)
	case []any:
		var out []float64
		for _, one := range x {
			out = append(out, numbers(one, path)...)
		}
		return out
	case map[string]any:
		if path != "" {
			return numbers(x[id], rest)
		}
		if n, ok := x["value"]; ok {
			return numbers(n, "")
		}
		return numbers(x["amount"], "")
	default:
		if n, ok := asNumber(value); ok && path == "" {
			return []float64{n}
		}
		return nil
	}
}
