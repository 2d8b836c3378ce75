package screening

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"iconet.example/federation"
)

// Effect says what a finding does to the item.
type Effect string

// The effects of a finding.
const (
	Block Effect = "block" // the item does not leave, and is refused where it arrives
)

// Finding is a passage that a rule names. It does not hold the passage.
type Finding struct {
	ID     string `json:"id"`   // "PD-07", "MARK"
	Path   string `json:"path"` // "fields.what"
	Effect Effect `json:"effect"`
	Start  int    `json:"start"` // bytes into the text
	End    int    `json:"end"`
}

// detector finds the passages of one rule in a text, as byte offsets.
type detector struct {
	id   string
	find func(text string, t traits) [][2]int
}

var detectors = []detector{
	{"MARK", findMarkings},
	{"PD-01", findZones},
	{"PD-02", findDocumentNumbers},
	{"PD-05", findPhones},
	{"PD-06", findAddresses},
	{"PD-07", findAccounts},
	{"PD-14", findDevices},
}

// Screen looks at every text of an item, in the order of the fields' names.
func Screen(s *federation.Structure, it *federation.Item) []Finding {
	var out []Finding
	form, _ := s.Form(it.Form)
	walk("header", it.Header, func(path, text string) { out = append(out, screenText(path, text)...) }, fieldsOf(s.Header))
	if form != nil {
		walk("fields", it.Fields, func(path, text string) { out = append(out, screenText(path, text)...) }, fieldsOf(form.Fields))
	}
	return out
}

// fieldsOf maps ids to fields, so that only what people write is looked at and codes, dates and numbers are not.
func fieldsOf(fields []federation.Field) map[string]*federation.Field {
	m := map[string]*federation.Field{}
	for i := range fields {
		m[fields[i].ID] = &fields[i]
	}
	return m
}

func screenText(path, text string) []Finding {
	var out []Finding
	t := traitsOf(text)
	for _, d := range detectors {
		for _, at := range d.find(text, t) {
			out = append(out, Finding{ID: d.id, Path: path, Effect: Block, Start: at[0], End: at[1]})
		}
	}
	return out
}

func walk(path string, values map[string]any, visit func(path, text string), fields map[string]*federation.Field) {
	for _, id := range slices.Sorted(maps.Keys(values)) {
		f := fields[id]
		if f == nil { // validation refuses it, unless it is the text that goes with the answer "other"
			if base, ok := strings.CutSuffix(id, "_other"); ok && fields[base] != nil {
				visitAll(path+"."+id, values[id], visit, nil)
			}
			continue
		}
		switch f.Type.Kind {
		case federation.KindString, federation.KindText, federation.KindUnit, federation.KindOfficial, federation.KindPlace, federation.KindGroup:
			sub := fieldsOf(f.Fields)
			if f.Type.Kind == federation.KindPlace {
				sub = fieldsOf(federation.KindPlace.Parts())
			}
			visitAll(path+"."+id, values[id], visit, sub)
		}
	}
}

func visitAll(path string, value any, visit func(path, text string), fields map[string]*federation.Field) {
	switch x := value.(type) {
	case string:
		visit(path, x)
	case []any:
		for i, one := range x {
			visitAll(fmt.Sprintf("%s[%d]", path, i), one, visit, fields)
		}
	case map[string]any:
		walk(path, x, visit, fields)
	}
}
