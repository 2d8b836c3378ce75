package office

import (
	"crypto/sha256"
	"fmt"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/policy"
	"iconet.example/node/index"
	"iconet.example/node/intake"
)

// document loads an item and all that its page shows.
func (o *Office) document(who policy.Subject, act policy.Action, id federation.ItemID) (*Document, error) {
	row, err := o.row(who, act, id)
	if err != nil {
		return nil, err
	}
	rec, err := o.c.Store.RecordByLeaf(row.Owner, row.Leaf)
	if err != nil {
		return nil, fmt.Errorf("reading item %s: %w", row.Ref, err)
	}
	key, ok := o.c.Vault.Key(row.Leaf)
	if !ok {
		return nil, fmt.Errorf("no item %s: %w", id, federation.ErrNotFound)
	}
	item, _, err := intake.Open(rec, key)
	if err != nil {
		return nil, err
	}
	doc := &Document{Summary: summary(row), Item: item, Audience: rec.Audience}
	if doc.Provenance, err = o.provenance(rec); err != nil {
		return nil, err
	}
	doc.Receipts, err = o.receipts(row, rec)
	return doc, err
}

// provenance checks the record against the owner's keys and signed log and says what it found.
func (o *Office) provenance(rec feed.Record) (Provenance, error) {
	e := rec.Entry
	leaf := e.Leaf()
	spine, err := o.c.Store.Spine(e.Owner)
	if err != nil {
		return Provenance{}, fmt.Errorf("reading the log of %s: %w", e.Owner, err)
	}
	p := Provenance{Owner: e.Owner, Incarnation: e.Incarnation, Index: e.Index, Leaf: fmt.Sprintf("%x", leaf[:]),
		CtHash: fmt.Sprintf("%x", e.CtHash[:]), LogSize: spine.Size, LogRoot: fmt.Sprintf("%x", spine.Root[:]),
		StructureVersion: e.StructureVersion, DirectoryVersion: e.DirectoryVersion, DeleteAfter: moment(e.DeleteAfterMS)}
	peer, ok := o.c.View().Member(e.Owner)
	if !ok {
		return p, nil
	}
	p.SignKey = peer.Keys.Sign.Fingerprint()
	p.Verified = o.proven(rec, spine, leaf) && e.Verify(peer.Keys.Sign) == nil
	return p, nil
}

// proven reports whether the sealed bytes are those of the entry and the entry stands in the log under its signed root.
func (o *Office) proven(rec feed.Record, spine feed.Spine, leaf merkle.Hash) bool {
	e := rec.Entry
	if sha256.Sum256(rec.Sealed) != e.CtHash || e.Index >= spine.Size {
		return false
	}
	proof, err := merkle.ProveInclusion(spine.Size, e.Index, o.c.Store.HashReader(e.Owner))
	return err == nil && merkle.CheckInclusion(proof, spine.Size, spine.Root, e.Index, leaf) == nil
}

// receipts tells how far an item has come. The owner knows it of the whole audience; others know their own part.
func (o *Office) receipts(row *index.Row, rec feed.Record) ([]Receipt, error) {
	if row.Owner != o.c.Self {
		at := moment(row.ReceivedMS)
		return []Receipt{{Member: o.c.Self, State: Opened, QueuedAt: moment(row.PublishedMS), DeliveredAt: at, OpenedAt: at}}, nil
	}
	stored, err := o.c.Store.Receipts(row.Leaf)
	if err != nil && !notFound(err) {
		return nil, fmt.Errorf("reading the receipts of %s: %w", row.Ref, err)
	}
	var out []Receipt
	for _, s := range stored {
		r := Receipt{Member: s.Member, State: Queued, QueuedAt: moment(s.QueuedMS), DeliveredAt: moment(s.DeliveredMS),
			OpenedAt: moment(s.OpenedMS), RefusedAt: moment(s.RefusedMS)}
		switch {
		case s.RefusedMS != 0:
			r.State = Refused
		case s.OpenedMS != 0:
			r.State = Opened
		case s.DeliveredMS != 0:
			r.State = Delivered
		}
		out = append(out, r)
	}
	return out, nil
}

// Export gives an item with its key. It is the one way a key leaves the node towards a person.
func (o *Office) Export(who policy.Subject, id federation.ItemID) (*Export, error) {
	doc, err := o.document(who, policy.Export, id)
	if err != nil {
		return nil, err
	}
	row, ok := o.c.Index.Item(id)
	if !ok {
		return nil, fmt.Errorf("no item %s: %w", id, federation.ErrNotFound)
	}
	rec, err := o.c.Store.RecordByLeaf(row.Owner, row.Leaf)
	if err != nil {
		return nil, fmt.Errorf("reading item %s: %w", row.Ref, err)
	}
	key, ok := o.c.Vault.Key(row.Leaf)
	if !ok {
		return nil, fmt.Errorf("no item %s: %w", id, federation.ErrNotFound)
	}
	return &Export{Document: doc, Sealed: rec.Sealed, Passphrase: key.Passphrase()}, nil
}
