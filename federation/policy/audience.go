package policy

import (
	"fmt"
	"slices"
	"strings"

	"iconet.example/federation"
	"iconet.example/federation/directory"
)

// AudienceError says that an audience cannot be addressed, and why. It unwraps to ErrInvalid.
type AudienceError struct{ Why string }

func (e *AudienceError) Error() string { return e.Why }

// Unwrap gives the kind.
func (e *AudienceError) Unwrap() error { return federation.ErrInvalid }

func unfit(format string, args ...any) error {
	return &AudienceError{Why: fmt.Sprintf(format, args...)}
}

// All is the selector that means every active member with full access.
const All = "all"

// maxSelector bounds what a person may write as an audience, in bytes.
const maxSelector = 1 << 10

// Register is what is asked of a directory; [directory.View] is one.
type Register interface {
	Member(federation.MemberCode) (*directory.Peer, bool)
	Active() []*directory.Peer
}

// IsAll reports whether a selector means everybody.
func IsAll(selector string) bool { return strings.EqualFold(strings.TrimSpace(selector), All) }

// Audience gives the members a selector means, sorted by code and unique, always with the owner.
//
// "all" is every active member with full access and the Commission, never a partner body. Otherwise the selector names
// members, separated by commas, as [federation.ParseMember] reads them; a partner must be named. Whoever cannot receive
// now, or a selector that leaves nobody but the owner, is an ErrInvalid that says who, why and what helps.
func Audience(in Register, selector string, owner federation.MemberCode) ([]federation.MemberCode, error) {
	if len(selector) > maxSelector {
		return nil, unfit("the audience is longer than %d characters: write %q or a list such as DE,IT", maxSelector, All)
	}
	if p, ok := in.Member(owner); !ok || p.Status != directory.Active {
		return nil, unfit("%s is not an active member of the directory in force and cannot publish: ask the coordinator", owner.Display())
	}
	codes := []federation.MemberCode{owner}
	if IsAll(selector) {
		for _, p := range in.Active() {
			if p.Code == federation.Commission || p.Class == directory.Full && !p.Code.Partner() {
				codes = append(codes, p.Code)
			}
		}
	} else {
		named, err := named(in, selector)
		if err != nil {
			return nil, err
		}
		codes = append(codes, named...)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	if len(codes) == 1 {
		return nil, unfit("the audience holds nobody but %s: write %q or name other members, such as DE,IT", owner.Display(), All)
	}
	return codes, nil
}

func named(in Register, selector string) ([]federation.MemberCode, error) {
	if strings.TrimSpace(selector) == "" {
		return nil, unfit("the audience is empty: write %q or a list such as DE,IT", All)
	}
	var codes []federation.MemberCode
	for word := range strings.SplitSeq(selector, ",") {
		code, err := federation.ParseMember(word)
		if err != nil {
			return nil, unfit("reading the audience: %v", err)
		}
		p, ok := in.Member(code)
		if !ok {
			return nil, unfit("%s is not in the directory: take it out of the audience, or see `iconet peer list` for the members", code.Display())
		}
		if why := obstacle(p); why != "" {
			return nil, unfit("%s %s: take it out of the audience", code.Display(), why)
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// obstacle says why a member cannot be addressed now, or "".
func obstacle(p *directory.Peer) string {
	switch {
	case p.Status == directory.Pending:
		return "is pending: it receives items once its admission is complete"
	case p.Status == directory.Suspended:
		return "is suspended: it receives no new items until the coordinator lifts this"
	case p.Status != directory.Active:
		return "has left the network"
	case p.Class == directory.None:
		return "has no access to items"
	}
	return ""
}

// CheckElement reports the first of the members to whom items of an element must not be addressed: those with selective
// access to other elements only. The error is ErrInvalid.
func CheckElement(in Register, audience []federation.MemberCode, element federation.ElementCode) error {
	for _, code := range audience {
		p, ok := in.Member(code)
		if !ok {
			return unfit("%s is not in the directory: take it out of the audience", code.Display())
		}
		if p.Class == directory.Selective && !slices.Contains(p.Elements, element) {
			return unfit("%s has no access to element %s: take it out of the audience", code.Display(), element)
		}
	}
	return nil
}
