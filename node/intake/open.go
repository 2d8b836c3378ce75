package intake

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"iconet.example/crypto/seal"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/node/index"
)

// maxRef bounds a reference such as "FR-EWS-01-2026-000012" in bytes.
const maxRef = 64

// Open gives the item and the files of a record, checking that the sealed bytes are those the entry signs and that they
// were sealed for this very entry. Errors are [federation.RejectError]s and change nothing.
func Open(rec feed.Record, key seal.ItemKey) (*federation.Item, []feed.Attachment, error) {
	plain, err := seal.UnsealItem(rec.Sealed, key)
	switch {
	case errors.Is(err, seal.ErrHeader):
		return nil, nil, federation.Reject(federation.ReasonAgeHeader, "opening item %s: %w", rec.Entry.Item, err)
	case err != nil:
		return nil, nil, federation.Reject(federation.ReasonDecrypt, "opening item %s: %w", rec.Entry.Item, err)
	}
	body, err := feed.ParsePlain(plain)
	if err != nil {
		return nil, nil, federation.Reject(federation.ReasonLayout, "opening item %s: %w", rec.Entry.Item, err)
	}
	if binding := rec.Entry.Binding(); !bytes.Equal(binding[:], body.Binding[:]) {
		return nil, nil, federation.Reject(federation.ReasonBinding, "item %s was sealed for another entry", rec.Entry.Item)
	}
	item, err := federation.ParseItem(body.Form)
	if err != nil {
		return nil, nil, federation.Reject(federation.ReasonForm, "reading item %s: %w", rec.Entry.Item, err)
	}
	if item.Owner != rec.Entry.Owner {
		return nil, nil, federation.Reject(federation.ReasonOwner, "item %s names %s as owner, its log is of %s", rec.Entry.Item, item.Owner, rec.Entry.Owner)
	}
	if !strings.HasPrefix(item.Ref, fmt.Sprintf("%s-%s-", strings.ReplaceAll(string(item.Owner), ":", "-"), item.Form)) || len(item.Ref) > maxRef {
		return nil, nil, federation.Reject(federation.ReasonForm, "item %s has a reference that is not of its owner and form", rec.Entry.Item)
	}
	return item, body.Files, nil
}

// row makes the line that lists show. item may come from another node: missing fields stay empty.
func row(rec feed.Record, item *federation.Item, receivedMS uint64, element federation.ElementCode) *index.Row {
	e := rec.Entry
	text := func(v federation.Values, name string) string { s, _ := v[name].(string); return s }
	place, _ := item.Fields["place"].(map[string]any)
	r := &index.Row{ID: e.Item, Leaf: e.Leaf(), Owner: e.Owner, Element: element, Form: item.Form, Marking: e.Marking,
		Revision: e.Revision, Index: e.Index, PublishedMS: e.TimeMS, ReceivedMS: receivedMS,
		Ref: item.Ref, Title: text(item.Header, "title"), Lang: text(item.Header, "language"),
		Urgency: text(item.Fields, "urgency"), Kind: text(item.Fields, "kind"), Impact: text(item.Header, "impact"),
		Place: text(place, "name"), Country: text(place, "country")}
	routes, _ := item.Fields["routes"].([]any)
	for _, code := range routes {
		if s, ok := code.(string); ok {
			r.Routes = append(r.Routes, s)
		}
	}
	return r
}
