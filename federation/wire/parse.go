package wire

import (
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
)

const (
	maxEntry    = 2 << 10
	maxAudience = 8 << 10
	maxNote     = 4 << 10
)

// reader adds the parts of messages to the canonical reader. err is a rejection that is more precise than layout.
type reader struct {
	*canon.Reader
	size int
	err  error
}

// message reads the body of one message; errors stay in r.
func (r *reader) message(kind byte, body []byte) Message {
	switch kind {
	case 1:
		return Subscribe{Owner: r.member(), Incarnation: r.U32(), Leaves: r.U64(), GrantInc: r.U32(), GrantSeq: r.U64()}
	case 2:
		return r.page()
	case 3:
		h, err := grant.ParseHead(r.Raw(len(body)))
		r.reject(err)
		return Head{h}
	case 4:
		a, err := grant.ParseAck(r.Raw(len(body)))
		r.reject(err)
		return Ack{a}
	case 5:
		return Want{Owner: r.member(), Leaves: r.hashes(MaxLeaves)}
	case 6:
		return Records{Owner: r.member(), Records: r.records()}
	case 7:
		return End{}
	case 8:
		return DocRequest{Kind: r.U8(), After: r.U32()}
	case 9:
		d := Doc{Kind: r.U8(), More: r.boolean()}
		d.Part = r.Raw(max(0, len(body)-2))
		return d
	case 10:
		owner := r.member()
		return Deposit{r.sealed(owner)}
	case 11:
		switch v := r.U8(); v {
		case 1, 2:
			return Result{Kept: v == 1}
		default:
			r.Fail(fmt.Errorf("result %d: %w", v, canon.ErrLayout))
		}
	default:
		r.Fail(fmt.Errorf("unknown type: %w", canon.ErrLayout))
	}
	return End{}
}

func (r *reader) reject(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) boolean() bool {
	v := r.U8()
	if v > 1 {
		r.Fail(fmt.Errorf("a flag of %d: %w", v, canon.ErrLayout))
	}
	return v == 1
}

func (r *reader) member() federation.MemberCode {
	id := r.Array16()
	if r.Err() != nil {
		return ""
	}
	m, err := federation.MemberFromID(id)
	if err != nil {
		r.reject(federation.Reject(federation.ReasonLayout, "reading a member: %w", err))
	}
	return m
}

// count reads a number of parts of at least least bytes each, so that no count makes the reader allocate more than the
// frame could hold.
func (r *reader) count(most, least int) int {
	n := int(r.U16())
	if n > most || n*least > r.size {
		r.Fail(fmt.Errorf("%d parts: %w", n, canon.ErrLayout))
		return 0
	}
	return n
}

func (r *reader) hashes(most int) []merkle.Hash {
	n := r.count(most, 32)
	var out []merkle.Hash
	for i := 0; i < n && r.Err() == nil; i++ {
		out = append(out, r.Array32())
	}
	return out
}

func (r *reader) blob(most int) []byte {
	n := int(r.U32())
	if n > most {
		r.Fail(fmt.Errorf("%d bytes: %w", n, canon.ErrLayout))
		return nil
	}
	return r.Raw(n)
}

func (r *reader) records() []feed.Record {
	n := r.count(maxRecords, 8)
	var out []feed.Record
	for i := 0; i < n && r.Err() == nil && r.err == nil; i++ {
		entry, audience := r.Opaque16(maxEntry), r.Opaque16(maxAudience)
		sealed := r.blob(feed.MaxSealed)
		if r.Err() != nil {
			break
		}
		if len(sealed) == 0 {
			sealed = nil // kept apart, as the sender had it
		}
		e, err := feed.ParseEntry(entry)
		r.reject(err)
		a, err := feed.ParseAudience(audience)
		r.reject(err)
		out = append(out, feed.Record{Entry: e, Audience: a, Sealed: sealed})
	}
	return out
}

// sealed reads the parts of a sealed grant that follow its owner.
func (r *reader) sealed(owner federation.MemberCode) grant.Sealed {
	return grant.Sealed{Owner: owner, Grantee: r.member(), Incarnation: r.U32(), Seq: r.U64(), Bytes: r.blob(maxSealed)}
}

func (r *reader) page() Page {
	p := Page{Page: feed.Page{Owner: r.member(), From: r.U64(), Leaves: r.hashes(MaxLeaves)}}
	p.Checkpoint = r.Opaque16(maxNote)
	p.Proof = r.hashes(maxProof)
	p.Records = r.records()
	n := r.count(maxGrants, 32)
	for i := 0; i < n && r.Err() == nil && r.err == nil; i++ {
		p.Grants = append(p.Grants, r.sealed(p.Owner))
	}
	return p
}
