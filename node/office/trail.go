package office

import (
	"fmt"
	"time"

	"iconet.example/node/audit"
	"iconet.example/node/store"
)

// Trail chains the lines of the audit trail into the store's transactions. Safe for concurrent use.
type Trail struct {
	store *store.Store
	now   func() time.Time

	trail *audit.Trail // touched only by the store's writer, so that lines are chained in the order in which they are kept
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
	now := uint64(t.now().UnixMilli())
	b.Prepare(func(b *store.Batch) (func(), error) {
		before := *t.trail
		undo := func() { *t.trail = before }
		for _, l := range lines {
			l.TimeMS = now
			seq, encoded, err := t.trail.Next(l)
			if err != nil {
				undo()
				return nil, fmt.Errorf("writing the audit trail: %w", err)
			}
			b.PutAudit(seq, encoded)
		}
		return undo, nil
	})
	return t.store.Commit(b)
}

// Record writes one line and returns when it is durable. An act whose line cannot be written must not be answered.
func (t *Trail) Record(l audit.Line) error { return t.Commit(store.NewBatch(), l) }
