package office

import (
	"context"
	"fmt"
	"slices"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/policy"
	"iconet.example/federation/screening"
	"iconet.example/node/audit"
	"iconet.example/node/journal"
)

// Review tells who would get a submission and what stands against it; nothing happens. ErrDenied, ErrInvalid (audience).
func (o *Office) Review(ctx context.Context, who policy.Subject, s Submission) (*Review, error) {
	p, err := o.prepare(who, s)
	if err != nil {
		return nil, err
	}
	return &Review{Recipients: p.recipients(o.c.Self), Faults: p.faults, Findings: p.findings}, nil
}

// Publish validates, screens, seals and commits a submission; it is durable when Publish returns. Errors: ErrDenied for a
// person who may not, *[NotPublishable] for content, ErrInvalid for an audience, ErrStale while the node does not write.
func (o *Office) Publish(ctx context.Context, who policy.Subject, s Submission) (*Published, error) {
	if err := o.c.Writable(); err != nil {
		return nil, err
	}
	p, err := o.prepare(who, s)
	if err != nil {
		return nil, err
	}
	blocks := slices.DeleteFunc(slices.Clone(p.findings), func(f screening.Finding) bool { return f.Effect != screening.Block })
	if len(p.faults) > 0 || len(blocks) > 0 {
		return nil, &NotPublishable{Faults: p.faults, Findings: blocks}
	}
	written, err := o.c.Journal.Append(ctx, journal.Draft{Item: p.item, Entry: p.entry, Alert: p.alert, Imported: s.ImportKey,
		Line: audit.Line{Actor: who.Official, Action: string(policy.Publish), Decision: "allowed", Reason: p.ground}})
	if err != nil {
		return nil, err
	}
	out := &Published{ID: written.ID, Ref: written.Ref, Known: written.Known, Recipients: p.recipients(o.c.Self)}
	if !written.Known {
		out.Index = written.Record.Entry.Index
	}
	return out, nil
}

// prepared is a submission with all that the node adds to it.
type prepared struct {
	item     *federation.Item
	entry    feed.Draft
	alert    bool
	ground   string // of the decision
	faults   []federation.Fault
	findings []screening.Finding
}

func (p *prepared) recipients(self federation.MemberCode) []federation.MemberCode {
	return slices.DeleteFunc(slices.Clone(p.entry.Audience), func(m federation.MemberCode) bool { return m == self })
}

// prepare resolves the audience, decides, fills in what the node sets, validates and screens.
func (o *Office) prepare(who policy.Subject, s Submission) (*prepared, error) {
	view, now := o.c.View(), o.c.Now().UTC()
	form, ok := view.Structure.Form(s.Form)
	if !ok {
		return nil, fmt.Errorf("form %q is not in structure %d: choose one of the structure in force: %w", s.Form, view.Structure.Version, federation.ErrInvalid)
	}
	urgency, _ := s.Fields["urgency"].(string)
	decision := policy.Decide(who, policy.Publish, policy.Object{Owner: o.c.Self, Element: form.Element, Urgency: urgency})
	if !decision.Allowed {
		line := audit.Line{Actor: who.Official, Action: string(policy.Publish), Object: string(s.Form), Decision: "refused", Reason: decision.Reason}
		if err := o.c.Trail.Record(line); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("publishing form %s: %s: %w", s.Form, decision.Reason, federation.ErrDenied)
	}
	codes, err := policy.Audience(view, s.Audience, o.c.Self)
	if err != nil {
		return nil, err
	}
	if err := policy.CheckElement(view, codes, form.Element); err != nil {
		return nil, err
	}
	element, _ := view.Structure.Element(form.Element)
	item := &federation.Item{Form: form.Code, Version: form.Version, Owner: o.c.Self, Header: completeHeader(s, view.Structure.Header, form, codes, now), Fields: s.Fields}
	if item, err = item.Normal(); err != nil {
		return nil, err
	}
	marking := federation.MarkingNetwork
	if code, ok := item.Header["marking"].(string); ok {
		if m, err := federation.ParseMarking(code); err == nil {
			marking = m
		}
	}
	p := &prepared{item: item, alert: urgency == "FLASH" || urgency == "URGENT", ground: decision.Reason,
		entry: feed.Draft{Kind: feed.Publish, Revision: 1, Element: element.Number, StructureVersion: view.Structure.Version,
			StructureHash: view.StructureHash, DirectoryVersion: view.Directory.Version, Marking: marking,
			DeleteAfterMS: uint64(keepUntil(item, form, now).UnixMilli()), Audience: feed.NewAudience(codes...)}}
	p.faults = view.Structure.Validate(item, now)
	p.findings = screening.Screen(view.Structure, item)
	return p, nil
}

// completeHeader fills in the header fields that are the node's to set, and the structure's defaults where a person left
// a field out.
func completeHeader(s Submission, fields []federation.Field, form *federation.Form, audience []federation.MemberCode, now time.Time) federation.Values {
	h := federation.Values{}
	for name, v := range s.Header {
		h[name] = v
	}
	h["created_at"] = now.Format(time.RFC3339)
	h["published_at"] = now.Format(time.RFC3339)
	h["validation"] = "V1"
	if urgency, _ := s.Fields["urgency"].(string); urgency == "FLASH" {
		h["validation"] = "V0"
	}
	for i := range fields {
		f := &fields[i]
		if _, ok := h[f.ID]; !ok && f.Default != "" && f.By != "node" {
			h[f.ID] = f.Default
		}
	}
	h["audience"] = form.AudienceDefault
	delete(h, "audience_members")
	if !policy.IsAll(s.Audience) {
		h["audience"] = "NAMED"
		names := make([]any, len(audience))
		for i, m := range audience {
			names[i] = string(m)
		}
		h["audience_members"] = names
	}
	if _, ok := h["retention_until"]; !ok {
		h["retention_until"] = now.AddDate(0, form.RetentionMonths, 0).Format(time.DateOnly)
	}
	return h
}

// keepUntil gives the end of the day until which the header says the item is kept, and the form's default where the
// header holds no date; validation judges the header's value itself.
func keepUntil(item *federation.Item, form *federation.Form, now time.Time) time.Time {
	text, _ := item.Header["retention_until"].(string)
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		day = now.AddDate(0, form.RetentionMonths, 0).Truncate(24 * time.Hour)
	}
	return day.Add(24*time.Hour - time.Millisecond)
}
