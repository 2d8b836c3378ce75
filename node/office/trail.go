package office

import (
	"fmt"
	"sync"
	"time"

	"iconet.example/node/audit"
	"iconet.example/node/store"
)

// Trail chains the lines of the audit trail into the store's transactions. Safe for concurrent use.
type Trail struct {
	store *store.Store
	now   func() time.Time

	mu    sync.Mutex // held while a batch is queued, so that lines are committed in the order of their chain
	trail *audit.Trail
}

// NewTrail goes on where the stored trail ends.
func NewTrail(s *store.Store, now func() time.Time) (*Trail, error) {
	seq, last, err := s.AuditHead()
	if err != nil {
		return nil, fmt.Errorf("reading the audit trail: %w", err)
	}
	trail, err := audit.Resume(seq, last)
	if err != nil {
		return nil, fmt.Errorf("reading the audit trail: %w", err)
	}
	return &Trail{store: s, now: now, trail: trail}, nil
}

// Commit makes a batch durable together with its lines, or neither. It returns when both are on the disk.
func (t *Trail) Commit(b *store.Batch, lines ...audit.Line) error {
	wait, err := t.queue(b, lines)
	if err != nil {
		return err
	}
	return wait()
}

func (t *Trail) queue(b *store.Batch, lines []audit.Line) (wait func() error, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range lines {
		l.TimeMS = uint64(t.now().UnixMilli())
		seq, encoded, err := t.trail.Next(l)
		if err != nil {
			return nil, fmt.Errorf("writing the audit trail: %w", err)
		}
		b.PutAudit(seq, encoded)
	}
	return t.store.Submit(b), nil
}

// Record writes one line and returns when it is durable. An act whose line cannot be written must not be answered.
func (t *Trail) Record(l audit.Line) error { return t.Commit(store.NewBatch(), l) }
