package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"iconet.example/crypto/sign"
	"iconet.example/federation"
)

// TimestampLife is how long a timestamp is valid after it was made.
const TimestampLife = 7 * 24 * time.Hour

// clockSlack is how far two clocks of the network may be apart.
const clockSlack = 5 * time.Minute

// Book holds the documents a node has accepted and judges newer ones. Safe for concurrent use.
type Book struct {
	mu        sync.Mutex
	docs      map[Kind][][]byte // accepted envelopes, oldest first; docs[k][0] has version first[k]
	heads     map[Kind]accepted
	root      *Root
	members   *Members
	peers     []*Peer
	structure *federation.Structure
	stamp     *Timestamp
	view      *View
}

type accepted struct {
	version uint32
	hash    string // of the payload
}

// NewBook trusts the root document root, which the operator was given; it must be signed by its own threshold.
func NewBook(root []byte) (*Book, error) {
	b := &Book{docs: map[Kind][][]byte{}, heads: map[Kind]accepted{}}
	d, err := sign.ParseDocument(root)
	if err != nil {
		return nil, federation.Reject(federation.ReasonParse, "reading the trusted root: %w", err)
	}
	payload, err := d.VerifySelf(KindRoot.Context(), func(payload []byte) ([]sign.PublicKey, int, error) {
		r, err := parseRoot(payload)
		if err != nil {
			return nil, 0, err
		}
		b.root = r
		return r.Roles[KindRoot].Keys, r.Roles[KindRoot].Threshold, nil
	})
	if err != nil {
		return nil, federation.Reject(federation.ReasonThreshold, "reading the trusted root: %w", err)
	}
	b.accept(KindRoot, root, b.root.Version, payload)
	return b, nil
}

// Current gives the documents in force, nil before a complete set was accepted.
func (b *Book) Current() *View {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.view
}

// Version gives the newest accepted version of a kind, 0 for none.
func (b *Book) Version(kind Kind) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heads[kind].version
}

// Pointer names the newest accepted document of a kind; the zero value says there is none.
func (b *Book) Pointer(kind Kind) Pointer {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.heads[kind]
	return Pointer{Version: h.version, Hash: h.hash}
}

// Clone gives a book that goes its own way from here, to try documents on.
func (b *Book) Clone() *Book {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &Book{docs: map[Kind][][]byte{}, heads: maps.Clone(b.heads), root: b.root, members: b.members, peers: b.peers,
		structure: b.structure, stamp: b.stamp, view: b.view}
	for k, docs := range b.docs {
		c.docs[k] = slices.Clip(docs)
	}
	return c
}

// After gives the accepted documents of a kind above a version, oldest first, for those who ask.
func (b *Book) After(kind Kind, version uint32) [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	docs := b.docs[kind]
	first := b.heads[kind].version + 1 - uint32(len(docs))
	if version < first {
		return docs
	}
	return docs[min(int(version+1-first), len(docs)):]
}

// Load is Apply for a document that this node accepted before and kept: it may have expired since, because a node works on
// its last documents while the coordinator is silent. Load the kinds in the order of [Kinds], each by rising version. A
// refusal for threshold means that the keys of the kind were changed since; such a document is of no use any more.
func (b *Book) Load(kind Kind, doc []byte) (changed bool, err error) {
	return b.Apply(kind, doc, time.Time{})
}

// Apply judges a document. changed tells that it was new and is accepted; the caller then stores it and may ask Current.
//
// Errors are [federation.RejectError]s and leave the book as it was: threshold, rollback, fork, mix, expired, nr,
// member_id, parse, structure_type, root_chain. A document that is already known is no error.
func (b *Book) Apply(kind Kind, doc []byte, now time.Time) (changed bool, err error) {
	if !kind.Valid() {
		return false, federation.Reject(federation.ReasonParse, "a document of kind %q", string(kind))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	d, err := sign.ParseDocument(doc)
	if err != nil {
		return false, federation.Reject(federation.ReasonParse, "reading a %s: %w", kind, err)
	}
	role := b.root.Roles[kind]
	payload, err := d.Verify(kind.Context(), role.Keys, role.Threshold)
	if err != nil {
		reason := federation.ReasonThreshold
		if kind == KindRoot {
			reason = federation.ReasonRootChain
		}
		return false, federation.Reject(reason, "reading a %s: %w", kind, err)
	}
	var version uint32
	switch kind {
	case KindRoot:
		version, err = b.applyRoot(d, payload, now)
	case KindTimestamp:
		version, err = b.applyTimestamp(payload, now)
	case KindDirectory:
		version, err = b.applyDirectory(payload, now)
	case KindStructure:
		version, err = b.applyStructure(payload, now)
	}
	if err != nil || version == 0 {
		return false, err
	}
	b.accept(kind, doc, version, payload)
	b.refresh()
	return true, nil
}

func (b *Book) accept(kind Kind, doc []byte, version uint32, payload []byte) {
	if kind == KindTimestamp {
		b.docs[kind] = nil // only the newest one matters
	}
	b.docs[kind] = append(b.docs[kind], append([]byte(nil), doc...))
	b.heads[kind] = accepted{version: version, hash: HashOf(payload)}
}

// follows judges whether a head may come after what the book has: known (nothing to do), the next version, or neither. A
// timestamp may skip versions, and so may the first document of a kind.
func (b *Book) follows(h Head, payload []byte, now time.Time) (known bool, err error) {
	have, any := b.heads[h.Type]
	hash := HashOf(payload)
	switch {
	case any && h.Version == have.version && hash == have.hash:
		return true, nil
	case any && h.Version == have.version:
		return false, federation.Reject(federation.ReasonFork, "two %s documents of version %d", h.Type, h.Version)
	case any && h.Version < have.version:
		return false, federation.Reject(federation.ReasonRollback, "%s %d after %d", h.Type, h.Version, have.version)
	case b.newest(h) && !now.Before(h.Expires):
		return false, federation.Reject(federation.ReasonExpired, "%s %d has expired", h.Type, h.Version)
	case !any || h.Type == KindTimestamp:
		return false, nil
	case h.Version != have.version+1:
		return false, fmt.Errorf("%s %d after %d: %w", h.Type, h.Version, have.version, federation.ErrStale)
	case h.Previous != have.hash:
		return false, federation.Reject(federation.ReasonFork, "%s %d does not follow the %s known here", h.Type, h.Version, h.Type)
	}
	return false, nil
}

// newest reports whether nothing later than h is known to exist. What has a successor may have expired: it is only a link
// of the chain.
func (b *Book) newest(h Head) bool {
	if b.stamp == nil {
		return h.Type == KindTimestamp
	}
	switch h.Type {
	case KindRoot:
		return h.Version >= b.stamp.Root.Version
	case KindDirectory:
		return h.Version >= b.stamp.Directory.Version
	case KindStructure:
		return h.Version >= b.stamp.Structure.Version
	default:
		return true
	}
}

func (b *Book) applyRoot(d *sign.Document, payload []byte, now time.Time) (version uint32, err error) {
	r, err := parseRoot(payload)
	if err != nil {
		return 0, err
	}
	known, err := b.follows(r.Head, payload, now)
	if err != nil || known {
		return 0, err
	}
	role := r.Roles[KindRoot]
	if _, err := d.Verify(KindRoot.Context(), role.Keys, role.Threshold); err != nil {
		return 0, federation.Reject(federation.ReasonRootChain, "root %d is not signed by its own keys: %w", r.Version, err)
	}
	if r.Network != b.root.Network || r.TestNetwork != b.root.TestNetwork {
		return 0, federation.Reject(federation.ReasonRootChain, "root %d is of another network", r.Version)
	}
	b.forget(r)
	b.root = r
	return r.Version, nil
}

// forget drops the floor of each kind whose keys the next root changes: what the old keys signed binds nobody any more, and
// a thief of them must not be able to block a kind with a version beyond all others.
func (b *Book) forget(next *Root) {
	for _, k := range []Kind{KindTimestamp, KindDirectory, KindStructure} {
		if slices.Equal(b.root.Roles[k].Keys, next.Roles[k].Keys) {
			continue
		}
		delete(b.heads, k)
		delete(b.docs, k)
		if k == KindTimestamp {
			b.stamp = nil
		}
	}
}

func (b *Book) applyTimestamp(payload []byte, now time.Time) (version uint32, err error) {
	t := &Timestamp{}
	if err := parse(KindTimestamp, payload, t, &t.Head); err != nil {
		return 0, err
	}
	known, err := b.follows(t.Head, payload, now)
	if err != nil || known {
		return 0, err
	}
	if !now.IsZero() && t.Expires.After(now.Add(TimestampLife+clockSlack)) {
		return 0, federation.Reject(federation.ReasonExpired, "timestamp %d is to live longer than %s", t.Version, TimestampLife)
	}
	if t.Root.Version == b.root.Version && !now.Before(b.root.Expires) {
		return 0, federation.Reject(federation.ReasonExpired, "root %d has expired", b.root.Version)
	}
	if t.Root.Version == b.root.Version && t.Root.Hash != b.heads[KindRoot].hash {
		return 0, federation.Reject(federation.ReasonMix, "timestamp %d names another root %d", t.Version, t.Root.Version)
	}
	if old := b.stamp; old != nil {
		for _, p := range [][2]Pointer{{old.Root, t.Root}, {old.Directory, t.Directory}, {old.Structure, t.Structure}} {
			if p[1].Version < p[0].Version {
				return 0, federation.Reject(federation.ReasonRollback, "timestamp %d goes back to version %d of a document", t.Version, p[1].Version)
			}
			if p[1].Version == p[0].Version && p[1].Hash != p[0].Hash {
				return 0, federation.Reject(federation.ReasonFork, "timestamp %d names another document of version %d", t.Version, p[1].Version)
			}
		}
	}
	b.stamp = t
	return t.Version, nil
}

// pointed checks a document against the timestamp, so that documents of different times are not mixed.
func (b *Book) pointed(h Head, p func(*Timestamp) Pointer, payload []byte) error {
	if b.stamp == nil {
		return fmt.Errorf("no timestamp yet: %w", federation.ErrStale)
	}
	at := p(b.stamp)
	if h.Version > at.Version {
		return federation.Reject(federation.ReasonMix, "%s %d is newer than timestamp %d says", h.Type, h.Version, b.stamp.Version)
	}
	if h.Version == at.Version && HashOf(payload) != at.Hash {
		return federation.Reject(federation.ReasonMix, "%s %d is not the one of timestamp %d", h.Type, h.Version, b.stamp.Version)
	}
	return nil
}

func (b *Book) applyDirectory(payload []byte, now time.Time) (version uint32, err error) {
	d, peers, err := parseMembers(payload)
	if err != nil {
		return 0, err
	}
	known, err := b.follows(d.Head, payload, now)
	if err != nil || known {
		return 0, err
	}
	if err := b.pointed(d.Head, func(t *Timestamp) Pointer { return t.Directory }, payload); err != nil {
		return 0, err
	}
	if err := succeed(b.peers, peers); err != nil {
		return 0, err
	}
	b.members, b.peers = d, peers
	return d.Version, nil
}

func (b *Book) applyStructure(payload []byte, now time.Time) (version uint32, err error) {
	s, err := federation.ParseStructure(payload)
	if err != nil {
		return 0, err
	}
	h := Head{Type: KindStructure, Version: s.Version, Expires: s.Expires, Previous: s.Previous}
	known, err := b.follows(h, payload, now)
	if err != nil || known {
		return 0, err
	}
	if err := b.pointed(h, func(t *Timestamp) Pointer { return t.Structure }, payload); err != nil {
		return 0, err
	}
	b.structure = s
	return s.Version, nil
}

// refresh builds the view once everything the timestamp names is here.
func (b *Book) refresh() {
	t := b.stamp
	if t == nil || b.heads[KindRoot] != (accepted{t.Root.Version, t.Root.Hash}) ||
		b.heads[KindDirectory] != (accepted{t.Directory.Version, t.Directory.Hash}) ||
		b.heads[KindStructure] != (accepted{t.Structure.Version, t.Structure.Hash}) {
		return
	}
	hash, err := hex.DecodeString(t.Structure.Hash)
	if err != nil || len(hash) != sha256.Size {
		return // equal to a hash of ours above, so it cannot be
	}
	v := &View{StructureHash: [32]byte(hash), Root: b.root, Directory: b.members, Structure: b.structure, Timestamp: t, Issued: t.Expires.Add(-TimestampLife), peers: b.peers,
		byCode: map[federation.MemberCode]*Peer{}, byP2P: map[sign.PublicKey]*Peer{}}
	for _, p := range b.peers {
		v.byCode[p.Code], v.byP2P[p.Keys.P2P] = p, p
	}
	b.view = v
}
