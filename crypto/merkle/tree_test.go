package merkle_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"iconet.example/crypto/merkle"
)

// log is a tree with the nodes it has stored.
type log struct {
	tree  *merkle.Tree
	nodes map[int64]merkle.Hash
	roots []merkle.Hash // by size
}

func leaf(i int) merkle.Hash { return merkle.LeafHash([]byte{byte(i), byte(i >> 8)}) }

func newLog(t testing.TB, size int) *log {
	t.Helper()
	tree, err := merkle.LoadTree(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &log{tree: tree, nodes: map[int64]merkle.Hash{}, roots: []merkle.Hash{tree.Root()}}
	for i := range size {
		l.append(t, leaf(i))
	}
	return l
}

func (l *log) append(t testing.TB, h merkle.Hash) {
	t.Helper()
	for _, n := range l.tree.Append(h) {
		if _, ok := l.nodes[n.Position]; ok {
			t.Fatalf("position %d is stored twice", n.Position)
		}
		l.nodes[n.Position] = n.Hash
	}
	l.roots = append(l.roots, l.tree.Root())
}

func (l *log) read(positions []int64) ([]merkle.Hash, error) {
	out := make([]merkle.Hash, len(positions))
	for i, p := range positions {
		h, ok := l.nodes[p]
		if !ok {
			return nil, fmt.Errorf("position %d is not stored", p)
		}
		out[i] = h
	}
	return out, nil
}

// vectors are the leaves and roots of the test tree that the Certificate Transparency implementations of RFC 6962 share;
// the root of size n is over the first n leaves.
var vectors = []struct{ leaf, root string }{
	{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
}

func TestRootsAreThoseOfRFC6962(t *testing.T) {
	l := newLog(t, 0)
	if got := l.tree.Root().String(); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("root of the empty tree %s", got)
	}
	for i, v := range vectors {
		data, err := hex.DecodeString(v.leaf)
		if err != nil {
			t.Fatal(err)
		}
		l.append(t, merkle.LeafHash(data))
		if got := l.tree.Root().String(); got != v.root {
			t.Errorf("root of %d leaves %s, want %s", i+1, got, v.root)
		}
	}
}

// reference is the recursive definition of RFC 6962, 2.1, over leaf hashes.
func reference(leaves []merkle.Hash) merkle.Hash {
	if len(leaves) == 0 {
		return sha256.Sum256(nil)
	}
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	l, r := reference(leaves[:k]), reference(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

func TestRootsAreThoseOfTheDefinition(t *testing.T) {
	l := newLog(t, maxSize)
	var leaves []merkle.Hash
	for n := range maxSize + 1 {
		if l.roots[n] != reference(leaves) {
			t.Errorf("root of %d leaves is another", n)
		}
		leaves = append(leaves, leaf(n))
	}
	for i := range maxSize {
		if l.nodes[merkle.LeafPosition(uint64(i))] != leaf(i) {
			t.Errorf("leaf %d is not at its position", i)
		}
	}
}

func TestLoadedTreeGrowsLikeTheOneInMemory(t *testing.T) {
	l := newLog(t, maxSize)
	for n := range maxSize {
		loaded, err := merkle.LoadTree(uint64(n), l.read)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Size() != uint64(n) || loaded.Root() != l.roots[n] {
			t.Errorf("loading %d leaves gave size %d or another root", n, loaded.Size())
		}
		for _, node := range loaded.Append(leaf(n)) {
			if l.nodes[node.Position] != node.Hash {
				t.Errorf("appending to %d leaves stores another hash at %d", n, node.Position)
			}
		}
		if loaded.Root() != l.roots[n+1] {
			t.Errorf("appending to %d leaves gave another root", n)
		}
	}
}

func TestLoadTreeReportsAFailingReader(t *testing.T) {
	lost := errors.New("lost")
	if _, err := merkle.LoadTree(5, func([]int64) ([]merkle.Hash, error) { return nil, lost }); !errors.Is(err, lost) {
		t.Errorf("error %v, want that of the reader", err)
	}
	if _, err := merkle.LoadTree(5, func([]int64) ([]merkle.Hash, error) { return make([]merkle.Hash, 1), nil }); err == nil {
		t.Error("a reader that gives too few hashes is believed")
	}
}

func TestCloneIsIndependent(t *testing.T) {
	l := newLog(t, 5)
	c := l.tree.Clone()
	c.Append(leaf(99))
	if l.tree.Size() != 5 || l.tree.Root() != l.roots[5] {
		t.Error("appending to a clone changed the tree")
	}
	l.append(t, leaf(5))
	if l.roots[6] != reference([]merkle.Hash{leaf(0), leaf(1), leaf(2), leaf(3), leaf(4), leaf(5)}) {
		t.Error("the tree no longer grows as it should")
	}
}
