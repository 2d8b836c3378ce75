package importer

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"iconet.example/federation"
)

// maxMap bounds a map in bytes.
const maxMap = 1 << 20

// Map says which column goes into which field.
type Map struct {
	Form     federation.FormCode          `toml:"form"`
	Key      string                       `toml:"key"`      // column whose value names a row for ever
	Audience string                       `toml:"audience"` // as people write it: "all", "DE,IT"
	Missing  []string                     `toml:"missing"`  // cells that mean "not known"
	Fields   []Assignment                 `toml:"field"`
	Tables   map[string]map[string]string `toml:"table"` // by name: cell to code
}

// Assignment fills one field. Exactly one of From, Sum, Text and Value says from what.
type Assignment struct {
	To       string   `toml:"to"`   // "header.title", "fields.place.country"
	From     string   `toml:"from"` // a column
	Sum      []string `toml:"sum"`  // columns of numbers; those not known are left out
	Text     string   `toml:"text"` // text with {Column} in it; a column not known reads "unknown"
	Value    any      `toml:"value"`
	Kind     string   `toml:"kind"`     // "text" (default), "count", "decimal", "date", "datetime", "code" or "codes"
	Table    string   `toml:"table"`    // for codes: looked at first
	List     string   `toml:"list"`     // for codes: a code list whose English labels are looked at next
	Other    bool     `toml:"other"`    // for codes: what is in neither becomes OTH with the cell as its text
	Decimals int      `toml:"decimals"` // for decimal: digits kept, rounded
	Max      int      `toml:"max"`      // for text: characters kept; a longer one ends in "…"
	Optional bool     `toml:"optional"` // a cell not known leaves the field empty
}

//go:embed iom.toml
var iom []byte

// IOM is the map of the incident files of the International Organization for Migration's Missing Migrants Project to early
// warnings.
func IOM() (*Map, error) { return ParseMap(iom) }

// ParseMap reads a map strictly. Errors are ErrInvalid.
func ParseMap(b []byte) (*Map, error) {
	if len(b) > maxMap {
		return nil, fmt.Errorf("the map has %d KiB, at most %d are read: %w", len(b)>>10, maxMap>>10, federation.ErrInvalid)
	}
	m := &Map{}
	dec := toml.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return nil, fmt.Errorf("the map has a key that no import knows:\n%s\n%w", strict.String(), federation.ErrInvalid)
		}
		return nil, fmt.Errorf("reading the map: %w: %w", err, federation.ErrInvalid)
	}
	return m, m.check()
}

var (
	targetPattern = regexp.MustCompile(`^(header|fields)(\.[a-z][a-z0-9_]*){1,3}$`)
	columnPattern = regexp.MustCompile(`\{([^{}]+)\}`)
	kinds         = []string{"", "text", "count", "decimal", "date", "datetime", "code", "codes"}
)

func (m *Map) check() error {
	if m.Form == "" || m.Key == "" || len(m.Fields) == 0 {
		return fmt.Errorf("the map lacks form, key or fields: %w", federation.ErrInvalid)
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		sources := 0
		for _, given := range []bool{f.From != "", len(f.Sum) > 0, f.Text != "", f.Value != nil} {
			if given {
				sources++
			}
		}
		switch {
		case !targetPattern.MatchString(f.To):
			return fmt.Errorf("the map fills %q: write header.title or fields.place.country: %w", f.To, federation.ErrInvalid)
		case sources != 1:
			return fmt.Errorf("the map fills %s from %d sources: give one of from, sum, text and value: %w", f.To, sources, federation.ErrInvalid)
		case !slices.Contains(kinds, f.Kind):
			return fmt.Errorf("the map fills %s with kind %q: use one of %s: %w", f.To, f.Kind, strings.Join(kinds[1:], ", "), federation.ErrInvalid)
		case f.Max < 0 || f.Decimals < 0 || f.Decimals > 6:
			return fmt.Errorf("the map fills %s with max %d and decimals %d: max is 0 or more, decimals 0 to 6: %w", f.To, f.Max, f.Decimals, federation.ErrInvalid)
		case m.filled(i):
			return fmt.Errorf("the map fills %s twice: %w", f.To, federation.ErrInvalid)
		case f.Table != "" && m.Tables[f.Table] == nil:
			return fmt.Errorf("the map has no table %q for %s: %w", f.Table, f.To, federation.ErrInvalid)
		}
	}
	return nil
}

// filled reports whether an earlier assignment fills the same place, or one that holds it.
func (m *Map) filled(i int) bool {
	for _, earlier := range m.Fields[:i] {
		a, b := earlier.To+".", m.Fields[i].To+"."
		if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
			return true
		}
	}
	return false
}

// columns lists the columns that an assignment reads.
func (f *Assignment) columns() []string {
	switch {
	case f.From != "":
		return []string{f.From}
	case f.Text != "":
		var out []string
		for _, m := range columnPattern.FindAllStringSubmatch(f.Text, -1) {
			out = append(out, m[1])
		}
		return out
	default:
		return f.Sum
	}
}

// Columns names the columns from which a field of a form was filled, given the path of a fault in it.
func (m *Map) Columns(path string) []string {
	var out []string
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.To == path || strings.HasPrefix(path, f.To+".") || strings.HasPrefix(path, f.To+"[") || strings.HasPrefix(f.To, path+".") {
			out = append(out, f.columns()...)
		}
	}
	return out
}
