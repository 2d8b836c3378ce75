package intake

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/node/index"
)

// rebuildBatch is how many records are opened between two writes of the index.
const rebuildBatch = 256

// Rebuild fills the index from store and vault, each owner's newest items first, all owners side by side. Lists grow
// while it runs. A record that no longer opens is logged and passed over: `iconet verify` reports it.
func (k *Keeper) Rebuild(ctx context.Context) error {
	owners, err := k.c.Store.Owners()
	if err != nil {
		return fmt.Errorf("listing the logs: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for _, owner := range owners {
		group.Go(func() error { return k.rebuildOwner(ctx, owner) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("rebuilding the index: %w", err)
	}
	return nil
}

func (k *Keeper) rebuildOwner(ctx context.Context, owner federation.MemberCode) error {
	var rows []*index.Row
	flush := func() error {
		err := k.c.Index.Put(rows...)
		rows = nil
		return err
	}
	err := k.c.Store.EachRecord(owner, func(rec feed.Record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r := k.reopen(rec); r != nil {
			rows = append(rows, r)
		}
		if len(rows) < rebuildBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// reopen makes the row of a stored record, or nil where there is none to show. Content was judged when it came; what was
// written under an older structure stays readable, so it is not judged again.
func (k *Keeper) reopen(rec feed.Record) *index.Row {
	e := rec.Entry
	key, ok := k.c.Vault.Key(e.Leaf())
	if !ok || e.Kind != feed.Publish && e.Kind != feed.Revise {
		return nil
	}
	item, _, err := Open(rec, key)
	if err != nil {
		k.c.Logger.Error("stored item does not open", "owner", e.Owner, "item", e.Item.String(), "reason", string(federation.ReasonOf(err)))
		return nil
	}
	element, ok := k.c.View().Structure.ElementNumber(e.Element)
	if !ok {
		return nil
	}
	return row(rec, item, e.TimeMS, element.Code)
}

// Show puts items that this node published into its own index; the journal calls it after each commit.
func (k *Keeper) Show(rec feed.Record, item *federation.Item) error {
	element, ok := k.c.View().Structure.ElementNumber(rec.Entry.Element)
	if !ok {
		return fmt.Errorf("showing item %s: element %d: %w", rec.Entry.Item, rec.Entry.Element, federation.ErrNotFound)
	}
	return k.c.Index.Put(row(rec, item, rec.Entry.TimeMS, element.Code))
}
