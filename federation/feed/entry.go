package feed

import (
	"crypto/sha256"
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// entryContext separates entry signatures from all others.
const entryContext sign.Context = "iconet/1/entry"

// bindContext tags the hash that ties sealed bytes to their entry.
const bindContext = "iconet/1/bind"

const (
	version   = 1
	boundSize = 205 // EntryCore up to and with the salt: what the sealed bytes are bound to
	coreSize  = 247 // EntryCore with its extension's length
	maxExt    = 1024
)

// Kind says what an entry does.
type Kind uint8

// The kinds of entry.
const (
	Publish  Kind = 1
	Revise   Kind = 2
	Withdraw Kind = 3
	Delete   Kind = 4
	Grant    Kind = 5
	Revoke   Kind = 6
	Keys     Kind = 7
	Resume   Kind = 8
)

// Core is what an owner states about one step of its log. See the package comment for the bytes.
type Core struct {
	Kind             Kind
	Owner            federation.MemberCode
	Incarnation      uint32
	Index            uint64 // from 0, without gaps
	TimeMS           uint64 // Unix time in milliseconds, never falling
	Prev             merkle.Hash
	Item             federation.ItemID
	Revision         uint32 // from 1
	Element          uint16
	StructureVersion uint32
	StructureHash    [32]byte // SHA-256 of the structure's payload
	DirectoryVersion uint32
	Marking          federation.Marking
	DeleteAfterMS    uint64
	AudienceHash     [32]byte
	Salt             [32]byte // random; keeps audience and leaf from being guessed
	CtLen            uint64   // of the sealed bytes
	CtHash           [32]byte // SHA-256 of the sealed bytes
}

// Entry is a signed step of a log.
type Entry struct {
	Core
	Ext []byte // see the package comment; empty for all kinds but Grant, Revoke, Keys and Resume
	Sig sign.Signature
}

// ItemID gives the id of the item that a Publish entry begins: a UUID of version 4 form made of SHA-256 over a context,
// the owner and the entry's salt. It binds the id to its owner, so that nobody can publish under the id of another's item.
func ItemID(owner federation.MemberCode, salt [32]byte) federation.ItemID {
	member := owner.ID()
	sum := sha256.Sum256(append(append([]byte("iconet/1/item-id\x00"), member[:]...), salt[:]...))
	return federation.ItemIDFrom([16]byte(sum[:16]))
}

// Binding is the hash that the sealed bytes carry inside: it fixes owner, place, time, audience and the log before it.
func (c *Core) Binding() [32]byte {
	return sha256.Sum256(append([]byte(bindContext+"\x00"), c.encode(nil)[:boundSize]...))
}

func (c *Core) encode(ext []byte) []byte {
	var w canon.Writer
	w.U8(version)
	w.U8(uint8(c.Kind))
	owner := c.Owner.ID()
	w.Raw(owner[:])
	w.U32(c.Incarnation)
	w.U64(c.Index)
	w.U64(c.TimeMS)
	w.Raw(c.Prev[:])
	w.Raw(c.Item[:])
	w.U32(c.Revision)
	w.U16(c.Element)
	w.U32(c.StructureVersion)
	w.Raw(c.StructureHash[:])
	w.U32(c.DirectoryVersion)
	w.U8(uint8(c.Marking))
	w.U64(c.DeleteAfterMS)
	w.Raw(c.AudienceHash[:])
	w.Raw(c.Salt[:])
	w.U64(c.CtLen)
	w.Raw(c.CtHash[:])
	w.Opaque16(ext)
	return w.Bytes()
}

// Sign signs the entry with the owner's SIGN key.
func (e *Entry) Sign(s sign.Signer) error {
	sig, err := s.Sign(entryContext, e.encode(e.Ext))
	if err != nil {
		return fmt.Errorf("signing entry %d: %w", e.Index, err)
	}
	e.Sig = sig
	return nil
}

// Verify checks the signature; a failure is a [federation.RejectError] with reason sig.
func (e *Entry) Verify(pub sign.PublicKey) error {
	if err := sign.Verify(pub, entryContext, e.encode(e.Ext), e.Sig); err != nil {
		return federation.Reject(federation.ReasonSig, "entry %d of %s: %w", e.Index, e.Owner, err)
	}
	return nil
}

// LeafData gives the bytes of the entry and its signature: what the log's leaf hashes and peers exchange.
func (e *Entry) LeafData() []byte { return append(e.encode(e.Ext), e.Sig[:]...) }

// Leaf gives the leaf hash.
func (e *Entry) Leaf() merkle.Hash { return merkle.LeafHash(e.LeafData()) }

// ParseEntry reads what LeafData writes. Errors are [federation.RejectError]s with reason layout, or owner for a member id
// that none writes. Nothing is verified yet. The entry keeps no part of b.
func ParseEntry(b []byte) (*Entry, error) {
	r := canon.NewReader(b)
	if v := r.U8(); r.Err() == nil && v != version {
		return nil, federation.Reject(federation.ReasonLayout, "an entry of version %d", v)
	}
	e := &Entry{}
	e.Kind = Kind(r.U8())
	owner := r.Array16()
	e.Incarnation = r.U32()
	e.Index = r.U64()
	e.TimeMS = r.U64()
	e.Prev = r.Array32()
	e.Item = r.Array16()
	e.Revision = r.U32()
	e.Element = r.U16()
	e.StructureVersion = r.U32()
	e.StructureHash = r.Array32()
	e.DirectoryVersion = r.U32()
	e.Marking = federation.Marking(r.U8())
	e.DeleteAfterMS = r.U64()
	e.AudienceHash = r.Array32()
	e.Salt = r.Array32()
	e.CtLen = r.U64()
	e.CtHash = r.Array32()
	e.Ext = append([]byte(nil), r.Opaque16(maxExt)...)
	e.Sig = r.Array64()
	if err := r.Done(); err != nil {
		return nil, federation.Reject(federation.ReasonLayout, "parsing an entry: %w", err)
	}
	var err error
	if e.Owner, err = federation.MemberFromID(owner); err != nil {
		return nil, federation.Reject(federation.ReasonOwner, "parsing an entry: %w", err)
	}
	if err := checkExt(e.Kind, e.Ext); err != nil {
		return nil, err
	}
	return e, nil
}

// checkExt refuses unknown kinds and extensions that are not those of their kind.
func checkExt(k Kind, ext []byte) error {
	ok := false
	if len(ext) > maxExt {
		return federation.Reject(federation.ReasonLayout, "an entry with %d bytes of extension", len(ext))
	}
	switch k {
	case Publish, Revise, Withdraw, Delete:
		ok = len(ext) == 0
	case Grant, Revoke:
		_, err := ParseAudience(ext)
		ok = err == nil
	case Keys:
		ok = len(ext) == 32
	case Resume:
		ok = len(ext) == 12
	}
	if !ok {
		return federation.Reject(federation.ReasonLayout, "an entry of kind %d with %d bytes of extension", k, len(ext))
	}
	return nil
}
