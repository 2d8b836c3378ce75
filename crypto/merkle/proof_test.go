package merkle_test

import (
	"errors"
	"slices"
	"testing"

	"iconet.example/crypto/merkle"
)

const maxSize = 70

// mutations gives changed copies of a proof, none of which may check.
func mutations(proof []merkle.Hash) [][]merkle.Hash {
	out := [][]merkle.Hash{append(slices.Clone(proof), merkle.Hash{}), append([]merkle.Hash{{1}}, proof...)}
	for i := range proof {
		flipped := slices.Clone(proof)
		flipped[i][i%32] ^= 1
		out = append(out, flipped, slices.Delete(slices.Clone(proof), i, i+1))
	}
	for i := 1; i < len(proof); i++ {
		swapped := slices.Clone(proof)
		swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
		out = append(out, swapped)
	}
	return out
}

func TestInclusionProofsCheckAndTamperedOnesDoNot(t *testing.T) {
	l := newLog(t, maxSize)
	for size := uint64(1); size <= maxSize; size++ {
		root := l.roots[size]
		for i := range size {
			proof, err := merkle.ProveInclusion(size, i, l.read)
			if err != nil {
				t.Fatal(err)
			}
			h := leaf(int(i))
			if err := merkle.CheckInclusion(proof, size, root, i, h); err != nil {
				t.Fatalf("leaf %d of %d: %v", i, size, err)
			}
			refuse := func(what string, err error) {
				t.Helper()
				if !errors.Is(err, merkle.ErrProof) {
					t.Errorf("leaf %d of %d, %s: error %v, want ErrProof", i, size, what, err)
				}
			}
			for _, bad := range mutations(proof) {
				refuse("changed proof", merkle.CheckInclusion(bad, size, root, i, h))
			}
			refuse("another leaf", merkle.CheckInclusion(proof, size, root, i, leaf(int(i)+1)))
			refuse("another root", merkle.CheckInclusion(proof, size, l.roots[size-1], i, h))
			refuse("index past the end", merkle.CheckInclusion(proof, size, root, size, h))
			if size > 1 {
				refuse("another index", merkle.CheckInclusion(proof, size, root, (i+1)%size, h))
			}
		}
	}
}

func TestConsistencyProofsCheckAndTamperedOnesDoNot(t *testing.T) {
	l := newLog(t, maxSize)
	for size := uint64(1); size <= maxSize; size++ {
		root := l.roots[size]
		for old := range size + 1 {
			proof, err := merkle.ProveConsistency(size, old, l.read)
			if err != nil {
				t.Fatal(err)
			}
			if err := merkle.CheckConsistency(proof, size, root, old, l.roots[old]); err != nil {
				t.Fatalf("first %d of %d: %v", old, size, err)
			}
			refuse := func(what string, err error) {
				t.Helper()
				if !errors.Is(err, merkle.ErrProof) {
					t.Errorf("first %d of %d, %s: error %v, want ErrProof", old, size, what, err)
				}
			}
			for _, bad := range mutations(proof) {
				refuse("changed proof", merkle.CheckConsistency(bad, size, root, old, l.roots[old]))
			}
			refuse("roots in the wrong order", merkle.CheckConsistency(proof, old, l.roots[old], size+1, root))
			if old == 0 {
				continue // the empty log begins every log, so its root says nothing
			}
			refuse("another root", merkle.CheckConsistency(proof, size, l.roots[size-1], old, l.roots[old]))
			refuse("another old root", merkle.CheckConsistency(proof, size, root, old, l.roots[old-1]))
		}
	}
}

// TestForkIsNotConsistent is what the proofs are for: a rewritten leaf cannot hide under a later root.
func TestForkIsNotConsistent(t *testing.T) {
	honest, fork := newLog(t, 20), newLog(t, 9)
	fork.append(t, leaf(999))
	for i := 10; i < 20; i++ {
		fork.append(t, leaf(i))
	}
	for old := uint64(10); old <= 20; old++ {
		proof, err := merkle.ProveConsistency(20, old, fork.read)
		if err != nil {
			t.Fatal(err)
		}
		if err := merkle.CheckConsistency(proof, 20, fork.roots[20], old, honest.roots[old]); !errors.Is(err, merkle.ErrProof) {
			t.Errorf("first %d of 20: error %v, want ErrProof", old, err)
		}
	}
}

func TestChecksRefuseSizesBeyondAnyLog(t *testing.T) {
	var h merkle.Hash
	for _, size := range []uint64{0, 1<<62 + 1, 1 << 63, 1<<64 - 1} {
		if err := merkle.CheckInclusion(nil, size, h, 0, h); !errors.Is(err, merkle.ErrProof) {
			t.Errorf("inclusion in %d leaves: error %v, want ErrProof", size, err)
		}
		if size == 0 {
			continue
		}
		for _, old := range []uint64{0, 1, size} {
			if err := merkle.CheckConsistency(nil, size, h, old, h); !errors.Is(err, merkle.ErrProof) {
				t.Errorf("first %d of %d leaves: error %v, want ErrProof", old, size, err)
			}
		}
	}
	// The largest size must be refused for the proof, in the time of a short walk.
	proof := make([]merkle.Hash, 62)
	if err := merkle.CheckInclusion(proof, 1<<62, h, 1<<61, h); !errors.Is(err, merkle.ErrProof) {
		t.Errorf("inclusion in 2^62 leaves: error %v, want ErrProof", err)
	}
	if err := merkle.CheckConsistency(proof, 1<<62, h, 1<<61+1, h); !errors.Is(err, merkle.ErrProof) {
		t.Errorf("consistency of 2^62 leaves: error %v, want ErrProof", err)
	}
}

func TestProofsAreBoundedTo64Hashes(t *testing.T) {
	var h merkle.Hash
	for n, want := range map[int]error{64: merkle.ErrProof, 65: merkle.ErrProofSize} {
		proof := make([]merkle.Hash, n)
		if err := merkle.CheckInclusion(proof, 10, h, 1, h); !errors.Is(err, want) {
			t.Errorf("inclusion with %d hashes: error %v, want %v", n, err, want)
		}
		if err := merkle.CheckConsistency(proof, 10, h, 3, h); !errors.Is(err, want) {
			t.Errorf("consistency with %d hashes: error %v, want %v", n, err, want)
		}
	}
}

func TestProvingWhatIsNotThereFails(t *testing.T) {
	l := newLog(t, 10)
	for _, index := range []uint64{10, 1 << 63, 1<<64 - 1} {
		if p, err := merkle.ProveInclusion(10, index, l.read); err == nil {
			t.Errorf("leaf %d of 10 is proved by %d hashes", index, len(p))
		}
	}
	if p, err := merkle.ProveConsistency(10, 11, l.read); err == nil {
		t.Errorf("the first 11 of 10 are proved by %d hashes", len(p))
	}
	lost := errors.New("lost")
	gone := func([]int64) ([]merkle.Hash, error) { return nil, lost }
	if _, err := merkle.ProveInclusion(10, 3, gone); !errors.Is(err, lost) {
		t.Errorf("error %v, want that of the reader", err)
	}
	few := func([]int64) ([]merkle.Hash, error) { return nil, nil }
	if _, err := merkle.ProveInclusion(10, 3, few); err == nil {
		t.Error("a reader that gives no hashes is believed")
	}
}
