package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	badger "github.com/dgraph-io/badger/v4"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
)

// Spine gives how far an owner's log has come; ErrNotFound for one nothing is known of.
func (s *Store) Spine(owner federation.MemberCode) (feed.Spine, error) {
	v, err := s.get(key('s', owner))
	if err != nil {
		return feed.Spine{}, err
	}
	return feed.ParseSpine(v)
}

// Owners lists the members whose logs are known, sorted by member id.
func (s *Store) Owners() ([]federation.MemberCode, error) {
	var owners []federation.MemberCode
	err := s.each(key('s'), nil, func(k, _ []byte) error {
		m, err := federation.MemberFromID([16]byte(k[1:17]))
		owners = append(owners, m)
		return err
	})
	return owners, err
}

// HashReader gives the stored hashes of an owner's tree.
func (s *Store) HashReader(owner federation.MemberCode) merkle.HashReader {
	return func(positions []int64) ([]merkle.Hash, error) {
		hashes := make([]merkle.Hash, len(positions))
		err := s.db.View(func(t *badger.Txn) error {
			for i, p := range positions {
				v, err := value(t, key('h', owner, p))
				if err != nil {
					return fmt.Errorf("reading hash %d of %s: %w", p, owner, err)
				}
				copy(hashes[i][:], v)
			}
			return nil
		})
		return hashes, err
	}
}

// Leaves gives up to n leaf hashes of an owner's log from an index on.
func (s *Store) Leaves(owner federation.MemberCode, from uint64, n int) ([]merkle.Hash, error) {
	spine, err := s.Spine(owner)
	if err != nil {
		return nil, err
	}
	var positions []int64
	for i := from; i < spine.Size && len(positions) < n; i++ {
		positions = append(positions, merkle.LeafPosition(i))
	}
	return s.HashReader(owner)(positions)
}

// Record gives a held record with its sealed bytes.
func (s *Store) Record(owner federation.MemberCode, index uint64) (rec feed.Record, err error) {
	err = s.db.View(func(t *badger.Txn) error {
		rec, err = record(t, owner, index)
		return err
	})
	return rec, err
}

// RecordByLeaf gives the held record with a leaf hash.
func (s *Store) RecordByLeaf(owner federation.MemberCode, leaf merkle.Hash) (rec feed.Record, err error) {
	err = s.db.View(func(t *badger.Txn) error {
		v, err := value(t, key('l', owner, [32]byte(leaf)))
		if err != nil {
			return err
		}
		rec, err = record(t, owner, binary.BigEndian.Uint64(v))
		return err
	})
	return rec, err
}

// IndexOf gives the place in the log of a held record.
func (s *Store) IndexOf(owner federation.MemberCode, leaf merkle.Hash) (uint64, error) {
	v, err := s.get(key('l', owner, [32]byte(leaf)))
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(v), nil
}

func record(t *badger.Txn, owner federation.MemberCode, index uint64) (feed.Record, error) {
	v, err := value(t, key('e', owner, index))
	if err != nil {
		return feed.Record{}, err
	}
	rec, err := parseRecord(v)
	if err != nil || len(rec.Sealed) > 0 {
		return rec, err
	}
	for n := uint32(0); uint64(len(rec.Sealed)) < rec.Entry.CtLen; n++ {
		piece, err := value(t, key('b', owner, index, n))
		if err != nil {
			return feed.Record{}, fmt.Errorf("reading piece %d of entry %d of %s: %w", n, index, owner, err)
		}
		rec.Sealed = append(rec.Sealed, piece...)
	}
	return rec, nil
}

// parseRecord reads the value of a record. The result keeps v.
func parseRecord(v []byte) (feed.Record, error) {
	r := canon.NewReader(v)
	leafData := r.Opaque16(math.MaxUint16)
	audience := r.Opaque16(math.MaxUint16)
	if err := r.Err(); err != nil {
		return feed.Record{}, fmt.Errorf("reading a record: %w", err)
	}
	e, err := feed.ParseEntry(leafData)
	if err != nil {
		return feed.Record{}, fmt.Errorf("reading a record: %w", err)
	}
	a, err := feed.ParseAudience(audience)
	if err != nil {
		return feed.Record{}, fmt.Errorf("reading a record: %w", err)
	}
	return feed.Record{Entry: e, Audience: a, Sealed: v[4+len(leafData)+len(audience):]}, nil
}

// Records gives the held records of an owner with an index in [from, to), rising, with their sealed bytes, up to about
// most bytes of these; next is where to go on.
func (s *Store) Records(owner federation.MemberCode, from, to uint64, most int) (recs []feed.Record, next uint64, err error) {
	next = to
	var indexes []uint64
	err = s.each(key('e', owner), key('e', owner, from), func(k, v []byte) error {
		index := binary.BigEndian.Uint64(k[17:])
		if index >= to {
			return errStop
		}
		indexes = append(indexes, index)
		if most -= len(v); most <= 0 {
			next = index + 1
			return errStop
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	err = s.db.View(func(t *badger.Txn) error {
		for _, i := range indexes {
			rec, err := record(t, owner, i)
			if err != nil {
				return err
			}
			recs = append(recs, rec)
		}
		return nil
	})
	return recs, next, err
}

// EachRecord walks the held records of an owner, newest first.
func (s *Store) EachRecord(owner federation.MemberCode, fn func(feed.Record) error) error {
	const step = 64
	spine, err := s.Spine(owner)
	if err != nil {
		return err
	}
	for to := spine.Size; to > 0; {
		from := to - min(to, step)
		recs, _, err := s.Records(owner, from, to, math.MaxInt)
		if err != nil {
			return err
		}
		for i := len(recs) - 1; i >= 0; i-- {
			if err := fn(recs[i]); err != nil {
				return err
			}
		}
		to = from
	}
	return nil
}

// Wanted gives up to n leaves that were granted and whose records are not here.
func (s *Store) Wanted(owner federation.MemberCode, n int) ([]merkle.Hash, error) {
	var leaves []merkle.Hash
	err := s.each(key('w', owner), nil, func(k, _ []byte) error {
		if len(leaves) == n {
			return errStop
		}
		leaves = append(leaves, merkle.Hash(k[17:]))
		return nil
	})
	return leaves, err
}

// Unheld gives up to n leaves of a log whose records are not here, oldest first. Of the own log none should be.
func (s *Store) Unheld(owner federation.MemberCode, n int) ([]merkle.Hash, error) {
	spine, err := s.Spine(owner)
	if errors.Is(err, federation.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var positions []int64
	next := uint64(0)
	gap := func(to uint64) {
		for ; next < to && len(positions) < n; next++ {
			positions = append(positions, merkle.LeafPosition(next))
		}
		next = to + 1
	}
	err = s.each(key('e', owner), nil, func(k, _ []byte) error {
		gap(min(binary.BigEndian.Uint64(k[17:]), spine.Size))
		if len(positions) == n {
			return errStop
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	gap(spine.Size)
	return s.HashReader(owner)(positions)
}

// WantedSince gives the grant that handed over a leaf whose record is not here; ErrNotFound for a leaf that is not wanted.
func (s *Store) WantedSince(owner federation.MemberCode, leaf merkle.Hash) (grant.Position, error) {
	v, err := s.get(key('w', owner, [32]byte(leaf)))
	if err != nil {
		return grant.Position{}, err
	}
	return parsePosition(v)
}

// Rejection is a refused entry.
type Rejection struct {
	Owner  federation.MemberCode
	Index  uint64
	Leaf   merkle.Hash
	AtMS   uint64
	Reason federation.Reason
}

// Rejections gives up to n refused entries.
func (s *Store) Rejections(n int) ([]Rejection, error) {
	var out []Rejection
	err := s.each(key('x'), nil, func(k, v []byte) error {
		if len(out) == n {
			return errStop
		}
		owner, err := federation.MemberFromID([16]byte(k[1:17]))
		out = append(out, Rejection{Owner: owner, Index: binary.BigEndian.Uint64(k[17:]), Leaf: merkle.Hash(v[:32]),
			AtMS: binary.BigEndian.Uint64(v[32:]), Reason: federation.Reason(v[40:])})
		return err
	})
	return out, err
}

// RejectedLeaf tells whether the entry with a leaf was refused here.
func (s *Store) RejectedLeaf(owner federation.MemberCode, leaf merkle.Hash) (bool, error) {
	_, err := s.get(key('y', owner, [32]byte(leaf)))
	if errors.Is(err, federation.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Documents gives the stored committee documents of a kind by version.
func (s *Store) Documents(kind string) (docs [][]byte, err error) {
	err = s.each(key('c', kind, "/"), nil, func(_, v []byte) error {
		docs = append(docs, append([]byte(nil), v...))
		return nil
	})
	return docs, err
}

// Officials gives all accounts.
func (s *Store) Officials() (records [][]byte, err error) {
	err = s.each(key('u'), nil, func(_, v []byte) error {
		records = append(records, append([]byte(nil), v...))
		return nil
	})
	return records, err
}

// PutOfficial keeps an account.
func (s *Store) PutOfficial(id string, record []byte) error {
	b := NewBatch()
	b.PutOfficial(id, record)
	return s.Commit(b)
}

// Imported gives the item that an import key led to.
func (s *Store) Imported(importKey [32]byte) (federation.ItemID, bool, error) {
	v, err := s.get(key('k', importKey))
	if errors.Is(err, federation.ErrNotFound) {
		return federation.ItemID{}, false, nil
	}
	if err != nil || len(v) != len(federation.ItemID{}) {
		return federation.ItemID{}, false, fmt.Errorf("reading an import key: %w", err)
	}
	return federation.ItemID(v), true, nil
}

// Counter gives a counter, 0 for a new one.
func (s *Store) Counter(name string) (uint64, error) {
	v, err := s.get(key('n', name))
	if errors.Is(err, federation.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(v), nil
}

// AuditHead gives the number and the bytes of the last audit line: 0 and nil for an empty trail.
func (s *Store) AuditHead() (seq uint64, last []byte, err error) {
	err = s.db.View(func(t *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Reverse = true
		it := t.NewIterator(o)
		defer it.Close()
		it.Seek(key('a', uint64(math.MaxUint64)))
		if !it.ValidForPrefix(key('a')) {
			return nil
		}
		seq = binary.BigEndian.Uint64(it.Item().Key()[1:])
		last, err = it.Item().ValueCopy(nil)
		return err
	})
	return seq, last, err
}

// EachAudit walks the audit lines from a number on. The slice is valid only during the call.
func (s *Store) EachAudit(from uint64, fn func(seq uint64, line []byte) error) error {
	return s.each(key('a'), key('a', from), func(k, v []byte) error { return fn(binary.BigEndian.Uint64(k[1:]), v) })
}
