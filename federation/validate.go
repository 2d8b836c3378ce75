package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Fault is a place where an item breaks a rule of its form.
type Fault struct {
	Path string   `json:"path"` // "header.title", "fields.response[0].date"
	Rule string   `json:"rule"` // one of the keys of faultTexts
	Args []string `json:"args,omitempty"`
}

// Validate judges an item by the form it names, as of now, and gives all faults in the order of the form; none means that
// it may be published. Owner and receiver judge alike. The item must be in its normal form ([Item.Normal]).
func (s *Structure) Validate(it *Item, now time.Time) []Fault {
	form, ok := s.Form(it.Form)
	if !ok || it.Version != form.Version {
		return []Fault{{Path: "form", Rule: "form", Args: []string{string(it.Form), fmt.Sprint(it.Version)}}}
	}
	v := &validation{s: s, form: form, now: now, all: Values{}}
	maps.Copy(v.all, it.Header)
	maps.Copy(v.all, it.Fields)
	v.fields("header", s.Header, it.Header)
	v.fields("fields", form.Fields, it.Fields)
	v.header(it)
	for _, r := range form.Rules {
		v.rule(r, it.Fields)
	}
	return v.faults
}

// validation is one run of Validate.
type validation struct {
	s      *Structure
	form   *Form
	now    time.Time
	all    Values // header and fields, for conditions
	faults []Fault
}

func (v *validation) fault(path, rule string, args ...string) {
	v.faults = append(v.faults, Fault{Path: path, Rule: rule, Args: args})
}

// fields judges the values of one level: unknown ones, missing ones, types.
func (v *validation) fields(at string, fields []Field, values Values) {
	for _, id := range slices.Sorted(maps.Keys(values)) {
		if fieldOf(fields, id) != nil {
			continue
		}
		switch isText, sound := companion(fields, id, values); {
		case !isText:
			v.fault(at+"."+clip(id), "unknown")
		case !sound:
			v.fault(at+"."+id, "other")
		}
	}
	for i := range fields {
		f := &fields[i]
		path := at + "." + f.ID
		value, ok := values[f.ID]
		if !ok || value == "" {
			if v.required(f) {
				v.fault(path, "required")
			}
			continue
		}
		v.value(path, f, value)
		if _, given := values[f.ID+"_other"]; f.Type.Kind == KindEnum && hasCode(value, "OTH") && !given {
			v.fault(path+"_other", "other")
		}
	}
}

// companion reports whether id is the text that goes with the code OTH of a field (domain, form grammar 5), and whether
// that text is one line of at most 120 characters.
func companion(fields []Field, id string, values Values) (is, sound bool) {
	base, ok := strings.CutSuffix(id, "_other")
	f := fieldOf(fields, base)
	if !ok || f == nil || f.Type.Kind != KindEnum || !hasCode(values[base], "OTH") {
		return false, false
	}
	text, ok := values[id].(string)
	return true, ok && strings.TrimSpace(text) != "" && len([]rune(text)) <= 120 && oneLine(text)
}

func hasCode(value any, code string) bool {
	if list, ok := value.([]any); ok {
		return slices.Contains(list, any(code))
	}
	return value == code
}

func (v *validation) required(f *Field) bool {
	if f.Required == "M" || fieldOf(v.s.Header, f.ID) == f && slices.Contains(v.form.RequireHeader, f.ID) {
		return true
	}
	c, err := ParseCondition(f.When)
	return f.Required == "C" && err == nil && c.Holds(v.all)
}

// value judges one value of a field, or each of a list.
func (v *validation) value(path string, f *Field, value any) {
	if !f.Type.Many {
		v.single(path, f, value)
		return
	}
	const most = 200
	list, ok := value.([]any)
	switch {
	case !ok:
		v.fault(path, "type", string(f.Type.Kind))
		return
	case len(list) == 0:
		v.fault(path, "required")
	case len(list) > most:
		v.fault(path, "many", fmt.Sprint(most))
		return
	}
	for i, one := range list {
		v.single(fmt.Sprintf("%s[%d]", path, i), f, one)
	}
}

// header judges what concerns the header as a whole.
func (v *validation) header(it *Item) {
	h := it.Header
	for _, id := range []string{"pd_declaration", "lawful_declaration"} {
		if value, ok := h[id]; ok && value != true {
			v.fault("header."+id, "declare")
		}
	}
	if until, ok := h["retention_until"].(string); ok {
		day, err := time.Parse(time.DateOnly, until)
		published := v.published(h)
		if err == nil && (!day.After(published.AddDate(0, 0, -1)) || day.After(published.AddDate(0, v.form.MaxRetentionMonths, 0))) {
			v.fault("header.retention_until", "retention", fmt.Sprint(v.form.MaxRetentionMonths))
		}
	}
	if audience, ok := h["audience"]; ok && !slices.Contains(audiencesUpTo(v.form.AudienceMax), fmt.Sprint(audience)) {
		v.fault("header.audience", "audience", v.form.AudienceMax)
	}
	v.labels(h)
}

// published gives the time of publication, from which retention counts, so that a receiver judges as the owner did.
func (v *validation) published(h Values) time.Time {
	text, _ := h["published_at"].(string)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Truncate(24 * time.Hour)
	}
	return v.now.UTC().Truncate(24 * time.Hour)
}

// audiencesUpTo lists the codes of CL-AUD that are not wider than one of them.
func audiencesUpTo(most string) []string {
	all := []string{"OWN", "NAMED", "GROUP", "ALLF", "ALLS", "PUB"}
	return all[:slices.Index(all, most)+1]
}

// labels compares marking and TLP label (domain 16.2).
func (v *validation) labels(h Values) {
	allowed := map[string][]string{"PUBLIC": {"CLEAR"}, "NETWORK": {"GREEN", "AMBER"}, "LIMITE": {"AMBER"}, "SENSITIVE": {"AMBER+STRICT", "RED"}}
	marking, _ := h["marking"].(string)
	tlp, _ := h["tlp"].(string)
	if list, ok := allowed[marking]; ok && tlp != "" && !slices.Contains(list, tlp) {
		v.fault("header.tlp", "tlp", marking, strings.Join(list, ", "))
	}
	if audience := h["audience"]; marking == "SENSITIVE" && audience != "NAMED" && audience != "GROUP" && audience != "OWN" {
		v.fault("header.audience", "sensitive")
	}
}
