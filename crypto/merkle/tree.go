package merkle

import (
	"encoding/hex"
	"fmt"
	"maps"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of the tree: SHA-256, 32 bytes. It is comparable; the zero value is the root of no log.
type Hash [32]byte

// String gives 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// LeafHash hashes the data of a leaf: SHA-256(0x00 || data) (RFC 6962, 2.1).
func LeafHash(data []byte) Hash { return Hash(tlog.RecordHash(data)) }

// LeafPosition gives the stored position of the leaf with an index.
func LeafPosition(index uint64) int64 { return tlog.StoredHashIndex(0, int64(index)) }

// HashReader gives the stored hashes at positions, in their order. It verifies nothing.
type HashReader func(positions []int64) ([]Hash, error)

// ReadHashes makes a HashReader usable by tlog.
func (r HashReader) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	hashes, err := r(positions)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(positions) {
		return nil, fmt.Errorf("reading %d stored hashes gave %d", len(positions), len(hashes))
	}
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = tlog.Hash(h)
	}
	return out, nil
}

// Node is a hash to be stored at its position.
type Node struct {
	Position int64
	Hash     Hash
}

// Tree is the size of a log and the hashes of its right edge: what appending and the root need. Not safe for concurrent
// use.
type Tree struct {
	size int64
	edge map[int64]Hash // by stored position
}

// LoadTree reads the right edge of a log with size leaves. The empty tree needs no reader.
func LoadTree(size uint64, r HashReader) (*Tree, error) {
	if size >= maxSize {
		return nil, fmt.Errorf("reading a log of %d leaves: %w", size, ErrCheckpoint)
	}
	t := &Tree{size: int64(size), edge: map[int64]Hash{}}
	if size == 0 {
		return t, nil
	}
	positions := edgeOf(t.size)
	hashes, err := r(positions)
	if err != nil {
		return nil, fmt.Errorf("reading the edge of a log of %d: %w", size, err)
	}
	if len(hashes) != len(positions) {
		return nil, fmt.Errorf("reading the edge of a log of %d: %d hashes of %d", size, len(hashes), len(positions))
	}
	for i, p := range positions {
		t.edge[p] = hashes[i]
	}
	return t, nil
}

// edgeOf lists the positions of the complete subtrees that make up a log of size n, largest first.
func edgeOf(n int64) []int64 {
	var positions []int64
	for start := int64(0); start < n; {
		level := 0
		for start+(int64(1)<<(level+1)) <= n && start&((int64(1)<<(level+1))-1) == 0 {
			level++
		}
		positions = append(positions, tlog.StoredHashIndex(level, start>>level))
		start += int64(1) << level
	}
	return positions
}

// Clone gives an independent copy.
func (t *Tree) Clone() *Tree { return &Tree{size: t.size, edge: maps.Clone(t.edge)} }

// Size gives the number of leaves.
func (t *Tree) Size() uint64 { return uint64(t.size) }

// Append adds a leaf and gives the nodes to be stored: the leaf's and those of the subtrees it completes.
func (t *Tree) Append(leaf Hash) []Node {
	n := t.size
	nodes := []Node{{Position: tlog.StoredHashIndex(0, n), Hash: leaf}}
	h := leaf
	for level := 0; n>>level&1 == 1; level++ {
		left := tlog.StoredHashIndex(level, n>>level-1)
		h = Hash(tlog.NodeHash(tlog.Hash(t.edge[left]), tlog.Hash(h)))
		delete(t.edge, left)
		nodes = append(nodes, Node{Position: tlog.StoredHashIndex(level+1, n>>(level+1)), Hash: h})
	}
	t.edge[nodes[len(nodes)-1].Position] = h
	t.size++
	return nodes
}

// Root gives the root of the tree: SHA-256 of nothing for the empty one (RFC 6962, 2.1).
func (t *Tree) Root() Hash {
	root, err := tlog.TreeHash(t.size, HashReader(func(positions []int64) ([]Hash, error) {
		hashes := make([]Hash, len(positions))
		for i, p := range positions {
			h, ok := t.edge[p]
			if !ok {
				return nil, fmt.Errorf("position %d is not on the edge", p)
			}
			hashes[i] = h
		}
		return hashes, nil
	}))
	if err != nil {
		panic("hashing a tree whose edge is complete: " + err.Error()) // Append and LoadTree keep the edge complete
	}
	return Hash(root)
}
