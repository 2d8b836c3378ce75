package federation

import (
	"bytes"
	"fmt"
	"strings"
)

// MemberCode names a participant: an ISO 3166-1 alpha-2 code ("FR", Greece "GR"), "COM" for the Commission, or "P:" and
// a body's code ("P:EUROPOL"). Values come from [ParseMember] or [MemberFromID]; the zero value names nobody.
type MemberCode string

// Commission is the code of the coordinator node.
const Commission MemberCode = "COM"

// memberIDSize is the length of a member id in canonical bytes.
const memberIDSize = 16

// ParseMember reads a code as people write it: case and surrounding space do not count, and "EL", the code the European
// Union shows for Greece, means "GR". Anything else that is not a member code is ErrInvalid.
func ParseMember(s string) (MemberCode, error) {
	code := strings.TrimSpace(s)
	if strings.IndexFunc(code, func(r rune) bool { return r >= 0x80 }) >= 0 { // letters beyond ASCII become ASCII in capitals
		return "", fmt.Errorf("%q is not a member code: it has letters outside A to Z: %w", clip(s), ErrInvalid)
	}
	code = strings.ToUpper(code)
	if code == "EL" {
		code = "GR"
	}
	m := MemberCode(code)
	if !m.Valid() {
		return "", fmt.Errorf("%q is not a member code: write two letters such as FR, COM, or P: and a body: %w", clip(s), ErrInvalid)
	}
	return m, nil
}

// Valid reports whether m has the form of a member code; it says nothing about membership.
func (m MemberCode) Valid() bool {
	s := string(m)
	switch body, partner := strings.CutPrefix(s, "P:"); {
	case partner:
		return len(body) >= 2 && len(body) <= memberIDSize-2 && upperWord(body)
	case s == string(Commission):
		return true
	default:
		return len(s) == 2 && s != "EL" && upperWord(s) && s[0] >= 'A' && s[1] >= 'A'
	}
}

// Partner reports whether m is an associated body, which no group name ever includes.
func (m MemberCode) Partner() bool { return strings.HasPrefix(string(m), "P:") }

// Display gives the code as pages show it: "EL" for Greece (Interinstitutional Style Guide, 7.1), else the code itself.
func (m MemberCode) Display() string {
	if m == "GR" {
		return "EL"
	}
	return string(m)
}

// ID gives the canonical bytes of m: its code in lower case, "p-" for a partner, padded with zeros to 16 bytes.
func (m MemberCode) ID() [memberIDSize]byte {
	var id [memberIDSize]byte
	copy(id[:], strings.ToLower(strings.Replace(string(m), "P:", "P-", 1)))
	return id
}

// MemberFromID reads 16 canonical bytes. It accepts only what [MemberCode.ID] writes and returns ErrInvalid for the rest.
func MemberFromID(id [memberIDSize]byte) (MemberCode, error) {
	text := string(bytes.TrimRight(id[:], "\x00"))
	m := MemberCode(strings.Replace(strings.ToUpper(text), "P-", "P:", 1))
	if !m.Valid() || m.ID() != id {
		return "", fmt.Errorf("reading member id %x: %w", id, ErrInvalid)
	}
	return m, nil
}

func upperWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// clip keeps a foreign string short and printable inside an error.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
