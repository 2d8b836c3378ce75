package feed

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// Draft is what an owner wants to say in its next entry.
type Draft struct {
	Kind             Kind
	Item             federation.ItemID
	Revision         uint32
	Element          uint16
	StructureVersion uint32
	StructureHash    [32]byte
	DirectoryVersion uint32
	Marking          federation.Marking
	DeleteAfterMS    uint64
	Audience         Audience // includes the owner
	Form             []byte   // canonical JSON of the item
	Files            []Attachment
	Ext              []byte
}

// Written is an entry with all that its owner keeps of it.
type Written struct {
	Record Record
	Key    seal.ItemKey
	Leaf   merkle.Hash
	Nodes  []merkle.Node
}

// Writer appends to the owner's log in memory. Not safe for concurrent use. A batch is written on a copy that Begin gives
// and that Keep adopts once it is durable; dropping the copy undoes the batch.
type Writer struct {
	owner  federation.MemberCode
	signer *sign.Key
	spine  Spine
	tree   *merkle.Tree
}

// NewWriter goes on at spine, whose tree is given.
func NewWriter(owner federation.MemberCode, spine Spine, tree *merkle.Tree, signer *sign.Key) *Writer {
	return &Writer{owner: owner, signer: signer, spine: spine, tree: tree}
}

// Begin gives a copy to write a batch on.
func (w *Writer) Begin() *Writer {
	c := *w
	c.tree = w.tree.Clone()
	return &c
}

// Keep adopts the state of a copy whose entries are durable.
func (w *Writer) Keep(done *Writer) { *w = *done }

// Resume begins the log's next life, after a loss: entries that were signed before and that nobody gave back stay apart from
// those to come. The next entry must be of kind Resume.
func (w *Writer) Resume() { w.spine.Incarnation++ }

// ResumeExt is the extension of a Resume entry: the incarnation that ended, u32, and how far it was brought back, u64.
func ResumeExt(ended uint32, size uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, ended), size)
}

// Incarnation gives the number of the log's present life; it rises after a loss.
func (w *Writer) Incarnation() uint32 { return w.spine.Incarnation }

// Size gives the number of entries.
func (w *Writer) Size() uint64 { return w.spine.Size }

// Append builds, binds, seals and signs the next entry. nowMS is raised to the time of the entry before it if it is
// lower. An error leaves the writer unchanged.
func (w *Writer) Append(random io.Reader, nowMS uint64, d Draft) (Written, error) {
	e := &Entry{Ext: d.Ext, Core: Core{Kind: d.Kind, Owner: w.owner, Incarnation: w.spine.Incarnation, Index: w.spine.Size,
		TimeMS: max(nowMS, w.spine.LastTimeMS), Prev: w.spine.LastLeaf, Item: d.Item, Revision: d.Revision, Element: d.Element,
		StructureVersion: d.StructureVersion, StructureHash: d.StructureHash, DirectoryVersion: d.DirectoryVersion,
		Marking: d.Marking, DeleteAfterMS: d.DeleteAfterMS}}
	if err := checkExt(e.Kind, e.Ext); err != nil {
		return Written{}, err
	}
	if _, err := ParseAudience(d.Audience.Encode()); err != nil { // what we could not read back nobody could
		return Written{}, fmt.Errorf("addressing entry %d: %w", e.Index, err)
	}
	if _, err := io.ReadFull(random, e.Salt[:]); err != nil {
		return Written{}, fmt.Errorf("drawing a salt: %w", err)
	}
	if e.Kind == Publish {
		e.Item = ItemID(w.owner, e.Salt)
	}
	e.AudienceHash = d.Audience.Hash(e.Salt)
	plain, err := EncodePlain(e.Binding(), d.Form, d.Files)
	if err != nil {
		return Written{}, err
	}
	sealed, key, err := seal.SealItem(random, plain)
	if err != nil {
		return Written{}, err
	}
	e.CtLen, e.CtHash = uint64(len(sealed)), sha256.Sum256(sealed)
	if err := e.Sign(w.signer); err != nil {
		return Written{}, err
	}
	leaf := e.Leaf()
	out := Written{Record: Record{Entry: e, Audience: d.Audience, Sealed: sealed}, Key: key, Leaf: leaf, Nodes: w.tree.Append(leaf)}
	w.spine.Size, w.spine.LastLeaf, w.spine.LastTimeMS = w.tree.Size(), leaf, e.TimeMS
	return out, nil
}

// Checkpoint signs the log at its present size and gives the spine to be stored; call it once a batch.
func (w *Writer) Checkpoint() (Spine, error) {
	w.spine.Root = w.tree.Root()
	signed, err := merkle.SignCheckpoint(merkle.Checkpoint{Origin: Origin(w.owner), Size: w.spine.Size, Root: w.spine.Root}, w.signer)
	if err != nil {
		return Spine{}, err
	}
	w.spine.Checkpoint = signed
	return w.spine, nil
}
