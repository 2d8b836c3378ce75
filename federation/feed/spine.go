package feed

import (
	"fmt"
	"strings"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
)

// maxNote bounds a checkpoint in bytes.
const maxNote = 4 << 10

// Record is what the members of an audience hold of an entry.
type Record struct {
	Entry    *Entry
	Audience Audience
	Sealed   []byte // the age file; nil where it travels or is kept apart
}

// Spine is what every member keeps of every owner's log: how far it got and what proves it.
type Spine struct {
	Incarnation uint32
	Size        uint64
	Root        merkle.Hash
	LastLeaf    merkle.Hash // zero for the empty log
	LastTimeMS  uint64      // the newest entry time known
	Checkpoint  []byte      // newest signed note; its size may be larger than Size while pages are missing
}

// Encode gives the form in which a node stores a spine.
func (s Spine) Encode() []byte {
	var w canon.Writer
	w.U8(version)
	w.U32(s.Incarnation)
	w.U64(s.Size)
	w.Raw(s.Root[:])
	w.Raw(s.LastLeaf[:])
	w.U64(s.LastTimeMS)
	w.Opaque16(s.Checkpoint)
	return w.Bytes()
}

// ParseSpine reads what Encode writes.
func ParseSpine(b []byte) (Spine, error) {
	r := canon.NewReader(b)
	v := r.U8()
	s := Spine{Incarnation: r.U32(), Size: r.U64(), Root: r.Array32(), LastLeaf: r.Array32(), LastTimeMS: r.U64()}
	s.Checkpoint = append([]byte(nil), r.Opaque16(maxNote)...)
	if v != version {
		r.Fail(fmt.Errorf("version %d: %w", v, canon.ErrLayout))
	}
	if err := r.Done(); err != nil {
		return Spine{}, federation.Reject(federation.ReasonLayout, "parsing a stored spine: %w", err)
	}
	return s, nil
}

// Origin names an owner's log in its checkpoints.
func Origin(owner federation.MemberCode) string {
	id := owner.ID()
	return "iconet/1/log/" + strings.TrimRight(string(id[:]), "\x00")
}
