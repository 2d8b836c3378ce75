package federation

import (
	"bytes"
	"encoding/json"
	"fmt"

	"iconet.example/crypto/canon"
)

// MaxItem bounds the canonical bytes of an item.
const MaxItem = 64 << 10

// Values are the answers of a form by field id, as encoding/json gives them with numbers as [json.Number].
type Values map[string]any

// Item is one filled form: the form bytes that are sealed.
type Item struct {
	Ref     string     `json:"item_id"` // "FR-EWS-01-2026-000012"; set by the owner's node, never reused
	Form    FormCode   `json:"form"`
	Version int        `json:"version"` // of the form
	Owner   MemberCode `json:"owner"`
	Header  Values     `json:"header"`
	Fields  Values     `json:"fields"`
}

// EncodeItem gives the canonical bytes: JSON with sorted keys, without white space and without escaped HTML. More than
// [MaxItem] bytes are ErrInvalid.
func EncodeItem(it *Item) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(it); err != nil {
		return nil, fmt.Errorf("encoding an item: %w", err)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(out) > MaxItem {
		return nil, fmt.Errorf("the item has %d bytes, at most %d fit: shorten its texts: %w", len(out), MaxItem, ErrInvalid)
	}
	return out, nil
}

// ParseItem reads what EncodeItem writes, and nothing else. Whether it is sound is for [Structure.Validate].
func ParseItem(b []byte) (*Item, error) {
	it := &Item{}
	if err := canon.JSON(b, MaxItem, it); err != nil {
		return nil, fmt.Errorf("parsing an item: %w: %w", err, ErrInvalid)
	}
	again, err := EncodeItem(it)
	if err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("parsing an item that is not in canonical form: %w", ErrInvalid)
	}
	return it, nil
}

// Normal gives the item as a reader will have it: encoded and parsed again, so that values have their canonical types.
func (it *Item) Normal() (*Item, error) {
	b, err := EncodeItem(it)
	if err != nil {
		return nil, err
	}
	return ParseItem(b)
}
