package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iconet.example/federation"
	"iconet.example/federation/wire"
)

// lengthOnly gives four bytes of length and fails the test if anything asks for more.
type lengthOnly struct {
	t    *testing.T
	rest []byte
}

func (r *lengthOnly) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		r.t.Error("reads on behind a length that is refused")
		return 0, io.EOF
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestFrameOfABadLengthIsRefusedBeforeAnythingIsAllocated(t *testing.T) {
	for _, n := range []uint32{0, wire.MaxFrame + 1, 1 << 24, 1 << 31, 1<<32 - 1} {
		in := &lengthOnly{t: t, rest: binary.BigEndian.AppendUint32(nil, n)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b, err := wire.ReadFrame(in)
		runtime.ReadMemStats(&after)
		if federation.ReasonOf(err) != federation.ReasonFrame || b != nil {
			t.Errorf("length %d: %v", n, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<10 {
			t.Errorf("length %d: %d bytes allocated", n, grown)
		}
	}
}

func TestLargestFrameTravels(t *testing.T) {
	m := wire.Doc{Kind: 1, Part: make([]byte, wire.MaxFrame-3)}
	b := frame(t, m)
	if len(b) != 4+wire.MaxFrame {
		t.Fatalf("%d bytes", len(b))
	}
	got, err := wire.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := got.(wire.Doc); !ok || len(d.Part) != len(m.Part) {
		t.Errorf("reads as %T", got)
	}
}

// counter counts the calls of Write, and fails if told to.
type counter struct {
	calls int
	err   error
}

func (c *counter) Write(b []byte) (int, error) { c.calls++; return len(b), c.err }

func TestMessageTooLargeForAFrameIsNotSent(t *testing.T) {
	var w counter
	err := wire.Write(&w, wire.Doc{Kind: 1, Part: make([]byte, wire.MaxFrame-2)})
	if !errors.Is(err, federation.ErrInvalid) || w.calls != 0 {
		t.Errorf("%v after %d writes", err, w.calls)
	}
}

func TestMessageIsSentWithOneWrite(t *testing.T) {
	for _, s := range samples(t) {
		var w counter
		if err := wire.Write(&w, s.message); err != nil || w.calls != 1 {
			t.Errorf("%s: %d writes, %v", s.file, w.calls, err)
		}
	}
	gone := errors.New("gone")
	if err := wire.Write(&counter{err: gone}, wire.End{}); !errors.Is(err, gone) {
		t.Errorf("error %v, want that of the stream", err)
	}
}

func TestCutFrameIsAnErrorAndNotTheEnd(t *testing.T) {
	for _, s := range samples(t) {
		whole := frame(t, s.message)
		for n := 1; n < len(whole); n++ {
			m, err := wire.Read(bytes.NewReader(whole[:n]))
			if err == nil || err == io.EOF || m != nil {
				t.Fatalf("%s cut to %d of %d bytes: %v, %v", s.file, n, len(whole), m, err)
			}
			if federation.ReasonOf(err) != "" {
				t.Fatalf("%s cut to %d bytes: the peer is blamed for the line: %v", s.file, n, err)
			}
		}
	}
	gone := errors.New("gone")
	if _, err := wire.Read(iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("error %v, want that of the stream", err)
	}
}

func TestEndBetweenFramesIsEOF(t *testing.T) {
	if _, err := wire.Read(bytes.NewReader(nil)); err != io.EOF {
		t.Errorf("%v", err)
	}
}

func TestFramesFollowEachOtherHoweverTheyArrive(t *testing.T) {
	var stream []byte
	all := samples(t)
	for _, s := range all {
		stream = append(stream, frame(t, s.message)...)
	}
	for name, r := range map[string]io.Reader{
		"at once":        bytes.NewReader(stream),
		"byte by byte":   iotest.OneByteReader(bytes.NewReader(stream)),
		"half and half":  iotest.HalfReader(bytes.NewReader(stream)),
		"error with end": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		for _, s := range all {
			got, err := wire.Read(r)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, s.file, err)
			}
			if diff := cmp.Diff(s.message, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s, %s:\n%s", name, s.file, diff)
			}
		}
		if _, err := wire.Read(r); err != io.EOF {
			t.Errorf("%s: then %v", name, err)
		}
	}
}

// A length that is wrong by one moves the border of the message, which its own layout must show.
func TestWrongLengthIsSeen(t *testing.T) {
	for _, s := range samples(t) {
		if s.open {
			continue
		}
		whole := frame(t, s.message)
		n := binary.BigEndian.Uint32(whole)
		for _, wrong := range []uint32{n - 1, n + 1} {
			b := append(bytes.Clone(whole), 0)
			binary.BigEndian.PutUint32(b, wrong)
			if m, err := wire.Read(bytes.NewReader(b)); federation.ReasonOf(err) != federation.ReasonLayout && federation.ReasonOf(err) != federation.ReasonFrame {
				t.Errorf("%s with length %d of %d: %v, %v", s.file, wrong, n, m, err)
			}
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, b := range goldenFrames(f) {
		f.Add(b)
	}
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			left := r.Len()
			b, err := wire.ReadFrame(r)
			if err == io.EOF {
				if left != 0 {
					t.Errorf("the end with %d bytes left", left)
				}
				return
			}
			if err != nil {
				return
			}
			if len(b) == 0 || len(b) > wire.MaxFrame || left-r.Len() != 4+len(b) {
				t.Errorf("a frame of %d bytes took %d", len(b), left-r.Len())
			}
			m, err := wire.Parse(b)
			if err != nil {
				if federation.ReasonOf(err) == "" {
					t.Errorf("refused without a reason: %v", err)
				}
				continue
			}
			if !bytes.Equal(frame(t, m)[4:], b) {
				t.Error("two encodings of one message")
			}
		}
	})
}
