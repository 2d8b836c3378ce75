package api

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/node/office"
)

// lang gives the language in which faults are told.
func lang(r *http.Request) string {
	if r.Header.Get("Accept-Language") == "fr" {
		return "fr"
	}
	return "en"
}

func query(r *http.Request) (office.Query, error) {
	q := r.URL.Query()
	out := office.Query{Element: federation.ElementCode(q.Get("element")), Text: q.Get("q"), After: q.Get("after")}
	if s := q.Get("owner"); s != "" {
		m, err := federation.ParseMember(s)
		if err != nil {
			return out, err
		}
		out.Owner = m
	}
	if s := q.Get("since"); s != "" {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return out, fmt.Errorf("since is not a time: %w", federation.ErrInvalid)
		}
		out.Since = t
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return out, fmt.Errorf("limit is not a number: %w", federation.ErrInvalid)
		}
		out.Limit = n
	}
	return out, nil
}

func (h *handler) list(r *http.Request, who policy.Subject) (any, error) {
	q, err := query(r)
	if err != nil {
		return nil, err
	}
	return h.c.Office.List(r.Context(), who, q)
}

// find gives the item that the path names by id or reference.
func (h *handler) find(r *http.Request, who policy.Subject) (federation.ItemID, error) {
	return h.c.Office.Find(r.Context(), who, r.PathValue("id"))
}

func (h *handler) show(r *http.Request, who policy.Subject) (any, error) {
	id, err := h.find(r, who)
	if err != nil {
		return nil, err
	}
	return h.c.Office.Read(r.Context(), who, id)
}

func (h *handler) verify(r *http.Request, who policy.Subject) (any, error) {
	id, err := h.find(r, who)
	if err != nil {
		return nil, err
	}
	return h.c.Office.Verify(r.Context(), who, id)
}

func (h *handler) export(r *http.Request, who policy.Subject) (any, error) {
	id, err := h.find(r, who)
	if err != nil {
		return nil, err
	}
	e, err := h.c.Office.Export(who, id)
	if err != nil {
		return nil, err
	}
	return Export{Document: e.Document, Sealed: e.Sealed, Passphrase: e.Passphrase}, nil
}

func (h *handler) submission(r *http.Request) (office.Submission, error) {
	var s Submission
	if err := read(r, &s); err != nil {
		return office.Submission{}, err
	}
	out := office.Submission{Form: s.Form, Header: s.Header, Fields: s.Fields, Audience: s.Audience}
	if s.Import != "" {
		key, err := hex.DecodeString(s.Import)
		if err != nil || len(key) != len(out.ImportKey) {
			return out, fmt.Errorf("import_key is not 64 hexadecimal digits: %w", federation.ErrInvalid)
		}
		out.ImportKey = [32]byte(key)
	}
	return out, nil
}

func (h *handler) publish(r *http.Request, who policy.Subject) (any, error) {
	s, err := h.submission(r)
	if err != nil {
		return nil, err
	}
	p, err := h.c.Office.Publish(r.Context(), who, s)
	var content *office.NotPublishable
	if errors.As(err, &content) {
		refusal := problemOf(err, h.c.Logger)
		refusal.Errors = h.faults(content.Faults, s.Form, lang(r))
		for _, f := range content.Findings {
			refusal.Errors = append(refusal.Errors, Fault{Pointer: f.Path, Code: f.ID, Detail: f.Message(lang(r))})
		}
		return nil, refusal
	}
	if err != nil {
		return nil, err
	}
	return Published{ID: p.ID, Ref: p.Ref, Index: p.Index, Recipients: p.Recipients, Known: p.Known}, nil
}

func (h *handler) faults(faults []federation.Fault, form federation.FormCode, lang string) []Fault {
	out := make([]Fault, len(faults))
	for i, f := range faults {
		out[i] = Fault{Pointer: f.Path, Code: f.Rule, Detail: f.Message(h.c.Office.Structure(), form, lang)}
	}
	return out
}

func (h *handler) review(r *http.Request, who policy.Subject) (any, error) {
	s, err := h.submission(r)
	if err != nil {
		return nil, err
	}
	review, err := h.c.Office.Review(r.Context(), who, s)
	if err != nil {
		return nil, err
	}
	return Review{Recipients: review.Recipients, Errors: h.faults(review.Faults, s.Form, lang(r)), Findings: review.Findings}, nil
}

// watchPause is how often at most a watch looks for what is new.
const watchPause = 200 * time.Millisecond

// watch streams the summaries of items that become readable, one JSON object a line, until either side ends it.
func (h *handler) watch(w http.ResponseWriter, r *http.Request) {
	s, err := h.session(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	q, err := query(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	out := http.NewResponseController(w)
	if err := errors.Join(out.SetWriteDeadline(time.Time{}), out.SetReadDeadline(time.Time{})); err != nil {
		h.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	seen := map[federation.ItemID]uint32{}
	enc := json.NewEncoder(w)
	for first := true; ; first = false {
		changed := h.c.Office.Watch()
		// The session is looked up each time: one that ended ends the watch.
		if s, err = h.c.Accounts.Resume(s.Token); err != nil {
			return
		}
		fresh, err := h.unseen(r, s.Official.Subject(h.c.Self), q, seen)
		if err != nil {
			return
		}
		for _, one := range fresh {
			if first {
				break // what is there already is no news
			}
			if err := enc.Encode(one); err != nil {
				return
			}
		}
		if err := out.Flush(); err != nil {
			return
		}
		if !h.pause(r, changed) {
			return
		}
	}
}

// pause waits for the next change, and reports false when the watch is over.
func (h *handler) pause(r *http.Request, changed <-chan struct{}) bool {
	select {
	case <-changed:
	case <-r.Context().Done():
		return false
	case <-h.c.Done:
		return false
	}
	select {
	case <-time.After(watchPause):
		return true
	case <-r.Context().Done():
		return false
	case <-h.c.Done:
		return false
	}
}

// unseen gives the items not seen yet, oldest first, and notes them as seen. It reads pages until one holds nothing new.
func (h *handler) unseen(r *http.Request, who policy.Subject, q office.Query, seen map[federation.ItemID]uint32) ([]office.Summary, error) {
	var fresh []office.Summary
	q.Limit, q.After = 500, ""
	for {
		page, err := h.c.Office.List(r.Context(), who, q)
		if err != nil {
			return nil, err
		}
		before := len(fresh)
		for _, one := range page.Items {
			if revision, ok := seen[one.ID]; !ok || revision < one.Revision {
				seen[one.ID] = one.Revision
				fresh = append(fresh, one)
			}
		}
		if len(fresh) == before || page.Next == "" {
			slices.Reverse(fresh)
			return fresh, nil
		}
		q.After = page.Next
	}
}
