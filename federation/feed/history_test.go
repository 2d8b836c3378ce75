package feed_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/feed"
)

// startMS is the time of the first entry: 1 March 2026, 08:00 UTC.
const startMS = 1772352000000

// key gives the same key for the same number; number 1 is the owner's.
func key(t testing.TB, n byte) *sign.Key {
	t.Helper()
	k, err := sign.KeyFromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func emptyTree(t testing.TB) *merkle.Tree {
	t.Helper()
	tree, err := merkle.LoadTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// history is the log of FR as its owner keeps it, or as an owner who cheats would.
type history struct {
	t       testing.TB
	tree    *merkle.Tree
	nodes   map[int64]merkle.Hash
	leaves  []merkle.Hash
	records []feed.Record
	keys    []seal.ItemKey    // of what a writer wrote
	notes   map[uint64][]byte // signed checkpoints by size
}

func newHistory(t testing.TB) *history {
	t.Helper()
	h := &history{t: t, tree: emptyTree(t), nodes: map[int64]merkle.Hash{}, notes: map[uint64][]byte{}}
	h.sign()
	return h
}

// sign signs the log at its present size.
func (h *history) sign() {
	h.t.Helper()
	h.notes[h.tree.Size()] = note(h.t, key(h.t, 1), "FR", h.tree.Size(), h.tree.Root())
}

func note(t testing.TB, k *sign.Key, owner federation.MemberCode, size uint64, root merkle.Hash) []byte {
	t.Helper()
	b, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: feed.Origin(owner), Size: size, Root: root}, k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// add appends the entry that rightly comes next, after change has spoiled it, signed by the owner all the same.
func (h *history) add(change func(*feed.Entry)) {
	h.t.Helper()
	n := uint64(len(h.leaves))
	sealed := fmt.Appendf(nil, "sealed bytes %d", n)
	audience, salt := feed.NewAudience("FR", "GR"), filled(byte(n))
	e := &feed.Entry{Core: feed.Core{Kind: feed.Publish, Owner: "FR", Incarnation: 1, Index: n, TimeMS: startMS + 1000*n, Revision: 1,
		DeleteAfterMS: startMS + 1<<35, AudienceHash: audience.Hash(salt), Salt: salt,
		CtLen: uint64(len(sealed)), CtHash: sha256.Sum256(sealed)}}
	if n > 0 {
		e.Prev = h.leaves[n-1]
	}
	change(e)
	if err := e.Sign(key(h.t, 1)); err != nil {
		h.t.Fatal(err)
	}
	h.put(feed.Record{Entry: e, Audience: audience, Sealed: sealed})
}

// put appends a record as it stands.
func (h *history) put(rec feed.Record) {
	h.t.Helper()
	leaf := rec.Entry.Leaf()
	h.leaves, h.records = append(h.leaves, leaf), append(h.records, rec)
	for _, n := range h.tree.Append(leaf) {
		h.nodes[n.Position] = n.Hash
	}
	h.sign()
}

// right appends n entries without fault.
func (h *history) right(n int) *history {
	h.t.Helper()
	for range n {
		h.add(func(*feed.Entry) {})
	}
	return h
}

// write appends n entries with a writer, in one batch with one checkpoint.
func (h *history) write(w *feed.Writer, n, formSize int) {
	h.t.Helper()
	batch := w.Begin()
	for range n {
		out, err := batch.Append(rand.Reader, startMS, draft(formSize))
		if err != nil {
			h.t.Fatal(err)
		}
		h.leaves, h.records, h.keys = append(h.leaves, out.Leaf), append(h.records, out.Record), append(h.keys, out.Key)
		h.tree.Append(out.Leaf)
		for _, n := range out.Nodes {
			h.nodes[n.Position] = n.Hash
		}
	}
	spine, err := batch.Checkpoint()
	if err != nil {
		h.t.Fatal(err)
	}
	h.notes[spine.Size] = spine.Checkpoint
	w.Keep(batch)
}

func draft(formSize int) feed.Draft {
	return feed.Draft{Kind: feed.Publish, Item: federation.ItemID{1, 2, 3}, Revision: 1, Marking: federation.MarkingNetwork,
		DeleteAfterMS: startMS + 1<<35, Audience: feed.NewAudience("FR", "GR"), Form: bytes.Repeat([]byte{'x'}, formSize)}
}

func (h *history) reader() merkle.HashReader {
	return func(positions []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(positions))
		for i, p := range positions {
			n, ok := h.nodes[p]
			if !ok {
				return nil, fmt.Errorf("no node at %d", p)
			}
			out[i] = n
		}
		return out, nil
	}
}

// page gives the entries [from, to) under the checkpoint of a size, with all records. A test may spoil it.
func (h *history) page(from, to, size uint64) feed.Page {
	h.t.Helper()
	proof, err := merkle.ProveConsistency(size, to, h.reader())
	if err != nil {
		h.t.Fatal(err)
	}
	signed, ok := h.notes[size]
	if !ok {
		h.t.Fatalf("no checkpoint of %d", size)
	}
	return feed.Page{Owner: "FR", From: from, Leaves: slices.Clone(h.leaves[from:to]), Records: slices.Clone(h.records[from:to]),
		Checkpoint: signed, Proof: proof}
}

// follower gives a reader that has the first size entries.
func (h *history) follower(size uint64) *feed.Follower {
	h.t.Helper()
	f := feed.NewFollower("FR", key(h.t, 1).Public(), feed.Spine{}, emptyTree(h.t))
	if size > 0 {
		if _, err := f.Accept(h.page(0, size, size), nowMS(h)); err != nil {
			h.t.Fatal(err)
		}
	}
	return f
}

// nowMS is a minute after the last entry that has no fault.
func nowMS(h *history) uint64 { return startMS + 1000*uint64(len(h.leaves)) + 60_000 }
