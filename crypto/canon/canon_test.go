package canon_test

import (
	"bytes"
	"errors"
	"testing"

	"iconet.example/crypto/canon"
)

func TestWriterGivesTheBytesOfTheFormat(t *testing.T) {
	var w canon.Writer
	w.U8(0x01)
	w.U16(0x0203)
	w.U32(0x04050607)
	w.U64(0x08090a0b0c0d0e0f)
	w.Raw([]byte{0x10, 0x11})
	w.Opaque16([]byte("ab"))
	w.Opaque16(nil)
	want := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0, 2, 'a', 'b', 0, 0}
	if w.Err() != nil || !bytes.Equal(w.Bytes(), want) {
		t.Errorf("wrote %x, %v; want %x", w.Bytes(), w.Err(), want)
	}
}

func TestReaderGivesBackWhatWasWritten(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 65535)
	a16, a32, a64 := [16]byte{1, 15: 2}, [32]byte{3, 31: 4}, [64]byte{5, 63: 6}
	var w canon.Writer
	for _, v := range []uint64{0, 1, 1<<64 - 1} {
		w.U8(uint8(v))
		w.U16(uint16(v))
		w.U32(uint32(v))
		w.U64(v)
	}
	w.Raw(a16[:])
	w.Raw(a32[:])
	w.Raw(a64[:])
	w.Opaque16(long)
	w.Opaque16(nil)
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	r := canon.NewReader(w.Bytes())
	for _, v := range []uint64{0, 1, 1<<64 - 1} {
		if r.U8() != uint8(v) || r.U16() != uint16(v) || r.U32() != uint32(v) || r.U64() != v {
			t.Errorf("integers of %d came back changed", v)
		}
	}
	if r.Array16() != a16 || r.Array32() != a32 || r.Array64() != a64 {
		t.Error("arrays came back changed")
	}
	if !bytes.Equal(r.Opaque16(65535), long) || len(r.Opaque16(0)) != 0 {
		t.Error("opaque fields came back changed")
	}
	if err := r.Done(); err != nil {
		t.Error(err)
	}
}

func TestWriterRefusesOpaqueThatItsLengthCannotHold(t *testing.T) {
	var w canon.Writer
	w.Opaque16(make([]byte, 65536))
	w.U8(1) // later writes must not clear the error
	w.Opaque16(nil)
	if !errors.Is(w.Err(), canon.ErrLayout) {
		t.Errorf("error %v, want ErrLayout", w.Err())
	}
}

// reads has each method of the reader with the number of bytes it takes.
var reads = []struct {
	name string
	size int
	read func(*canon.Reader) any
	zero any
}{
	{"U8", 1, func(r *canon.Reader) any { return r.U8() }, uint8(0)},
	{"U16", 2, func(r *canon.Reader) any { return r.U16() }, uint16(0)},
	{"U32", 4, func(r *canon.Reader) any { return r.U32() }, uint32(0)},
	{"U64", 8, func(r *canon.Reader) any { return r.U64() }, uint64(0)},
	{"Array16", 16, func(r *canon.Reader) any { return r.Array16() }, [16]byte{}},
	{"Array32", 32, func(r *canon.Reader) any { return r.Array32() }, [32]byte{}},
	{"Array64", 64, func(r *canon.Reader) any { return r.Array64() }, [64]byte{}},
	{"Raw", 5, func(r *canon.Reader) any { return string(r.Raw(5)) }, ""},
	{"Opaque16", 3, func(r *canon.Reader) any { return string(r.Opaque16(257)) }, ""},
}

func TestReaderTakesExactlyItsBytes(t *testing.T) {
	for _, c := range reads {
		t.Run(c.name, func(t *testing.T) {
			in := bytes.Repeat([]byte{1}, c.size)
			if c.name == "Opaque16" {
				in = []byte{0, 1, 9}
			}
			r := canon.NewReader(in)
			if got := c.read(r); got == c.zero || r.Done() != nil {
				t.Errorf("all bytes: read %v, %v", got, r.Done())
			}
			r = canon.NewReader(in[:c.size-1])
			if got := c.read(r); got != c.zero || !errors.Is(r.Done(), canon.ErrLayout) {
				t.Errorf("a byte short: read %v, %v", got, r.Done())
			}
			r = canon.NewReader(append(in, 0))
			c.read(r)
			if r.Err() != nil || !errors.Is(r.Done(), canon.ErrLayout) {
				t.Errorf("a byte left over: %v, then %v", r.Err(), r.Done())
			}
		})
	}
}

func TestReaderGivesZeroesAfterAnError(t *testing.T) {
	first := errors.New("first")
	for _, c := range reads {
		r := canon.NewReader(bytes.Repeat([]byte{1}, 400))
		r.Fail(first)
		r.Fail(errors.New("second"))
		if got := c.read(r); got != c.zero {
			t.Errorf("%s gave %v after an error", c.name, got)
		}
		if r.Err() != first || r.Done() != first {
			t.Errorf("%s: error %v, want the first one", c.name, r.Done())
		}
	}
}

func TestReaderRefusesLengths(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		read func(*canon.Reader) []byte
	}{
		{"negative", []byte{1, 2}, func(r *canon.Reader) []byte { return r.Raw(-1) }},
		{"more than is there", []byte{1, 2}, func(r *canon.Reader) []byte { return r.Raw(3) }},
		{"opaque over the limit", []byte{0, 3, 1, 2, 3}, func(r *canon.Reader) []byte { return r.Opaque16(2) }},
		{"opaque longer than the input", []byte{255, 255, 1}, func(r *canon.Reader) []byte { return r.Opaque16(65535) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := canon.NewReader(c.in)
			if got := c.read(r); got != nil || !errors.Is(r.Err(), canon.ErrLayout) {
				t.Errorf("read %x, %v; want nothing and ErrLayout", got, r.Err())
			}
		})
	}
}

func TestAppendingToAFieldLeavesTheInputAlone(t *testing.T) {
	in := []byte{1, 2, 3}
	r := canon.NewReader(in)
	_ = append(r.Raw(1), 99)
	if in[1] != 2 {
		t.Error("appending to a field wrote over the next one")
	}
}

// FuzzReader reads by a script of methods and writes what it read: the bytes must be those consumed.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5}, bytes.Repeat([]byte{1}, 64))
	f.Add([]byte{4, 4}, []byte{0, 2, 'a', 'b', 0, 0})
	f.Add([]byte{4}, []byte{255, 255})
	f.Fuzz(func(t *testing.T, script, in []byte) {
		r := canon.NewReader(in)
		var w canon.Writer
		for _, op := range script {
			switch op % 8 {
			case 0:
				w.U8(r.U8())
			case 1:
				w.U16(r.U16())
			case 2:
				w.U32(r.U32())
			case 3:
				w.U64(r.U64())
			case 4:
				w.Opaque16(r.Opaque16(300))
			case 5:
				a := r.Array32()
				w.Raw(a[:])
			case 6:
				w.Raw(r.Raw(int(op)))
			case 7:
				a, b := r.Array16(), r.Array64()
				w.Raw(a[:])
				w.Raw(b[:])
			}
			if r.Err() != nil {
				break
			}
		}
		if r.Err() != nil {
			if !errors.Is(r.Done(), canon.ErrLayout) {
				t.Errorf("error %v does not wrap ErrLayout", r.Done())
			}
			return
		}
		if w.Err() != nil || !bytes.HasPrefix(in, w.Bytes()) {
			t.Errorf("read from %x, wrote %x, %v", in, w.Bytes(), w.Err())
		}
		if done := r.Done() == nil; done != (len(w.Bytes()) == len(in)) {
			t.Errorf("Done says %t after %d of %d bytes", done, len(w.Bytes()), len(in))
		}
	})
}
