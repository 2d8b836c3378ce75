package directory

import "iconet.example/federation"

// succeed checks that the members of a new directory are those of the old one as their own national roots let them be: the
// committee can end a membership, but it cannot put other keys in a member's place.
func succeed(old, next []*Peer) error {
	before := map[federation.MemberCode]*Peer{}
	for _, p := range old {
		before[p.Code] = p
	}
	after := map[federation.MemberCode]bool{}
	for _, p := range next {
		after[p.Code] = true
	}
	for _, p := range old {
		if !after[p.Code] { // a member that is left out could come back with other keys
			return federation.Reject(federation.ReasonNationalRoot, "the directory leaves %s out: a membership ends by its standing", p.Code)
		}
	}
	for _, p := range next {
		was := before[p.Code]
		switch {
		case was == nil || was.Status == Expelled:
			continue // joins, or joins anew
		case p.NationalRoot != was.NationalRoot:
			return federation.Reject(federation.ReasonNationalRoot, "the directory changes the national root of %s", p.Code)
		case p.Keys.Version < was.Keys.Version:
			return federation.Reject(federation.ReasonRollback, "node keys %d of %s after %d", p.Keys.Version, p.Code, was.Keys.Version)
		case p.Keys.Version == was.Keys.Version && p.Keys.Hash() != was.Keys.Hash():
			return federation.Reject(federation.ReasonFork, "two node keys %d of %s", p.Keys.Version, p.Code)
		case p.Keys.Version == was.Keys.Version+1 && p.Keys.Prev != was.Keys.Hash():
			return federation.Reject(federation.ReasonFork, "node keys %d of %s do not follow those known here", p.Keys.Version, p.Code)
		}
	}
	return nil
}
