package directory

import (
	"time"

	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// Peer is a member with its verified keys.
type Peer struct {
	Code         federation.MemberCode
	Name         federation.Text
	Class        Class
	Status       Status
	NationalRoot sign.PublicKey
	Keys         *NodeKeys
	Elements     []federation.ElementCode // for selective access
}

// View is the set of documents in force. It never changes; a newer set is another View.
type View struct {
	Root          *Root
	Directory     *Members
	Structure     *federation.Structure
	StructureHash [32]byte
	Timestamp     *Timestamp
	Issued        time.Time // when the timestamp was made, by its expiry

	peers  []*Peer
	byCode map[federation.MemberCode]*Peer
	byP2P  map[sign.PublicKey]*Peer
}

// Member gives a member of any standing.
func (v *View) Member(code federation.MemberCode) (*Peer, bool) {
	p, ok := v.byCode[code]
	return p, ok
}

// ByP2P gives the member whose node has a transport key.
func (v *View) ByP2P(pub sign.PublicKey) (*Peer, bool) {
	p, ok := v.byP2P[pub]
	return p, ok
}

// Peers lists all members in the order of the directory.
func (v *View) Peers() []*Peer { return v.peers }

// Active lists the members whose standing lets them exchange, in the order of the directory.
func (v *View) Active() []*Peer {
	var out []*Peer
	for _, p := range v.peers {
		if p.Status == Active {
			out = append(out, p)
		}
	}
	return out
}

// Readers gives the recipients to whom grants for an active member are sealed; ErrNotFound for any other.
func (v *View) Readers(code federation.MemberCode) ([]seal.Recipient, error) {
	p, ok := v.byCode[code]
	if !ok || p.Status != Active {
		return nil, federation.ErrNotFound
	}
	return p.Keys.Recipients[:1], nil
}

// Freshness is how long nothing was heard of the coordinator.
type Freshness string

// The degrees of freshness and the silence after which each begins.
const (
	Fresh  Freshness = "fresh"
	Grey   Freshness = "grey"   // 1 hour
	Amber  Freshness = "amber"  // 24 hours
	Red    Freshness = "red"    // 7 days: nothing new is adopted, exchange goes on
	Closed Freshness = "closed" // 90 days: no new publishing beyond the owner
)

// Freshness judges the age of the timestamp at a time.
func (v *View) Freshness(now time.Time) Freshness {
	const day = 24 * time.Hour
	switch age := now.Sub(v.Issued); {
	case age > 90*day:
		return Closed
	case age > 7*day:
		return Red
	case age > day:
		return Amber
	case age > time.Hour:
		return Grey
	default:
		return Fresh
	}
}
