package office

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/policy"
	"iconet.example/node/audit"
	"iconet.example/node/index"
	"iconet.example/node/journal"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

// Config is what an office needs; all fields are required.
type Config struct {
	Self    federation.MemberCode
	Store   *store.Store
	Vault   *vault.Vault
	Index   *index.Index
	Journal *journal.Journal
	Trail   *Trail
	View    func() *directory.View
	// Writable says why the node does not publish at present, or nil.
	Writable func() error
	Random   io.Reader
	Now      func() time.Time
	Logger   *slog.Logger
}

// Office is the one gate. Safe for concurrent use.
type Office struct{ c Config }

// New checks nothing and starts nothing.
func New(c Config) *Office { return &Office{c: c} }

// Structure gives the structure in force.
func (o *Office) Structure() *federation.Structure { return o.c.View().Structure }

// MayPublish lists the forms that a person may publish, in the order of the structure.
func (o *Office) MayPublish(who policy.Subject) []federation.FormCode {
	var codes []federation.FormCode
	s := o.Structure()
	for i := range s.Forms {
		f := &s.Forms[i]
		if policy.Decide(who, policy.Publish, policy.Object{Owner: o.c.Self, Element: f.Element, Urgency: "FLASH"}).Allowed {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// List gives the page of items that a query selects, newest first. What the person may not see counts nowhere.
func (o *Office) List(ctx context.Context, who policy.Subject, q Query) (*List, error) {
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > 500 {
		return nil, fmt.Errorf("a page has 1 to 500 lines, not %d: %w", q.Limit, federation.ErrInvalid)
	}
	iq := index.Query{Element: q.Element, Owner: q.Owner, Words: q.Text, After: q.After, Limit: q.Limit}
	if !q.Since.IsZero() {
		iq.SinceMS = uint64(max(0, q.Since.UnixMilli()))
	}
	rows, next, err := o.c.Index.Search(iq, func(r *index.Row) bool {
		return policy.Decide(who, policy.List, objectOf(r)).Allowed
	})
	if err != nil {
		return nil, err
	}
	line := audit.Line{Actor: who.Official, Action: string(policy.List), Object: string(q.Element), Decision: "allowed"}
	if err := o.c.Trail.Record(line); err != nil {
		return nil, err
	}
	list := &List{Next: next, Items: make([]Summary, len(rows))}
	for i, r := range rows {
		list.Items[i] = summary(r)
	}
	return list, nil
}

// Read gives an item. Absent and invisible are both ErrNotFound; the audit line tells which it was.
func (o *Office) Read(ctx context.Context, who policy.Subject, id federation.ItemID) (*Document, error) {
	return o.document(who, policy.Read, id)
}

// Verify is Read with the signature, the place in the signed log, the sealed bytes and their binding checked anew; an
// item that fails is ErrUnverified.
func (o *Office) Verify(ctx context.Context, who policy.Subject, id federation.ItemID) (*Document, error) {
	doc, err := o.document(who, policy.Read, id)
	if err != nil {
		return nil, err
	}
	if !doc.Provenance.Verified {
		return nil, fmt.Errorf("item %s does not match the signed log of %s: %w", doc.Summary.Ref, doc.Summary.Owner.Display(), federation.ErrUnverified)
	}
	return doc, nil
}

// Find gives the id of an item from its id or its reference.
func (o *Office) Find(ctx context.Context, who policy.Subject, text string) (federation.ItemID, error) {
	if id, err := federation.ParseItemID(text); err == nil {
		return id, nil
	}
	row, ok := o.c.Index.Find(text)
	if !ok || !policy.Decide(who, policy.List, objectOf(row)).Allowed {
		return federation.ItemID{}, fmt.Errorf("no item %q: %w", text, federation.ErrNotFound)
	}
	return row.ID, nil
}

// Watch gives a channel that is closed when something new was indexed. It is a hint: list again after it.
func (o *Office) Watch() <-chan struct{} { return o.c.Index.Changed() }

// row loads the row of an item and decides on it; every refusal leaves its line.
func (o *Office) row(who policy.Subject, act policy.Action, id federation.ItemID) (*index.Row, error) {
	line := audit.Line{Actor: who.Official, Action: string(act), Object: id.String()}
	row, ok := o.c.Index.Item(id)
	decision := policy.Decision{Reason: "absent"}
	if ok {
		line.Object = fmt.Sprintf("%x", row.Leaf[:])
		decision = policy.Decide(who, act, objectOf(row))
	}
	line.Decision, line.Reason = "allowed", decision.Reason
	if !decision.Allowed {
		line.Decision = "refused"
	}
	if err := o.c.Trail.Record(line); err != nil {
		return nil, err
	}
	if !decision.Allowed {
		return nil, fmt.Errorf("no item %s: %w", id, federation.ErrNotFound)
	}
	return row, nil
}

func objectOf(r *index.Row) policy.Object {
	return policy.Object{Owner: r.Owner, Element: r.Element, Marking: r.Marking}
}

func summary(r *index.Row) Summary {
	return Summary{ID: r.ID, Ref: r.Ref, Owner: r.Owner, Element: r.Element, Form: r.Form, Title: r.Title, Lang: r.Lang,
		Urgency: r.Urgency, Kind: r.Kind, Impact: r.Impact, Place: r.Place, Country: r.Country, Routes: slices.Clone(r.Routes),
		Marking: r.Marking.String(), Revision: r.Revision, PublishedAt: moment(r.PublishedMS), ReceivedAt: moment(r.ReceivedMS)}
}

// moment turns the milliseconds of a record into UTC; 0 gives the zero time.
func moment(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// notFound reports whether err only says that something is not there.
func notFound(err error) bool { return errors.Is(err, federation.ErrNotFound) }
