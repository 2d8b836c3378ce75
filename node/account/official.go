package account

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"iconet.example/crypto/canon"
	"iconet.example/federation"
	"iconet.example/federation/policy"
)

// Official is an account of a person, without the person's name.
type Official struct {
	ID       string                   `json:"id"`       // pseudonymous, as in the audit trail
	Login    string                   `json:"login"`    // unique at the node
	Function string                   `json:"function"` // "Border analyst"
	Unit     string                   `json:"unit"`
	Roles    []policy.Role            `json:"roles"`
	Elements []federation.ElementCode `json:"elements"` // competence
	Disabled bool                     `json:"disabled,omitempty"`
	Hash     []byte                   `json:"hash"` // argon2id of the password
	Salt     []byte                   `json:"salt"`
}

const maxOfficial = 16 << 10

var loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{2,63}$`)

// Subject gives the official as policy asks for it.
func (o *Official) Subject(member federation.MemberCode) policy.Subject {
	return policy.Subject{Official: o.ID, Member: member, Roles: slices.Clone(o.Roles), Elements: slices.Clone(o.Elements)}
}

func (o *Official) encode() ([]byte, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encoding an account: %w", err)
	}
	return b, nil
}

func parseOfficial(b []byte) (*Official, error) {
	o := &Official{}
	if err := canon.JSON(b, maxOfficial, o); err != nil {
		return nil, fmt.Errorf("reading an account: %w", err)
	}
	return o, nil
}

func (o *Official) validate() error {
	if !loginPattern.MatchString(o.Login) {
		return fmt.Errorf("a login has 3 to 64 small letters, digits and . _ @ -: %w", federation.ErrInvalid)
	}
	for _, r := range o.Roles {
		if !r.Valid() {
			return fmt.Errorf("%q is not a role: %w", string(r), federation.ErrInvalid)
		}
	}
	return nil
}
