package coordinator

import (
	"encoding/json"
	"fmt"
	"time"

	"iconet.example/crypto/canon"
	"iconet.example/federation"
	"iconet.example/federation/directory"
)

const maxBundle = 16 << 20

// Issued is one document in a bundle.
type Issued struct {
	Kind     directory.Kind `json:"kind"`
	Document []byte         `json:"document"`
}

// Bundle is the file with which a node starts: the first root, which the operator trusts because of the way it came, and
// what follows from it, in the order in which a node takes it.
type Bundle struct {
	Documents []Issued `json:"documents"`
}

// Encode gives the JSON form.
func (b *Bundle) Encode() ([]byte, error) {
	out, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encoding a bundle: %w", err)
	}
	return out, nil
}

// ParseBundle reads the JSON form strictly. Book verifies it.
func ParseBundle(raw []byte) (*Bundle, error) {
	b := &Bundle{}
	if err := canon.JSON(raw, maxBundle, b); err != nil {
		return nil, federation.Reject(federation.ReasonParse, "parsing a bundle: %w", err)
	}
	if len(b.Documents) == 0 || b.Documents[0].Kind != directory.KindRoot {
		return nil, federation.Reject(federation.ReasonParse, "a bundle begins with a root")
	}
	return b, nil
}

// Book builds a book from the bundle. now is the time for expiry; the zero time judges none, for what a node itself has
// stored.
func (b *Bundle) Book(now time.Time) (*directory.Book, error) {
	book, err := directory.NewBook(b.Documents[0].Document)
	if err != nil {
		return nil, err
	}
	for _, d := range b.Documents[1:] {
		if _, err := book.Apply(d.Kind, d.Document, now); err != nil {
			return nil, err
		}
	}
	return book, nil
}
