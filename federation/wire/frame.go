package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"iconet.example/federation"
)

// MaxFrame bounds the bytes of a frame behind its length.
const MaxFrame = 1 << 20

// ReadFrame reads one frame into a fresh slice. A length outside the bounds is a [federation.RejectError] with reason
// frame and nothing more is read: the stream is of no use then. io.EOF is the end between two frames.
func ReadFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("reading a frame: %w", err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > MaxFrame {
		return nil, federation.Reject(federation.ReasonFrame, "a frame of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // an end inside a frame is none between two
		}
		return nil, fmt.Errorf("reading a frame of %d bytes: %w", n, err)
	}
	return b, nil
}

// Write sends one message as a frame, with a single call of w.Write.
func Write(w io.Writer, m Message) error {
	body := m.encode([]byte{0, 0, 0, 0, m.kind()})
	n := len(body) - 4
	if n > MaxFrame {
		return fmt.Errorf("a message of %d bytes: %w", n, federation.ErrInvalid)
	}
	binary.BigEndian.PutUint32(body, uint32(n))
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("writing a frame: %w", err)
	}
	return nil
}

// Read reads and parses one message. Errors are those of [ReadFrame] and [Parse].
func Read(r io.Reader) (Message, error) {
	b, err := ReadFrame(r)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}
