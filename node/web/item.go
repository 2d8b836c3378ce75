package web

import (
	"net/http"

	"iconet.example/federation"
	"iconet.example/node/office"
)

// itemPage is what the page of an item shows.
type itemPage struct {
	*office.Document
	Row      alertRow
	Form     string
	Marking  string
	Audience []string
	Sections []answered
	Receipts []receipt
	Mine     bool // this node's own item
}

type receipt struct {
	office.Receipt
	Name, StateText string
}

// item shows an item with its provenance and receipts.
func (p *portal) item(v *visit) {
	doc, ok := p.load(v)
	if !ok {
		return
	}
	v.Title, v.Here = doc.Summary.Title, "alerts"
	v.Crumbs = []crumb{{"/alerts", v.T("nav.alerts")}}
	v.show(http.StatusOK, "item", p.itemPage(v, doc))
}

// load gives the item that the path names, or answers with an error.
func (p *portal) load(v *visit) (*office.Document, bool) {
	id, err := p.c.Office.Find(v.r.Context(), v.who, v.r.PathValue("id"))
	if err != nil {
		v.fail(err)
		return nil, false
	}
	doc, err := p.c.Office.Read(v.r.Context(), v.who, id)
	if err != nil {
		v.fail(err)
		return nil, false
	}
	return doc, true
}

func (p *portal) itemPage(v *visit, doc *office.Document) itemPage {
	view := p.c.View()
	out := itemPage{Document: doc, Row: v.alertRow(view, doc.Summary), Marking: view.Structure.Label("CL-MARK", doc.Summary.Marking, v.lang), Mine: doc.Summary.Owner == p.c.Self}
	for _, m := range doc.Audience {
		out.Audience = append(out.Audience, v.memberName(view, m)+" ("+m.Display()+")")
	}
	for _, r := range doc.Receipts {
		out.Receipts = append(out.Receipts, receipt{Receipt: r, Name: v.memberName(view, r.Member), StateText: v.T("state." + string(r.State))})
	}
	if form, ok := view.Structure.Form(doc.Item.Form); ok {
		out.Form, _ = form.Label.In(v.lang)
		out.Sections = (&reader{s: view.Structure, lang: v.lang, text: v.catalogue, item: doc.Item}).sections(form)
	}
	return out
}

// sent confirms that an item was published.
func (p *portal) sent(v *visit) {
	doc, ok := p.load(v)
	if !ok {
		return
	}
	v.Title, v.Here = v.T("sent.title"), "alerts"
	v.Crumbs = []crumb{{"/alerts", v.T("nav.alerts")}}
	v.show(http.StatusOK, "sent", p.itemPage(v, doc))
}

// formChoice is a form that the official may publish.
type formChoice struct {
	Code           federation.FormCode
	Label, Purpose string
}

// chooseForm offers the forms of the official's competence.
func (p *portal) chooseForm(v *visit) {
	var forms []formChoice
	st := p.c.Office.Structure()
	for _, code := range p.c.Office.MayPublish(v.who) {
		f, ok := st.Form(code)
		if !ok {
			continue
		}
		label, _ := f.Label.In(v.lang)
		purpose, _ := f.Purpose.In(v.lang)
		forms = append(forms, formChoice{Code: code, Label: label, Purpose: purpose})
	}
	if len(forms) == 0 {
		v.fail(federation.ErrDenied)
		return
	}
	v.Title, v.Here = v.T("compose.choose"), "compose"
	v.show(http.StatusOK, "choose", forms)
}

// networkPage is what the page of the network's state shows.
type networkPage struct {
	Reachable, Total int
	Coordinator      string
	Peers            []peerRow
}

type peerRow struct {
	Name, Code, State, Class string
	Behind, Queue            uint64
	Contact                  any
	Error                    string
}

// network shows which nodes answer.
func (p *portal) network(v *visit) {
	view := p.c.View()
	out := networkPage{Coordinator: v.T("freshness." + string(view.Freshness(p.c.Now())))}
	for _, s := range p.c.Peers() {
		row := peerRow{Name: v.memberName(view, s.Code), Code: s.Code.Display(), Behind: s.LogKnown - s.LogSize, Queue: s.Queue, Contact: v.Time(s.LastContact), State: v.T("peer.away"), Class: "severe"}
		out.Total++
		switch {
		case s.Frozen:
			row.State, row.Class = v.T("peer.frozen"), "extreme"
		case s.Connected:
			out.Reachable++
			row.State, row.Class = v.T("peer.here"), "ok"
		}
		out.Peers = append(out.Peers, row)
	}
	v.Title, v.Here = v.T("nav.federation"), "network"
	v.show(http.StatusOK, "network", out)
}
