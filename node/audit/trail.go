package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"iconet.example/crypto/canon"
)

// maxLine bounds an encoded line in bytes.
const maxLine = 16 << 10 // five texts of which each byte is an escape of six

// maxText bounds each free text of a line in bytes.
const maxText = 256

// ErrBroken says that the trail was changed.
var ErrBroken = errors.New("the audit trail is broken")

// Line is one act.
type Line struct {
	Seq      uint64 `json:"seq"` // from 1
	TimeMS   uint64 `json:"time_ms"`
	Prev     string `json:"prev"`   // hex SHA-256 of the line before, "" for the first
	Actor    string `json:"actor"`  // pseudonymous id of the account, or "node"
	Action   string `json:"action"` // of federation/policy, or an act of an account
	Object   string `json:"object,omitempty"`
	Decision string `json:"decision"` // "allowed" or "refused"
	Reason   string `json:"reason,omitempty"`
}

// Trail chains lines. Not safe for concurrent use.
type Trail struct {
	seq  uint64
	prev string
}

// Resume goes on after the last stored line: number 0 and nil for an empty trail.
func Resume(seq uint64, last []byte) (*Trail, error) {
	if seq == 0 {
		return &Trail{}, nil
	}
	l, err := Parse(last)
	if err != nil {
		return nil, err
	}
	if l.Seq != seq {
		return nil, fmt.Errorf("line %d stands at number %d: %w", l.Seq, seq, ErrBroken)
	}
	return &Trail{seq: seq, prev: hash(last)}, nil
}

// Next gives number and bytes of the line that follows; Seq and Prev of l are set here.
func (t *Trail) Next(l Line) (uint64, []byte, error) {
	l.Seq, l.Prev = t.seq+1, t.prev
	for _, text := range []*string{&l.Actor, &l.Action, &l.Object, &l.Decision, &l.Reason} {
		*text = strings.ToValidUTF8((*text)[:min(len(*text), maxText)], "?")
	}
	b, err := json.Marshal(l)
	if err != nil {
		return 0, nil, fmt.Errorf("encoding an audit line: %w", err)
	}
	t.seq, t.prev = l.Seq, hash(b)
	return l.Seq, b, nil
}

// Parse reads one line strictly.
func Parse(b []byte) (Line, error) {
	var l Line
	if err := canon.JSON(b, maxLine, &l); err != nil {
		return Line{}, fmt.Errorf("parsing an audit line: %w: %w", err, ErrBroken)
	}
	return l, nil
}

// Verifier checks a trail line by line, from the first one on. The zero value is ready.
type Verifier struct{ t Trail }

// Check takes the next line. [ErrBroken] names the number at which the chain does not hold.
func (v *Verifier) Check(b []byte) (Line, error) {
	l, err := Parse(b)
	if err != nil {
		return Line{}, fmt.Errorf("after line %d: %w", v.t.seq, err)
	}
	if l.Seq != v.t.seq+1 || l.Prev != v.t.prev {
		return Line{}, fmt.Errorf("line %d does not follow line %d: %w", l.Seq, v.t.seq, ErrBroken)
	}
	v.t.seq, v.t.prev = l.Seq, hash(b)
	return l, nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
