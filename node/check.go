package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/feed"
	"iconet.example/node/api"
	"iconet.example/node/audit"
	"iconet.example/node/intake"
)

// Verify checks a node's data directory from first principles, without a running node. An error says that it could not be
// checked; what is wrong stands in the report.
func Verify(ctx context.Context, c Config) (*api.Report, error) {
	n := &Node{c: c, self: c.Config.Member}
	r, err := n.verifyClosed(ctx)
	return r, errors.Join(err, n.Close())
}

// Probe opens what a node that does not run has on the disk and says why it could not start, or nil.
func Probe(c Config) error {
	n := &Node{c: c, self: c.Config.Member}
	return errors.Join(n.openData(), n.Close())
}

func (n *Node) openData() (err error) {
	if err := n.openKeys(); err != nil {
		return err
	}
	if err := n.openStores(); err != nil {
		return err
	}
	n.docs, err = openDocuments(n.store, filepath.Join(n.c.Dir, BundleFile), now, n.c.Logger)
	return err
}

func (n *Node) verifyClosed(ctx context.Context) (*api.Report, error) {
	if err := n.openData(); err != nil {
		return nil, err
	}
	return n.check(ctx)
}

// check recomputes everything that can be recomputed: trees from their leaves, signatures, hashes of sealed bytes, the
// binding inside each, the chain of the audit trail.
func (n *Node) check(ctx context.Context) (*api.Report, error) {
	k := &checking{n: n, view: n.docs.Current(), report: &api.Report{Member: n.self, Problems: []string{}}, refs: map[string]uint64{}}
	owners, err := n.store.Owners()
	if err != nil {
		return nil, fmt.Errorf("listing the logs: %w", err)
	}
	for _, owner := range owners {
		if err := k.log(ctx, owner); err != nil {
			return nil, err
		}
	}
	if n.store.Recovery() {
		k.problem("the store is behind what this node once acknowledged")
	}
	if err := k.audit(); err != nil {
		return nil, err
	}
	return k.report, nil
}

type checking struct {
	n      *Node
	view   *directory.View
	report *api.Report
	refs   map[string]uint64 // own references, to find one given twice
}

func (k *checking) problem(format string, args ...any) {
	k.report.Problems = append(k.report.Problems, fmt.Sprintf(format, args...))
}

// log checks one owner's log as far as this node has it.
func (k *checking) log(ctx context.Context, owner federation.MemberCode) error {
	spine, err := k.n.store.Spine(owner)
	if err != nil {
		return fmt.Errorf("reading the log of %s: %w", owner, err)
	}
	out := api.LogReport{Owner: owner, Size: spine.Size}
	if spine.Size > 0 {
		leaves, err := k.n.store.Leaves(owner, 0, math.MaxInt)
		if err != nil {
			k.problem("log of %s: its hashes cannot be read: %v", owner, err)
			return nil
		}
		if err := k.spine(owner, spine, leaves); err != nil {
			return err
		}
		if err := k.records(ctx, owner, leaves, &out); err != nil {
			return err
		}
	}
	k.report.Logs = append(k.report.Logs, out)
	return nil
}

// spine rebuilds the tree and compares it with the signed root.
func (k *checking) spine(owner federation.MemberCode, spine feed.Spine, leaves []merkle.Hash) error {
	tree, err := merkle.LoadTree(0, nil)
	if err != nil {
		return fmt.Errorf("building a tree: %w", err)
	}
	for _, l := range leaves {
		tree.Append(l)
	}
	if tree.Root() != spine.Root || leaves[len(leaves)-1] != spine.LastLeaf {
		k.problem("log of %s: its leaves do not give the root that was kept", owner)
	}
	peer, ok := k.view.Member(owner)
	if !ok {
		k.problem("log of %s: no such member", owner)
		return nil
	}
	c, err := merkle.OpenCheckpoint(spine.Checkpoint, feed.Origin(owner), peer.Keys.Sign)
	switch {
	case err != nil:
		k.problem("log of %s: the checkpoint: %v", owner, err)
	case c.Size == spine.Size && c.Root != spine.Root:
		k.problem("log of %s: the signed root is another", owner)
	case c.Size < spine.Size:
		k.problem("log of %s: %d entries are kept, the signed checkpoint covers %d", owner, spine.Size, c.Size)
	}
	return nil
}

// records checks what is held of a log.
func (k *checking) records(ctx context.Context, owner federation.MemberCode, leaves []merkle.Hash, out *api.LogReport) error {
	items := map[federation.ItemID]uint32{}
	err := k.n.store.EachRecord(owner, func(rec feed.Record) error {
		e := rec.Entry
		if e.Index >= uint64(len(leaves)) {
			return ctx.Err() // arrived since the leaves were read
		}
		out.Records++
		if e.Owner != owner || e.Leaf() != leaves[e.Index] {
			k.problem("log of %s: the record at %d is not the entry of that place", owner, e.Index)
			return ctx.Err()
		}
		if revision, twice := items[e.Item]; twice && revision == e.Revision {
			k.problem("log of %s: item %s is there twice", owner, e.Item)
		}
		items[e.Item] = e.Revision
		k.record(rec, leaves[e.Index], out)
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("reading the records of %s: %w", owner, err)
	}
	if owner == k.n.self && out.Records != len(leaves) {
		k.problem("own log: %d entries, but %d records are held", len(leaves), out.Records)
	}
	return nil
}

func (k *checking) record(rec feed.Record, leaf merkle.Hash, out *api.LogReport) {
	e := rec.Entry
	at := fmt.Sprintf("log of %s, entry %d", e.Owner, e.Index)
	if peer, ok := k.view.Member(e.Owner); !ok || e.Verify(peer.Keys.Sign) != nil {
		k.problem("%s: the signature is not the owner's", at)
	}
	if sha256.Sum256(rec.Sealed) != e.CtHash || uint64(len(rec.Sealed)) != e.CtLen {
		k.problem("%s: the sealed bytes are not those signed", at)
		return
	}
	if rec.Audience.Hash(e.Salt) != e.AudienceHash || !rec.Audience.Contains(k.n.self) {
		k.problem("%s: the audience is not the one signed, or leaves this node out", at)
	}
	key, ok := k.n.vault.Key(leaf)
	if !ok {
		if e.Owner == k.n.self {
			k.problem("%s: its key is missing", at)
		}
		out.Sealed++
		return
	}
	if e.Kind != feed.Publish && e.Kind != feed.Revise { // it says all it says in the open
		out.Opened++
		return
	}
	item, _, err := intake.Open(rec, key)
	if err != nil {
		k.problem("%s: %v", at, err)
		return
	}
	out.Opened++
	if e.Owner == k.n.self {
		if other, twice := k.refs[item.Ref]; twice && e.Revision == 1 {
			k.problem("%s: reference %s stands at entry %d as well", at, item.Ref, other)
		}
		k.refs[item.Ref] = e.Index
	}
}

func (k *checking) audit() error {
	var v audit.Verifier
	err := k.n.store.EachAudit(1, func(seq uint64, line []byte) error {
		if _, err := v.Check(line); err != nil {
			return err
		}
		k.report.AuditLines = seq
		return nil
	})
	if errors.Is(err, audit.ErrBroken) {
		k.problem("%v", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the audit trail: %w", err)
	}
	return nil
}
