package wire

import (
	"encoding/binary"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
)

// Message is one of the messages of the package comment.
type Message interface {
	kind() byte
	encode(b []byte) []byte // appends the body behind the type byte
}

// The messages.
type (
	// Subscribe asks for an owner's log from a place on, and for the asker's grants after a number.
	Subscribe struct {
		Owner       federation.MemberCode
		Incarnation uint32
		Leaves      uint64
		GrantInc    uint32
		GrantSeq    uint64
	}
	// Page is a piece of a log with the grants that go with it.
	Page struct {
		feed.Page
		Grants []grant.Sealed
	}
	// Head is a stream head.
	Head struct{ *grant.StreamHead }
	// Ack is an acknowledgement.
	Ack struct{ *grant.Ack }
	// Want asks for records by their leaves.
	Want struct {
		Owner  federation.MemberCode
		Leaves []merkle.Hash
	}
	// Records answers a Want with those the server has and the asker may read.
	Records struct {
		Owner   federation.MemberCode
		Records []feed.Record
	}
	// End says that nothing more comes.
	End struct{}
	// DocRequest asks for the documents of a kind above a version.
	DocRequest struct {
		Kind  byte
		After uint32
	}
	// Doc is a document, or a part of one.
	Doc struct {
		Kind byte
		More bool
		Part []byte
	}
	// Deposit leaves a sealed grant with another member; without bytes it takes back all up to its number.
	Deposit struct{ grant.Sealed }
	// Result answers a Deposit.
	Result struct{ Kept bool }
)

// The bounds of a page and of a Want.
const (
	MaxLeaves  = 1024
	maxRecords = 1024
	maxGrants  = 1024
	maxProof   = 64
	maxSealed  = 768 << 10
)

func (Subscribe) kind() byte  { return 1 }
func (Page) kind() byte       { return 2 }
func (Head) kind() byte       { return 3 }
func (Ack) kind() byte        { return 4 }
func (Want) kind() byte       { return 5 }
func (Records) kind() byte    { return 6 }
func (End) kind() byte        { return 7 }
func (DocRequest) kind() byte { return 8 }
func (Doc) kind() byte        { return 9 }
func (Deposit) kind() byte    { return 10 }
func (Result) kind() byte     { return 11 }

func (m Subscribe) encode(b []byte) []byte {
	b = putMember(b, m.Owner)
	b = binary.BigEndian.AppendUint32(b, m.Incarnation)
	b = binary.BigEndian.AppendUint64(b, m.Leaves)
	b = binary.BigEndian.AppendUint32(b, m.GrantInc)
	return binary.BigEndian.AppendUint64(b, m.GrantSeq)
}

func (m Page) encode(b []byte) []byte {
	b = putMember(b, m.Owner)
	b = binary.BigEndian.AppendUint64(b, m.From)
	b = putHashes(b, m.Leaves)
	b = putOpaque16(b, m.Checkpoint)
	b = putHashes(b, m.Proof)
	b = putRecords(b, m.Records)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Grants)))
	for _, g := range m.Grants {
		b = putMember(b, g.Grantee)
		b = binary.BigEndian.AppendUint32(b, g.Incarnation)
		b = binary.BigEndian.AppendUint64(b, g.Seq)
		b = putBlob(b, g.Bytes)
	}
	return b
}

func (m Head) encode(b []byte) []byte { return append(b, m.StreamHead.Encode()...) }
func (m Ack) encode(b []byte) []byte  { return append(b, m.Ack.Encode()...) }
func (m Want) encode(b []byte) []byte { return putHashes(putMember(b, m.Owner), m.Leaves) }
func (m Records) encode(b []byte) []byte {
	return putRecords(putMember(b, m.Owner), m.Records)
}
func (End) encode(b []byte) []byte { return b }
func (m DocRequest) encode(b []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, m.Kind), m.After)
}

func (m Doc) encode(b []byte) []byte {
	b = append(b, m.Kind, flag(m.More))
	return append(b, m.Part...)
}

func (m Deposit) encode(b []byte) []byte {
	b = putMember(putMember(b, m.Owner), m.Grantee)
	b = binary.BigEndian.AppendUint32(b, m.Incarnation)
	b = binary.BigEndian.AppendUint64(b, m.Seq)
	return putBlob(b, m.Bytes)
}

func (m Result) encode(b []byte) []byte { return append(b, 2-flag(m.Kept)) }

func flag(yes bool) byte {
	if yes {
		return 1
	}
	return 0
}

func putMember(b []byte, m federation.MemberCode) []byte {
	id := m.ID()
	return append(b, id[:]...)
}

func putHashes(b []byte, hs []merkle.Hash) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(hs)))
	for _, h := range hs {
		b = append(b, h[:]...)
	}
	return b
}

func putOpaque16(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
}

func putBlob(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
}

func putRecords(b []byte, recs []feed.Record) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(recs)))
	for _, r := range recs {
		b = putOpaque16(b, r.Entry.LeafData())
		b = putOpaque16(b, r.Audience.Encode())
		b = putBlob(b, r.Sealed)
	}
	return b
}

// Parse reads the bytes of a frame. Errors are [federation.RejectError]s with reason layout or that of the part that is
// wrong. The message may alias b.
func Parse(b []byte) (Message, error) {
	if len(b) == 0 || len(b) > MaxFrame {
		return nil, federation.Reject(federation.ReasonFrame, "a message of %d bytes", len(b))
	}
	r := &reader{Reader: canon.NewReader(b[1:]), size: len(b) - 1}
	m := r.message(b[0], b[1:])
	if r.err != nil {
		return nil, r.err
	}
	if err := r.Done(); err != nil {
		return nil, federation.Reject(federation.ReasonLayout, "parsing a message of type %d: %w", b[0], err)
	}
	return m, nil
}
