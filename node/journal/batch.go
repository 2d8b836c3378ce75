package journal

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/node/audit"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

// work is a batch while it is made. Nothing of it reaches the journal's own state before the commit.
type work struct {
	writer   *feed.Writer
	store    *store.Batch
	now      time.Time
	counters map[string]uint64
	took     []*pending // in the order of the log
	due      int        // bytes that grants will add to the batch
	written  map[*pending]Written
	imported map[[32]byte]Written
	keys     []vault.Entry
	lines    []audit.Line
	shares   map[string]*share
	order    []string // of shares, so that equal batches write equal bytes
}

// share is the part of a batch with one audience: one grant to each of its readers hands over all of its keys.
type share struct {
	audience feed.Audience
	lines    []grant.Line
}

// begin gives an empty batch at the present end of the log.
func (j *Journal) begin() *work {
	return &work{writer: j.writer.Begin(), store: store.NewBatch(), now: j.c.Now().UTC(), counters: map[string]uint64{},
		written: map[*pending]Written{}, imported: map[[32]byte]Written{}, shares: map[string]*share{}}
}

// write makes one transaction of the first drafts of batch, answers them and gives back those that did not fit. An error
// is one of vault or store; errors of single drafts go to those alone.
func (j *Journal) write(batch []*pending) (rest []*pending, err error) {
	w := j.begin()
	for len(batch) > 0 && w.room() {
		p := batch[0]
		batch = batch[1:]
		if err := j.add(w, p); err != nil {
			p.answer <- outcome{err: err}
			continue
		}
		w.took = append(w.took, p)
	}
	if len(w.keys) > 0 {
		if err := j.commit(w); err != nil {
			refuse(w.took, err)
			if errors.Is(err, federation.ErrInvalid) || errors.Is(err, store.ErrFull) { // these drafts, or space that may come back
				return batch, nil
			}
			return batch, err
		}
		j.c.Committed(w.fresh())
	}
	for _, p := range w.took {
		p.answer <- outcome{written: w.written[p]}
	}
	return batch, nil
}

// room reports whether one more draft fits into the transaction, grants included.
func (w *work) room() bool {
	bytes, keys := w.store.Size()
	return bytes+w.due < maxBatchBytes && keys < maxBatchKeys
}

// What a grant takes in the store: once for each reader and audience, and for each key it carries.
const (
	grantBytes = 3 << 10
	lineBytes  = 200
)

// fresh gives what the batch published, in the order of the log.
func (w *work) fresh() []Written {
	var all []Written
	for _, p := range w.took {
		if one := w.written[p]; !one.Known {
			all = append(all, one)
		}
	}
	return all
}

// add writes one draft into the batch.
func (j *Journal) add(w *work, p *pending) error {
	d := p.draft
	if d.Imported != ([32]byte{}) {
		known, ok, err := j.known(w, d.Imported)
		if err != nil {
			return err
		}
		if ok {
			w.written[p] = known
			return nil
		}
	}
	for _, m := range d.Entry.Audience {
		if m == j.c.Owner {
			continue
		}
		if _, err := j.c.Readers(m); err != nil {
			return fmt.Errorf("%s cannot be sent to: %w", m.Display(), err)
		}
	}
	item := *d.Item
	ref, err := j.reference(w, item.Form)
	if err != nil {
		return err
	}
	item.Ref = ref
	entry := d.Entry
	if entry.Form, err = federation.EncodeItem(&item); err != nil {
		return fmt.Errorf("encoding the item: %w", err)
	}
	made, err := w.writer.Append(j.c.Random, uint64(w.now.UnixMilli()), entry)
	if err != nil {
		return fmt.Errorf("sealing the item: %w", err)
	}
	w.take(j.c.Owner, made)
	id := made.Record.Entry.Item
	one := Written{ID: id, Ref: ref, Record: made.Record, Key: made.Key, Item: &item}
	w.written[p] = one
	if d.Imported != ([32]byte{}) {
		w.store.MarkImported(d.Imported, id)
		w.imported[d.Imported] = Written{ID: id, Ref: ref, Known: true}
	}
	line := d.Line
	line.Object = fmt.Sprintf("%x", made.Leaf[:])
	w.lines = append(w.lines, line)
	return nil
}

// take puts what the writer made into the batch.
func (w *work) take(owner federation.MemberCode, made feed.Written) {
	w.store.PutRecord(made.Record)
	w.store.PutNodes(owner, made.Nodes)
	w.keys = append(w.keys, vault.Entry{Leaf: made.Leaf, Key: made.Key})
	w.give(made.Record.Audience, made.Leaf, made.Key)
}

// give has the batch grant a key to an audience.
func (w *work) give(audience feed.Audience, leaf merkle.Hash, k seal.ItemKey) {
	key := string(audience.Encode())
	s := w.shares[key]
	w.due += lineBytes * len(audience)
	if s == nil {
		w.due += grantBytes * len(audience)
		s = &share{audience: audience}
		w.shares[key] = s
		w.order = append(w.order, key)
	}
	s.lines = append(s.lines, grant.Line{Leaf: leaf, Action: grant.Give, Key: k})
}

// known finds an earlier draft with the same import key, in this batch or in the store.
func (j *Journal) known(w *work, key [32]byte) (Written, bool, error) {
	if one, ok := w.imported[key]; ok {
		return one, true, nil
	}
	id, ok, err := j.c.Store.Imported(key)
	if err != nil {
		return Written{}, false, fmt.Errorf("looking for an earlier import: %w", err)
	}
	return Written{ID: id, Known: true}, ok, nil
}

// reference gives the next item number "FR-EWS-01-2026-000012" of the form and year (domain: NODE-FORM-YYYY-nnnnnn).
func (j *Journal) reference(w *work, form federation.FormCode) (string, error) {
	name := counterName(form, w.now.Year())
	n, ok := w.counters[name]
	if !ok {
		if n, ok = j.counters[name]; !ok {
			var err error
			if n, err = j.c.Store.Counter(name); err != nil {
				return "", fmt.Errorf("counting items: %w", err)
			}
		}
	}
	w.counters[name] = n + 1
	owner := strings.ReplaceAll(string(j.c.Owner), ":", "-")
	return fmt.Sprintf("%s-%s-%d-%06d", owner, form, w.now.Year(), n+1), nil
}

func counterName(form federation.FormCode, year int) string {
	return fmt.Sprintf("ref/%s/%d", form, year)
}

// commit makes the batch durable: keys first, so that no entry is ever without its key, then everything else at once.
func (j *Journal) commit(w *work) error {
	spine, err := w.writer.Checkpoint()
	if err != nil {
		return fmt.Errorf("signing the checkpoint: %w", err)
	}
	w.store.SetSpine(j.c.Owner, spine)
	for name, n := range w.counters {
		w.store.SetCounter(name, n)
	}
	if err := j.grant(w); err != nil {
		return err
	}
	if err := j.c.Vault.Put(w.keys...); err != nil {
		return fmt.Errorf("keeping the item keys: %w", err)
	}
	w.store.SetCounter(store.KeysCounter, uint64(j.c.Vault.Len()))
	if err := j.c.Commit(w.store, w.lines...); err != nil {
		return err
	}
	j.writer.Keep(w.writer)
	for name, n := range w.counters {
		j.counters[name] = n
	}
	return nil
}

// grant seals the keys of the batch to their readers.
func (j *Journal) grant(w *work) error {
	at := map[federation.MemberCode]grant.Position{}
	for _, key := range w.order {
		s := w.shares[key]
		leaves := make([]merkle.Hash, len(s.lines))
		for i, l := range s.lines {
			leaves[i] = l.Leaf
		}
		for _, m := range s.audience {
			if m == j.c.Owner {
				continue
			}
			if err := j.grantTo(w, at, m, s.lines, leaves); err != nil {
				return fmt.Errorf("granting to %s: %w", m, err)
			}
		}
	}
	for m, pos := range at {
		w.store.SetOutbox(m, pos)
	}
	return nil
}

func (j *Journal) grantTo(w *work, at map[federation.MemberCode]grant.Position, m federation.MemberCode, lines []grant.Line, leaves []merkle.Hash) error {
	pos, ok := at[m]
	if !ok {
		var err error
		if pos, err = j.c.Store.Outbox(m); err != nil && !errors.Is(err, federation.ErrNotFound) {
			return err
		}
	}
	g, next, err := grant.Issue(pos, j.c.Owner, m, w.writer.Incarnation(), uint64(w.now.UnixMilli()), lines, j.c.Signer)
	if err != nil {
		return err
	}
	to, err := j.c.Readers(m)
	if err != nil {
		return err
	}
	sealed, err := seal.Seal(g.Encode(), to...)
	if err != nil {
		return err
	}
	at[m] = next
	w.store.PutGrant(grant.Sealed{Owner: j.c.Owner, Grantee: m, Incarnation: g.Incarnation, Seq: g.Seq, Bytes: sealed}, g.Hash(), leaves, g.TimeMS)
	return nil
}
