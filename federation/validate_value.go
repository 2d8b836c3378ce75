package federation

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var bcpPattern = regexp.MustCompile(`^BCP-[A-Z]{2}-[a-z0-9-]{2,40}$`)

// single judges one value by the kind of its field.
func (v *validation) single(path string, f *Field, value any) {
	switch k := f.Type.Kind; k {
	case KindString, KindText, KindUnit, KindOfficial:
		v.text(path, f, value)
	case KindEnum, KindCountry, KindNationality, KindLang:
		v.code(path, f, value)
	case KindInt, KindDecimal:
		v.number(path, k, value)
	case KindBool:
		if _, ok := value.(bool); !ok {
			v.fault(path, "type", string(k))
		}
	case KindDate, KindDatetime:
		v.moment(path, k, value)
	case KindBCP, KindRef:
		v.reference(path, k, value)
	case KindFile:
		v.fault(path, "type", string(k)) // files travel beside the form
	case KindGroup:
		group, ok := value.(map[string]any)
		if !ok {
			v.fault(path, "type", string(k))
			return
		}
		v.fields(path, f.Fields, group)
	default:
		v.compound(path, k, value)
	}
}

func (v *validation) text(path string, f *Field, value any) {
	most := f.Type.Max
	if most == 0 {
		most = 120 // unit and official: a name of function
	}
	s, ok := value.(string)
	switch {
	case !ok:
		v.fault(path, "type", string(f.Type.Kind))
	case len([]rune(s)) > most:
		v.fault(path, "long", strconv.Itoa(most))
	case f.Type.Kind != KindText && !oneLine(s), !printable(s):
		v.fault(path, "characters")
	case strings.TrimSpace(s) == "":
		v.fault(path, "required")
	}
}

func oneLine(s string) bool { return !strings.ContainsAny(s, "\r\n") && printable(s) }

// softHyphen is the one invisible character that text from a word processor may hold.
const softHyphen = 0xAD

// printable refuses control characters and those that are invisible or change the direction of writing, which can make a
// text show another content than it holds, or hide a word from screening.
func printable(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || unicode.Is(unicode.Cf, r) && r != softHyphen || r == 0x2028 || r == 0x2029 || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

func (v *validation) code(path string, f *Field, value any) {
	s, ok := value.(string)
	if !ok {
		v.fault(path, "type", string(f.Type.Kind))
		return
	}
	if !v.knows(f.Type, s) {
		v.fault(path, "code", clip(s))
	}
}

func (v *validation) knows(t Type, code string) bool {
	if t.List != "" {
		l := v.s.lists[t.List]
		return l != nil && l.byCode[code] != nil
	}
	for _, c := range t.Codes {
		if c == code {
			return true
		}
	}
	return false
}

// asNumber gives a finite number.
func asNumber(value any) (float64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	x, err := n.Float64()
	return x, err == nil && !math.IsInf(x, 0) && math.Abs(x) < 1e15
}

func (v *validation) number(path string, k Kind, value any) {
	x, ok := asNumber(value)
	switch {
	case !ok:
		v.fault(path, "type", string(k))
	case k == KindInt && x != math.Trunc(x):
		v.fault(path, "whole")
	case x < 0 && !strings.HasSuffix(path, ".lat") && !strings.HasSuffix(path, ".lon"):
		v.fault(path, "negative")
	}
}

func (v *validation) moment(path string, k Kind, value any) {
	layout := time.DateOnly
	if k == KindDatetime {
		layout = time.RFC3339
	}
	s, _ := value.(string)
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		v.fault(path, string(k))
	}
}

func (v *validation) reference(path string, k Kind, value any) {
	s, _ := value.(string)
	if k == KindBCP {
		if !bcpPattern.MatchString(s) {
			v.fault(path, "bcp")
		}
		return
	}
	if _, err := ParseItemID(s); err != nil {
		v.fault(path, "ref")
	}
}

// compound judges the kinds that are small objects of their own.
func (v *validation) compound(path string, k Kind, value any) {
	m, ok := value.(map[string]any)
	if !ok {
		v.fault(path, "type", string(k))
		return
	}
	v.fields(path, compoundFields[k], m)
	switch k {
	case KindPeriod:
		from, _ := m["from"].(string)
		if to, ok := m["to"].(string); ok && to < from {
			v.fault(path+".to", "order")
		}
	case KindPlace:
		v.point(path, m)
	}
}

// compoundFields are the parts of the kinds that are objects; conditions do not occur in them.
var compoundFields = map[Kind][]Field{
	KindCount: {{ID: "value", Label: Text{"en": "Number", "fr": "Nombre"}, Type: Type{Kind: KindInt}, Required: "M"},
		{ID: "precision", Label: Text{"en": "Precision", "fr": "Précision"}, Type: Type{Kind: KindEnum, List: PrecisionList}, Required: "M"}},
	KindPeriod: {{ID: "from", Label: Text{"en": "From", "fr": "Du"}, Type: Type{Kind: KindDate}, Required: "M"}, {ID: "to", Label: Text{"en": "To", "fr": "Au"}, Type: Type{Kind: KindDate}, Required: "O"}},
	KindPlace: {{ID: "name", Label: Text{"en": "Name of the place", "fr": "Nom du lieu"}, Type: Type{Kind: KindString, Max: 80}, Required: "M"},
		{ID: "country", Label: Text{"en": "Country", "fr": "Pays"}, Type: Type{Kind: KindCountry, List: CountryList}, Required: "M"},
		{ID: "level", Label: Text{"en": "Kind of place", "fr": "Type de lieu"}, Type: Type{Kind: KindEnum, List: LevelList}, Required: "M"},
		{ID: "lat", Label: Text{"en": "Latitude", "fr": "Latitude"}, Type: Type{Kind: KindDecimal}, Required: "O"}, {ID: "lon", Label: Text{"en": "Longitude", "fr": "Longitude"}, Type: Type{Kind: KindDecimal}, Required: "O"}},
	KindMoney: {{ID: "amount", Label: Text{"en": "Amount", "fr": "Montant"}, Type: Type{Kind: KindDecimal}, Required: "M"},
		{ID: "currency", Label: Text{"en": "Currency", "fr": "Monnaie"}, Type: Type{Kind: KindEnum, List: CurrencyList}, Required: "M"}},
}

// Parts gives the parts of a compound kind, which a page asks for one by one; nil for other kinds.
func (k Kind) Parts() []Field { return compoundFields[k] }

// point judges the position of a place: both numbers or none, on the globe, at most two decimals (about a kilometre).
func (v *validation) point(path string, m map[string]any) {
	_, hasLat := m["lat"]
	_, hasLon := m["lon"]
	if hasLat != hasLon {
		v.fault(path, "point")
		return
	}
	for _, side := range []struct {
		id   string
		most float64
	}{{"lat", 90}, {"lon", 180}} {
		id, most := side.id, side.most
		n, ok := m[id].(json.Number)
		if !ok {
			continue
		}
		x, _ := asNumber(n)
		_, decimals, _ := strings.Cut(n.String(), ".")
		if math.Abs(x) > most || len(decimals) > 2 || strings.ContainsAny(n.String(), "eE") {
			v.fault(path+"."+id, "position", fmt.Sprint(most))
		}
	}
}
