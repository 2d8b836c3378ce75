package wire_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/wire"
)

func TestUnknownTypesAreRefused(t *testing.T) {
	for kind := range 256 {
		if kind >= 1 && kind <= 11 {
			continue
		}
		for _, rest := range [][]byte{nil, {0}, make([]byte, 200)} {
			if _, err := wire.Parse(append([]byte{byte(kind)}, rest...)); federation.ReasonOf(err) != federation.ReasonLayout {
				t.Errorf("type %d with %d bytes: %v", kind, len(rest), err)
			}
		}
	}
}

func TestMessageOutsideAFramesBoundsIsRefused(t *testing.T) {
	for _, n := range []int{0, wire.MaxFrame + 1} {
		if _, err := wire.Parse(make([]byte, n)); federation.ReasonOf(err) != federation.ReasonFrame {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestMessagesOverTheirBoundsAreRefused(t *testing.T) {
	page := func(change func(*wire.Page)) wire.Page {
		p := wire.Page{Page: feed.Page{Owner: "FR"}}
		change(&p)
		return p
	}
	sealed := func(n int) feed.Record {
		rec := record(t, 0, "")
		rec.Sealed = make([]byte, n)
		return rec
	}
	var members []federation.MemberCode
	for a := 'A'; a <= 'K'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			members = append(members, federation.MemberCode("P:X"+string(a)+string(b)))
		}
	}
	many := func(n int) feed.Record {
		rec := record(t, 0, "")
		rec.Audience = feed.NewAudience(members[:n]...)
		return rec
	}
	const blob = 768 << 10
	for _, c := range []struct {
		name string
		m    wire.Message
		why  federation.Reason // "" for what just fits
	}{
		{"1 024 leaves", page(func(p *wire.Page) { p.Leaves = make([]merkle.Hash, 1024) }), ""},
		{"1 025 leaves", page(func(p *wire.Page) { p.Leaves = make([]merkle.Hash, 1025) }), federation.ReasonLayout},
		{"1 024 leaves wanted", wire.Want{Owner: "FR", Leaves: make([]merkle.Hash, 1024)}, ""},
		{"1 025 leaves wanted", wire.Want{Owner: "FR", Leaves: make([]merkle.Hash, 1025)}, federation.ReasonLayout},
		{"proof of 64", page(func(p *wire.Page) { p.Proof = make([]merkle.Hash, 64) }), ""},
		{"proof of 65", page(func(p *wire.Page) { p.Proof = make([]merkle.Hash, 65) }), federation.ReasonLayout},
		{"checkpoint of 4 KiB", page(func(p *wire.Page) { p.Checkpoint = make([]byte, 4<<10) }), ""},
		{"checkpoint of a byte more", page(func(p *wire.Page) { p.Checkpoint = make([]byte, 4<<10+1) }), federation.ReasonLayout},
		{"1 024 grants", page(func(p *wire.Page) { p.Grants = slices.Repeat([]grant.Sealed{sealedGrant("GR", 1, "")}, 1024) }), ""},
		{"1 025 grants", page(func(p *wire.Page) { p.Grants = slices.Repeat([]grant.Sealed{sealedGrant("GR", 1, "")}, 1025) }), federation.ReasonLayout},
		{"1 024 records", wire.Records{Owner: "FR", Records: slices.Repeat([]feed.Record{record(t, 0, "")}, 1024)}, ""},
		{"1 025 records", wire.Records{Owner: "FR", Records: slices.Repeat([]feed.Record{record(t, 0, "")}, 1025)}, federation.ReasonLayout},
		{"item of the largest size", wire.Records{Owner: "FR", Records: []feed.Record{sealed(feed.MaxSealed)}}, ""},
		{"item of a byte more", wire.Records{Owner: "FR", Records: []feed.Record{sealed(feed.MaxSealed + 1)}}, federation.ReasonLayout},
		{"grant of 768 KiB", wire.Deposit{Sealed: sealedGrant("GR", 1, string(make([]byte, blob)))}, ""},
		{"grant of a byte more", wire.Deposit{Sealed: sealedGrant("GR", 1, string(make([]byte, blob+1)))}, federation.ReasonLayout},
		{"audience of 256", wire.Records{Owner: "FR", Records: []feed.Record{many(256)}}, ""},
		{"audience of 257", wire.Records{Owner: "FR", Records: []feed.Record{many(257)}}, federation.ReasonAudience},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := wire.Parse(frame(t, c.m)[4:]); federation.ReasonOf(err) != c.why || c.why == "" && err != nil {
				t.Errorf("%v, want reason %q", err, c.why)
			}
		})
	}
}

// message gives the one of a golden file.
func message(t *testing.T, file string) wire.Message {
	t.Helper()
	for _, s := range samples(t) {
		if s.file == file {
			return s.message
		}
	}
	t.Fatalf("no message %s", file)
	return nil
}

// spoiled gives the body of a message with bytes put over its own.
func spoiled(t *testing.T, m wire.Message, at int, put ...byte) []byte {
	t.Helper()
	b := bytes.Clone(frame(t, m)[4:])
	copy(b[at:], put)
	return b
}

func TestForeignMessagesAreRefusedForThePartThatIsWrong(t *testing.T) {
	recs := wire.Records{Owner: "FR", Records: []feed.Record{record(t, 4, "sealed"), record(t, 5, "sealed")}}
	const owner, count, size, entry = 1, 17, 19, 21
	const audience = entry + 247 + 64 + 2
	const blob = audience + 2 + 2*16
	deposit := wire.Deposit{Sealed: sealedGrant("GR", 5, "a sealed grant")}
	for _, c := range []struct {
		name string
		b    []byte
		why  federation.Reason
	}{
		{"owner in capitals", spoiled(t, recs, owner, 'F'), federation.ReasonLayout},
		{"owner with a space", spoiled(t, recs, owner+2, ' '), federation.ReasonLayout},
		{"owner that is no member", spoiled(t, recs, owner, 0, 0), federation.ReasonLayout},
		{"grantee that is no member", spoiled(t, deposit, owner+16, 'e', 'l'), federation.ReasonLayout},
		{"fewer records than said", spoiled(t, recs, count, 0, 3), federation.ReasonLayout},
		{"more records than said", spoiled(t, recs, count, 0, 1), federation.ReasonLayout},
		{"65 535 records", spoiled(t, recs, count, 255, 255), federation.ReasonLayout},
		{"entry over its bound", spoiled(t, recs, size, 8, 1), federation.ReasonLayout},
		{"entry a byte short", spoiled(t, recs, size, 1, 54), federation.ReasonLayout},
		{"entry of no bytes", spoiled(t, recs, size, 0, 0), federation.ReasonLayout},
		{"entry of version 2", spoiled(t, recs, entry, 2), federation.ReasonLayout},
		{"entry of kind 9", spoiled(t, recs, entry+1, 9), federation.ReasonLayout},
		{"entry of nobody", spoiled(t, recs, entry+2, 0, 0), federation.ReasonOwner},
		{"audience out of order", spoiled(t, recs, audience+2, 'z', 'z'), federation.ReasonAudience},
		{"audience shorter than it says", spoiled(t, recs, audience, 0, 3), federation.ReasonAudience},
		{"sealed bytes over their bound", spoiled(t, recs, blob, 0, 12, 0, 1), federation.ReasonLayout},
		{"sealed bytes of 4 GiB", spoiled(t, recs, blob, 255, 255, 255, 255), federation.ReasonLayout},
		{"sealed bytes into the next record", spoiled(t, recs, blob, 0, 0, 0, 7), federation.ReasonLayout},
		{"grant of 4 GiB", spoiled(t, deposit, 1+16+16+4+8, 255, 255, 255, 255), federation.ReasonLayout},
		{"result 0", []byte{11, 0}, federation.ReasonLayout},
		{"result 3", []byte{11, 3}, federation.ReasonLayout},
		{"flag of 2", []byte{9, 1, 2}, federation.ReasonLayout},
		{"end with a byte", []byte{7, 0}, federation.ReasonLayout},
		{"head of another version", spoiled(t, message(t, "head"), 1, 2), federation.ReasonLayout},
		{"acknowledgement of status 0", spoiled(t, message(t, "ack"), 142-64, 0), federation.ReasonLayout},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := wire.Parse(c.b); federation.ReasonOf(err) != c.why || m != nil {
				t.Errorf("%T, %v; want reason %s", m, err, c.why)
			}
		})
	}
}

// A few bytes must not make a reader set aside room for what they only promise.
func TestCountsDoNotAllocateBeyondTheFrame(t *testing.T) {
	id := federation.MemberCode("FR").ID()
	promise := func(kind byte, counts ...byte) []byte { return slices.Concat([]byte{kind}, id[:], counts) }
	for name, b := range map[string][]byte{
		"leaves wanted": promise(5, 4, 0),
		"leaves":        promise(2, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0),
		"proof":         promise(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64),
		"records":       promise(6, 4, 0),
		"grants":        promise(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0),
		"grant":         slices.Concat(promise(10), id[:], make([]byte, 12), binary.BigEndian.AppendUint32(nil, 768<<10)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := wire.Parse(b)
		runtime.ReadMemStats(&after)
		if federation.ReasonOf(err) != federation.ReasonLayout {
			t.Errorf("%s: %v", name, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<10 {
			t.Errorf("%s: %d bytes allocated for %d", name, grown, len(b))
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, b := range goldenFrames(f) {
		f.Add(b[4:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Parse(b)
		if err != nil {
			if federation.ReasonOf(err) == "" || m != nil {
				t.Errorf("refused as %T without a reason: %v", m, err)
			}
			return
		}
		if !bytes.Equal(frame(t, m)[4:], b) {
			t.Error("two encodings of one message")
		}
	})
}
