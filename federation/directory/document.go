package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// Kind names a committee document and the role that signs it.
type Kind string

// The kinds of document, in the order in which a node takes them.
const (
	KindRoot      Kind = "root"
	KindTimestamp Kind = "timestamp"
	KindDirectory Kind = "directory"
	KindStructure Kind = "structure"
)

// Kinds lists the four kinds in the order in which a node takes them.
func Kinds() []Kind { return []Kind{KindRoot, KindTimestamp, KindDirectory, KindStructure} }

// Context gives the signing context of a kind, such as "iconet/1/root".
func (k Kind) Context() sign.Context { return sign.Context("iconet/1/" + string(k)) }

// Valid reports whether k is one of the four.
func (k Kind) Valid() bool {
	return k == KindRoot || k == KindTimestamp || k == KindDirectory || k == KindStructure
}

// Head is what the payloads of all kinds begin with.
type Head struct {
	Type     Kind      `json:"type"`
	Version  uint32    `json:"version"` // from 1, without gaps
	Expires  time.Time `json:"expires"`
	Previous string    `json:"previous"` // hex SHA-256 of the payload before; "" for the first
}

// Role says whose signatures a kind of document needs.
type Role struct {
	Threshold int              `json:"threshold"`
	Keys      []sign.PublicKey `json:"keys"`
}

// Root names the keys of all roles.
type Root struct {
	Head
	Network     string        `json:"network"`
	TestNetwork bool          `json:"test_network"`
	Roles       map[Kind]Role `json:"roles"`
}

// Class is a member's class of access (Decision 2005/267/EC, article 3(a)).
type Class string

// The classes of access.
const (
	Full      Class = "FULL"
	Selective Class = "SEL"
	None      Class = "NONE"
)

// Status is a member's standing.
type Status string

// The standings of a member.
const (
	Active    Status = "active"
	Pending   Status = "pending"
	Suspended Status = "suspended"
	Expelled  Status = "expelled"
)

// Member is one line of the directory.
type Member struct {
	Code         federation.MemberCode    `json:"code"`
	Name         federation.Text          `json:"name"`
	Class        Class                    `json:"class"`
	Status       Status                   `json:"status"`
	NationalRoot sign.PublicKey           `json:"national_root"`
	NodeKeys     []byte                   `json:"node_keys"` // a NodeKeys statement
	Elements     []federation.ElementCode `json:"elements,omitempty"`
}

// Members is the directory document.
type Members struct {
	Head
	Members []Member `json:"members"`
}

// Pointer names one version of a document.
type Pointer struct {
	Version uint32 `json:"version"`
	Hash    string `json:"hash"` // hex SHA-256 of the payload
}

// Timestamp says which versions belong together, for a short time.
type Timestamp struct {
	Head
	Root      Pointer `json:"root"`
	Directory Pointer `json:"directory"`
	Structure Pointer `json:"structure"`
}

// HashOf gives the hex SHA-256 of a payload.
func HashOf(payload []byte) string {
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

// parse reads a verified payload strictly and checks the head's type.
func parse(kind Kind, payload []byte, v any, head *Head) error {
	if err := canon.JSON(payload, sign.MaxDocument, v); err != nil {
		return federation.Reject(federation.ReasonParse, "parsing the %s: %w", kind, err)
	}
	if head.Type != kind || head.Version == 0 || head.Expires.IsZero() {
		return federation.Reject(federation.ReasonParse, "a document of type %q, version %d where a %s belongs", head.Type, head.Version, kind)
	}
	return nil
}

func parseRoot(payload []byte) (*Root, error) {
	r := &Root{}
	if err := parse(KindRoot, payload, r, &r.Head); err != nil {
		return nil, err
	}
	for _, k := range Kinds() {
		role := r.Roles[k]
		distinct := map[sign.PublicKey]bool{}
		for _, key := range role.Keys {
			distinct[key] = true
		}
		if role.Threshold < 1 || role.Threshold > len(distinct) {
			return nil, federation.Reject(federation.ReasonThreshold, "role %s asks for %d of %d different keys", k, role.Threshold, len(distinct))
		}
	}
	return r, nil
}

func parseMembers(payload []byte) (*Members, []*Peer, error) {
	d := &Members{}
	if err := parse(KindDirectory, payload, d, &d.Head); err != nil {
		return nil, nil, err
	}
	seen := map[any]bool{}
	var peers []*Peer
	for _, m := range d.Members {
		p, err := m.peer()
		if err != nil {
			return nil, nil, err
		}
		for _, id := range []any{p.Code, p.Keys.P2P, p.Keys.Sign, p.Keys.Witness} {
			if seen[id] {
				return nil, nil, federation.Reject(federation.ReasonMemberID, "the directory uses a code or key of %s twice", p.Code)
			}
			seen[id] = true
		}
		peers = append(peers, p)
	}
	return d, peers, nil
}

// peer verifies a line of the directory.
func (m Member) peer() (*Peer, error) {
	if parsed, err := federation.ParseMember(string(m.Code)); err != nil || parsed != m.Code {
		return nil, federation.Reject(federation.ReasonMemberID, "%q is not a member code", string(m.Code))
	}
	keys, err := ParseNodeKeys(m.NodeKeys)
	if err != nil {
		return nil, fmt.Errorf("node keys of %s: %w", m.Code, err)
	}
	if keys.Member != m.Code {
		return nil, federation.Reject(federation.ReasonMemberID, "node keys of %s in the line of %s", keys.Member, m.Code)
	}
	if err := keys.Verify(m.NationalRoot); err != nil {
		return nil, err
	}
	switch {
	case m.Class != Full && m.Class != Selective && m.Class != None,
		m.Status != Active && m.Status != Pending && m.Status != Suspended && m.Status != Expelled:
		return nil, federation.Reject(federation.ReasonParse, "member %s has class %q and status %q", m.Code, m.Class, m.Status)
	case m.Code.Partner() && m.Class == Full:
		return nil, federation.Reject(federation.ReasonParse, "partner %s cannot have full access", m.Code)
	}
	return &Peer{Code: m.Code, Name: m.Name, Class: m.Class, Status: m.Status, NationalRoot: m.NationalRoot, Keys: keys, Elements: m.Elements}, nil
}
