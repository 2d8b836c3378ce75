package grant

import (
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

const (
	headContext sign.Context = "iconet/1/head"
	ackContext  sign.Context = "iconet/1/ack"
)

// StreamHead tells a reader how far its stream and the owner's log go, so that it knows when it has everything.
type StreamHead struct {
	Owner, Grantee federation.MemberCode
	Incarnation    uint32
	LastSeq        uint64
	LastHash       [32]byte
	LogSize        uint64
	LogRoot        merkle.Hash
	TimeMS         uint64
	Sig            sign.Signature
}

func (h *StreamHead) body() []byte {
	var w canon.Writer
	w.U8(version)
	putMembers(&w, h.Owner, h.Grantee)
	w.U32(h.Incarnation)
	w.U64(h.LastSeq)
	w.Raw(h.LastHash[:])
	w.U64(h.LogSize)
	w.Raw(h.LogRoot[:])
	w.U64(h.TimeMS)
	return w.Bytes()
}

// Sign signs the head with the owner's SIGN key.
func (h *StreamHead) Sign(s sign.Signer) (err error) {
	h.Sig, err = s.Sign(headContext, h.body())
	return err
}

// Verify checks the owner's signature; a failure is a [federation.RejectError] with reason sig.
func (h *StreamHead) Verify(pub sign.PublicKey) error {
	if err := sign.Verify(pub, headContext, h.body(), h.Sig); err != nil {
		return federation.Reject(federation.ReasonSig, "stream head of %s: %w", h.Owner, err)
	}
	return nil
}

// Encode gives the canonical bytes with the signature: 189 bytes.
func (h *StreamHead) Encode() []byte { return append(h.body(), h.Sig[:]...) }

// ParseHead reads what Encode writes; errors are [federation.RejectError]s with reason layout.
func ParseHead(b []byte) (*StreamHead, error) {
	r := canon.NewReader(b)
	checkVersion(r)
	h := &StreamHead{}
	var err error
	if h.Owner, h.Grantee, err = members(r); err != nil {
		return nil, err
	}
	h.Incarnation, h.LastSeq, h.LastHash = r.U32(), r.U64(), r.Array32()
	h.LogSize, h.LogRoot, h.TimeMS, h.Sig = r.U64(), r.Array32(), r.U64(), r.Array64()
	if err := r.Done(); err != nil {
		return nil, federation.Reject(federation.ReasonLayout, "parsing a stream head: %w", err)
	}
	return h, nil
}

// checkVersion reads the version of a format and fails the reader for another than ours.
func checkVersion(r *canon.Reader) {
	if v := r.U8(); v != version {
		r.Fail(fmt.Errorf("version %d: %w", v, canon.ErrLayout))
	}
}

// Status is what a reader did with the grants up to a number.
type Status uint8

// The states that a reader acknowledges.
const (
	Stored      Status = 1 // keys and records are durable
	Quarantined Status = 2 // an item of this very grant does not open, or breaks a rule
	Opened      Status = 3 // all of it was decrypted, found in order and indexed
)

// Ack tells an owner, by the reader's signature, how far its grants have come. Stored and Opened speak of all grants up to
// Seq; Quarantined of Seq alone.
type Ack struct {
	Grantee, Owner federation.MemberCode
	Incarnation    uint32
	Seq            uint64
	Hash           [32]byte // of grant Seq
	Status         Status
	Sig            sign.Signature
}

func (a *Ack) body() []byte {
	var w canon.Writer
	w.U8(version)
	putMembers(&w, a.Grantee, a.Owner)
	w.U32(a.Incarnation)
	w.U64(a.Seq)
	w.Raw(a.Hash[:])
	w.U8(uint8(a.Status))
	return w.Bytes()
}

// Sign signs the acknowledgement with the grantee's SIGN key.
func (a *Ack) Sign(s sign.Signer) (err error) {
	a.Sig, err = s.Sign(ackContext, a.body())
	return err
}

// Verify checks the grantee's signature; a failure is a [federation.RejectError] with reason sig.
func (a *Ack) Verify(pub sign.PublicKey) error {
	if err := sign.Verify(pub, ackContext, a.body(), a.Sig); err != nil {
		return federation.Reject(federation.ReasonSig, "acknowledgement of %s: %w", a.Grantee, err)
	}
	return nil
}

// Encode gives the canonical bytes with the signature: 142 bytes.
func (a *Ack) Encode() []byte { return append(a.body(), a.Sig[:]...) }

// ParseAck reads what Encode writes; errors are [federation.RejectError]s with reason layout.
func ParseAck(b []byte) (*Ack, error) {
	r := canon.NewReader(b)
	checkVersion(r)
	a := &Ack{}
	var err error
	if a.Grantee, a.Owner, err = members(r); err != nil {
		return nil, err
	}
	a.Incarnation, a.Seq, a.Hash, a.Status, a.Sig = r.U32(), r.U64(), r.Array32(), Status(r.U8()), r.Array64()
	if a.Status < Stored || a.Status > Opened {
		r.Fail(fmt.Errorf("status %d: %w", a.Status, canon.ErrLayout))
	}
	if err := r.Done(); err != nil {
		return nil, federation.Reject(federation.ReasonLayout, "parsing an acknowledgement: %w", err)
	}
	return a, nil
}
