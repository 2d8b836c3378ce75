package store

import (
	"fmt"
	"time"

	badger "github.com/dgraph-io/badger/v4"

	"iconet.example/federation"
)

// The bounds of one transaction: below Badger's own at this size of its memory table (2.5 MB, 26 000 keys).
const (
	maxTxnBytes = 2 << 20
	maxTxnKeys  = 20000
)

type submission struct {
	batch *Batch
	done  chan error
}

// Commit makes a batch durable: all of it or nothing. After a failure of the disk it and all later ones are [ErrReadOnly].
func (s *Store) Commit(b *Batch) error { return s.Submit(b)() }

// Submit queues a batch, in the order of the calls, and gives a function that waits until it is durable. The batch must
// not be changed afterwards.
func (s *Store) Submit(b *Batch) (wait func() error) {
	if err := b.check(); err != nil {
		return func() error { return err }
	}
	sub := &submission{batch: b, done: make(chan error, 1)}
	select {
	case s.queue <- sub:
		return func() error { return s.await(sub) }
	case <-s.closed:
		return func() error { return errClosing }
	}
}

var errClosing = fmt.Errorf("the store is closing: %w", federation.ErrStale)

// await waits for a submission that may have come after the committer's last look.
func (s *Store) await(sub *submission) error {
	select {
	case err := <-sub.done:
		return err
	case <-s.ended:
		select {
		case err := <-sub.done:
			return err
		default:
			return errClosing
		}
	}
}

// commitAll merges what waits into transactions until the store closes and the queue is empty.
func (s *Store) commitAll() {
	var spaceChecked time.Time
	for {
		var first *submission
		select {
		case first = <-s.queue:
		default:
			select {
			case first = <-s.queue:
			case <-s.closed:
				return
			}
		}
		s.write(s.gather(first), &spaceChecked)
	}
}

// write commits a group and answers it.
func (s *Store) write(group []*submission, spaceChecked *time.Time) {
	err := s.space(spaceChecked)
	if p := s.failed.Load(); p != nil {
		err = *p
	}
	if err == nil {
		var undo []func()
		group, undo = prepare(group)
		if err = s.commit(group); err != nil {
			for i := len(undo) - 1; i >= 0; i-- {
				undo[i]()
			}
			err = fmt.Errorf("%w: %w", ErrReadOnly, err)
			s.failed.Store(&err)
			s.c.Logger.Error("the store stops writing", "error", err)
			if s.c.Failed != nil {
				s.c.Failed(err)
			}
		}
	}
	for _, sub := range group {
		sub.done <- err
	}
}

// prepare calls what batches want to be called; one that fails is answered and left out.
func prepare(group []*submission) (ready []*submission, undo []func()) {
	for _, sub := range group {
		if fn := sub.batch.prepare; fn != nil {
			back, err := fn(sub.batch)
			if err != nil {
				sub.done <- err
				continue
			}
			undo = append(undo, back)
		}
		ready = append(ready, sub)
	}
	return ready, undo
}

// gather takes what else waits, up to half of what a transaction holds; commit splits a group that is larger after all.
func (s *Store) gather(first *submission) []*submission {
	group := []*submission{first}
	size, keys := first.batch.size, len(first.batch.sets)+len(first.batch.deletes)
	for size < maxTxnBytes/2 && keys < maxTxnKeys/2 {
		select {
		case sub := <-s.queue:
			group = append(group, sub)
			size += sub.batch.size
			keys += len(sub.batch.sets) + len(sub.batch.deletes)
		default:
			return group
		}
	}
	return group
}

// space refuses to write when the disk is nearly full; it looks every two seconds.
func (s *Store) space(checked *time.Time) error {
	if time.Since(*checked) < 2*time.Second {
		return nil
	}
	left, err := free(s.c.Dir)
	if err != nil {
		return err
	}
	if left < s.c.MinFree {
		return fmt.Errorf("%d MiB are left: %w", left>>20, ErrFull)
	}
	*checked = time.Now()
	return nil
}

// commit writes a group: one transaction if it fits, else one for each batch in order; then the mark.
func (s *Store) commit(group []*submission) error {
	size, keys := 0, 0
	for _, sub := range group {
		size += sub.batch.size
		keys += len(sub.batch.sets) + len(sub.batch.deletes)
	}
	if size > maxTxnBytes || keys > maxTxnKeys {
		for _, sub := range group {
			if err := s.transact([]*submission{sub}); err != nil {
				return err
			}
		}
	} else if err := s.transact(group); err != nil {
		return err
	}
	var own *position
	for _, sub := range group {
		if sub.batch.spines[s.c.Owner] != nil {
			own = sub.batch.spines[s.c.Owner]
		}
	}
	if own == nil {
		return nil
	}
	return s.mark.write(*own)
}

func (s *Store) transact(group []*submission) error {
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	for _, sub := range group {
		for _, kv := range sub.batch.sets {
			if err := txn.SetEntry(badger.NewEntry(kv.key, kv.value)); err != nil {
				return fmt.Errorf("writing the store: %w", err)
			}
		}
		for _, k := range sub.batch.deletes {
			if err := txn.Delete(k); err != nil {
				return fmt.Errorf("writing the store: %w", err)
			}
		}
	}
	if err := txn.Commit(); err != nil {
		return fmt.Errorf("writing the store: %w", err)
	}
	return nil
}
