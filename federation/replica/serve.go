package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/wire"
)

// The sizes of a page: so small that an alert waits behind little, so large that signatures and transactions are shared.
const (
	pageLeaves      = 256
	pageRecordBytes = 448 << 10
	pageGrantBytes  = 256 << 10
	pageGrants      = 128
)

// server sends one log to one member over one stream.
type server struct {
	r     *Replica
	owner federation.MemberCode
	to    federation.MemberCode

	mu     sync.Mutex // guards the stream's writing side
	stream Stream

	// Where the reader is, touched only by the sending goroutine.
	leaves   uint64
	grantInc uint32
	grantSeq uint64
}

// serveSync answers a subscription.
func (r *Replica) serveSync(ctx context.Context, from federation.MemberCode, stream Stream) error {
	m, err := read(ctx, stream, dialTimeout)
	if err != nil {
		return err
	}
	sub, ok := m.(wire.Subscribe)
	if !ok {
		return federation.Reject(federation.ReasonFrame, "%s opens a subscription with %T", from, m)
	}
	s := &server{r: r, owner: sub.Owner, to: from, stream: stream, leaves: sub.Leaves, grantInc: sub.GrantInc, grantSeq: sub.GrantSeq}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listen error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		listen = s.listen(ctx)
	}()
	err = s.send(ctx)
	if err == nil && ctx.Err() == nil {
		<-done // the reader takes its time to acknowledge what it was sent
	}
	cancel()
	stream.SetDeadline(time.Unix(1, 0))
	<-done
	if federation.ReasonOf(listen) != "" {
		return listen
	}
	return err
}

// send sends what the reader lacks and, if this node is the owner, whatever comes after.
func (s *server) send(ctx context.Context) error {
	own := s.owner == s.r.c.Self
	var headDue time.Time
	for {
		news := s.r.newsChannel()
		if err := s.drain(ctx); err != nil {
			return err
		}
		if !own {
			return s.write(wire.End{})
		}
		if now := time.Now(); now.After(headDue) {
			headDue = now.Add(headPeriod)
			if err := s.head(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-news:
		case <-time.After(time.Until(headDue)):
		}
	}
}

// drain sends pages until the reader has everything.
func (s *server) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		p, err := s.next()
		if err != nil || p == nil {
			return err
		}
		if err := s.write(*p); err != nil {
			return err
		}
		s.r.metrics.pages.WithLabelValues("out").Inc()
	}
	return nil
}

// next builds the page that follows what the reader has; nil when there is nothing.
func (s *server) next() (*wire.Page, error) {
	p := &wire.Page{Page: feed.Page{Owner: s.owner, From: s.leaves}}
	spine, err := s.r.c.Store.Spine(s.owner)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return nil, err
	}
	if s.leaves < spine.Size {
		if err := s.fill(p, spine); err != nil {
			return nil, err
		}
	}
	if p.Grants, err = s.grants(s.leaves + uint64(len(p.Leaves))); err != nil {
		return nil, err
	}
	if len(p.Leaves) == 0 && len(p.Grants) == 0 {
		return nil, nil
	}
	s.leaves += uint64(len(p.Leaves))
	if n := len(p.Grants); n > 0 {
		s.grantInc, s.grantSeq = p.Grants[n-1].Incarnation, p.Grants[n-1].Seq
	}
	return p, nil
}

// fill adds leaves, the records that the reader may have, the checkpoint and the proof that ties them together.
func (s *server) fill(p *wire.Page, spine feed.Spine) error {
	to := min(spine.Size, s.leaves+pageLeaves)
	recs, to, err := s.r.c.Store.Records(s.owner, s.leaves, to, pageRecordBytes)
	if err != nil {
		return fmt.Errorf("reading the log of %s: %w", s.owner, err)
	}
	cp, err := s.checkpointSize(spine)
	if err != nil {
		return err
	}
	if cp != spine.Size { // still catching up with a larger checkpoint: nothing here can be proven to others yet
		return nil
	}
	if p.Leaves, err = s.r.c.Store.Leaves(s.owner, s.leaves, int(to-s.leaves)); err != nil {
		return fmt.Errorf("reading the log of %s: %w", s.owner, err)
	}
	for _, rec := range recs {
		if rec.Audience.Contains(s.to) {
			p.Records = append(p.Records, rec)
		}
	}
	p.Checkpoint = spine.Checkpoint
	if to < spine.Size {
		if p.Proof, err = merkle.ProveConsistency(spine.Size, to, s.r.c.Store.HashReader(s.owner)); err != nil {
			return err
		}
	}
	return nil
}

// checkpointSize reads the size that a stored checkpoint states; it was verified when it came.
func (s *server) checkpointSize(spine feed.Spine) (uint64, error) {
	peer, ok := s.r.c.Documents.Current().Member(s.owner)
	if !ok {
		return 0, fmt.Errorf("serving the log of %s: %w", s.owner, federation.ErrNotFound)
	}
	cp, err := merkle.OpenCheckpoint(spine.Checkpoint, feed.Origin(s.owner), peer.Keys.Sign)
	if err != nil {
		return 0, fmt.Errorf("serving the log of %s: %w", s.owner, err)
	}
	return cp.Size, nil
}

// grants gives the sealed grants for the reader that follow those it has: our own, as far as they are about the first upTo
// entries, so that no key arrives before its record; or those left here for it.
func (s *server) grants(upTo uint64) ([]grant.Sealed, error) {
	var all []grant.Sealed
	if s.owner == s.r.c.Self {
		issued, err := s.r.c.Store.Outgoing(s.to, s.grantInc, s.grantSeq, pageGrants)
		if err != nil {
			return nil, err
		}
		for _, g := range issued {
			last, err := s.r.c.Store.IndexOf(s.owner, g.Leaves[len(g.Leaves)-1])
			if err != nil {
				return nil, fmt.Errorf("reading what was granted to %s: %w", s.to, err)
			}
			if last >= upTo {
				break
			}
			all = append(all, g.Sealed)
		}
	} else {
		var err error
		if all, err = s.r.c.Store.Deposits(s.owner, s.to, s.grantInc, s.grantSeq, pageGrants); err != nil {
			return nil, err
		}
		for i, g := range all { // the reader needs them without gaps
			if i == 0 && g.Incarnation == s.grantInc && g.Seq != s.grantSeq+1 || i > 0 && g.Seq != all[i-1].Seq+1 {
				all = all[:i]
				break
			}
		}
	}
	size := 0
	for i, g := range all {
		if size += len(g.Bytes); size > pageGrantBytes && i > 0 {
			return all[:i], nil
		}
	}
	return all, nil
}

// head sends how far the log and the reader's stream go.
func (s *server) head() error {
	spine, err := s.r.c.Store.Spine(s.owner)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	pos, err := s.r.c.Store.Outbox(s.to)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	h := &grant.StreamHead{Owner: s.owner, Grantee: s.to, Incarnation: pos.Incarnation, LastSeq: pos.Seq, LastHash: pos.Hash,
		LogSize: spine.Size, LogRoot: spine.Root, TimeMS: uint64(s.r.c.Now().UnixMilli())}
	if err := h.Sign(s.r.c.Signer); err != nil {
		return err
	}
	return s.write(wire.Head{StreamHead: h})
}

func (s *server) write(m wire.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return write(s.stream, m)
}

// listen takes the reader's acknowledgements and wishes until its stream ends.
func (s *server) listen(ctx context.Context) error {
	patience := silence
	if s.owner == s.r.c.Self {
		patience = 0 // a reader has nothing to say while nothing new comes; one that is gone shows when a head is sent
	}
	for {
		m, err := read(ctx, s.stream, patience)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case wire.Ack:
			err = s.acked(m)
		case wire.Want:
			err = s.wanted(m)
		default:
			err = federation.Reject(federation.ReasonFrame, "%s sends %T on a subscription", s.to, m)
		}
		if err != nil {
			return err
		}
	}
}

// acked notes an acknowledgement: of our own grants, or of those left here for the reader.
func (s *server) acked(m wire.Ack) error {
	peer, ok := s.r.c.Documents.Current().Member(s.to)
	if !ok || m.Grantee != s.to || m.Owner != s.owner {
		return federation.Reject(federation.ReasonGrantee, "%s acknowledges grants of %s to %s", s.to, m.Owner, m.Grantee)
	}
	if err := m.Verify(peer.Keys.Sign); err != nil {
		return err
	}
	if s.owner != s.r.c.Self {
		return s.r.c.Store.DropDeposits(s.owner, s.to, m.Incarnation, m.Seq)
	}
	err := s.r.c.Store.Acked(m.Ack, uint64(s.r.c.Now().UnixMilli()))
	if errors.Is(err, federation.ErrInvalid) {
		return federation.Reject(federation.ReasonGrantSeq, "%s acknowledges what was not sent: %w", s.to, err)
	}
	return err
}

// wanted sends the records asked for that are here and that the reader may have, none if there are none: whether the others
// exist is not told.
func (s *server) wanted(m wire.Want) error {
	if m.Owner != s.owner {
		return federation.Reject(federation.ReasonOwner, "%s wants records of %s on a stream of %s", s.to, m.Owner, s.owner)
	}
	out := wire.Records{Owner: s.owner}
	size := 0
	for _, leaf := range m.Leaves {
		rec, err := s.r.c.Store.RecordByLeaf(s.owner, leaf)
		if errors.Is(err, federation.ErrNotFound) || err == nil && !rec.Audience.Contains(s.to) {
			continue
		}
		if err != nil {
			return err
		}
		if size += len(rec.Sealed); size > pageRecordBytes {
			break
		}
		out.Records = append(out.Records, rec)
	}
	return s.write(out)
}
