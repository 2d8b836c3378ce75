package replica

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/wire"
)

const (
	dialTimeout = 5 * time.Second
	headPeriod  = 5 * time.Second
	silence     = 3 * headPeriod // after which an open stream counts as dead: QUIC alone notices a killed peer only after 30 s
	maxWanted   = 256
	// relayTimeout bounds what is asked of a member about another's log; the next round goes on where it ended.
	relayTimeout = 30 * time.Second
)

// errEnded says that a server sent all it has.
var errEnded = errors.New("the server has no more")

// keeperError marks a failure of this node's own disk, which ends replication instead of blaming a peer.
type keeperError struct{ error }

func (e keeperError) Unwrap() error { return e.error }

// followAll keeps one follower for each active member, and starts and ends them as the directory changes.
func (r *Replica) followAll(ctx context.Context) error {
	var wait sync.WaitGroup
	defer wait.Wait()
	running := map[federation.MemberCode]context.CancelFunc{}
	failed := make(chan error, 1)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		wanted := map[federation.MemberCode]bool{}
		if view := r.c.Documents.Current(); view != nil {
			for _, p := range view.Active() {
				wanted[p.Code] = p.Code != r.c.Self
			}
		}
		for m, yes := range wanted {
			if yes && running[m] == nil {
				mctx, cancel := context.WithCancel(ctx)
				running[m] = cancel
				wait.Go(func() {
					if err := r.follow(mctx, m); err != nil {
						select {
						case failed <- err:
						default:
						}
					}
				})
			}
		}
		for m, cancel := range running {
			if !wanted[m] {
				cancel()
				delete(running, m)
			}
		}
		select {
		case <-ctx.Done():
			for _, cancel := range running {
				cancel()
			}
			return nil
		case err := <-failed:
			for _, cancel := range running {
				cancel()
			}
			return err
		case <-tick.C:
		}
	}
}

// follow keeps one member's log coming until ctx ends. It returns only errors of the keeper.
func (r *Replica) follow(ctx context.Context, owner federation.MemberCode) error {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		began := time.Now()
		r.probes.Go(func() { r.probe(ctx, owner) })
		err := r.pull(ctx, owner, owner)
		if fatal := new(keeperError); errors.As(err, fatal) {
			return err
		}
		r.lost(owner, err)
		if r.forked(ctx, err) {
			return nil
		}
		if time.Since(began) > 10*time.Second {
			pause = 100 * time.Millisecond
		}
		if err := r.pullFromOthers(ctx, owner); r.forked(ctx, err) {
			return nil
		} else if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause + rand.N(pause/2)):
		}
		pause = min(2*pause, r.c.Retry)
	}
	return nil
}

// forked reports whether an error is proof of two histories; the owner is frozen then until ctx ends.
func (r *Replica) forked(ctx context.Context, err error) bool {
	fork := (*feed.ForkError)(nil)
	if !errors.As(err, &fork) {
		return false
	}
	r.freeze(fork)
	<-ctx.Done()
	return true
}

// freeze stops following an owner that signed two histories; the two notes are the proof.
func (r *Replica) freeze(fork *feed.ForkError) {
	r.note(fork.Owner, func(s *Status) { s.Frozen, s.LastError = true, fork.Error() })
	r.c.Logger.Error("member signed two histories; its log is frozen here", "owner", fork.Owner, "ours", string(fork.Ours), "other", string(fork.Page))
}

// pullFromOthers asks each other member once for what it holds of an absent owner's log. Its errors are those of the
// keeper, and a [feed.ForkError].
func (r *Replica) pullFromOthers(ctx context.Context, owner federation.MemberCode) error {
	view := r.c.Documents.Current()
	for _, p := range view.Active() {
		if p.Code == owner || p.Code == r.c.Self || ctx.Err() != nil {
			continue
		}
		err := r.pull(ctx, owner, p.Code)
		if fatal, fork := new(keeperError), (*feed.ForkError)(nil); errors.As(err, fatal) || errors.As(err, &fork) {
			return err
		}
	}
	return nil
}

// session is one stream on which a log is followed.
type session struct {
	r        *Replica
	owner    federation.MemberCode
	source   federation.MemberCode
	stream   Stream
	peer     *directory.Peer // the owner's line in the directory
	follower *feed.Follower
	inbox    grant.Position
	asked    bool // a Want waits for its answer
	last     bool // the server has sent what it has; only records we asked for may still come
}

// pull follows owner's log on a stream to source until it ends, and counts what it had to refuse.
func (r *Replica) pull(ctx context.Context, owner, source federation.MemberCode) error {
	if r.banned(source) {
		return fmt.Errorf("%s is shut out for bad signatures: %w", source, federation.ErrDenied)
	}
	stream, err := r.dial(ctx, source, syncProtocol)
	if err != nil {
		return err
	}
	defer r.leave(stream)
	if source != owner { // a relay that dawdles must not keep us from the owner
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, relayTimeout)
		defer done()
	}
	stop := context.AfterFunc(ctx, func() { stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s, err := r.newSession(owner, source, stream)
	if err == nil {
		err = s.run(ctx)
	}
	if ctx.Err() == nil && !errors.Is(err, errEnded) {
		r.blame(source, err)
	}
	return err
}

func (r *Replica) newSession(owner, source federation.MemberCode, stream Stream) (*session, error) {
	view := r.c.Documents.Current()
	peer, ok := view.Member(owner)
	if !ok {
		return nil, fmt.Errorf("following %s: %w", owner, federation.ErrNotFound)
	}
	spine, err := r.c.Store.Spine(owner)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return nil, keeperError{err}
	}
	tree, err := merkle.LoadTree(spine.Size, r.c.Store.HashReader(owner))
	if err != nil {
		return nil, keeperError{err}
	}
	inbox, err := r.c.Store.Inbox(owner)
	if err != nil {
		return nil, keeperError{err}
	}
	return &session{r: r, owner: owner, source: source, stream: stream, peer: peer, inbox: inbox,
		follower: feed.NewFollower(owner, peer.Keys.Sign, spine, tree)}, nil
}

func (s *session) run(ctx context.Context) error {
	spine := s.follower.Spine()
	err := write(s.stream, wire.Subscribe{Owner: s.owner, Incarnation: spine.Incarnation, Leaves: spine.Size, GrantInc: s.inbox.Incarnation, GrantSeq: s.inbox.Seq})
	if err != nil {
		return err
	}
	if err := s.acknowledgeStanding(); err != nil {
		return err
	}
	for {
		m, err := read(ctx, s.stream, silence)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.r.contact(s.source, s.source == s.owner)
		if err := s.take(ctx, m); err != nil {
			return err
		}
	}
}

// take handles one message of the server.
func (s *session) take(ctx context.Context, m wire.Message) error {
	switch m := m.(type) {
	case wire.Page:
		return s.page(ctx, m)
	case wire.Records:
		return s.records(ctx, m)
	case wire.Head:
		return s.head(m)
	case wire.End:
		s.last = true
		return s.want()
	default:
		return federation.Reject(federation.ReasonFrame, "%s answers a subscription with %T", s.source, m)
	}
}

// head notes how far the owner says it is, and asks for records that were granted and have not come.
func (s *session) head(m wire.Head) error {
	if m.Owner != s.owner || m.Grantee != s.r.c.Self {
		return federation.Reject(federation.ReasonGrantee, "a head from %s to %s", m.Owner, m.Grantee)
	}
	if err := m.Verify(s.peer.Keys.Sign); err != nil {
		return err
	}
	if err := s.follower.CheckHead(m.LogSize, m.LogRoot, m.Encode()); err != nil {
		return err
	}
	ahead := time.UnixMilli(int64(min(m.TimeMS, 1<<52))).Sub(s.r.c.Now())
	s.r.note(s.owner, func(st *Status) { st.LogKnown, st.ClockAhead = m.LogSize, ahead })
	return s.want()
}

// want asks for records that were granted and have not come; a stream that brings nothing else ends without such.
func (s *session) want() error {
	wanted := s.r.c.Store.Wanted
	if s.owner == s.r.c.Self {
		if !s.r.recall { // only asking whether there is more
			return s.idle()
		}
		wanted = s.r.c.Store.Unheld // of our own log we want all
	}
	leaves, err := wanted(s.owner, maxWanted)
	if err != nil {
		return keeperError{err}
	}
	if len(leaves) == 0 {
		return s.idle()
	}
	if s.asked {
		return nil // the answer is on its way
	}
	s.asked = true
	return write(s.stream, wire.Want{Owner: s.owner, Leaves: leaves})
}

func (s *session) idle() error {
	if s.last {
		return errEnded
	}
	return nil
}

// page verifies a page and its grants and hands them to the keeper.
func (s *session) page(ctx context.Context, m wire.Page) error {
	nowMS := uint64(s.r.c.Now().UnixMilli())
	a := &Arrival{Owner: s.owner}
	next := s.follower
	if len(m.Leaves) > 0 {
		var err error
		if a.Accepted, next, err = s.follower.Try(m.Page, nowMS); err != nil {
			return err
		}
		if s.owner == s.r.c.Self && !s.r.recall { // r.own is held while our own log is asked for
			s.r.c.Behind()
			return errEnded
		}
		for _, rej := range a.Accepted.Rejected {
			s.r.metrics.rejected(rej.Reason)
		}
	}
	if err := s.held(m.Records); err != nil {
		return err
	}
	grants, inbox, err := s.grants(m.Grants)
	if err != nil {
		return err
	}
	s.r.metrics.pages.WithLabelValues("in").Inc()
	opened := true
	for a.Accepted != nil || len(grants) > 0 {
		grants = a.fill(grants, s.inbox, inbox)
		out, err := s.accept(ctx, a)
		if err != nil {
			return err
		}
		s.follower, s.inbox = next, a.Inbox
		opened = opened && out.Opened
		if err := s.acknowledge(a, out); err != nil {
			return err
		}
		a = &Arrival{Owner: s.owner}
	}
	if opened || s.source != s.owner {
		return nil
	}
	return s.want()
}

// held keeps a page from having any effect while its items follow a structure that has not come yet: the stream ends and is
// tried again, after the documents were exchanged. A hostile owner holds up its own log alone.
func (s *session) held(recs []feed.Record) error {
	have := s.r.c.Documents.Current().Structure.Version
	for _, rec := range recs {
		if rec.Entry.StructureVersion > have {
			return fmt.Errorf("entry %d of %s follows structure %d, here is %d: %w", rec.Entry.Index, s.owner, rec.Entry.StructureVersion, have, federation.ErrStale)
		}
	}
	return nil
}

// maxArrivalLines bounds the grant lines that the keeper is handed at once.
const maxArrivalLines = 512

// fill takes the first grants up to a number of lines, one at least, and gives the rest. at is the position before them, end
// that after the last of all.
func (a *Arrival) fill(grants []*grant.Grant, at, end grant.Position) (rest []*grant.Grant) {
	lines := 0
	for n, g := range grants {
		if lines += len(g.Lines); n > 0 && lines > maxArrivalLines {
			rest = grants[n:]
			break
		}
		a.Grants = append(a.Grants, g)
		at = grant.Position{Incarnation: g.Incarnation, Seq: g.Seq, Hash: g.Hash()}
	}
	a.Inbox = at
	if len(rest) == 0 {
		a.Inbox = end
	}
	return rest
}

// accept hands an arrival to the keeper. What the keeper refuses is the peer's fault; any other error is the disk's.
func (s *session) accept(ctx context.Context, a *Arrival) (Outcome, error) {
	out, err := s.r.c.Keeper.Accept(ctx, a)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return Outcome{}, ctx.Err()
	case federation.ReasonOf(err) != "", errors.Is(err, federation.ErrStale):
		return Outcome{}, err
	default:
		return Outcome{}, keeperError{err}
	}
	s.r.metrics.grants.Add(float64(len(a.Grants)))
	if a.Accepted != nil {
		s.r.metrics.records.Add(float64(len(a.Accepted.Records)))
	}
	return out, nil
}

// records takes what answers a Want: records in the log whose keys came before them.
func (s *session) records(ctx context.Context, m wire.Records) error {
	if !s.asked {
		return federation.Reject(federation.ReasonFrame, "%s sends records that were not asked for", s.source)
	}
	s.asked = false
	if len(m.Records) == 0 {
		return s.idle()
	}
	if err := s.held(m.Records); err != nil {
		return err
	}
	acc := &feed.Accepted{Spine: s.follower.Spine()}
	granted := map[merkle.Hash]grant.Position{}
	for _, rec := range m.Records {
		leaf := rec.Entry.Leaf()
		pos, err := s.r.c.Store.WantedSince(s.owner, leaf)
		if errors.Is(err, federation.ErrNotFound) && s.owner != s.r.c.Self {
			continue // a page has brought it meanwhile
		}
		if err != nil && !errors.Is(err, federation.ErrNotFound) {
			return keeperError{err}
		}
		if err := s.inLog(rec.Entry.Index, leaf); err != nil {
			return err
		}
		if err := s.follower.CheckRecord(rec, leaf); err != nil {
			return err
		}
		granted[leaf] = pos
		acc.Records = append(acc.Records, rec)
	}
	if len(acc.Records) == 0 {
		return s.idle()
	}
	out, err := s.accept(ctx, &Arrival{Owner: s.owner, Accepted: acc, Inbox: s.inbox})
	if err != nil {
		return err
	}
	for _, leaf := range out.Quarantined {
		if err := s.ack(granted[leaf], grant.Quarantined); err != nil {
			return err
		}
	}
	if err := s.acknowledge(&Arrival{Inbox: s.inbox}, out); err != nil {
		return err
	}
	return s.want()
}

// inLog checks that the log has a leaf at an index, which for records outside a page no checkpoint has shown yet.
func (s *session) inLog(index uint64, leaf merkle.Hash) error {
	there, err := s.r.c.Store.Leaves(s.owner, index, 1)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return keeperError{err}
	}
	if len(there) != 1 || there[0] != leaf {
		return federation.Reject(federation.ReasonIndex, "%s sends an entry that is not at %d in the log of %s", s.source, index, s.owner)
	}
	return nil
}

// grants opens, verifies and orders the grants of a page. Those already applied are passed over.
func (s *session) grants(sealed []grant.Sealed) ([]*grant.Grant, grant.Position, error) {
	pos := s.inbox
	var out []*grant.Grant
	for _, g := range sealed {
		if g.Incarnation < pos.Incarnation || g.Incarnation == pos.Incarnation && g.Seq <= pos.Seq {
			s.r.metrics.rejected(federation.ReasonGrantSeq)
			continue
		}
		opened, err := s.open(g)
		if err != nil {
			return nil, pos, err
		}
		if pos, err = grant.Apply(pos, opened); err != nil {
			return nil, pos, err
		}
		out = append(out, opened)
	}
	return out, pos, nil
}

func (s *session) open(g grant.Sealed) (*grant.Grant, error) {
	var plain []byte
	var err error = errors.New("no key")
	for _, id := range s.r.c.Identities {
		if plain, err = id.Unseal(g.Bytes, grant.MaxBytes); err == nil {
			break
		}
	}
	if err != nil {
		return nil, federation.Reject(federation.ReasonGrantee, "grant %d of %s: %w", g.Seq, s.owner, err)
	}
	opened, err := grant.Parse(plain)
	if err != nil {
		return nil, err
	}
	if opened.Owner != s.owner {
		return nil, federation.Reject(federation.ReasonOwner, "a grant of %s in the stream of %s", opened.Owner, s.owner)
	}
	if opened.Grantee != s.r.c.Self {
		return nil, federation.Reject(federation.ReasonGrantee, "a grant to %s", opened.Grantee)
	}
	return opened, opened.Verify(s.peer.Keys.Sign)
}

// acknowledgeStanding tells the server what earlier streams brought, for acknowledgements that were lost.
func (s *session) acknowledgeStanding() error {
	if s.inbox.Seq == 0 {
		return nil
	}
	return s.acknowledge(&Arrival{Inbox: s.inbox}, Outcome{Opened: true})
}

// acknowledge answers the grants of an arrival: first those of which an item was refused, then all.
func (s *session) acknowledge(a *Arrival, out Outcome) error {
	bad := map[merkle.Hash]bool{}
	for _, l := range out.Quarantined {
		bad[l] = true
	}
	for _, g := range a.Grants {
		for _, l := range g.Lines {
			if bad[l.Leaf] {
				if err := s.ack(grant.Position{Incarnation: g.Incarnation, Seq: g.Seq, Hash: g.Hash()}, grant.Quarantined); err != nil {
					return err
				}
				break
			}
		}
	}
	if a.Inbox.Seq == 0 {
		return nil
	}
	status := grant.Stored
	if out.Opened {
		missing, err := s.r.c.Store.Wanted(s.owner, 1)
		if err != nil {
			return keeperError{err}
		}
		if len(missing) == 0 {
			status = grant.Opened
		}
	}
	return s.ack(a.Inbox, status)
}

func (s *session) ack(pos grant.Position, status grant.Status) error {
	a := &grant.Ack{Grantee: s.r.c.Self, Owner: s.owner, Incarnation: pos.Incarnation, Seq: pos.Seq, Hash: pos.Hash, Status: status}
	if err := a.Sign(s.r.c.Signer); err != nil {
		return fmt.Errorf("signing an acknowledgement: %w", err)
	}
	return write(s.stream, wire.Ack{Ack: a})
}
