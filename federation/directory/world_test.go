package directory_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/directory"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// world is a committee with two of three keys for roots and directories, and the documents it made last.
type world struct {
	t    *testing.T
	keys map[directory.Kind][]*sign.Key
	root directory.Root
	last map[directory.Kind]directory.Pointer
}

// key gives the same key for the same number.
func key(t testing.TB, n byte) *sign.Key {
	t.Helper()
	k, err := sign.KeyFromSeed(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, keys: map[directory.Kind][]*sign.Key{}, last: map[directory.Kind]directory.Pointer{}}
	n := byte(1)
	for _, kind := range directory.Kinds() {
		for range 3 {
			w.keys[kind] = append(w.keys[kind], key(t, n))
			n++
		}
	}
	w.root = directory.Root{Network: "iconet", TestNetwork: true, Roles: map[directory.Kind]directory.Role{}}
	for _, kind := range directory.Kinds() {
		threshold := 2
		if kind == directory.KindTimestamp {
			threshold = 1
		}
		w.root.Roles[kind] = directory.Role{Threshold: threshold, Keys: public(w.keys[kind])}
	}
	return w
}

func public(keys []*sign.Key) []sign.PublicKey {
	var out []sign.PublicKey
	for _, k := range keys {
		out = append(out, k.Public())
	}
	return out
}

// head begins the document after the last one of its kind.
func (w *world) head(kind directory.Kind, life time.Duration) directory.Head {
	p := w.last[kind]
	return directory.Head{Type: kind, Version: p.Version + 1, Expires: start.Add(life), Previous: p.Hash}
}

// seal signs a payload with the given keys and remembers it as the last of its kind.
func (w *world) seal(kind directory.Kind, payload any, keys ...*sign.Key) []byte {
	w.t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	d := sign.NewDocument(b)
	for _, k := range keys {
		if err := d.Sign(kind.Context(), k); err != nil {
			w.t.Fatal(err)
		}
	}
	var h directory.Head
	if err := json.Unmarshal(b, &struct{ *directory.Head }{&h}); err != nil {
		w.t.Fatal(err)
	}
	w.last[kind] = directory.Pointer{Version: h.Version, Hash: directory.HashOf(b)}
	return d.Encode()
}

const day = 24 * time.Hour

func (w *world) makeRoot() []byte {
	w.root.Head = w.head(directory.KindRoot, 365*day)
	return w.seal(directory.KindRoot, w.root, w.keys[directory.KindRoot]...)
}

func (w *world) makeDirectory(members ...directory.Member) []byte {
	return w.seal(directory.KindDirectory, directory.Members{Head: w.head(directory.KindDirectory, 90*day), Members: members}, w.keys[directory.KindDirectory]...)
}

func (w *world) makeStructure() []byte {
	h := w.head(directory.KindStructure, 365*day)
	s := federation.Structure{Type: "structure", Version: h.Version, Expires: h.Expires, Previous: h.Previous, Effective: start}
	return w.seal(directory.KindStructure, s, w.keys[directory.KindStructure]...)
}

// makeTimestamp names the last documents.
func (w *world) makeTimestamp(life time.Duration) []byte {
	return w.seal(directory.KindTimestamp, directory.Timestamp{Head: w.head(directory.KindTimestamp, life), Root: w.last[directory.KindRoot],
		Directory: w.last[directory.KindDirectory], Structure: w.last[directory.KindStructure]}, w.keys[directory.KindTimestamp][0])
}

// member gives a line whose keys are drawn from n, n+1, ... and signed by the national root n.
func member(t testing.TB, code federation.MemberCode, n byte) directory.Member {
	t.Helper()
	return line(t, code, statement(t, code, n), n)
}

func line(t testing.TB, code federation.MemberCode, k *directory.NodeKeys, root byte) directory.Member {
	t.Helper()
	if err := k.SignBy(key(t, root)); err != nil {
		t.Fatal(err)
	}
	return directory.Member{Code: code, Name: federation.Text{"en": "A", "fr": "A"}, Class: directory.Full, Status: directory.Active,
		NationalRoot: key(t, root).Public(), NodeKeys: k.Encode()}
}

func statement(t testing.TB, code federation.MemberCode, n byte) *directory.NodeKeys {
	t.Helper()
	enc, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return &directory.NodeKeys{Member: code, Version: 1, NotBeforeMS: 1, NotAfterMS: 1 << 45, P2P: key(t, n+1).Public(), Sign: key(t, n+2).Public(),
		Witness: key(t, n+3).Public(), Recipients: []seal.Recipient{enc.Recipient()}, Addrs: []string{"/ip4/192.0.2.1/tcp/4001"}}
}

// book is a node that has taken a first complete set.
func (w *world) book(members ...directory.Member) *directory.Book {
	w.t.Helper()
	b, err := directory.NewBook(w.makeRoot())
	if err != nil {
		w.t.Fatal(err)
	}
	dir, structure := w.makeDirectory(members...), w.makeStructure()
	w.take(b, directory.KindTimestamp, w.makeTimestamp(7*day))
	w.take(b, directory.KindDirectory, dir)
	w.take(b, directory.KindStructure, structure)
	if b.Current() == nil {
		w.t.Fatal("a complete set gives no view")
	}
	return b
}

func (w *world) take(b *directory.Book, kind directory.Kind, doc []byte) {
	w.t.Helper()
	if changed, err := b.Apply(kind, doc, start); err != nil || !changed {
		w.t.Fatalf("applying %s: changed %v, %v", kind, changed, err)
	}
}

// refused checks that a document is refused for a reason and has no effect.
func (w *world) refused(b *directory.Book, kind directory.Kind, doc []byte, at time.Time, want federation.Reason) {
	w.t.Helper()
	before, view := b.Pointer(kind), b.Current()
	changed, err := b.Apply(kind, doc, at)
	if federation.ReasonOf(err) != want || changed {
		w.t.Errorf("got %v (changed %v), want the reason %s", err, changed, want)
	}
	if b.Pointer(kind) != before || b.Current() != view {
		w.t.Error("a refused document had an effect")
	}
}

// envelope signs any bytes with all keys of a kind.
func (w *world) envelope(kind directory.Kind, payload []byte) []byte {
	d := sign.NewDocument(payload)
	for _, k := range w.keys[kind] {
		if err := d.Sign(kind.Context(), k); err != nil {
			w.t.Fatal(err)
		}
	}
	return d.Encode()
}
