package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/replica"
	"iconet.example/federation/screening"
	"iconet.example/node/index"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

// Config is what an intake needs; all fields are required.
type Config struct {
	Self   federation.MemberCode
	Store  *store.Store
	Vault  *vault.Vault
	Index  *index.Index
	View   func() *directory.View
	Now    func() time.Time
	Logger *slog.Logger
	// Refused counts a refused item by its reason.
	Refused func(federation.Reason)
}

// Keeper is the node's side of replication: it implements [replica.Keeper].
type Keeper struct{ c Config }

// New checks nothing and starts nothing.
func New(c Config) *Keeper { return &Keeper{c: c} }

// judged is one record on its way into the store.
type judged struct {
	rec    feed.Record
	leaf   merkle.Hash
	key    seal.ItemKey
	keyed  bool // a grant gave us the key, now or earlier
	held   bool // the store has the record already
	row    *index.Row
	reject error // a federation.RejectError, or nil
}

// wanted is a key whose record is not here yet, with the grant that brought it.
type wanted struct {
	grant.Line
	by grant.Position
}

// Accept judges an arrival and makes what passes durable: keys first, then one transaction, then the index. An error is
// one of vault or store; nothing of the arrival has had an effect then.
func (k *Keeper) Accept(ctx context.Context, a *replica.Arrival) (replica.Outcome, error) {
	refused := map[merkle.Hash]bool{}
	work, missing, err := k.sort(a, refused)
	if err != nil {
		return replica.Outcome{}, err
	}
	k.judge(ctx, work)
	if err := ctx.Err(); err != nil {
		return replica.Outcome{}, err
	}
	var keys []vault.Entry
	for _, w := range work {
		if w.keyed && w.reject == nil {
			keys = append(keys, vault.Entry{Leaf: w.leaf, Key: w.key})
		}
	}
	for _, l := range missing {
		keys = append(keys, vault.Entry{Leaf: l.Leaf, Key: l.Key})
	}
	if len(keys) > 0 {
		if err := k.c.Vault.Put(keys...); err != nil {
			return replica.Outcome{}, fmt.Errorf("keeping the item keys: %w", err)
		}
	}
	b := k.batch(a, work, missing)
	b.SetCounter(store.KeysCounter, uint64(k.c.Vault.Len()))
	err = k.c.Store.Commit(b)
	if errors.Is(err, store.ErrFull) {
		return replica.Outcome{}, fmt.Errorf("storing what %s published: %w: %w", a.Owner, err, federation.ErrStale)
	}
	if errors.Is(err, federation.ErrInvalid) { // no transaction holds it; an honest page is far from that
		return replica.Outcome{}, federation.Reject(federation.ReasonQuota, "storing what %s published: %w", a.Owner, err)
	}
	if err != nil {
		return replica.Outcome{}, fmt.Errorf("storing what %s published: %w", a.Owner, err)
	}
	out, err := k.settle(work, missing)
	for leaf := range refused {
		out.Quarantined = append(out.Quarantined, leaf)
	}
	return out, err
}

// sort pairs records with keys. missing are the grant lines whose record is not here yet.
// refused receives the leaves of granted entries that were refused, now or earlier.
func (k *Keeper) sort(a *replica.Arrival, refused map[merkle.Hash]bool) (work []*judged, missing []wanted, err error) {
	byLeaf := map[merkle.Hash]*judged{}
	if a.Accepted != nil {
		for _, r := range a.Accepted.Rejected {
			refused[r.Leaf] = true
		}
		for _, rec := range a.Accepted.Records {
			w := &judged{rec: rec, leaf: rec.Entry.Leaf()}
			w.key, w.keyed = k.c.Vault.Key(w.leaf)
			byLeaf[w.leaf] = w
			work = append(work, w)
		}
	}
	for _, g := range a.Grants {
		for _, l := range g.Lines {
			if l.Action != grant.Give {
				continue
			}
			if w := byLeaf[l.Leaf]; w != nil {
				w.key, w.keyed = l.Key, true
				continue
			}
			if refused[l.Leaf] {
				continue
			}
			if _, again := k.c.Vault.Key(l.Leaf); again {
				continue // the key that came first counts
			}
			past, err := k.c.Store.RejectedLeaf(a.Owner, l.Leaf)
			if err != nil {
				return nil, nil, fmt.Errorf("reading what %s granted: %w", a.Owner, err)
			}
			if past {
				refused[l.Leaf] = true
				continue
			}
			rec, err := k.c.Store.RecordByLeaf(a.Owner, l.Leaf)
			switch {
			case errors.Is(err, federation.ErrNotFound):
				missing = append(missing, wanted{l, grant.Position{Incarnation: g.Incarnation, Seq: g.Seq, Hash: g.Hash()}})
			case err != nil:
				return nil, nil, fmt.Errorf("reading what %s granted: %w", a.Owner, err)
			default:
				w := &judged{rec: rec, leaf: l.Leaf, key: l.Key, keyed: true, held: true}
				byLeaf[l.Leaf] = w
				work = append(work, w)
			}
		}
	}
	return work, missing, nil
}

// judge fills in rows and rejections, on all processors.
func (k *Keeper) judge(ctx context.Context, work []*judged) {
	view, now := k.c.View(), k.c.Now()
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, w := range work {
		group.Go(func() error {
			if ctx.Err() == nil {
				k.judgeOne(view, now, w)
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return no error
}

func (k *Keeper) judgeOne(view *directory.View, now time.Time, w *judged) {
	if w.reject = admit(view, k.c.Self, w.rec); w.reject != nil || !w.keyed {
		return
	}
	if w.rec.Entry.Owner == k.c.Self { // given back to us: it was judged before it was sealed
		w.row = k.reopen(w.rec)
		return
	}
	w.row, w.reject = examine(view, now, w.rec, w.key)
}

// examine opens a record and applies the rules on its content.
func examine(view *directory.View, now time.Time, rec feed.Record, key seal.ItemKey) (*index.Row, error) {
	e := rec.Entry
	if e.Kind != feed.Publish && e.Kind != feed.Revise {
		return nil, nil
	}
	item, _, err := Open(rec, key)
	if err != nil {
		return nil, err
	}
	form, ok := view.Structure.Form(item.Form)
	element, known := view.Structure.ElementNumber(e.Element)
	if !ok || !known || form.Element != element.Code {
		return nil, federation.Reject(federation.ReasonStructure, "form %s is not in element %d of structure %d", item.Form, e.Element, view.Structure.Version)
	}
	if faults := view.Structure.Validate(item, time.UnixMilli(int64(e.TimeMS))); len(faults) > 0 {
		return nil, federation.Reject(federation.ReasonForm, "item %s has %d faults, the first in %s (%s)", e.Item, len(faults), faults[0].Path, faults[0].Rule)
	}
	for _, f := range screening.Screen(view.Structure, item) {
		if f.Effect == screening.Block {
			return nil, federation.Reject(federation.ReasonPersonalData, "item %s breaks rule %s in %s", e.Item, f.ID, f.Path)
		}
	}
	return row(rec, item, uint64(now.UnixMilli()), element.Code), nil
}

// batch writes down what was judged.
func (k *Keeper) batch(a *replica.Arrival, work []*judged, missing []wanted) *store.Batch {
	b := store.NewBatch()
	now := uint64(k.c.Now().UnixMilli())
	if acc := a.Accepted; acc != nil {
		b.PutNodes(a.Owner, acc.Nodes)
		b.SetSpine(a.Owner, acc.Spine)
		for _, r := range acc.Rejected {
			b.Reject(a.Owner, r.Index, r.Leaf, r.Reason, now)
		}
	}
	if len(a.Grants) > 0 {
		b.SetInbox(a.Owner, a.Inbox)
	}
	for _, w := range work {
		index := w.rec.Entry.Index
		switch {
		case w.reject != nil:
			b.Reject(a.Owner, index, w.leaf, federation.ReasonOf(w.reject), now)
			b.Unwant(a.Owner, w.leaf)
			if w.held {
				b.DropRecord(a.Owner, index, w.leaf, len(w.rec.Sealed))
			}
		case !w.held:
			b.PutRecord(w.rec)
			b.Unwant(a.Owner, w.leaf)
		}
	}
	for _, l := range missing {
		b.Want(a.Owner, l.Leaf, l.by)
	}
	return b
}

// settle shows what passed and tells the outcome.
func (k *Keeper) settle(work []*judged, missing []wanted) (replica.Outcome, error) {
	out := replica.Outcome{Opened: len(missing) == 0}
	var rows []*index.Row
	for _, w := range work {
		switch {
		case w.reject != nil:
			k.c.Refused(federation.ReasonOf(w.reject))
			k.c.Logger.Warn("item refused", "owner", w.rec.Entry.Owner, "item", w.rec.Entry.Item.String(), "reason", string(federation.ReasonOf(w.reject)))
			out.Quarantined = append(out.Quarantined, w.leaf)
		case w.row != nil:
			rows = append(rows, w.row)
		}
	}
	if err := k.c.Index.Put(rows...); err != nil {
		return out, fmt.Errorf("indexing: %w", err)
	}
	return out, nil
}
