package coordinator

import (
	"encoding/json"
	"fmt"
	"time"

	"iconet.example/crypto/canon"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/directory"
)

const maxEnrolment = 64 << 10

// Enrolment is the file a member sends to be admitted: its national root and the keys of its node.
type Enrolment struct {
	Code         federation.MemberCode `json:"code"`
	Name         federation.Text       `json:"name"`
	NationalRoot sign.PublicKey        `json:"national_root"`
	NodeKeys     []byte                `json:"node_keys"` // statement signed by the national root
}

// Encode gives the JSON form.
func (e *Enrolment) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding an enrolment: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseEnrolment reads and verifies an enrolment: the statement must be signed by the national root it names. That the
// root is the member's is for people to check, by voice, with the fingerprint.
func ParseEnrolment(b []byte) (*Enrolment, error) {
	e := &Enrolment{}
	if err := canon.JSON(b, maxEnrolment, e); err != nil {
		return nil, federation.Reject(federation.ReasonParse, "parsing an enrolment: %w", err)
	}
	keys, err := directory.ParseNodeKeys(e.NodeKeys)
	if err != nil {
		return nil, fmt.Errorf("parsing an enrolment: %w", err)
	}
	if keys.Member != e.Code || e.Name["en"] == "" || e.Name["fr"] == "" {
		return nil, federation.Reject(federation.ReasonMemberID, "the enrolment of %q lacks a name or carries the keys of %s", string(e.Code), keys.Member)
	}
	return e, keys.Verify(e.NationalRoot)
}

// current refuses keys that are not valid at a time.
func (e *Enrolment) current(now time.Time) error {
	keys, err := directory.ParseNodeKeys(e.NodeKeys)
	if err != nil {
		return fmt.Errorf("parsing an enrolment: %w", err)
	}
	if ms := uint64(now.UnixMilli()); ms < keys.NotBeforeMS || ms >= keys.NotAfterMS {
		return federation.Reject(federation.ReasonExpired, "the node keys of %s are not valid at present", e.Code)
	}
	return nil
}
