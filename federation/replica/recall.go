package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"iconet.example/federation"
)

// probeTimeout bounds the question whether a member holds more of our own log than we do.
const probeTimeout = 5 * time.Second

// probe asks a member for what it holds of our own log beyond ours. After a loss of data that we did not notice, this is how
// we learn of it: what comes is signed by ourselves.
func (r *Replica) probe(ctx context.Context, peer federation.MemberCode) {
	r.own.Lock()
	defer r.own.Unlock()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := r.pull(ctx, r.c.Self, peer); err != nil && !errors.Is(err, errEnded) && ctx.Err() == nil {
		r.c.Logger.Debug("asking for our own log", "peer", peer, "error", err)
	}
}

// Recall brings this node's own log back: it asks the other members, one after the other, until more than two thirds of them
// have sent all they hold. It returns the error of ctx if that ends first, or one of the keeper.
func (r *Replica) Recall(ctx context.Context) error {
	answered := map[federation.MemberCode]bool{}
	for {
		others := 0
		for _, p := range r.c.Documents.Current().Active() {
			if p.Code == r.c.Self {
				continue
			}
			others++
			if answered[p.Code] {
				continue
			}
			err := r.recallFrom(ctx, p.Code)
			if fatal := new(keeperError); errors.As(err, fatal) {
				return err
			}
			answered[p.Code] = errors.Is(err, errEnded)
			if ctx.Err() != nil {
				return fmt.Errorf("bringing the own log back: %w", ctx.Err())
			}
		}
		n := 0
		for _, yes := range answered {
			if yes {
				n++
			}
		}
		if 3*n > 2*others || others == 0 {
			return nil
		}
		r.c.Logger.Warn("waiting for members to give our own log back", "answered", n, "members", others)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return fmt.Errorf("bringing the own log back: %w", ctx.Err())
		}
	}
}

func (r *Replica) recallFrom(ctx context.Context, peer federation.MemberCode) error {
	r.own.Lock()
	defer r.own.Unlock()
	r.recall = true
	defer func() { r.recall = false }()
	return r.pull(ctx, r.c.Self, peer)
}
