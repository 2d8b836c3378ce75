package sign

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"iconet.example/crypto/canon"
)

// MaxDocument bounds a signed document in bytes.
const MaxDocument = 4 << 20

// maxSignatures bounds the signatures of a document; no role of a committee has more keys.
const maxSignatures = 32

// ErrThreshold says that too few distinct keys of a role signed.
var ErrThreshold = errors.New("too few signatures")

// Document is a payload with the signatures of several keys. Its payload is given out by Verify alone, and by VerifySelf to
// the function that reads its keys.
type Document struct {
	payload    []byte
	signatures []signature
}

type signature struct {
	Key PublicKey `json:"key"`
	Sig []byte    `json:"sig"`
}

// envelope is the JSON form: {"payload": base64, "signatures": [{"key": hex, "sig": base64}]}.
type envelope struct {
	Payload    []byte      `json:"payload"`
	Signatures []signature `json:"signatures"`
}

// NewDocument gives a document without signatures. It keeps payload.
func NewDocument(payload []byte) *Document { return &Document{payload: payload} }

// Sign adds s's signature, in place of an earlier one of the same key.
func (d *Document) Sign(c Context, s Signer) error {
	sig, err := s.Sign(c, d.payload)
	if err != nil {
		return fmt.Errorf("signing a document: %w", err)
	}
	d.signatures = slices.DeleteFunc(d.signatures, func(o signature) bool { return o.Key == s.Public() })
	if len(d.signatures) == maxSignatures {
		return fmt.Errorf("signing a document that has %d signatures: %w", maxSignatures, canon.ErrLayout)
	}
	d.signatures = append(d.signatures, signature{Key: s.Public(), Sig: sig[:]})
	return nil
}

// ParseDocument reads the JSON form, at most [MaxDocument] bytes, strictly. Nothing in it is verified yet.
func ParseDocument(b []byte) (*Document, error) {
	var e envelope
	if err := canon.JSON(b, MaxDocument, &e); err != nil {
		return nil, fmt.Errorf("parsing a signed document: %w", err)
	}
	if len(e.Signatures) > maxSignatures {
		return nil, fmt.Errorf("parsing a signed document with %d signatures: %w", len(e.Signatures), canon.ErrLayout)
	}
	for _, s := range e.Signatures {
		if s.Key == (PublicKey{}) {
			return nil, fmt.Errorf("parsing a signature without its key: %w", canon.ErrLayout)
		}
		if len(s.Sig) != len(Signature{}) {
			return nil, fmt.Errorf("parsing a signature of %d bytes: %w", len(s.Sig), canon.ErrLayout)
		}
	}
	return &Document{payload: e.Payload, signatures: e.Signatures}, nil
}

// Encode gives the JSON form.
func (d *Document) Encode() []byte {
	b, err := json.Marshal(envelope{Payload: d.payload, Signatures: d.signatures})
	if err != nil {
		panic("encoding a document of bytes and keys: " + err.Error()) // no input can cause it
	}
	return b
}

// Verify gives the payload if at least threshold distinct keys of keys signed it in context c; else [ErrThreshold].
// Signatures of other keys and wrong ones do not count. The payload must not be changed.
func (d *Document) Verify(c Context, keys []PublicKey, threshold int) ([]byte, error) {
	good := map[PublicKey]bool{}
	for _, s := range d.signatures {
		if slices.Contains(keys, s.Key) && Verify(s.Key, c, d.payload, Signature(s.Sig)) == nil {
			good[s.Key] = true
		}
	}
	if threshold < 1 || len(good) < threshold {
		return nil, fmt.Errorf("%d of the %d needed keys signed %s: %w", len(good), threshold, c, ErrThreshold)
	}
	return d.payload, nil
}

// VerifySelf is Verify for a document that names its own keys: keysOf reads them and the threshold from the payload, which
// it must not use for anything else before VerifySelf has returned without an error.
func (d *Document) VerifySelf(c Context, keysOf func(payload []byte) ([]PublicKey, int, error)) ([]byte, error) {
	keys, threshold, err := keysOf(d.payload)
	if err != nil {
		return nil, err
	}
	return d.Verify(c, keys, threshold)
}
