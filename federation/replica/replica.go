package replica

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/wire"
)

// The protocols this package speaks.
const (
	syncProtocol    = "/iconet/1/sync"
	dirProtocol     = "/iconet/1/dir"
	depositProtocol = "/iconet/1/deposit"
)

// Stream is a two-way stream to another node.
type Stream interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Network opens streams to members and takes theirs. A member is reachable if it answered, not if Open succeeded.
type Network interface {
	Open(ctx context.Context, to federation.MemberCode, protocol string) (Stream, error)
	// Handle has fn called, in a goroutine of its own, for each stream that an admitted member opens.
	Handle(protocol string, fn func(from federation.MemberCode, s Stream))
}

// Issued is a grant of this node's with the leaves it carries.
type Issued struct {
	Sealed grant.Sealed
	Leaves []merkle.Hash
}

// Store is what replication reads of the node's data, and the few facts it writes itself.
type Store interface {
	Spine(owner federation.MemberCode) (feed.Spine, error) // ErrNotFound for an unknown log
	HashReader(owner federation.MemberCode) merkle.HashReader
	Leaves(owner federation.MemberCode, from uint64, n int) ([]merkle.Hash, error)
	Records(owner federation.MemberCode, from, to uint64, most int) (recs []feed.Record, next uint64, err error)
	RecordByLeaf(owner federation.MemberCode, leaf merkle.Hash) (feed.Record, error)
	Wanted(owner federation.MemberCode, n int) ([]merkle.Hash, error)
	// WantedSince gives the grant that handed over a wanted leaf; ErrNotFound for one that is not wanted.
	WantedSince(owner federation.MemberCode, leaf merkle.Hash) (grant.Position, error)
	IndexOf(owner federation.MemberCode, leaf merkle.Hash) (uint64, error) // of a held record
	// Unheld gives leaves of a log whose records are not here.
	Unheld(owner federation.MemberCode, n int) ([]merkle.Hash, error)
	Inbox(owner federation.MemberCode) (grant.Position, error)
	Outbox(grantee federation.MemberCode) (grant.Position, error)
	Outgoing(grantee federation.MemberCode, incarnation uint32, seq uint64, n int) ([]Issued, error)
	Delivered(grantee federation.MemberCode) (incarnation uint32, seq uint64, err error)
	Acked(a *grant.Ack, atMS uint64) error
	Deposits(owner, grantee federation.MemberCode, incarnation uint32, seq uint64, n int) ([]grant.Sealed, error)
	DepositBytes(owner federation.MemberCode) (int, error)
	PutDeposit(g grant.Sealed) error
	DropDeposits(owner, grantee federation.MemberCode, incarnation uint32, upTo uint64) error
}

// Arrival is a verified piece of another member's log.
type Arrival struct {
	Owner    federation.MemberCode
	Accepted *feed.Accepted // nil if only grants came
	Grants   []*grant.Grant
	Inbox    grant.Position // after Grants
}

// Outcome is what became of an arrival.
type Outcome struct {
	Opened      bool // every item that the grants so far hand over is open, or was refused
	Quarantined []merkle.Hash
}

// Keeper judges content and makes arrivals durable: all of one or nothing. Errors: a RejectError for what is the peer's
// fault, ErrStale for what may pass later, anything else for a node that can keep nothing more.
type Keeper interface {
	Accept(ctx context.Context, a *Arrival) (Outcome, error)
}

// Documents are the committee's documents at this node. Apply verifies, stores and puts in force.
type Documents interface {
	Current() *directory.View
	Version(k directory.Kind) uint32
	After(k directory.Kind, version uint32) [][]byte
	Apply(k directory.Kind, doc []byte) (changed bool, err error)
}

// Config is what a replica needs; Retry and DepositAfter have defaults, everything else is required.
type Config struct {
	Self       federation.MemberCode
	Signer     sign.Signer      // SIGN key, for heads and acknowledgements
	Identities []*seal.Identity // open the grants for this node, newest first
	Store      Store
	Keeper     Keeper
	Documents  Documents
	Network    Network
	Now        func() time.Time
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	// Behind is told that another member holds more of this node's own signed log than the node itself. Required.
	Behind func()
	// Retry is the longest pause before an owner is tried again. 0 means 5 s.
	Retry time.Duration
	// DepositAfter is how long a grant may stay unacknowledged before it is left with others. 0 means 2 s.
	DepositAfter time.Duration
}

// Replica exchanges logs. Make one with New; Run works until its context ends.
type Replica struct {
	c       Config
	metrics *metrics

	own    sync.Mutex // held while the own log is asked for
	recall bool       // what is asked for is to be kept; guarded by own

	mu      sync.Mutex // guards what follows
	news    chan struct{}
	status  map[federation.MemberCode]*Status
	faults  map[federation.MemberCode][]time.Time // bad signatures of the last hour
	streams sync.WaitGroup
	probes  sync.WaitGroup
	closing bool
	open    map[Stream]struct{}
}

// New registers the metrics and starts nothing.
func New(c Config) (*Replica, error) {
	if c.Retry == 0 {
		c.Retry = 5 * time.Second
	}
	if c.DepositAfter == 0 {
		c.DepositAfter = 2 * time.Second
	}
	m, err := newMetrics(c.Registerer)
	if err != nil {
		return nil, err
	}
	return &Replica{c: c, metrics: m, news: make(chan struct{}), status: map[federation.MemberCode]*Status{},
		faults: map[federation.MemberCode][]time.Time{}, open: map[Stream]struct{}{}}, nil
}

// Announce says that this node's own log grew. It never blocks; losing it would cost only time.
func (r *Replica) Announce() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.news)
	r.news = make(chan struct{})
}

func (r *Replica) newsChannel() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.news
}

// Run follows all members and serves them until ctx ends, and returns after everything it started has ended. An error is
// one of the keeper: this node can keep nothing more.
func (r *Replica) Run(ctx context.Context) error {
	outer := ctx
	group, ctx := errgroup.WithContext(ctx)
	r.c.Network.Handle(syncProtocol, func(from federation.MemberCode, s Stream) { r.serve(ctx, from, s, r.serveSync) })
	r.c.Network.Handle(dirProtocol, func(from federation.MemberCode, s Stream) { r.serve(ctx, from, s, r.serveDocuments) })
	r.c.Network.Handle(depositProtocol, func(from federation.MemberCode, s Stream) { r.serve(ctx, from, s, r.serveDeposit) })
	group.Go(func() error { return r.followAll(ctx) })
	group.Go(func() error { return r.exchangeDocuments(ctx) })
	group.Go(func() error { return r.depositAll(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		r.closeStreams()
		return nil
	})
	err := group.Wait()
	r.streams.Wait()
	r.probes.Wait()
	if err != nil && outer.Err() == nil {
		return fmt.Errorf("replicating: %w", err)
	}
	return nil
}

// serve runs a handler for an incoming stream and counts what it refuses.
func (r *Replica) serve(ctx context.Context, from federation.MemberCode, s Stream, handle func(context.Context, federation.MemberCode, Stream) error) {
	if !r.enter(s) {
		s.Close()
		return
	}
	defer r.leave(s)
	if r.banned(from) {
		return
	}
	if err := handle(ctx, from, s); err != nil && ctx.Err() == nil {
		r.blame(from, err)
	}
}

// dial opens a stream that the end of Run closes; leave it when done.
func (r *Replica) dial(ctx context.Context, to federation.MemberCode, protocol string) (Stream, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	s, err := r.c.Network.Open(dialing, to, protocol)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", to, err)
	}
	if !r.enter(s) {
		s.Close()
		return nil, fmt.Errorf("reaching %s while stopping: %w", to, federation.ErrStale)
	}
	return s, nil
}

// frameTimeout bounds one frame, from its first byte to its last.
const frameTimeout = 30 * time.Second

// read waits for the next message, for ever if patience is 0; once it has begun it must come within a frame's time.
func read(ctx context.Context, s Stream, patience time.Duration) (wire.Message, error) {
	var until time.Time
	if patience > 0 {
		until = time.Now().Add(patience)
	}
	s.SetReadDeadline(until)
	if ctx.Err() != nil { // whoever ended ctx may have set a deadline that we have just replaced
		return nil, ctx.Err()
	}
	var first [1]byte
	if _, err := io.ReadFull(s, first[:]); err != nil {
		return nil, err
	}
	s.SetReadDeadline(time.Now().Add(frameTimeout))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return wire.Read(io.MultiReader(bytes.NewReader(first[:]), s))
}

// write sends a message within a frame's time.
func write(s Stream, m wire.Message) error {
	s.SetWriteDeadline(time.Now().Add(frameTimeout))
	return wire.Write(s, m)
}

// enter notes an open stream so that the end of Run can close and await it.
func (r *Replica) enter(s Stream) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return false
	}
	r.streams.Add(1)
	r.open[s] = struct{}{}
	return true
}

func (r *Replica) leave(s Stream) {
	s.Close()
	r.mu.Lock()
	delete(r.open, s)
	r.mu.Unlock()
	r.streams.Done()
}

func (r *Replica) closeStreams() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closing = true
	for s := range r.open {
		s.SetDeadline(time.Unix(1, 0)) // wakes readers and writers; each closes its own stream
	}
}

// Ten bad signatures in an hour shut a peer out for an hour.
const (
	maxFaults   = 10
	faultPeriod = time.Hour
)

// blame counts a refusal and remembers bad signatures.
func (r *Replica) blame(from federation.MemberCode, err error) {
	reason := federation.ReasonOf(err)
	if reason == "" {
		r.c.Logger.Debug("stream ended", "peer", from, "error", err)
		return
	}
	r.metrics.rejected(reason)
	r.c.Logger.Warn("refused", "peer", from, "reason", string(reason), "error", err)
	if reason != federation.ReasonSig {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[from] = append(r.faults[from], r.c.Now())
}

func (r *Replica) banned(peer federation.MemberCode) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	var recent []time.Time
	for _, t := range r.faults[peer] {
		if r.c.Now().Sub(t) < faultPeriod {
			recent = append(recent, t)
		}
	}
	r.faults[peer] = recent
	return len(recent) >= maxFaults
}
