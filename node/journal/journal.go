package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/node/audit"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

// maxBatch bounds the drafts that share one transaction.
const maxBatch = 256

// What one transaction may take of the store before no more drafts join it: half of its bounds, because the last draft may
// be large and have many readers.
const (
	maxBatchBytes = 1 << 20
	maxBatchKeys  = 8000
)

// Draft is one item ready to be written: its content was validated and screened, its audience resolved.
type Draft struct {
	Item     *federation.Item // the journal sets Ref; the rest is written as it stands
	Entry    feed.Draft       // Form is left empty; Audience includes the owner
	Alert    bool             // overtakes what is not an alert
	Imported [32]byte         // import key, or zero
	Line     audit.Line       // committed with the entry; the journal sets its Object
}

// Written tells where a draft went.
type Written struct {
	ID     federation.ItemID
	Ref    string
	Known  bool // an earlier draft with the same import key holds the place; Record is zero
	Record feed.Record
	Key    seal.ItemKey
	Item   *federation.Item
}

// Config is what a journal needs. All fields are required.
type Config struct {
	Owner  federation.MemberCode
	Signer *sign.Key
	Store  *store.Store
	Vault  *vault.Vault
	// Readers gives the keys to which a member's grants are sealed: ErrNotFound for one that is no active member.
	Readers func(federation.MemberCode) ([]seal.Recipient, error)
	// Commit makes a batch durable together with audit lines, in the order of the calls.
	Commit func(*store.Batch, ...audit.Line) error
	// Recall brings the own log back from the other members, into the store.
	Recall func(context.Context) error
	// Everybody lists the members to whom a new life of the log is announced, this node's included.
	Everybody func() []federation.MemberCode
	// Committed is told of each durable batch, in order, before the drafts are answered. It must not block.
	Committed func([]Written)
	Random    io.Reader
	Now       func() time.Time
}

// Journal is the owner's pen. Make one with New; Run writes until its context ends.
type Journal struct {
	c      Config
	alerts chan *pending
	bulk   chan *pending
	done   chan struct{} // closed when Run has ended

	// Touched only by Run.
	writer   *feed.Writer
	counters map[string]uint64
}

type pending struct {
	draft  Draft
	answer chan outcome // buffered, so that Run never waits for a caller that left
}

type outcome struct {
	written Written
	err     error
}

// New reads the state of the log from the store. It starts nothing.
func New(c Config) (*Journal, error) {
	writer, err := resume(c)
	if err != nil {
		return nil, err
	}
	return &Journal{c: c, writer: writer, counters: map[string]uint64{},
		alerts: make(chan *pending, maxBatch), bulk: make(chan *pending, maxBatch), done: make(chan struct{})}, nil
}

// Append hands a draft to the writer and waits until it is durable. When ctx ends first the draft may still be written;
// its import key, where it has one, tells later. ErrStale means that the node does not write at present.
func (j *Journal) Append(ctx context.Context, d Draft) (Written, error) {
	p := &pending{draft: d, answer: make(chan outcome, 1)}
	lane := j.bulk
	if d.Alert {
		lane = j.alerts
	}
	select {
	case lane <- p:
	case <-j.done:
		return Written{}, errStopped
	case <-ctx.Done():
		return Written{}, fmt.Errorf("waiting for the log: %w", ctx.Err())
	}
	select {
	case o := <-p.answer:
		return o.written, o.err
	case <-j.done:
		select { // Run may have answered in its last batch
		case o := <-p.answer:
			return o.written, o.err
		default:
			return Written{}, errStopped
		}
	case <-ctx.Done():
		return Written{}, fmt.Errorf("waiting for the log: %w", ctx.Err())
	}
}

var errBehind = fmt.Errorf("the node's log is behind what it once signed, and is being brought back from the others: send again in a moment: %w", federation.ErrStale)

var errStopped = fmt.Errorf("the node is stopping and writes no more: send again after it has started: %w", federation.ErrStale)

// Run writes batches until ctx ends and returns nil then. It returns the first error of vault or store: after one of
// these nothing more may be acknowledged, and what was in its batch was answered with the error.
func (j *Journal) Run(ctx context.Context) error {
	defer close(j.done)
	for {
		if j.c.Store.Recovery() {
			if err := j.recover(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("recovering the own log: %w", err)
			}
		}
		batch, ok := j.gather(ctx)
		if !ok {
			return nil
		}
		if j.c.Store.Recovery() {
			refuse(batch, errBehind)
			continue
		}
		for len(batch) > 0 {
			rest, err := j.write(batch)
			if err != nil {
				refuse(rest, err)
				return fmt.Errorf("writing the log: %w", err)
			}
			batch = rest
		}
	}
}

// gather waits for one draft and then takes what else waits, alerts first, up to the bounds of a batch.
func (j *Journal) gather(ctx context.Context) ([]*pending, bool) {
	var batch []*pending
	select {
	case p := <-j.alerts:
		batch = append(batch, p)
	default:
		select {
		case p := <-j.alerts:
			batch = append(batch, p)
		case p := <-j.bulk:
			batch = append(batch, p)
		case <-j.c.Store.Behind():
			return nil, true
		case <-ctx.Done():
			return nil, false
		}
	}
	for _, lane := range []chan *pending{j.alerts, j.bulk} {
		for more := true; more && len(batch) < maxBatch; {
			select {
			case p := <-lane:
				batch = append(batch, p)
			default:
				more = false
			}
		}
	}
	return batch, true
}

func refuse(batch []*pending, err error) {
	for _, p := range batch {
		if errors.Is(err, store.ErrFull) {
			err = fmt.Errorf("%w: %w", err, federation.ErrStale)
		}
		p.answer <- outcome{err: fmt.Errorf("nothing was published: %w", err)}
	}
}
