package feed

import (
	"bytes"
	"crypto/sha256"
	"math"
	"slices"

	"iconet.example/crypto/canon"
	"iconet.example/federation"
)

// audienceContext tags the hash of an audience.
const audienceContext = "iconet/1/audience"

// maxAudience bounds the members of an audience.
const maxAudience = 256

// Audience is the set of members that may read an item, its owner included: sorted by member id, without repeats.
type Audience []federation.MemberCode

// NewAudience sorts codes and drops repeats.
func NewAudience(codes ...federation.MemberCode) Audience {
	a := slices.Clone(codes)
	slices.SortFunc(a, compare)
	return slices.Compact(a)
}

func compare(a, b federation.MemberCode) int {
	x, y := a.ID(), b.ID()
	return bytes.Compare(x[:], y[:])
}

// Contains reports whether m is in the audience.
func (a Audience) Contains(m federation.MemberCode) bool { return slices.Contains(a, m) }

// Encode gives the canonical bytes: list16<bytes16>, strictly increasing.
func (a Audience) Encode() []byte {
	var w canon.Writer
	w.U16(uint16(min(len(a), math.MaxUint16)))
	for _, m := range a {
		id := m.ID()
		w.Raw(id[:])
	}
	return w.Bytes()
}

// ParseAudience reads what Encode writes; anything else is a [federation.RejectError] with reason audience.
func ParseAudience(b []byte) (Audience, error) {
	r := canon.NewReader(b)
	n := int(r.U16())
	if n > maxAudience {
		return nil, federation.Reject(federation.ReasonAudience, "an audience of %d members", n)
	}
	a := make(Audience, 0, n)
	for range n {
		m, err := federation.MemberFromID(r.Array16())
		if err != nil {
			return nil, federation.Reject(federation.ReasonAudience, "parsing an audience: %w", err)
		}
		if len(a) > 0 && compare(a[len(a)-1], m) >= 0 {
			return nil, federation.Reject(federation.ReasonAudience, "an audience out of order")
		}
		a = append(a, m)
	}
	if err := r.Done(); err != nil {
		return nil, federation.Reject(federation.ReasonAudience, "parsing an audience: %w", err)
	}
	return a, nil
}

// Hash gives the hash that an entry signs in place of the audience itself.
func (a Audience) Hash(salt [32]byte) [32]byte {
	b := append([]byte(audienceContext+"\x00"), salt[:]...)
	return sha256.Sum256(append(b, a.Encode()...))
}
