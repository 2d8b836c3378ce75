package replica

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/directory"
	"iconet.example/federation/wire"
)

// documentPeriod is how often a member is asked for newer documents.
const documentPeriod = 20 * time.Second

// partSize is the part of a document in one frame.
const partSize = 512 << 10

// exchangeDocuments asks the coordinator first and then others, in turn, for documents that are newer than ours.
func (r *Replica) exchangeDocuments(ctx context.Context) error {
	for pause := time.Duration(0); ; pause = documentPeriod + rand.N(documentPeriod/2) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		for _, m := range r.sources() {
			err := r.fetchDocuments(ctx, m)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				break
			}
			r.blame(m, err)
		}
	}
}

// sources lists whom to ask: the coordinator, then the others in random order.
func (r *Replica) sources() []federation.MemberCode {
	view := r.c.Documents.Current()
	if view == nil {
		return nil
	}
	out := []federation.MemberCode{federation.Commission}
	for _, p := range view.Active() {
		if p.Code != federation.Commission {
			out = append(out, p.Code)
		}
	}
	rand.Shuffle(len(out)-1, func(i, j int) { out[i+1], out[j+1] = out[j+1], out[i+1] })
	for i, m := range out {
		if m == r.c.Self {
			return append(out[:i], out[i+1:]...)
		}
	}
	return out
}

// fetchDocuments asks one member for everything newer, in the order in which documents are taken.
func (r *Replica) fetchDocuments(ctx context.Context, from federation.MemberCode) error {
	s, err := r.dial(ctx, from, dirProtocol)
	if err != nil {
		return err
	}
	defer r.leave(s)
	for i, k := range directory.Kinds() {
		if err := write(s, wire.DocRequest{Kind: byte(i), After: r.c.Documents.Version(k)}); err != nil {
			return err
		}
		if err := r.takeDocuments(ctx, s, k, byte(i)); err != nil {
			return err
		}
	}
	return nil
}

// takeDocuments reads the documents of a kind up to their End and applies them.
func (r *Replica) takeDocuments(ctx context.Context, s Stream, k directory.Kind, number byte) error {
	var doc []byte
	for {
		m, err := read(ctx, s, frameTimeout)
		if err != nil {
			return err
		}
		part, ok := m.(wire.Doc)
		if _, end := m.(wire.End); end {
			return nil
		}
		if !ok || part.Kind != number || len(doc)+len(part.Part) > sign.MaxDocument {
			return federation.Reject(federation.ReasonFrame, "an answer of %T to a request for a %s", m, k)
		}
		doc = append(doc, part.Part...)
		if part.More {
			continue
		}
		changed, err := r.c.Documents.Apply(k, doc)
		if err != nil && !errors.Is(err, federation.ErrStale) {
			return err
		}
		if changed {
			r.c.Logger.Info("document in force", "kind", string(k), "version", r.c.Documents.Version(k))
		}
		doc = nil
	}
}

// serveDocuments answers requests on one stream.
func (r *Replica) serveDocuments(ctx context.Context, from federation.MemberCode, s Stream) error {
	for range directory.Kinds() {
		m, err := read(ctx, s, frameTimeout)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		req, ok := m.(wire.DocRequest)
		if !ok || int(req.Kind) >= len(directory.Kinds()) {
			return federation.Reject(federation.ReasonFrame, "%s asks for documents with %T", from, m)
		}
		for _, doc := range r.c.Documents.After(directory.Kinds()[req.Kind], req.After) {
			for len(doc) > 0 {
				n := min(len(doc), partSize)
				if err := write(s, wire.Doc{Kind: req.Kind, More: n < len(doc), Part: doc[:n]}); err != nil {
					return err
				}
				doc = doc[n:]
			}
		}
		if err := write(s, wire.End{}); err != nil {
			return err
		}
	}
	return nil
}
