package merkle

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"iconet.example/crypto/sign"
)

// maxCheckpoint bounds a signed checkpoint in bytes: a text under 200 bytes and some dozens of cosignatures.
const maxCheckpoint = 4 << 10

// ErrCheckpoint is wrapped by every error about a checkpoint.
var ErrCheckpoint = errors.New("not a checkpoint of this log")

// Checkpoint states the size and root of a log (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string // name of the log and of the key
	Size   uint64
	Root   Hash
}

// maxSize bounds a log; positions of stored hashes beyond it do not fit 63 bits.
const maxSize = 1 << 62

// SignCheckpoint gives the signed note of c; the key's name is the origin.
func SignCheckpoint(c Checkpoint, k *sign.Key) ([]byte, error) {
	if c.Size >= maxSize {
		return nil, fmt.Errorf("signing a checkpoint of %d leaves: %w", c.Size, ErrCheckpoint)
	}
	signer, err := newNoteSigner(c.Origin, k)
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint of %s: %w", c.Origin, err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed note and gives what it states if pub signed it under the name origin. Signatures of others
// are passed over. Errors wrap [ErrCheckpoint].
func OpenCheckpoint(signed []byte, origin string, pub sign.PublicKey) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("%d bytes: %w", len(signed), ErrCheckpoint)
	}
	verifier, err := newNoteVerifier(origin, pub)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", err, ErrCheckpoint)
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("opening a checkpoint of %s: %w", origin, ErrCheckpoint)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil || c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("reading a checkpoint of %s: %w", origin, ErrCheckpoint)
	}
	return c, nil
}

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// parseCheckpoint accepts only what text writes.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, ErrCheckpoint
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil {
		return Checkpoint{}, ErrCheckpoint
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return Checkpoint{}, ErrCheckpoint
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}
	if c.text() != text {
		return Checkpoint{}, ErrCheckpoint
	}
	return c, nil
}

// algEd25519 is the note format's number of plain Ed25519 (C2SP signed-note).
const algEd25519 = 1

func newNoteVerifier(name string, pub sign.PublicKey) (note.Verifier, error) {
	key, err := note.NewEd25519VerifierKey(name, ed25519.PublicKey(pub[:]))
	if err != nil {
		return nil, fmt.Errorf("naming the key of %s: %w", name, err)
	}
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("naming the key of %s: %w", name, err)
	}
	return v, nil
}

func newNoteSigner(name string, k *sign.Key) (note.Signer, error) {
	v, err := newNoteVerifier(name, k.Public())
	if err != nil {
		return nil, err
	}
	secret := append([]byte{algEd25519}, k.Seed()...)
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, v.KeyHash(), base64.StdEncoding.EncodeToString(secret)))
	if err != nil {
		return nil, errors.New("preparing the checkpoint key") // the library's error could quote the key
	}
	return s, nil
}
