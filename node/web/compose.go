package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/policy"
	"iconet.example/node/office"
)

// composing is what the page of a form shows.
type composing struct {
	Action   string
	Purpose  string
	Sections []section
	Lists    []suggestions
	Audience []choice
	All      bool   // the audience is everybody
	AudErr   string // fault of the audience
	Problems []problemLine
	Ticket   string // makes sending it twice publish once
}

// suggestions is a list of codes for browsers to offer.
type suggestions struct {
	ID      string
	Entries []choice
}

// problemLine is a line of the summary of errors.
type problemLine struct{ Href, Text string }

// checking is what the page shows before sending.
type checking struct {
	Action     string
	Form       string
	Sections   []answered
	Recipients []string
	Marking    string
	Hidden     []choice // what was posted, to be posted again
}

// control names that belong to no field.
const (
	tokenName    = "token"
	stepName     = "step"
	ticketName   = "ticket"
	audienceName = "audience"
)

// compose shows an empty form with what is known filled in.
func (p *portal) compose(v *visit) {
	form, ok := p.form(v)
	if !ok {
		return
	}
	now := p.c.Now().UTC()
	posted := url.Values{
		"header.language":         {v.lang},
		"header.originating_unit": {v.Official.Unit},
		"fields.contact":          {strings.Trim(v.Official.Function+", "+v.Official.Unit, ", ")},
		"fields.known_at.d":       {now.Format("2")}, "fields.known_at.m": {now.Format("1")}, "fields.known_at.y": {now.Format("2006")},
		"fields.known_at.h": {now.Format("15")}, "fields.known_at.i": {now.Format("04")},
		ticketName: {ticket()},
	}
	for i := range p.c.Office.Structure().Header {
		if f := &p.c.Office.Structure().Header[i]; f.Default != "" {
			posted.Set("header."+f.ID, f.Default)
		}
	}
	p.showForm(v, http.StatusOK, form, p.builder(v, form, posted), nil, "")
}

func ticket() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// form gives the form of the path if the official may publish it, or answers with an error.
func (p *portal) form(v *visit) (*federation.Form, bool) {
	code := federation.FormCode(v.r.PathValue("form"))
	form, ok := p.c.Office.Structure().Form(code)
	if !ok {
		v.fail(federation.ErrNotFound)
		return nil, false
	}
	if !slices.Contains(p.c.Office.MayPublish(v.who), code) {
		v.fail(federation.ErrDenied)
		return nil, false
	}
	return form, true
}

func (p *portal) builder(v *visit, form *federation.Form, posted url.Values) *builder {
	return &builder{s: p.c.Office.Structure(), form: form, lang: v.lang, text: v.catalogue, posted: posted, faults: map[string]string{},
		names: map[string]bool{}, lists: map[string]bool{}}
}

// submit takes a step with a filled form: one more row, back to the form, check, or send.
func (p *portal) submit(v *visit) {
	posted := maps.Clone(v.r.PostForm)
	if v.r.URL.RawQuery != "" {
		v.fail(federation.ErrInvalid)
		return
	}
	if step := posted.Get(stepName); step == "edit" || strings.HasPrefix(step, "add:") {
		p.edit(v, posted)
		return
	}
	form, ok := p.form(v)
	if !ok {
		return
	}
	b := p.builder(v, form, posted)
	b.sections()
	if name := b.stranger(); name != "" {
		v.fail(federation.ErrInvalid)
		return
	}
	s := b.submission(v)
	nobody := s.Audience == ""
	if nobody {
		s.Audience = "all" // for the review alone, so that all faults are told at once
	}
	var unfit *policy.AudienceError
	review, err := p.c.Office.Review(v.r.Context(), v.who, s)
	switch {
	case errors.As(err, &unfit):
		p.showForm(v, http.StatusUnprocessableEntity, form, b, nil, v.T("error.audience"))
		return
	case err != nil:
		v.fail(err)
		return
	case nobody || len(review.Faults)+len(review.Findings) > 0:
		p.showFaults(v, form, b, review, nobody)
		return
	}
	if posted.Get(stepName) != "send" {
		p.showCheck(v, form, b, review)
		return
	}
	done, err := p.c.Office.Publish(v.r.Context(), v.who, s)
	if err != nil {
		v.fail(err)
		return
	}
	v.redirect("/items/" + done.ID.String() + "/sent")
}

// edit shows a filled form again.
func (p *portal) edit(v *visit, posted url.Values) {
	form, ok := p.form(v)
	if !ok {
		return
	}
	b := p.builder(v, form, posted)
	b.sections()
	if name := b.stranger(); name != "" {
		v.fail(federation.ErrInvalid)
		return
	}
	b.add = strings.TrimPrefix(posted.Get(stepName), "add:")
	p.showForm(v, http.StatusOK, form, b, nil, "")
}

// stranger gives a posted name that the form does not have, or "".
func (b *builder) stranger() string {
	for name := range b.posted {
		if !b.names[name] && !slices.Contains([]string{tokenName, stepName, ticketName, audienceName}, name) {
			return name
		}
	}
	return ""
}

// submission makes what the office takes. The ticket of the page makes sending it twice publish once.
func (b *builder) submission(v *visit) office.Submission {
	s := office.Submission{Form: b.form.Code, Audience: strings.Join(b.posted[audienceName], ",")}
	if slices.Contains(b.posted[audienceName], "all") {
		s.Audience = "all"
	}
	s.Header, s.Fields = b.answers()
	if t := b.posted.Get(ticketName); len(t) == 32 {
		// The content counts as well: what was changed after it was sent is another message.
		content := maps.Clone(b.posted)
		delete(content, tokenName)
		delete(content, stepName)
		s.ImportKey = sha256.Sum256([]byte("iconet/1/portal\x00" + v.Official.ID + "\x00" + t + "\x00" + content.Encode()))
	}
	return s
}

// showFaults shows the form with what stands against sending it.
func (p *portal) showFaults(v *visit, form *federation.Form, b *builder, review *office.Review, nobody bool) {
	var lines []problemLine
	tell := func(path, text string) {
		if _, twice := b.faults[path]; !twice {
			b.faults[path] = text
		}
		lines = append(lines, problemLine{Href: "#f-" + path, Text: text})
	}
	for _, f := range review.Faults {
		tell(f.Path, f.Message(b.s, form.Code, v.lang))
	}
	for _, f := range review.Findings {
		tell(f.Path, v.T("compose.finding", f.Message(v.lang)))
	}
	audience := ""
	if nobody {
		audience = v.T("error.empty_audience")
	}
	p.showForm(v, http.StatusUnprocessableEntity, form, b, lines, audience)
}

func (p *portal) showForm(v *visit, status int, form *federation.Form, b *builder, problems []problemLine, audience string) {
	if audience != "" {
		problems = append(problems, problemLine{Href: "#f-audience", Text: audience})
	}
	c := composing{Action: "/compose/" + string(form.Code), Problems: problems, AudErr: audience, All: slices.Contains(b.posted[audienceName], "all"), Ticket: b.posted.Get(ticketName)}
	c.Purpose, _ = form.Purpose.In(v.lang)
	c.Sections = b.sections()
	for _, id := range slices.Sorted(maps.Keys(b.lists)) {
		c.Lists = append(c.Lists, b.suggestions(id))
	}
	for _, m := range v.members(p.c.View(), func(m *directory.Peer) bool { return slices.Contains(b.posted[audienceName], string(m.Code)) }) {
		if m.Value != string(p.c.Self) {
			c.Audience = append(c.Audience, m)
		}
	}
	label, _ := form.Label.In(v.lang)
	v.Title, v.Here, v.Problem = label, "compose", len(problems) > 0
	v.Crumbs = []crumb{{"/compose", v.T("action.compose")}}
	v.show(status, "compose", c)
}

func (b *builder) suggestions(list string) suggestions {
	out := suggestions{ID: "list-" + list}
	for i := range b.s.Lists {
		if b.s.Lists[i].Code != list {
			continue
		}
		for _, e := range b.s.Lists[i].Entries {
			text, _ := e.Label.In(b.lang)
			out.Entries = append(out.Entries, choice{Value: text})
		}
	}
	return out
}

// showCheck shows the answers before they are sent.
func (p *portal) showCheck(v *visit, form *federation.Form, b *builder, review *office.Review) {
	s := b.submission(v)
	item := &federation.Item{Form: form.Code, Version: form.Version, Owner: p.c.Self, Header: s.Header, Fields: s.Fields}
	label, _ := form.Label.In(v.lang)
	marking, _ := s.Header["marking"].(string)
	c := checking{Action: "/compose/" + string(form.Code), Form: label, Marking: b.s.Label("CL-MARK", marking, v.lang),
		Sections: (&reader{s: b.s, lang: v.lang, text: v.catalogue, item: item}).sections(form)}
	view := p.c.View()
	for _, m := range review.Recipients {
		c.Recipients = append(c.Recipients, v.memberName(view, m))
	}
	for _, name := range slices.Sorted(maps.Keys(b.posted)) {
		if name == tokenName || name == stepName {
			continue
		}
		for _, value := range b.posted[name] {
			if value != "" {
				c.Hidden = append(c.Hidden, choice{Value: name, Text: value})
			}
		}
	}
	v.Title, v.Here = v.T("action.check_answers"), "compose"
	v.Crumbs = []crumb{{"/compose", v.T("action.compose")}}
	v.show(http.StatusOK, "check", c)
}
