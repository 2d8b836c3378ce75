package index

import (
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/go-memdb"

	"iconet.example/federation"
)

// Index is the set of rows. Safe for concurrent use; one writer at a time is let in.
type Index struct {
	db *memdb.MemDB

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change; guarded by mu
}

// New gives an empty index.
func New() (*Index, error) {
	db, err := memdb.NewMemDB(schema())
	if err != nil {
		return nil, fmt.Errorf("making the index: %w", err)
	}
	return &Index{db: db, changed: make(chan struct{})}, nil
}

// Put adds rows, all at once for readers. A row replaces one of the same item with the same or a lower revision; a row
// older than what is there is passed over, so replays and rebuilds may come in any order.
func (x *Index) Put(rows ...*Row) error {
	if len(rows) == 0 {
		return nil
	}
	txn := x.db.Txn(true)
	defer txn.Abort()
	for _, r := range rows {
		old, err := txn.First(table, byID, r.ID[:])
		if err != nil {
			return fmt.Errorf("indexing item %s: %w", r.ID, err)
		}
		if old != nil && old.(*Row).Revision > r.Revision {
			continue
		}
		if err := txn.Insert(table, r); err != nil {
			return fmt.Errorf("indexing item %s: %w", r.ID, err)
		}
	}
	txn.Commit()
	x.signal()
	return nil
}

// Remove takes an item out; an unknown id is no error.
func (x *Index) Remove(id federation.ItemID) error {
	txn := x.db.Txn(true)
	defer txn.Abort()
	if _, err := txn.DeleteAll(table, byID, id[:]); err != nil {
		return fmt.Errorf("removing item %s from the index: %w", id, err)
	}
	txn.Commit()
	x.signal()
	return nil
}

// Item gives the row of an item, or false.
func (x *Index) Item(id federation.ItemID) (*Row, bool) {
	obj, err := x.db.Txn(false).First(table, byID, id[:])
	if err != nil || obj == nil {
		return nil, false
	}
	return obj.(*Row), true
}

// Changed gives a channel that is closed at the next change. It is a hint: read the index again after it.
func (x *Index) Changed() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.changed
}

func (x *Index) signal() {
	x.mu.Lock()
	defer x.mu.Unlock()
	close(x.changed)
	x.changed = make(chan struct{})
}

// Query selects rows. Empty fields select all.
type Query struct {
	Element federation.ElementCode
	Owner   federation.MemberCode
	SinceMS uint64
	Words   string // each word must occur in title, place or reference, without regard to case
	After   string // cursor that an earlier Search returned
	Limit   int    // > 0
}

// Search gives up to q.Limit rows that may allows, newest first, and the cursor of the next page, "" if there is none.
// Rows that may refuses count nowhere. A cursor this index did not give is ErrInvalid.
func (x *Index) Search(q Query, may func(*Row) bool) ([]*Row, string, error) {
	it, skip, err := x.from(q.After)
	if err != nil {
		return nil, "", err
	}
	words := strings.Fields(strings.ToLower(q.Words))
	var found []*Row
	for obj := it.Next(); obj != nil; obj = it.Next() {
		row := obj.(*Row)
		if string(timeKey(row)) == skip {
			continue
		}
		if row.PublishedMS < q.SinceMS {
			break
		}
		if !row.matches(q, words) || !may(row) {
			continue
		}
		if len(found) == q.Limit {
			return found, cursor(found[len(found)-1]), nil
		}
		found = append(found, row)
	}
	return found, "", nil
}

// from opens an iterator at a cursor; skip is the key of the row the cursor stands on, which was already shown.
func (x *Index) from(after string) (it memdb.ResultIterator, skip string, err error) {
	txn := x.db.Txn(false)
	if after == "" {
		it, err = txn.GetReverse(table, byTime)
		if err != nil {
			return nil, "", fmt.Errorf("reading the index: %w", err)
		}
		return it, "", nil
	}
	key, err := hex.DecodeString(after)
	if err != nil || len(key) != 24 {
		return nil, "", fmt.Errorf("the place in the list is not one this node gave: start from the first page: %w", federation.ErrInvalid)
	}
	it, err = txn.ReverseLowerBound(table, byTime, key)
	if err != nil {
		return nil, "", fmt.Errorf("reading the index: %w", err)
	}
	return it, string(key), nil
}

func cursor(r *Row) string { return hex.EncodeToString(timeKey(r)) }

func (r *Row) matches(q Query, words []string) bool {
	if q.Element != "" && r.Element != q.Element || q.Owner != "" && r.Owner != q.Owner {
		return false
	}
	if len(words) == 0 {
		return true
	}
	text := strings.ToLower(r.Title + " " + r.Place + " " + r.Ref)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Find gives the item with a reference such as "FR-EWS-01-2026-000012".
func (x *Index) Find(ref string) (*Row, bool) {
	it, err := x.db.Txn(false).Get(table, byID)
	if err != nil {
		return nil, false
	}
	for obj := it.Next(); obj != nil; obj = it.Next() {
		if row := obj.(*Row); strings.EqualFold(row.Ref, ref) {
			return row, true
		}
	}
	return nil, false
}

// Len gives the number of rows.
func (x *Index) Len() int {
	it, err := x.db.Txn(false).Get(table, byID)
	if err != nil {
		return 0
	}
	n := 0
	for it.Next() != nil {
		n++
	}
	return n
}
