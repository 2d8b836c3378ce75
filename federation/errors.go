package federation

import (
	"errors"
	"fmt"
)

// The kinds of failure. Every error that reaches a person or a peer wraps one; the edges translate the kind, never the text.
var (
	ErrNotFound   = errors.New("not found")
	ErrDenied     = errors.New("not allowed")
	ErrInvalid    = errors.New("not acceptable")
	ErrConflict   = errors.New("changed meanwhile")
	ErrUnverified = errors.New("not verified")
	ErrStale      = errors.New("out of date")
)

// Reason says in one word why something foreign was refused. It is a counter's label, so the set is closed.
type Reason string

// The reasons, in the order in which a receiver looks for them; the committee's documents have their own at the end.
const (
	ReasonFrame        Reason = "frame"
	ReasonPeer         Reason = "peer"
	ReasonLayout       Reason = "layout"
	ReasonOwner        Reason = "owner"
	ReasonIndex        Reason = "index"
	ReasonPrev         Reason = "prev"
	ReasonTime         Reason = "time"
	ReasonSig          Reason = "sig"
	ReasonAudience     Reason = "audience"
	ReasonNotAddressed Reason = "not_addressed"
	ReasonElement      Reason = "element"
	ReasonMarking      Reason = "marking"
	ReasonStructure    Reason = "structure"
	ReasonRetention    Reason = "retention"
	ReasonTombstone    Reason = "tombstone"
	ReasonCtLen        Reason = "ct_len"
	ReasonCtHash       Reason = "ct_hash"
	ReasonAgeHeader    Reason = "age_header"
	ReasonDecrypt      Reason = "decrypt"
	ReasonBinding      Reason = "binding"
	ReasonForm         Reason = "form"
	ReasonPersonalData Reason = "personal_data"
	ReasonGrantSeq     Reason = "grant_seq"
	ReasonGrantee      Reason = "grantee"
	ReasonQuota        Reason = "quota"
	ReasonProof        Reason = "proof"
	ReasonProofSize    Reason = "proof_size"
	ReasonFork         Reason = "fork"

	ReasonThreshold     Reason = "threshold"
	ReasonRollback      Reason = "rollback"
	ReasonExpired       Reason = "expired"
	ReasonMix           Reason = "mix"
	ReasonNationalRoot  Reason = "nr"
	ReasonMemberID      Reason = "member_id"
	ReasonParse         Reason = "parse"
	ReasonStructureType Reason = "structure_type"
	ReasonRootChain     Reason = "root_chain"
)

// Reasons lists every reason, in the order of the constants, for counters that must exist before they count.
func Reasons() []Reason {
	return []Reason{ReasonFrame, ReasonPeer, ReasonLayout, ReasonOwner, ReasonIndex, ReasonPrev, ReasonTime, ReasonSig,
		ReasonAudience, ReasonNotAddressed, ReasonElement, ReasonMarking, ReasonStructure, ReasonRetention, ReasonTombstone,
		ReasonCtLen, ReasonCtHash, ReasonAgeHeader, ReasonDecrypt, ReasonBinding, ReasonForm, ReasonPersonalData,
		ReasonGrantSeq, ReasonGrantee, ReasonQuota, ReasonProof, ReasonProofSize, ReasonFork,
		ReasonThreshold, ReasonRollback, ReasonExpired, ReasonMix, ReasonNationalRoot, ReasonMemberID, ReasonParse,
		ReasonStructureType, ReasonRootChain}
}

// RejectError says that something foreign was refused and had no effect. It unwraps to ErrUnverified and to Err.
type RejectError struct {
	Reason Reason
	Err    error // what was found; may be nil
}

// Reject builds a [RejectError] whose text is made like [fmt.Errorf].
func Reject(reason Reason, format string, args ...any) error {
	return &RejectError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

func (e *RejectError) Error() string {
	if e.Err == nil {
		return "refused: " + string(e.Reason)
	}
	return "refused (" + string(e.Reason) + "): " + e.Err.Error()
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *RejectError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrUnverified}
	}
	return []error{ErrUnverified, e.Err}
}

// ReasonOf gives the reason of the first [RejectError] in err's tree, or "" if there is none.
func ReasonOf(err error) Reason {
	var r *RejectError
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
