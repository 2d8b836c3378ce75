package feed

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// maxAheadMS is how far an entry's time may lie in the future of the reader: five minutes.
const maxAheadMS = 5 * 60 * 1000

// Page is a piece of an owner's log as it travels: the leaves of all entries and the records that the reader may have.
type Page struct {
	Owner      federation.MemberCode
	From       uint64        // index of the first leaf
	Leaves     []merkle.Hash // in order
	Records    []Record      // by rising index within the leaves; any may be missing
	Checkpoint []byte        // signed note of a size not below From+len(Leaves)
	Proof      []merkle.Hash // that the log after this page begins the checkpoint's; empty if the sizes are equal
}

// Rejection says that the owner itself wrote an entry that breaks a rule; the log goes on behind it.
type Rejection struct {
	Index  uint64
	Leaf   merkle.Hash
	Reason federation.Reason
}

// Accepted is what a page adds to the reader's state.
type Accepted struct {
	Spine    Spine
	Nodes    []merkle.Node
	Records  []Record
	Rejected []Rejection
}

// ForkError is proof that an owner signed two histories. It unwraps to ErrUnverified with reason fork.
type ForkError struct {
	Owner      federation.MemberCode
	Ours, Page []byte // the two signed checkpoints
}

func (e *ForkError) Error() string { return "log of " + string(e.Owner) + " has two signed histories" }

// Unwrap gives kind and reason.
func (e *ForkError) Unwrap() error {
	return federation.Reject(federation.ReasonFork, "two checkpoints")
}

// Follower checks the pages of one owner's log. Not safe for concurrent use.
type Follower struct {
	owner federation.MemberCode
	pub   sign.PublicKey
	spine Spine
	tree  *merkle.Tree
}

// NewFollower goes on at spine, whose tree is given; pub is the owner's SIGN key.
func NewFollower(owner federation.MemberCode, pub sign.PublicKey, spine Spine, tree *merkle.Tree) *Follower {
	return &Follower{owner: owner, pub: pub, spine: spine, tree: tree}
}

// Spine gives the present state.
func (f *Follower) Spine() Spine { return f.spine }

// Try checks a page and gives what it adds, without advancing: call Advance once that is durable.
//
// Errors: ErrStale if the page does not begin where the follower stands; a [federation.RejectError] if the page does not
// match what the owner signed, in which case its carrier is at fault or the owner forked ([*ForkError]). Records that
// match but break a rule are in Rejected, and the rest of the page stands.
func (f *Follower) Try(p Page, nowMS uint64) (*Accepted, *Follower, error) {
	if p.Owner != f.owner {
		return nil, nil, federation.Reject(federation.ReasonOwner, "a page of %s in the log of %s", p.Owner, f.owner)
	}
	if p.From != f.spine.Size {
		return nil, nil, fmt.Errorf("page from %d, log of %s stands at %d: %w", p.From, f.owner, f.spine.Size, federation.ErrStale)
	}
	cp, err := merkle.OpenCheckpoint(p.Checkpoint, Origin(f.owner), f.pub)
	if err != nil {
		return nil, nil, federation.Reject(federation.ReasonSig, "log of %s: %w", f.owner, err)
	}
	known, err := f.newest()
	if err != nil {
		return nil, nil, err
	}
	if known.Size == cp.Size && known.Root != cp.Root && len(f.spine.Checkpoint) > 0 {
		return nil, nil, &ForkError{Owner: f.owner, Ours: f.spine.Checkpoint, Page: p.Checkpoint}
	}
	next := &Follower{owner: f.owner, pub: f.pub, spine: f.spine, tree: f.tree.Clone()}
	out := &Accepted{}
	forked := false
	for _, leaf := range p.Leaves {
		out.Nodes = append(out.Nodes, next.tree.Append(leaf)...)
		forked = forked || next.tree.Size() == known.Size && next.tree.Root() != known.Root
	}
	if err := checkRoot(p, cp, next.tree); err != nil {
		return nil, nil, err
	}
	if forked { // the page is the owner's, and so is the checkpoint that it contradicts
		return nil, nil, &ForkError{Owner: f.owner, Ours: f.spine.Checkpoint, Page: p.Checkpoint}
	}
	if err := next.take(p, nowMS, out); err != nil {
		return nil, nil, err
	}
	next.spine.Size, next.spine.Root = next.tree.Size(), next.tree.Root()
	if n := len(p.Leaves); n > 0 {
		next.spine.LastLeaf = p.Leaves[n-1]
	}
	if cp.Size >= known.Size {
		next.spine.Checkpoint = append([]byte(nil), p.Checkpoint...)
	}
	out.Spine = next.spine
	return out, next, nil
}

// Accept is Try and, if it succeeds, the advance.
func (f *Follower) Accept(p Page, nowMS uint64) (*Accepted, error) {
	out, next, err := f.Try(p, nowMS)
	if err != nil {
		return nil, err
	}
	*f = *next
	return out, nil
}

// newest gives the newest checkpoint known so far, whose size may lie ahead of the follower; the zero value before the first.
func (f *Follower) newest() (merkle.Checkpoint, error) {
	if len(f.spine.Checkpoint) == 0 {
		return merkle.Checkpoint{}, nil
	}
	cp, err := merkle.OpenCheckpoint(f.spine.Checkpoint, Origin(f.owner), f.pub)
	if err != nil {
		return merkle.Checkpoint{}, fmt.Errorf("reading the stored checkpoint of %s: %w: %w", f.owner, err, federation.ErrUnverified)
	}
	return cp, nil
}

// CheckHead compares a size and root that the owner signed elsewhere with the log here: a root other than ours at our own
// size, or than that of the newest checkpoint at its size, is a [*ForkError] with head as the other proof.
func (f *Follower) CheckHead(size uint64, root merkle.Hash, head []byte) error {
	known, err := f.newest()
	if err != nil || len(f.spine.Checkpoint) == 0 || size == 0 {
		return err
	}
	if size == known.Size && root != known.Root || size == f.spine.Size && root != f.spine.Root {
		return &ForkError{Owner: f.owner, Ours: f.spine.Checkpoint, Page: head}
	}
	return nil
}

// checkRoot compares the log as it is after the page with the signed checkpoint.
func checkRoot(p Page, cp merkle.Checkpoint, after *merkle.Tree) error {
	root := after.Root()
	if cp.Size < after.Size() {
		if len(p.Leaves) == 0 { // an old checkpoint alone proves nothing against anybody
			return fmt.Errorf("checkpoint of %d, log of %s stands at %d: %w", cp.Size, p.Owner, after.Size(), federation.ErrStale)
		}
		return federation.Reject(federation.ReasonIndex, "checkpoint of %d under a page up to %d", cp.Size, after.Size())
	}
	if cp.Size == after.Size() && len(p.Proof) == 0 && cp.Root == root {
		return nil
	}
	if cp.Size > after.Size() {
		err := merkle.CheckConsistency(p.Proof, cp.Size, cp.Root, after.Size(), root)
		if err == nil {
			return nil
		}
		if errors.Is(err, merkle.ErrProofSize) {
			return federation.Reject(federation.ReasonProofSize, "log of %s: %w", p.Owner, err)
		}
	}
	return federation.Reject(federation.ReasonProof, "log of %s: the page does not lead to the signed checkpoint", p.Owner)
}

// take checks the records against their leaves and the rules of the log.
func (f *Follower) take(p Page, nowMS uint64, out *Accepted) error {
	var last uint64
	for i, rec := range p.Records {
		e := rec.Entry
		if e.Index < p.From || e.Index-p.From >= uint64(len(p.Leaves)) || i > 0 && e.Index <= last {
			return federation.Reject(federation.ReasonIndex, "entry %d in a page of %d leaves from %d", e.Index, len(p.Leaves), p.From)
		}
		last = e.Index
		leaf := p.Leaves[e.Index-p.From]
		if err := f.CheckRecord(rec, leaf); err != nil {
			return err
		}
		switch prev := f.prev(p, e.Index); {
		case e.Prev != prev:
			out.reject(e.Index, leaf, federation.ReasonPrev)
		case e.Incarnation < f.spine.Incarnation:
			out.reject(e.Index, leaf, federation.ReasonIndex)
		case e.TimeMS < f.spine.LastTimeMS || e.TimeMS > nowMS+maxAheadMS:
			out.reject(e.Index, leaf, federation.ReasonTime)
		default:
			f.spine.LastTimeMS, f.spine.Incarnation = e.TimeMS, e.Incarnation
			out.Records = append(out.Records, rec)
		}
	}
	return nil
}

// CheckRecord checks that a record is the one whose leaf the log holds: owner, signature, leaf and sealed bytes. Failures
// are [federation.RejectError]s; the carrier is at fault, another one may hold the right bytes.
func (f *Follower) CheckRecord(rec Record, leaf merkle.Hash) error {
	e := rec.Entry
	if e.Owner != f.owner {
		return federation.Reject(federation.ReasonOwner, "an entry of %s in the log of %s", e.Owner, f.owner)
	}
	if err := e.Verify(f.pub); err != nil {
		return err
	}
	if e.Leaf() != leaf {
		return federation.Reject(federation.ReasonSig, "entry %d of %s is not the one in the log", e.Index, e.Owner)
	}
	if rec.Audience.Hash(e.Salt) != e.AudienceHash {
		return federation.Reject(federation.ReasonAudience, "entry %d of %s comes with another audience", e.Index, e.Owner)
	}
	if rec.Sealed == nil {
		return nil
	}
	if uint64(len(rec.Sealed)) != e.CtLen {
		return federation.Reject(federation.ReasonCtLen, "entry %d of %s comes with %d sealed bytes of %d", e.Index, e.Owner, len(rec.Sealed), e.CtLen)
	}
	if sha256.Sum256(rec.Sealed) != e.CtHash {
		return federation.Reject(federation.ReasonCtHash, "entry %d of %s comes with other sealed bytes", e.Index, e.Owner)
	}
	return nil
}

// prev gives the leaf before an index of the page.
func (f *Follower) prev(p Page, index uint64) merkle.Hash {
	if index == p.From {
		return f.spine.LastLeaf
	}
	return p.Leaves[index-p.From-1]
}

func (a *Accepted) reject(index uint64, leaf merkle.Hash, why federation.Reason) {
	a.Rejected = append(a.Rejected, Rejection{Index: index, Leaf: leaf, Reason: why})
}
