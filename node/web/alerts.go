package web

import (
	"net/http"
	"net/url"
	"strings"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/node/office"
)

// alertElement is the element that the page of alerts shows.
const alertElement federation.ElementCode = "EWS"

// alertList is what the page of alerts shows.
type alertList struct {
	Rows    []alertRow
	Words   string
	Owner   string
	Members []choice
	Older   string // address of the next page, "" on the last
	Newest  string // address of the first page, "" there
}

type alertRow struct {
	office.Summary
	UrgencyText string
	ImpactText  string
	ImpactClass string
	CountryText string
	RouteTexts  []string
	OwnerName   string
}

// choice is an option of a control.
type choice struct {
	Value, Text string
	Chosen      bool
}

// alerts lists the early warnings that the official may see, newest first.
func (p *portal) alerts(v *visit) {
	q := v.r.URL.Query()
	query := office.Query{Element: alertElement, Text: q.Get("q"), After: q.Get("after"), Limit: 25}
	if owner := q.Get("owner"); owner != "" {
		m, err := federation.ParseMember(owner)
		if err != nil {
			v.fail(err)
			return
		}
		query.Owner = m
	}
	list, err := p.c.Office.List(v.r.Context(), v.who, query)
	if err != nil {
		v.fail(err)
		return
	}
	view := p.c.View()
	content := alertList{Words: query.Text, Owner: string(query.Owner), Members: v.members(view, func(m *directory.Peer) bool { return m.Code == query.Owner })}
	for _, s := range list.Items {
		content.Rows = append(content.Rows, v.alertRow(view, s))
	}
	address := func(after string) string {
		values := url.Values{}
		for name, value := range map[string]string{"q": query.Text, "owner": string(query.Owner), "after": after} {
			if value != "" {
				values.Set(name, value)
			}
		}
		return "/alerts?" + values.Encode()
	}
	if list.Next != "" {
		content.Older = address(list.Next)
	}
	if query.After != "" {
		content.Newest = address("")
	}
	v.Title, v.Here = v.T("nav.alerts"), "alerts"
	v.show(http.StatusOK, "alerts", content)
}

// members offers the active members as choices, named in the reader's language.
func (v *visit) members(view *directory.View, chosen func(*directory.Peer) bool) []choice {
	var out []choice
	for _, m := range view.Active() {
		name, _ := m.Name.In(v.lang)
		out = append(out, choice{Value: string(m.Code), Text: name + " (" + m.Code.Display() + ")", Chosen: chosen(m)})
	}
	return out
}

func (v *visit) alertRow(view *directory.View, s office.Summary) alertRow {
	st := view.Structure
	row := alertRow{Summary: s, UrgencyText: word(st.Label("CL-URGENCY", s.Urgency, v.lang)), ImpactText: st.Label("CL-IMPACT", s.Impact, v.lang),
		ImpactClass: impactClass(s.Impact), CountryText: st.Label(federation.CountryList, s.Country, v.lang), OwnerName: v.memberName(view, s.Owner)}
	for _, r := range s.Routes {
		row.RouteTexts = append(row.RouteTexts, st.Label("CL-ROUTE", r, v.lang))
	}
	return row
}

// word gives the part of a label before its explanation: "urgent" of "urgent: within 24 h".
func word(label string) string {
	short, _, _ := strings.Cut(label, ":")
	return strings.TrimSpace(short)
}

func (v *visit) memberName(view *directory.View, code federation.MemberCode) string {
	if m, ok := view.Member(code); ok {
		name, _ := m.Name.In(v.lang)
		return name
	}
	return code.Display()
}

// impactClass gives the look of an impact; the word stands beside it.
func impactClass(code string) string {
	switch code {
	case "4":
		return "extreme"
	case "3":
		return "severe"
	case "2":
		return "moderate"
	default:
		return "minor"
	}
}
