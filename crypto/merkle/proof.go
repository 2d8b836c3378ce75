package merkle

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// maxProof bounds a proof: 64 hashes serve a log of 2^63 leaves.
const maxProof = 64

// ErrProof says that a proof does not show what it should.
var ErrProof = errors.New("proof does not hold")

// ErrProofSize says that a proof has more than 64 hashes.
var ErrProofSize = errors.New("proof of more than 64 hashes")

// ProveInclusion proves that the leaf with an index is in the log of size leaves (RFC 6962, 2.1.1).
func ProveInclusion(size, index uint64, r HashReader) ([]Hash, error) {
	p, err := tlog.ProveRecord(int64(size), int64(index), r)
	if err != nil {
		return nil, fmt.Errorf("proving leaf %d of %d: %w", index, size, err)
	}
	return fromTlog(p), nil
}

// CheckInclusion checks what [ProveInclusion] gives. Errors: [ErrProof], [ErrProofSize].
func CheckInclusion(proof []Hash, size uint64, root Hash, index uint64, leaf Hash) error {
	if len(proof) > maxProof {
		return ErrProofSize
	}
	if size > 1<<62 || index >= size {
		return fmt.Errorf("leaf %d of %d: %w", index, size, ErrProof)
	}
	if err := tlog.CheckRecord(toTlog(proof), int64(size), tlog.Hash(root), int64(index), tlog.Hash(leaf)); err != nil {
		return fmt.Errorf("leaf %d of %d: %w", index, size, ErrProof)
	}
	return nil
}

// ProveConsistency proves that the log of old leaves is the beginning of that of size leaves (RFC 6962, 2.1.2).
func ProveConsistency(size, old uint64, r HashReader) ([]Hash, error) {
	if old == 0 || old == size {
		return nil, nil
	}
	p, err := tlog.ProveTree(int64(size), int64(old), r)
	if err != nil {
		return nil, fmt.Errorf("proving the first %d of %d leaves: %w", old, size, err)
	}
	return fromTlog(p), nil
}

// CheckConsistency checks what [ProveConsistency] gives. The empty log begins every log. Errors: [ErrProof],
// [ErrProofSize].
func CheckConsistency(proof []Hash, size uint64, root Hash, old uint64, oldRoot Hash) error {
	switch {
	case len(proof) > maxProof:
		return ErrProofSize
	case size > 1<<62 || old > size:
		return fmt.Errorf("the first %d of %d leaves: %w", old, size, ErrProof)
	case old == 0 && len(proof) == 0:
		return nil
	case old == size && len(proof) == 0 && root == oldRoot:
		return nil
	case old == 0 || old == size:
		return fmt.Errorf("the first %d of %d leaves: %w", old, size, ErrProof)
	}
	if err := tlog.CheckTree(toTlog(proof), int64(size), tlog.Hash(root), int64(old), tlog.Hash(oldRoot)); err != nil {
		return fmt.Errorf("the first %d of %d leaves: %w", old, size, ErrProof)
	}
	return nil
}

func fromTlog(in []tlog.Hash) []Hash {
	out := make([]Hash, len(in))
	for i, h := range in {
		out[i] = Hash(h)
	}
	return out
}

func toTlog(in []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(in))
	for i, h := range in {
		out[i] = tlog.Hash(h)
	}
	return out
}
