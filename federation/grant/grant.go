package grant

import (
	"crypto/sha256"
	"fmt"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

const grantContext sign.Context = "iconet/1/grant"

const version = 1

// MaxLines bounds the lines of a grant.
const MaxLines = 1000

// MaxBytes bounds an encoded grant: its head, the largest lines and the signature.
const MaxBytes = 160 + MaxLines*67

// Action says what a line does at the reader.
type Action uint8

// The actions of a grant's lines.
const (
	Give     Action = 1 // hands over the key of a leaf
	Withdraw Action = 2
	Delete   Action = 3
)

// Line is one step of a grant.
type Line struct {
	Leaf   merkle.Hash
	Action Action
	Key    seal.ItemKey // for Give; zero otherwise
}

// Grant hands item keys from an owner to one reader. See the package comment for the bytes.
type Grant struct {
	Owner, Grantee federation.MemberCode
	Incarnation    uint32
	Seq            uint64 // from 1, without gaps in an incarnation
	Prev           [32]byte
	TimeMS         uint64
	Lines          []Line // 1 to MaxLines
	Sig            sign.Signature
}

// Position is how far a stream of grants has come: the last one issued or applied. The zero value is the beginning.
type Position struct {
	Incarnation uint32
	Seq         uint64
	Hash        [32]byte
}

// Sealed is a grant as it travels and lies: an age file to the grantee's ENC key.
type Sealed struct {
	Owner, Grantee federation.MemberCode
	Incarnation    uint32
	Seq            uint64
	Bytes          []byte
}

// Issue builds and signs the grant that follows pos and gives the position after it. incarnation is that of the log.
func Issue(pos Position, owner, grantee federation.MemberCode, incarnation uint32, timeMS uint64, lines []Line, s sign.Signer) (*Grant, Position, error) {
	if len(lines) == 0 || len(lines) > MaxLines {
		return nil, pos, fmt.Errorf("a grant of %d lines: %w", len(lines), federation.ErrInvalid)
	}
	for _, l := range lines {
		if l.Action < Give || l.Action > Delete {
			return nil, pos, fmt.Errorf("a grant with action %d: %w", l.Action, federation.ErrInvalid)
		}
	}
	after := pos
	if incarnation != pos.Incarnation {
		after = Position{}
	}
	g := &Grant{Owner: owner, Grantee: grantee, Incarnation: incarnation, Seq: after.Seq + 1, Prev: after.Hash, TimeMS: timeMS, Lines: lines}
	sig, err := s.Sign(grantContext, g.body())
	if err != nil {
		return nil, pos, fmt.Errorf("signing a grant: %w", err)
	}
	g.Sig = sig
	return g, g.position(), nil
}

// Apply gives the position after g, which must come next in the stream that stands at pos: one number higher with the
// right hash, or the first of a later incarnation. Anything else is a [federation.RejectError] with reason grant_seq and
// has no effect. The signature is checked with Verify.
func Apply(pos Position, g *Grant) (Position, error) {
	switch {
	case g.Incarnation == pos.Incarnation && g.Seq == pos.Seq+1 && g.Prev == pos.Hash:
	case g.Incarnation > pos.Incarnation && g.Seq == 1 && g.Prev == [32]byte{}:
	default:
		return pos, federation.Reject(federation.ReasonGrantSeq, "grant %d/%d of %s after %d/%d", g.Incarnation, g.Seq, g.Owner, pos.Incarnation, pos.Seq)
	}
	return g.position(), nil
}

func (g *Grant) position() Position {
	return Position{Incarnation: g.Incarnation, Seq: g.Seq, Hash: g.Hash()}
}

// Verify checks the owner's signature; a failure is a [federation.RejectError] with reason sig.
func (g *Grant) Verify(pub sign.PublicKey) error {
	if err := sign.Verify(pub, grantContext, g.body(), g.Sig); err != nil {
		return federation.Reject(federation.ReasonSig, "grant %d of %s: %w", g.Seq, g.Owner, err)
	}
	return nil
}

// Hash covers everything, the signature included; the next grant of the stream names it.
func (g *Grant) Hash() [32]byte { return sha256.Sum256(g.Encode()) }

// Encode gives the canonical bytes with the signature.
func (g *Grant) Encode() []byte { return append(g.body(), g.Sig[:]...) }

func (g *Grant) body() []byte {
	var w canon.Writer
	w.U8(version)
	putMembers(&w, g.Owner, g.Grantee)
	w.U32(g.Incarnation)
	w.U64(g.Seq)
	w.Raw(g.Prev[:])
	w.U64(g.TimeMS)
	w.U16(uint16(len(g.Lines)))
	for _, l := range g.Lines {
		w.Raw(l.Leaf[:])
		w.U8(uint8(l.Action))
		if l.Action == Give {
			w.Opaque16(l.Key[:])
		} else {
			w.Opaque16(nil)
		}
	}
	return w.Bytes()
}

// Parse reads what Encode writes; errors are [federation.RejectError]s with reason layout. Nothing is verified yet.
func Parse(b []byte) (*Grant, error) {
	if len(b) > MaxBytes {
		return nil, federation.Reject(federation.ReasonLayout, "a grant of %d bytes", len(b))
	}
	r := canon.NewReader(b)
	v := r.U8()
	g := &Grant{}
	var err error
	if g.Owner, g.Grantee, err = members(r); err != nil {
		return nil, err
	}
	g.Incarnation, g.Seq, g.Prev, g.TimeMS = r.U32(), r.U64(), r.Array32(), r.U64()
	n := int(r.U16())
	if v != version || n == 0 || n > MaxLines {
		return nil, federation.Reject(federation.ReasonLayout, "a grant of version %d with %d lines", v, n)
	}
	g.Lines = make([]Line, n)
	for i := range g.Lines {
		l := Line{Leaf: r.Array32(), Action: Action(r.U8())}
		key := r.Opaque16(len(l.Key))
		ok := l.Action == Give && len(key) == len(l.Key) || (l.Action == Withdraw || l.Action == Delete) && len(key) == 0
		if r.Err() == nil && !ok {
			return nil, federation.Reject(federation.ReasonLayout, "a grant line of action %d with %d bytes", l.Action, len(key))
		}
		copy(l.Key[:], key)
		g.Lines[i] = l
	}
	g.Sig = r.Array64()
	if err := r.Done(); err != nil {
		return nil, federation.Reject(federation.ReasonLayout, "parsing a grant: %w", err)
	}
	return g, nil
}

func putMembers(w *canon.Writer, codes ...federation.MemberCode) {
	for _, m := range codes {
		id := m.ID()
		w.Raw(id[:])
	}
}

// members reads two member ids.
func members(r *canon.Reader) (a, b federation.MemberCode, err error) {
	x, y := r.Array16(), r.Array16()
	if a, err = federation.MemberFromID(x); err == nil {
		b, err = federation.MemberFromID(y)
	}
	if err != nil {
		return "", "", federation.Reject(federation.ReasonLayout, "reading members: %w", err)
	}
	return a, b, nil
}
