package federation

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// ItemID names an item and all its revisions on every node: 16 bytes, a random UUID of version 4 (RFC 9562, 5.4).
type ItemID [16]byte

// ItemIDFrom makes an id of 16 bytes, of which it replaces six bits by those of version 4.
func ItemIDFrom(b [16]byte) ItemID {
	id := ItemID(b)
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// String gives the 36 characters of the UUID text form, in lower case.
func (id ItemID) String() string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseItemID reads the text form. Only what [ItemID.String] writes for a version 4 id is accepted; else ErrInvalid.
func ParseItemID(s string) (ItemID, error) {
	var id ItemID
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(id) {
		return ItemID{}, fmt.Errorf("%q is not an item id: %w", clip(s), ErrInvalid)
	}
	copy(id[:], b)
	if id.String() != s || id[6]>>4 != 4 || id[8]>>6 != 2 {
		return ItemID{}, fmt.Errorf("%q is not an item id: %w", clip(s), ErrInvalid)
	}
	return id, nil
}

// MarshalText gives the UUID text form.
func (id ItemID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is [ParseItemID].
func (id *ItemID) UnmarshalText(b []byte) error {
	parsed, err := ParseItemID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// ElementCode names an element of exchange of article 2(2): "EWS", "ILO", "VBD", "RET", or "GEN" for the tools.
type ElementCode string

// FormCode names a standardised form, such as "EWS-01".
type FormCode string

// Marking limits how far an item may go. The values are those of the entry's marking byte; no classified level exists.
type Marking uint8

// The markings, from widest to narrowest.
const (
	MarkingPublic    Marking = 0
	MarkingNetwork   Marking = 1 // network users only; the default
	MarkingLimite    Marking = 2
	MarkingSensitive Marking = 3 // named audience only
)

var markingCodes = [...]string{"PUBLIC", "NETWORK", "LIMITE", "SENSITIVE"}

// String gives the code of list CL-MARK.
func (m Marking) String() string {
	if !m.Valid() {
		return fmt.Sprintf("Marking(%d)", uint8(m))
	}
	return markingCodes[m]
}

// Valid reports whether m is one of the four markings.
func (m Marking) Valid() bool { return int(m) < len(markingCodes) }

// ParseMarking reads a code of list CL-MARK; anything else is ErrInvalid.
func ParseMarking(s string) (Marking, error) {
	for i, code := range markingCodes {
		if s == code {
			return Marking(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a marking of this network: use PUBLIC, NETWORK, LIMITE or SENSITIVE: %w", clip(s), ErrInvalid)
}
