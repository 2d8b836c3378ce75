package journal

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/node/audit"
	"iconet.example/node/intake"
)

// recover brings the own log back from the other members and begins its next life: in a new incarnation, so that nothing
// signed before and lost can be taken for what comes. Everything granted is granted again, because nobody knows which
// grants were among what was lost; readers pass over what they have.
func (j *Journal) recover(ctx context.Context) error {
	if err := j.c.Store.NoteBehind(); err != nil {
		return err
	}
	if err := j.c.Recall(ctx); err != nil {
		return err
	}
	writer, err := resume(j.c)
	if err != nil {
		return err
	}
	j.writer, j.counters = writer, map[string]uint64{}
	w := j.begin()
	ended, size := w.writer.Incarnation(), w.writer.Size()
	w.writer.Resume()
	made, err := w.writer.Append(j.c.Random, uint64(w.now.UnixMilli()), feed.Draft{Kind: feed.Resume, Ext: feed.ResumeExt(ended, size),
		Marking: federation.MarkingNetwork, DeleteAfterMS: uint64(w.now.AddDate(10, 0, 0).UnixMilli()), Audience: feed.NewAudience(j.c.Everybody()...), Form: []byte("{}")})
	if err != nil {
		return fmt.Errorf("announcing a new life of the log: %w", err)
	}
	w.take(j.c.Owner, made)
	w.lines = append(w.lines, audit.Line{Actor: "node", Action: "resume", Object: made.Leaf.String(), Decision: "allowed", Reason: fmt.Sprintf("log brought back to %d entries", size)})
	if err := j.regrant(ctx, w); err != nil {
		return err
	}
	j.c.Committed(nil) // wakes the streams
	return j.c.Store.Recovered()
}

// regrant grants the keys of the whole log in its new life and counts on where the references ended. w holds the first part.
func (j *Journal) regrant(ctx context.Context, w *work) error {
	lost := uint64(0)
	last := map[string]uint64{}
	err := j.c.Store.EachRecord(j.c.Owner, func(rec feed.Record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaf := rec.Entry.Leaf()
		key, ok := j.c.Vault.Key(leaf)
		if !ok {
			lost++ // its reference is not known any more
			return nil
		}
		if item, _, err := intake.Open(rec, key); err == nil && rec.Entry.Kind == feed.Publish {
			name, n := counterOf(item)
			last[name] = max(last[name], n)
		}
		if !w.room() {
			if err := j.commit(w); err != nil {
				return err
			}
			w = j.begin()
		}
		w.give(slices.DeleteFunc(slices.Clone(rec.Audience), j.absent), leaf, key)
		return nil
	})
	if err != nil {
		return err
	}
	for name, n := range last {
		w.counters[name] = n + lost
	}
	return j.commit(w)
}

// absent reports whether nothing can be granted to a member at present.
func (j *Journal) absent(m federation.MemberCode) bool {
	_, err := j.c.Readers(m)
	return m != j.c.Owner && err != nil
}

// counterOf gives the counter of an item's reference and the number in it; 0 for one that is none.
func counterOf(item *federation.Item) (name string, n uint64) {
	parts := strings.Split(item.Ref, "-")
	if len(parts) < 3 {
		return "", 0
	}
	n, _ = strconv.ParseUint(parts[len(parts)-1], 10, 64)
	year, _ := strconv.Atoi(parts[len(parts)-2])
	return counterName(item.Form, year), n
}
