package coordinator

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"iconet.example/crypto/keyring"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/coordinator/source"
	"iconet.example/federation/directory"
)

// How long the documents are valid.
const (
	rootLife      = 365 * 24 * time.Hour
	directoryLife = 90 * 24 * time.Hour
	structureLife = 365 * 24 * time.Hour
)

// Desk issues documents. Not safe for concurrent use.
type Desk struct {
	dir  string
	keys map[directory.Kind]*sign.Key
	book *directory.Book
	last map[directory.Kind][]byte // payloads
}

// Create makes the committee's keys, one for each role, the first root and the structure, and no members yet. An existing
// desk is [keyring.ErrExists].
func Create(dir, network string, testNetwork bool, p keyring.Protection, now time.Time) (*Desk, error) {
	d := &Desk{dir: dir, keys: map[directory.Kind]*sign.Key{}, last: map[directory.Kind][]byte{}}
	root := &directory.Root{Network: network, TestNetwork: testNetwork, Roles: map[directory.Kind]directory.Role{},
		Head: directory.Head{Type: directory.KindRoot, Version: 1, Expires: now.Add(rootLife).UTC().Truncate(time.Second)}}
	for _, k := range directory.Kinds() {
		key, err := keyring.CreateKey(d.keyPath(k), p)
		if err != nil {
			return nil, fmt.Errorf("making the key of the %s: %w", k, err)
		}
		d.keys[k] = key
		root.Roles[k] = directory.Role{Threshold: 1, Keys: []sign.PublicKey{key.Public()}}
	}
	payload, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("encoding the root: %w", err)
	}
	doc := sign.NewDocument(payload)
	if err := doc.Sign(directory.KindRoot.Context(), d.keys[directory.KindRoot]); err != nil {
		return nil, err
	}
	if d.book, err = directory.NewBook(doc.Encode()); err != nil {
		return nil, err
	}
	d.last[directory.KindRoot] = payload
	if err := d.keep(directory.KindRoot, 1, doc.Encode()); err != nil {
		return nil, err
	}
	structure, err := source.Compile(source.Edition{Version: 1, Effective: now.Truncate(time.Second), Expires: now.Add(structureLife).Truncate(time.Second)})
	if err != nil {
		return nil, err
	}
	members, err := json.Marshal(&directory.Members{Members: []directory.Member{},
		Head: directory.Head{Type: directory.KindDirectory, Version: 1, Expires: now.Add(directoryLife).UTC().Truncate(time.Second)}})
	if err != nil {
		return nil, fmt.Errorf("encoding the directory: %w", err)
	}
	return d, d.issue(now, change{directory.KindDirectory, 1, members}, change{directory.KindStructure, 1, structure})
}

// Open reads a desk that Create made.
func Open(dir string, p keyring.Protection) (*Desk, error) {
	d := &Desk{dir: dir, keys: map[directory.Kind]*sign.Key{}, last: map[directory.Kind][]byte{}}
	for _, k := range directory.Kinds() {
		key, err := keyring.OpenKey(d.keyPath(k), p)
		if err != nil {
			return nil, fmt.Errorf("opening the key of the %s: %w", k, err)
		}
		d.keys[k] = key
	}
	if err := d.replay(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Desk) keyPath(k directory.Kind) string {
	return filepath.Join(d.dir, "keys", string(k)+".key")
}

// Documents gives everything a new member needs, as a bundle.
func (d *Desk) Documents() *Bundle {
	b := &Bundle{}
	for _, k := range directory.Kinds() {
		for _, doc := range d.book.After(k, 0) {
			b.Documents = append(b.Documents, Issued{Kind: k, Document: doc})
		}
	}
	return b
}

// View gives the documents in force.
func (d *Desk) View() *directory.View { return d.book.Current() }

// Admit adds members, or replaces the lines of those that are there, and issues the directory.
func (d *Desk) Admit(now time.Time, enrolments ...*Enrolment) error {
	view := d.book.Current()
	next := &directory.Members{Head: directory.Head{Type: directory.KindDirectory, Version: view.Directory.Version + 1,
		Expires: now.Add(directoryLife).UTC().Truncate(time.Second), Previous: directory.HashOf(d.last[directory.KindDirectory])},
		Members: slices.Clone(view.Directory.Members)}
	for _, e := range enrolments {
		if err := e.current(now); err != nil {
			return err
		}
		m := directory.Member{Code: e.Code, Name: e.Name, Class: directory.Full, Status: directory.Active, NationalRoot: e.NationalRoot, NodeKeys: e.NodeKeys}
		if e.Code.Partner() {
			m.Class, m.Status = directory.Selective, directory.Pending // closed until a legal basis is recorded
		}
		next.Members = slices.DeleteFunc(next.Members, func(o directory.Member) bool { return o.Code == e.Code })
		next.Members = append(next.Members, m)
	}
	payload, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding the directory: %w", err)
	}
	return d.issue(now, change{directory.KindDirectory, next.Version, payload})
}

// Stamp issues a new timestamp over the present documents.
func (d *Desk) Stamp(now time.Time) error { return d.issue(now) }

// change is a new payload of a kind.
type change struct {
	kind    directory.Kind
	version uint32
	payload []byte
}

// issue signs the changes and a timestamp over all, has a copy of the book judge them, and only then keeps them.
func (d *Desk) issue(now time.Time, changes ...change) error {
	last := maps.Clone(d.last)
	for _, c := range changes {
		last[c.kind] = c.payload
	}
	stamp, err := d.timestamp(now, last, changes)
	if err != nil {
		return err
	}
	last[directory.KindTimestamp] = stamp.payload
	book := d.book.Clone()
	issued := append([]change{stamp}, changes...)
	docs := make([][]byte, len(issued))
	for i, c := range issued {
		doc := sign.NewDocument(c.payload)
		if err := doc.Sign(c.kind.Context(), d.keys[c.kind]); err != nil {
			return err
		}
		docs[i] = doc.Encode()
		if _, err := book.Apply(c.kind, docs[i], now); err != nil {
			return fmt.Errorf("issuing %s %d: %w", c.kind, c.version, err)
		}
	}
	for i := len(issued) - 1; i >= 0; i-- { // the timestamp last: it names only what is on the disk
		if err := d.keep(issued[i].kind, issued[i].version, docs[i]); err != nil {
			return err
		}
	}
	d.book, d.last = book, last
	return nil
}

// timestamp makes the payload that names the newest of each kind.
func (d *Desk) timestamp(now time.Time, last map[directory.Kind][]byte, changes []change) (change, error) {
	stamp := &directory.Timestamp{Head: directory.Head{Type: directory.KindTimestamp, Version: d.book.Version(directory.KindTimestamp) + 1,
		Expires: now.Add(directory.TimestampLife).UTC().Truncate(time.Second)}}
	if old := last[directory.KindTimestamp]; old != nil {
		stamp.Previous = directory.HashOf(old)
	}
	point := func(k directory.Kind) directory.Pointer {
		p := directory.Pointer{Version: d.book.Version(k), Hash: directory.HashOf(last[k])}
		for _, c := range changes {
			if c.kind == k {
				p.Version = c.version
			}
		}
		return p
	}
	stamp.Root, stamp.Directory, stamp.Structure = point(directory.KindRoot), point(directory.KindDirectory), point(directory.KindStructure)
	payload, err := json.Marshal(stamp)
	if err != nil {
		return change{}, fmt.Errorf("encoding the timestamp: %w", err)
	}
	return change{directory.KindTimestamp, stamp.Version, payload}, nil
}

// keep writes a document; only the newest timestamp stays.
func (d *Desk) keep(k directory.Kind, version uint32, doc []byte) error {
	name := fmt.Sprintf("%s-%06d.json", k, version)
	if k == directory.KindTimestamp {
		name = "timestamp.json"
	}
	path := filepath.Join(d.dir, "documents", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping a document: %w", err)
	}
	return WriteFile(path, doc)
}

// replay reads the documents back in the order in which a node takes them.
func (d *Desk) replay() error {
	for _, k := range directory.Kinds() {
		names, err := filepath.Glob(filepath.Join(d.dir, "documents", string(k)+"*.json"))
		if err != nil {
			return fmt.Errorf("reading the documents: %w", err)
		}
		slices.Sort(names)
		for _, name := range names {
			doc, err := os.ReadFile(name)
			if err != nil {
				return fmt.Errorf("reading the documents: %w", err)
			}
			if d.book == nil {
				d.book, err = directory.NewBook(doc)
			} else {
				_, err = d.book.Apply(k, doc, time.Time{}) // our own past: expiry was judged when it was issued
			}
			if err != nil {
				return fmt.Errorf("reading %s: %w", filepath.Base(name), err)
			}
			parsed, err := sign.ParseDocument(doc)
			if err != nil {
				return fmt.Errorf("reading %s: %w", filepath.Base(name), err)
			}
			if d.last[k], err = parsed.Verify(k.Context(), []sign.PublicKey{d.keys[k].Public()}, 1); err != nil {
				return fmt.Errorf("reading %s: %w", filepath.Base(name), err)
			}
		}
	}
	if d.book == nil || d.book.Current() == nil {
		return fmt.Errorf("the desk in %s has no complete set of documents: %w", filepath.Base(d.dir), federation.ErrNotFound)
	}
	return nil
}
