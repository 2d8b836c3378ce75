package store

import (
	"encoding/binary"
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
)

// pieceSize is the largest part of sealed bytes in one value.
const pieceSize = 256 << 10

// Batch collects facts that become durable together. Not safe for concurrent use.
type Batch struct {
	sets    []pair
	deletes [][]byte
	size    int
	spines  map[federation.MemberCode]*position
	prepare func(*Batch) (undo func(), err error)
	err     error
}

type pair struct{ key, value []byte }

// NewBatch gives an empty batch.
func NewBatch() *Batch {
	return &Batch{spines: map[federation.MemberCode]*position{}}
}

// Prepare has fn called in the order of commits, right before this batch is written: for facts that depend on what was
// written before. undo is called if the batch then fails. fn must be quick and must not use the store.
func (b *Batch) Prepare(fn func(*Batch) (undo func(), err error)) { b.prepare = fn }

// Size gives the bytes and the keys that a transaction of this batch takes.
func (b *Batch) Size() (bytes, keys int) { return b.size, len(b.sets) + len(b.deletes) }

// check refuses a batch that no transaction can hold.
func (b *Batch) check() error {
	if b.err != nil {
		return b.err
	}
	if b.size > maxTxnBytes || len(b.sets)+len(b.deletes) > maxTxnKeys {
		return fmt.Errorf("a batch of %d bytes in %d keys is more than one transaction holds: %w", b.size, len(b.sets), federation.ErrInvalid)
	}
	return nil
}

func (b *Batch) set(k, v []byte) {
	b.sets = append(b.sets, pair{k, v})
	b.size += len(k) + len(v) + 16
}

func (b *Batch) delete(k []byte) {
	b.deletes = append(b.deletes, k)
	b.size += len(k) + 16
}

// PutRecord keeps a record under its owner and index, with its sealed bytes.
func (b *Batch) PutRecord(rec feed.Record) {
	e := rec.Entry
	sealed := rec.Sealed
	if len(sealed) > pieceSize {
		for n := uint32(0); len(sealed) > 0; n++ {
			piece := sealed[:min(len(sealed), pieceSize)]
			b.set(key('b', e.Owner, e.Index, n), piece)
			sealed = sealed[len(piece):]
		}
	}
	var w canon.Writer
	w.Opaque16(e.LeafData())
	w.Opaque16(rec.Audience.Encode())
	w.Raw(sealed)
	if err := w.Err(); err != nil {
		b.err = fmt.Errorf("storing entry %d: %w", e.Index, err)
		return
	}
	b.set(key('e', e.Owner, e.Index), w.Bytes())
	b.set(key('l', e.Owner, [32]byte(e.Leaf())), binary.BigEndian.AppendUint64(nil, e.Index))
}

// DropRecord takes back a record that was kept before its key came and that was then refused.
func (b *Batch) DropRecord(owner federation.MemberCode, index uint64, leaf merkle.Hash, sealed int) {
	for n := uint32(0); sealed > pieceSize && int(n)*pieceSize < sealed; n++ {
		b.delete(key('b', owner, index, n))
	}
	b.delete(key('e', owner, index))
	b.delete(key('l', owner, [32]byte(leaf)))
}

// PutNodes keeps hashes of an owner's tree.
func (b *Batch) PutNodes(owner federation.MemberCode, nodes []merkle.Node) {
	for _, n := range nodes {
		h := n.Hash
		b.set(key('h', owner, n.Position), h[:])
	}
}

// SetSpine keeps how far an owner's log has come. For the node's own log the mark follows.
func (b *Batch) SetSpine(owner federation.MemberCode, s feed.Spine) {
	b.set(key('s', owner), s.Encode())
	b.spines[owner] = &position{incarnation: s.Incarnation, size: s.Size}
}

// PutGrant keeps a grant of this node's, with its hash, for sending, and for each of its leaves that this grant carries it.
func (b *Batch) PutGrant(g grant.Sealed, hash [32]byte, leaves []merkle.Hash, queuedMS uint64) {
	var w canon.Writer
	w.U16(uint16(len(leaves)))
	for _, l := range leaves {
		w.Raw(l[:])
	}
	w.Raw(g.Bytes)
	b.set(key('g', g.Grantee, g.Incarnation, g.Seq), w.Bytes())
	b.set(key('r', g.Grantee, g.Incarnation, g.Seq), times{queued: queuedMS, hash: hash}.encode())
	for _, l := range leaves {
		b.set(key('p', [32]byte(l), g.Grantee, g.Incarnation, g.Seq), nil)
	}
}

// SetOutbox keeps the last grant issued to a grantee.
func (b *Batch) SetOutbox(grantee federation.MemberCode, p grant.Position) {
	b.set(key('o', grantee), encodePosition(p))
}

// SetInbox keeps the last grant of an owner that was applied.
func (b *Batch) SetInbox(owner federation.MemberCode, p grant.Position) {
	b.set(key('i', owner), encodePosition(p))
}

// Want notes a leaf that a grant handed over and whose record is not here.
func (b *Batch) Want(owner federation.MemberCode, leaf merkle.Hash, by grant.Position) {
	b.set(key('w', owner, [32]byte(leaf)), encodePosition(by))
}

// Unwant forgets such a note.
func (b *Batch) Unwant(owner federation.MemberCode, leaf merkle.Hash) {
	b.delete(key('w', owner, [32]byte(leaf)))
}

// Reject notes a refused entry; nothing else of it is kept.
func (b *Batch) Reject(owner federation.MemberCode, index uint64, leaf merkle.Hash, why federation.Reason, atMS uint64) {
	v := binary.BigEndian.AppendUint64(append([]byte(nil), leaf[:]...), atMS)
	b.set(key('x', owner, index), append(v, why...))
	b.set(key('y', owner, [32]byte(leaf)), nil)
}

// PutDocument keeps a committee document.
func (b *Batch) PutDocument(kind string, version uint32, doc []byte) {
	b.set(key('c', kind, "/", version), doc)
}

// PutAudit keeps a line of the audit trail.
func (b *Batch) PutAudit(seq uint64, line []byte) { b.set(key('a', seq), line) }

// PutOfficial keeps an account.
func (b *Batch) PutOfficial(id string, record []byte) { b.set(key('u', id), record) }

// MarkImported notes the item that an import key led to.
func (b *Batch) MarkImported(importKey [32]byte, item federation.ItemID) {
	b.set(key('k', importKey), item[:])
}

// KeysCounter counts the keys of the vault, so that a vault that lost some is noticed.
const KeysCounter = "vault/keys"

// SetCounter keeps a counter.
func (b *Batch) SetCounter(name string, n uint64) {
	b.set(key('n', name), binary.BigEndian.AppendUint64(nil, n))
}

func encodePosition(p grant.Position) []byte {
	var w canon.Writer
	w.U32(p.Incarnation)
	w.U64(p.Seq)
	w.Raw(p.Hash[:])
	return w.Bytes()
}

func parsePosition(b []byte) (grant.Position, error) {
	r := canon.NewReader(b)
	p := grant.Position{Incarnation: r.U32(), Seq: r.U64(), Hash: r.Array32()}
	return p, r.Done()
}

// times are the milliseconds at which a grant reached its states; 0 is not yet.
// hash is the grant's, by which an acknowledgement names it.
type times struct {
	queued, delivered, opened, refused uint64
	hash                               [32]byte
}

func (t times) encode() []byte {
	var w canon.Writer
	w.U64(t.queued)
	w.U64(t.delivered)
	w.U64(t.opened)
	w.U64(t.refused)
	w.Raw(t.hash[:])
	return w.Bytes()
}

func parseTimes(b []byte) (times, error) {
	r := canon.NewReader(b)
	t := times{queued: r.U64(), delivered: r.U64(), opened: r.U64(), refused: r.U64(), hash: r.Array32()}
	return t, r.Done()
}
