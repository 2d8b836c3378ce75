package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/grant"
	"iconet.example/federation/replica"
)

// Outbox gives the last grant issued to a grantee; ErrNotFound before the first.
func (s *Store) Outbox(grantee federation.MemberCode) (grant.Position, error) {
	v, err := s.get(key('o', grantee))
	if err != nil {
		return grant.Position{}, err
	}
	return parsePosition(v)
}

// Inbox gives the last grant of an owner that was applied; the zero position before the first.
func (s *Store) Inbox(owner federation.MemberCode) (grant.Position, error) {
	v, err := s.get(key('i', owner))
	if errors.Is(err, federation.ErrNotFound) {
		return grant.Position{}, nil
	}
	if err != nil {
		return grant.Position{}, err
	}
	return parsePosition(v)
}

// Outgoing gives the grants to a grantee that follow (incarnation, seq), in order, at most n.
func (s *Store) Outgoing(grantee federation.MemberCode, incarnation uint32, seq uint64, n int) ([]replica.Issued, error) {
	var out []replica.Issued
	err := s.each(key('g', grantee), key('g', grantee, incarnation, seq+1), func(k, v []byte) error {
		if len(out) == n {
			return errStop
		}
		g, err := s.issued(grantee, k, v)
		out = append(out, g)
		return err
	})
	return out, err
}

func (s *Store) issued(grantee federation.MemberCode, k, v []byte) (replica.Issued, error) {
	r := canon.NewReader(v)
	count := int(r.U16())
	g := replica.Issued{Sealed: grant.Sealed{Owner: s.c.Owner, Grantee: grantee,
		Incarnation: binary.BigEndian.Uint32(k[17:]), Seq: binary.BigEndian.Uint64(k[21:])}}
	for range count {
		g.Leaves = append(g.Leaves, r.Array32())
	}
	if err := r.Err(); err != nil {
		return replica.Issued{}, fmt.Errorf("reading a grant to %s: %w", grantee, err)
	}
	g.Sealed.Bytes = append([]byte(nil), v[2+32*count:]...)
	return g, nil
}

// reached is how far a grantee has acknowledged the grants of an incarnation.
type reached struct {
	incarnation       uint32
	delivered, opened uint64 // sequence numbers
}

// Delivered gives the last grant that a grantee acknowledged as stored; zero before its first acknowledgement.
func (s *Store) Delivered(grantee federation.MemberCode) (incarnation uint32, seq uint64, err error) {
	r, err := s.reached(grantee)
	return r.incarnation, r.delivered, err
}

func (s *Store) reached(grantee federation.MemberCode) (reached, error) {
	v, err := s.get(key('t', grantee))
	if errors.Is(err, federation.ErrNotFound) {
		return reached{}, nil
	}
	if err != nil {
		return reached{}, err
	}
	r := canon.NewReader(v)
	out := reached{incarnation: r.U32(), delivered: r.U64(), opened: r.U64()}
	return out, r.Done()
}

// Acked notes an acknowledgement that was verified: the first time at which each grant reached a state stays. One
// goroutine a grantee may call it.
func (s *Store) Acked(a *grant.Ack, atMS uint64) error {
	issued, err := s.Outbox(a.Grantee)
	if err != nil {
		return err
	}
	if a.Incarnation != issued.Incarnation || a.Seq > issued.Seq {
		return fmt.Errorf("%s acknowledges grant %d/%d, the last is %d/%d: %w", a.Grantee, a.Incarnation, a.Seq, issued.Incarnation, issued.Seq, federation.ErrInvalid)
	}
	far, err := s.reached(a.Grantee)
	if err != nil {
		return err
	}
	if far.incarnation != a.Incarnation {
		far = reached{incarnation: a.Incarnation}
	}
	from := far.delivered
	switch a.Status {
	case grant.Quarantined:
		from = a.Seq - 1
	case grant.Opened:
		from = min(far.delivered, far.opened)
	}
	for {
		to := min(a.Seq, from+ackedAtOnce)
		if err := s.reachAll(a, far, from, to, atMS); err != nil || to >= a.Seq {
			return err
		}
		from = to
	}
}

// ackedAtOnce bounds the grants that one transaction moves.
const ackedAtOnce = 4096

// reachAll notes the new state of the grants after from up to to.
func (s *Store) reachAll(a *grant.Ack, far reached, from, to, atMS uint64) error {
	b := NewBatch()
	for seq := from + 1; seq <= to; seq++ {
		if err := s.reach(b, a, seq, atMS); err != nil {
			return err
		}
	}
	if a.Status != grant.Quarantined {
		far.delivered = max(far.delivered, to)
	}
	if a.Status == grant.Opened {
		far.opened = max(far.opened, to)
	}
	var w canon.Writer
	w.U32(far.incarnation)
	w.U64(far.delivered)
	w.U64(far.opened)
	b.set(key('t', a.Grantee), w.Bytes())
	return s.Commit(b)
}

// reach adds the new state of one grant to b.
func (s *Store) reach(b *Batch, a *grant.Ack, seq, atMS uint64) error {
	k := key('r', a.Grantee, a.Incarnation, seq)
	v, err := s.get(k)
	if err != nil {
		return fmt.Errorf("reading the receipt of grant %d to %s: %w", seq, a.Grantee, err)
	}
	t, err := parseTimes(v)
	if err != nil {
		return err
	}
	if seq == a.Seq && t.hash != a.Hash {
		return fmt.Errorf("%s acknowledges another grant %d: %w", a.Grantee, seq, federation.ErrInvalid)
	}
	first := func(at *uint64) {
		if *at == 0 {
			*at = atMS
		}
	}
	first(&t.delivered)
	switch a.Status {
	case grant.Opened:
		if t.refused == 0 {
			first(&t.opened)
		}
	case grant.Quarantined:
		first(&t.refused)
	}
	b.set(k, t.encode())
	return nil
}

// Receipt is what is known of one grant that carries an item.
type Receipt struct {
	Member                                     federation.MemberCode
	QueuedMS, DeliveredMS, OpenedMS, RefusedMS uint64
}

// Receipts gives, for an item of this node's, one receipt for each member it was granted to, sorted by member id. Where
// several grants carry it, the newest counts.
func (s *Store) Receipts(leaf merkle.Hash) (out []Receipt, err error) {
	prefix := key('p', [32]byte(leaf))
	var carriers [][]byte
	err = s.each(prefix, nil, func(k, _ []byte) error {
		carriers = append(carriers, append([]byte(nil), k[len(prefix):]...))
		return nil
	})
	if err == nil && len(carriers) == 0 {
		err = federation.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	for _, c := range carriers {
		m, err := federation.MemberFromID([16]byte(c[:16]))
		if err != nil {
			return nil, err
		}
		row, err := s.get(append([]byte{'r'}, c...))
		if err != nil {
			return nil, err
		}
		at, err := parseTimes(row)
		if err != nil {
			return nil, err
		}
		r := Receipt{Member: m, QueuedMS: at.queued, DeliveredMS: at.delivered, OpenedMS: at.opened, RefusedMS: at.refused}
		if n := len(out); n > 0 && out[n-1].Member == m {
			out[n-1] = r
		} else {
			out = append(out, r)
		}
	}
	return out, nil
}

// Deposits gives the grants of an owner kept here for another member that follow (incarnation, seq), at most n.
func (s *Store) Deposits(owner, grantee federation.MemberCode, incarnation uint32, seq uint64, n int) ([]grant.Sealed, error) {
	var out []grant.Sealed
	err := s.each(key('d', owner, grantee), key('d', owner, grantee, incarnation, seq+1), func(k, v []byte) error {
		if len(out) == n {
			return errStop
		}
		out = append(out, grant.Sealed{Owner: owner, Grantee: grantee, Incarnation: binary.BigEndian.Uint32(k[33:]),
			Seq: binary.BigEndian.Uint64(k[37:]), Bytes: append([]byte(nil), v...)})
		return nil
	})
	return out, err
}

// DepositBytes gives the bytes an owner has deposited here.
func (s *Store) DepositBytes(owner federation.MemberCode) (int, error) {
	total := 0
	err := s.each(key('d', owner), nil, func(k, v []byte) error {
		total += len(k) + len(v)
		return nil
	})
	return total, err
}

// PutDeposit keeps a grant for another member.
func (s *Store) PutDeposit(g grant.Sealed) error {
	b := NewBatch()
	b.set(key('d', g.Owner, g.Grantee, g.Incarnation, g.Seq), g.Bytes)
	return s.Commit(b)
}

// DropDeposits forgets the grants kept for a grantee up to a number of an incarnation, and those of earlier ones.
func (s *Store) DropDeposits(owner, grantee federation.MemberCode, incarnation uint32, upTo uint64) error {
	last := key('d', owner, grantee, incarnation, upTo)
	for {
		b := NewBatch()
		err := s.each(key('d', owner, grantee), nil, func(k, _ []byte) error {
			if bytes.Compare(k, last) > 0 || len(b.deletes) == ackedAtOnce {
				return errStop
			}
			b.delete(append([]byte(nil), k...))
			return nil
		})
		if err != nil || len(b.deletes) == 0 {
			return err
		}
		if err := s.Commit(b); err != nil {
			return err
		}
	}
}
