package federation

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kind is the kind of a field's value. The list is closed: no kind holds a private person's name, number or image.
type Kind string

// The kinds of value and how they are written in JSON.
const (
	KindString      Kind = "string"      // one line
	KindText        Kind = "text"        // many lines
	KindInt         Kind = "int"         // number without decimals, 0 or more
	KindDecimal     Kind = "decimal"     // number
	KindCount       Kind = "count"       // {"value": 12, "precision": "exact" | "estimate" | "at_least"}
	KindBool        Kind = "bool"        // true or false
	KindDate        Kind = "date"        // "2026-11-23"
	KindDatetime    Kind = "datetime"    // RFC 3339 with offset
	KindPeriod      Kind = "period"      // {"from": date, "to": date}, to may be missing
	KindEnum        Kind = "enum"        // a code
	KindCountry     Kind = "country"     // ISO 3166-1 alpha-2, XK, ZZ
	KindNationality Kind = "nationality" // the same, XXA, XXB, XXC, XXX (ICAO Doc 9303-3, 5)
	KindLang        Kind = "lang"        // ISO 639-1
	KindPlace       Kind = "place"       // {"name", "country", "level", "lat", "lon"}
	KindBCP         Kind = "bcp"         // "BCP-PL-medyka"
	KindMoney       Kind = "money"       // {"amount": number, "currency": ISO 4217}
	KindFile        Kind = "file"        // carried beside the form
	KindRef         Kind = "ref"         // id of an item
	KindUnit        Kind = "unit"        // a service, by its name of function
	KindOfficial    Kind = "official"    // an office, never a person's name
	KindGroup       Kind = "group"       // {sub-field: value}
)

// Lists that kinds use.
const (
	CountryList     = "CL-COUNTRY"
	NationalityList = "CL-NATIONALITY"
	LangList        = "CL-LANG"
	CurrencyList    = "CL-CURRENCY"
	LevelList       = "CL-LEVEL"
	PrecisionList   = "CL-PRECISION"
)

// Type is the type of a field. Its text is that of the domain's form tables, such as "enum[]:CL-MO" or "string(150)".
type Type struct {
	Kind  Kind
	Many  bool     // a list of such values
	Max   int      // most characters, for string and text
	List  string   // for enum, and the fixed list of country, nationality and lang
	Codes []string // of an inline enum
	Form  FormCode // of a ref; "" for any form
}

var typePattern = regexp.MustCompile(`^([a-z]+)(\(\d+\))?(\[\])?(?::([A-Z][A-Z0-9-]+)|\(([A-Za-z0-9_/+-]+)\))?$`)

// ParseType reads the text of a type. What is outside the closed list is a [RejectError] with reason structure_type.
func ParseType(text string) (Type, error) {
	refuse := func() (Type, error) {
		return Type{}, Reject(ReasonStructureType, "%q is not a type of field", clip(text))
	}
	m := typePattern.FindStringSubmatch(text)
	if m == nil {
		return refuse()
	}
	t := Type{Kind: Kind(m[1]), Many: m[3] != ""}
	if m[2] != "" {
		t.Max, _ = strconv.Atoi(strings.Trim(m[2], "()"))
	}
	sized, coded := m[2] != "", m[4] != "" || m[5] != ""
	switch t.Kind {
	case KindString, KindText:
		if t.Max < 1 || t.Max > 10000 || coded {
			return refuse()
		}
		return t, nil
	case KindEnum:
		t.List = m[4]
		if m[5] != "" {
			t.Codes = strings.Split(m[5], "/")
		}
		if sized || !coded {
			return refuse()
		}
		return t, nil
	case KindRef:
		t.Form = FormCode(m[4])
		if sized || m[5] != "" {
			return refuse()
		}
		return t, nil
	case KindCountry:
		t.List = CountryList
	case KindNationality:
		t.List = NationalityList
	case KindLang:
		t.List = LangList
	case KindInt, KindDecimal, KindCount, KindBool, KindDate, KindDatetime, KindPeriod, KindPlace, KindBCP, KindMoney,
		KindFile, KindUnit, KindOfficial, KindGroup:
	default:
		return refuse()
	}
	if sized || coded {
		return refuse()
	}
	return t, nil
}

// String gives the text that ParseType reads.
func (t Type) String() string {
	s := string(t.Kind)
	if t.Max > 0 {
		s += fmt.Sprintf("(%d)", t.Max)
	}
	if t.Many {
		s += "[]"
	}
	switch {
	case t.Kind == KindEnum && t.List != "":
		s += ":" + t.List
	case len(t.Codes) > 0:
		s += "(" + strings.Join(t.Codes, "/") + ")"
	case t.Form != "":
		s += ":" + string(t.Form)
	}
	return s
}

// MarshalText gives the text form.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is [ParseType].
func (t *Type) UnmarshalText(b []byte) (err error) {
	*t, err = ParseType(string(b))
	return err
}

// Condition says when a conditional field is mandatory: when another field of the same form or header has one of some
// codes, is true, or is filled at all. The zero value never holds.
type Condition struct {
	Field string
	Codes []string // empty: the field is filled and not false
}

// ParseCondition reads "field", or "field=A|B". "" is the zero value.
func ParseCondition(text string) (Condition, error) {
	if text == "" {
		return Condition{}, nil
	}
	field, codes, coded := strings.Cut(text, "=")
	c := Condition{Field: field}
	if coded {
		c.Codes = strings.Split(codes, "|")
	}
	if !idPattern.MatchString(field) || coded && codes == "" {
		return Condition{}, Reject(ReasonParse, "%q is not a condition", clip(text))
	}
	return c, nil
}

// Holds judges the condition on values; several codes of one field count if one of them is named.
func (c Condition) Holds(v Values) bool {
	value, ok := v[c.Field]
	if c.Field == "" || !ok {
		return false
	}
	if len(c.Codes) == 0 {
		return value != false
	}
	for _, want := range c.Codes {
		if value == want {
			return true
		}
		list, _ := value.([]any)
		for _, one := range list {
			if one == want {
				return true
			}
		}
	}
	return false
}
