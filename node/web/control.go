package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"iconet.example/federation"
)

// The looks of a control; each is a template of the same name.
const (
	lookLine     = "line"     // one line of text or a number
	lookArea     = "area"     // many lines
	lookSelect   = "select"   // one of few codes
	lookSuggest  = "suggest"  // one of many codes, by name or code, with suggestions
	lookChecks   = "checks"   // several codes
	lookRadios   = "radios"   // yes, no, or nothing
	lookConfirm  = "confirm"  // one box to tick
	lookDate     = "date"     // day, month, year
	lookDatetime = "datetime" // the same with hour and minute, UTC
	lookGroup    = "group"    // several controls under one heading
	lookRows     = "rows"     // groups that can be repeated
)

// Above these numbers of codes a list is offered by suggestions instead of in full.
const (
	maxSelect = 15
	maxChecks = 30
)

// control is one question on a page.
type control struct {
	Path     string // "fields.place.country"; also the name under which it is posted
	Look     string
	Label    string
	Hint     string
	Error    string
	Optional bool
	Needed   string // when a conditional question must be answered, in words
	Numeric  bool
	Max      int
	List     string // of suggestions
	Value    string
	Options  []choice
	Parts    []*control
	Open     bool // an optional question that has an answer or an error
}

// ID gives the id of the element that a link to the question reaches.
func (c *control) ID() string { return "f-" + c.Path }

// builder makes the controls of a form and notes every name that may be posted.
type builder struct {
	s      *federation.Structure
	form   *federation.Form
	lang   string
	text   *catalogue
	posted url.Values
	faults map[string]string // sentence by path
	names  map[string]bool
	lists  map[string]bool // suggestions the page must carry
	add    string          // path of the group that gets one more row
}

// section is a part of the page.
type section struct {
	Label              string
	Controls, Optional []*control
	Open               bool // an optional question of it has an answer or an error
}

func (b *builder) sections() []section {
	var out []section
	for _, sec := range b.form.Sections {
		label, _ := sec.Label.In(b.lang)
		part := section{Label: label}
		for _, id := range sec.Fields {
			f, header := b.s.Field(b.form, id)
			if f == nil || f.By == "node" || f.Type.Kind == federation.KindFile {
				continue
			}
			base := "fields."
			optional := f.Required != "M"
			if header {
				base = "header."
				for _, needed := range b.form.RequireHeader {
					optional = optional && needed != id
				}
			}
			c := b.control(f, base+id, optional)
			if optional && !c.Open {
				part.Optional = append(part.Optional, c)
			} else {
				part.Controls = append(part.Controls, c)
			}
			part.Controls, part.Optional = b.companion(f, c, part.Controls, part.Optional)
		}
		out = append(out, part)
	}
	return out
}

// companion puts the line that explains "other" behind a question that has this answer.
func (b *builder) companion(f *federation.Field, c *control, shown, optional []*control) (a, o []*control) {
	if !b.hasOther(f) {
		return shown, optional
	}
	path := c.Path + "_other"
	line := b.fresh(path, b.text.say("compose.other", c.Label), lookLine)
	line.Optional, line.Max, line.Value = true, 120, b.posted.Get(path)
	line.Open = line.Value != "" || line.Error != ""
	b.names[path] = true
	if len(optional) > 0 && optional[len(optional)-1] == c {
		return shown, append(optional, line)
	}
	return append(shown, line), optional
}

func (b *builder) hasOther(f *federation.Field) bool {
	if f.Type.Kind != federation.KindEnum {
		return false
	}
	for _, e := range b.s.Options(f) {
		if e.Code == "OTH" {
			return true
		}
	}
	return false
}

func (b *builder) fresh(path, label, look string) *control {
	return &control{Path: path, Label: label, Look: look, Error: b.faults[path]}
}

// control makes the control of a field; names below path are noted as postable.
func (b *builder) control(f *federation.Field, path string, optional bool) *control {
	label, _ := f.Label.In(b.lang)
	c := b.fresh(path, label, b.look(f))
	c.Hint, _ = f.Help.In(b.lang)
	c.Optional = optional
	if f.Required == "C" {
		c.Needed = b.needed(f)
	}
	switch c.Look {
	case lookRows:
		b.rows(f, c)
	case lookGroup:
		b.group(f, c, path, f.Fields)
	case lookDate:
		b.parts(c, "d", "m", "y")
	case lookDatetime:
		b.parts(c, "d", "m", "y", "h", "i")
	default:
		b.simple(f, c)
	}
	c.Open = c.Open || c.Error != "" || c.Value != ""
	return c
}

// needed says when a conditional question must be answered, such as "Kind of message: update, false alarm".
func (b *builder) needed(f *federation.Field) string {
	cond, err := federation.ParseCondition(f.When)
	if err != nil || cond.Field == "" {
		return ""
	}
	on, _ := b.s.Field(b.form, cond.Field)
	if on == nil {
		return ""
	}
	label, _ := on.Label.In(b.lang)
	var answers []string
	for _, code := range cond.Codes {
		for _, e := range b.s.Options(on) {
			if text, _ := e.Label.In(b.lang); e.Code == code {
				answers = append(answers, b.text.say("quote", text))
			}
		}
	}
	return b.text.say("compose.needed", label, strings.Join(answers, ", "))
}

func (b *builder) look(f *federation.Field) string {
	t := f.Type
	codes := len(b.s.Options(f))
	switch {
	case t.Kind == federation.KindGroup && t.Many:
		return lookRows
	case t.Kind == federation.KindGroup, len(t.Kind.Parts()) > 0:
		return lookGroup
	case codes > 0 && t.Many && codes <= maxChecks:
		return lookChecks
	case t.Many:
		return lookLine
	case codes > maxSelect:
		return lookSuggest
	case codes > 0:
		return lookSelect
	case t.Kind == federation.KindText:
		return lookArea
	case t.Kind == federation.KindBool && f.Required == "M":
		return lookConfirm
	case t.Kind == federation.KindBool:
		return lookRadios
	case t.Kind == federation.KindDate:
		return lookDate
	case t.Kind == federation.KindDatetime:
		return lookDatetime
	}
	return lookLine
}

// simple fills a control that is posted under one name.
func (b *builder) simple(f *federation.Field, c *control) {
	b.names[c.Path] = true
	c.Max, c.Value = f.Type.Max, b.posted.Get(c.Path)
	switch f.Type.Kind {
	case federation.KindInt, federation.KindDecimal:
		c.Numeric = true
	}
	given := b.posted[c.Path]
	for _, e := range b.s.Options(f) {
		if c.Look == lookSuggest || c.Look == lookLine {
			break
		}
		text, _ := e.Label.In(b.lang)
		o := choice{Value: e.Code, Text: text}
		for _, g := range given {
			o.Chosen = o.Chosen || g == e.Code
		}
		c.Options = append(c.Options, o)
	}
	if c.Look == lookSuggest {
		c.List = f.Type.List
		b.lists[c.List] = true
		c.Value = b.named(f, c.Value)
	}
	if c.Look == lookLine && f.Type.Many {
		c.Hint = strings.TrimSpace(c.Hint + " " + b.text.say("compose.several"))
	}
}

// named gives the label for a code, so that a reader sees a name; what is no code stays as it was typed.
func (b *builder) named(f *federation.Field, value string) string {
	if value == "" {
		return ""
	}
	return b.s.Label(f.Type.List, b.code(f, value), b.lang)
}

func (b *builder) parts(c *control, names ...string) {
	for _, n := range names {
		part := &control{Path: c.Path + "." + n, Label: b.text.say("date." + n), Look: lookLine, Numeric: true, Value: b.posted.Get(c.Path + "." + n), Max: 2}
		if n == "y" {
			part.Max = 4
		}
		b.names[part.Path] = true
		c.Parts = append(c.Parts, part)
		c.Open = c.Open || part.Value != ""
	}
}

// group fills the parts of a group or of a compound kind.
func (b *builder) group(f *federation.Field, c *control, path string, fields []federation.Field) {
	if compound := f.Type.Kind.Parts(); len(compound) > 0 {
		fields = compound
	}
	for i := range fields {
		sub := &fields[i]
		part := b.control(sub, path+"."+sub.ID, sub.Required == "O" || c.Optional)
		c.Parts = append(c.Parts, part)
		if code := compoundDefaults[sub.Type.List]; code != "" && (part.Value == "" || part.Value == code) {
			choose(part, code)
			continue // a value that stands there by itself is no answer yet
		}
		c.Open = c.Open || part.Open
		c.Parts, _ = b.companion(sub, part, c.Parts, nil)
	}
}

// compoundDefaults are the codes that stand in a compound answer until another is chosen.
var compoundDefaults = map[string]string{federation.PrecisionList: "exact"}

func choose(c *control, code string) {
	for i := range c.Options {
		c.Options[i].Chosen = c.Options[i].Value == code
	}
}

// maxRows bounds the rows of a group on a page.
const maxRows = 50

// rows fills the rows of a repeated group: as many as were posted, one at least, one more if that was asked for.
func (b *builder) rows(f *federation.Field, c *control) {
	n := max(1, b.rowCount(c.Path))
	if b.add == c.Path {
		n++
		c.Open = true
	}
	for i := range min(n, maxRows) {
		path := fmt.Sprintf("%s[%d]", c.Path, i)
		row := b.fresh(path, b.text.say("compose.row", c.Label, i+1), lookGroup)
		row.Optional = c.Optional
		b.group(f, row, path, f.Fields)
		c.Parts = append(c.Parts, row)
		c.Open = c.Open || row.Open || row.Error != ""
	}
}

// rowCount gives how many rows of a group were posted.
func (b *builder) rowCount(path string) int {
	n := 0
	for name := range b.posted {
		rest, ok := strings.CutPrefix(name, path+"[")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, "]")
		if i, err := strconv.Atoi(digits); err == nil && i >= 0 && i < maxRows {
			n = max(n, i+1)
		}
	}
	return n
}
