package node

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/directory"
	"iconet.example/node/store"
)

// documents keeps the committee's documents in the store and says who must hear of a new set. It is what replica.Documents
// asks for. Safe for concurrent use.
type documents struct {
	book   *directory.Book
	store  *store.Store
	now    func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	changed func(*directory.View) // called under mu, in the order of the changes
}

// openDocuments rebuilds the book from the store or, at the first start, from the bundle the operator gave.
func openDocuments(s *store.Store, bundle string, now func() time.Time, logger *slog.Logger) (*documents, error) {
	d := &documents{store: s, now: now, logger: logger, changed: func(*directory.View) {}}
	roots, err := s.Documents(string(directory.KindRoot))
	if err != nil {
		return nil, fmt.Errorf("reading the documents: %w", err)
	}
	if len(roots) > 0 {
		if err := d.replay(roots); err != nil {
			return nil, err
		}
	}
	raw, err := os.ReadFile(bundle)
	switch {
	case errors.Is(err, os.ErrNotExist) && d.book != nil:
		return d, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("reading the bundle: %w", err)
	case err != nil:
		return nil, fmt.Errorf("the node knows no network yet: ask the coordinator for a bundle and put it at %s: %w", bundle, federation.ErrNotFound)
	}
	b, err := coordinator.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	if d.book == nil {
		if d.book, err = directory.NewBook(b.Documents[0].Document); err != nil {
			return nil, err
		}
		if err := d.keep(directory.KindRoot, b.Documents[0].Document); err != nil {
			return nil, err
		}
		b.Documents = b.Documents[1:]
	}
	for _, doc := range b.Documents {
		if _, err := d.Apply(doc.Kind, doc.Document); err != nil && federation.ReasonOf(err) != federation.ReasonRollback {
			return nil, fmt.Errorf("taking the bundle: %w", err)
		}
	}
	if d.book.Current() == nil {
		return nil, fmt.Errorf("the bundle is not complete: ask the coordinator for a new one: %w", federation.ErrInvalid)
	}
	return d, nil
}

func (d *documents) replay(roots [][]byte) error {
	var err error
	if d.book, err = directory.NewBook(roots[0]); err != nil {
		return fmt.Errorf("reading the stored root: %w", err)
	}
	for _, k := range directory.Kinds() {
		docs, err := d.store.Documents(string(k))
		if err != nil {
			return fmt.Errorf("reading the documents: %w", err)
		}
		for _, doc := range docs {
			if _, err := d.book.Load(k, doc); err != nil {
				d.logger.Warn("a stored document is no longer of use", "kind", string(k), "error", err)
			}
		}
	}
	return nil
}

// OnChange has fn called with each new set of documents, now and later.
func (d *documents) OnChange(fn func(*directory.View)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed = fn
	fn(d.book.Current())
}

func (d *documents) Current() *directory.View { return d.book.Current() }

func (d *documents) Version(k directory.Kind) uint32 { return d.book.Version(k) }

func (d *documents) After(k directory.Kind, version uint32) [][]byte { return d.book.After(k, version) }

// Apply verifies a document, stores it and puts it in force.
func (d *documents) Apply(k directory.Kind, doc []byte) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.book.Current()
	changed, err := d.book.Apply(k, doc, d.now())
	if err != nil || !changed {
		return false, err
	}
	if err := d.keep(k, doc); err != nil {
		return false, err
	}
	if after := d.book.Current(); after != before {
		d.changed(after)
	}
	return true, nil
}

func (d *documents) keep(k directory.Kind, doc []byte) error {
	version := d.book.Version(k)
	if k == directory.KindTimestamp {
		version = 0 // only the newest is of use
	}
	b := store.NewBatch()
	b.PutDocument(string(k), version, doc)
	if err := d.store.Commit(b); err != nil {
		return fmt.Errorf("storing a document: %w", err)
	}
	return nil
}
