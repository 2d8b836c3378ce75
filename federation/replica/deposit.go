package replica

import (
	"context"
	"fmt"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/wire"
)

const (
	// depositCopies is how many other members keep an undelivered grant.
	depositCopies = 2
	// depositQuota bounds what one owner may leave here, in bytes.
	depositQuota = 64 << 20
	// depositBatch is how many grants are looked at for one member in one round.
	depositBatch = 256
	// maxDeposit bounds one sealed grant: the largest grant and the head of its age file.
	maxDeposit = grant.MaxBytes + 8<<10
)

// left is how far a grantee's grants have been left with others.
type left struct {
	incarnation uint32
	seq         uint64
	holders     map[federation.MemberCode]bool
	firstSeen   time.Time // of the oldest grant that waits
	waiting     uint64
}

// depositAll leaves grants that are not acknowledged in time with other members of their audience, so that those can
// complete each other while this node is away.
func (r *Replica) depositAll(ctx context.Context) error {
	state := map[federation.MemberCode]*left{}
	tick := time.NewTicker(r.c.DepositAfter / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		view := r.c.Documents.Current()
		if view == nil {
			continue
		}
		for _, p := range view.Active() {
			if p.Code == r.c.Self || ctx.Err() != nil {
				continue
			}
			l := state[p.Code]
			if l == nil {
				l = &left{holders: map[federation.MemberCode]bool{}}
				state[p.Code] = l
			}
			if err := r.depositFor(ctx, p.Code, l); err != nil && ctx.Err() == nil {
				r.c.Logger.Warn("leaving grants with others", "grantee", p.Code, "error", err)
			}
		}
	}
}

// depositFor looks after the grants of one member.
func (r *Replica) depositFor(ctx context.Context, grantee federation.MemberCode, l *left) error {
	incarnation, delivered, err := r.c.Store.Delivered(grantee)
	if err != nil {
		return err
	}
	if r.unacknowledged(grantee) == 0 {
		l.firstSeen = time.Time{}
		r.note(grantee, func(s *Status) { s.Left = 0 })
		if len(l.holders) > 0 {
			r.takeBack(ctx, grantee, incarnation, delivered, l)
		}
		return nil
	}
	if l.firstSeen.IsZero() || l.waiting != delivered {
		l.firstSeen, l.waiting = time.Now(), delivered // something moved: give it its time
		return nil
	}
	if time.Since(l.firstSeen) < r.c.DepositAfter {
		return nil
	}
	if l.incarnation != incarnation || l.seq < delivered {
		l.incarnation, l.seq = incarnation, delivered
	}
	issued, err := r.c.Store.Outgoing(grantee, l.incarnation, l.seq, depositBatch)
	if err != nil || len(issued) == 0 {
		return err
	}
	err = r.leaveRun(ctx, grantee, issued, l)
	r.note(grantee, func(s *Status) { s.Left = l.seq - min(l.seq, delivered) })
	return err
}

// leaveRun gives a run of grants with one audience to two of its members.
func (r *Replica) leaveRun(ctx context.Context, grantee federation.MemberCode, issued []Issued, l *left) error {
	audience, run, err := r.sameAudience(issued)
	if err != nil {
		return err
	}
	kept := 0
	for _, m := range audience {
		if m == r.c.Self || m == grantee || kept == depositCopies {
			continue
		}
		if err := r.depositAt(ctx, m, run); err != nil {
			r.c.Logger.Debug("leaving grants", "holder", m, "grantee", grantee, "error", err)
			continue
		}
		kept++
		l.holders[m] = true
	}
	others := len(audience) - 2
	if kept == 0 && others > 0 {
		return fmt.Errorf("none of %d members took them: %w", others, federation.ErrStale)
	}
	last := run[len(run)-1]
	l.incarnation, l.seq = last.Incarnation, last.Seq
	return nil
}

// sameAudience gives the first grants that may lie with the same members.
func (r *Replica) sameAudience(issued []Issued) (feed.Audience, []grant.Sealed, error) {
	var audience feed.Audience
	var run []grant.Sealed
	for i, g := range issued {
		rec, err := r.c.Store.RecordByLeaf(r.c.Self, g.Leaves[0]) // all records of a grant have one audience
		if err != nil {
			return nil, nil, err
		}
		if i == 0 {
			audience = rec.Audience
		} else if string(audience.Encode()) != string(rec.Audience.Encode()) {
			break
		}
		run = append(run, g.Sealed)
	}
	return audience, run, nil
}

// depositAt leaves grants with one member, which answers each.
func (r *Replica) depositAt(ctx context.Context, holder federation.MemberCode, grants []grant.Sealed) error {
	s, err := r.dial(ctx, holder, depositProtocol)
	if err != nil {
		return err
	}
	defer r.leave(s)
	for _, g := range grants {
		if err := write(s, wire.Deposit{Sealed: g}); err != nil {
			return err
		}
		m, err := read(ctx, s, frameTimeout)
		if err != nil {
			return err
		}
		if res, ok := m.(wire.Result); !ok || !res.Kept {
			return fmt.Errorf("%s does not keep grant %d to %s: %w", holder, g.Seq, g.Grantee, federation.ErrDenied)
		}
	}
	return nil
}

// takeBack tells the holders that what they keep has arrived.
func (r *Replica) takeBack(ctx context.Context, grantee federation.MemberCode, incarnation uint32, seq uint64, l *left) {
	for m := range l.holders {
		if err := r.depositAt(ctx, m, []grant.Sealed{{Owner: r.c.Self, Grantee: grantee, Incarnation: incarnation, Seq: seq}}); err == nil {
			delete(l.holders, m)
		}
	}
}

// serveDeposit keeps grants that their owner leaves here for another member, within the owner's quota.
func (r *Replica) serveDeposit(ctx context.Context, from federation.MemberCode, s Stream) error {
	for {
		m, err := read(ctx, s, frameTimeout)
		if err != nil {
			return err
		}
		d, ok := m.(wire.Deposit)
		if !ok || len(d.Bytes) > maxDeposit {
			return federation.Reject(federation.ReasonFrame, "%s deposits %T", from, m)
		}
		if d.Owner != from {
			return federation.Reject(federation.ReasonOwner, "%s deposits a grant of %s", from, d.Owner)
		}
		if err := r.keepDeposit(d); err != nil {
			_ = write(s, wire.Result{})
			return err
		}
		if err := write(s, wire.Result{Kept: true}); err != nil {
			return err
		}
	}
}

func (r *Replica) keepDeposit(d wire.Deposit) error {
	if len(d.Bytes) == 0 {
		return r.c.Store.DropDeposits(d.Owner, d.Grantee, d.Incarnation, d.Seq)
	}
	if p, ok := r.c.Documents.Current().Member(d.Grantee); !ok || d.Grantee == r.c.Self || p.Code == d.Owner {
		return federation.Reject(federation.ReasonGrantee, "a deposit for %s", d.Grantee)
	}
	used, err := r.c.Store.DepositBytes(d.Owner)
	if err != nil {
		return err
	}
	if used+len(d.Bytes) > depositQuota {
		return federation.Reject(federation.ReasonQuota, "%s has %d bytes of deposits here", d.Owner, used)
	}
	return r.c.Store.PutDeposit(d.Sealed)
}
