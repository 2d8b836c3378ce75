package feed_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"iconet.example/federation"
	"iconet.example/federation/feed"
)

func TestEntryFieldsLieAtTheirOffsets(t *testing.T) {
	e := entry(t, feed.Grant, feed.NewAudience("GR").Encode())
	b := e.LeafData()
	for _, c := range []struct {
		name string
		at   int
		want []byte
	}{
		{"version and kind", 0, []byte{1, 5}},
		{"owner", 2, []byte("fr\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
		{"incarnation", 18, []byte{0, 0, 0, 2}},
		{"index", 22, binary.BigEndian.AppendUint64(nil, e.Index)},
		{"time", 30, binary.BigEndian.AppendUint64(nil, e.TimeMS)},
		{"prev", 38, e.Prev[:]},
		{"item", 70, e.Item[:]},
		{"revision", 86, []byte{0, 0, 0, 5}},
		{"element", 90, []byte{0, 6}},
		{"structure version", 92, []byte{0, 0, 0, 7}},
		{"structure hash", 96, e.StructureHash[:]},
		{"directory version", 128, []byte{0, 0, 0, 8}},
		{"marking", 132, []byte{3}},
		{"delete after", 133, binary.BigEndian.AppendUint64(nil, e.DeleteAfterMS)},
		{"audience hash", 141, e.AudienceHash[:]},
		{"salt", 173, e.Salt[:]},
		{"sealed length", 205, binary.BigEndian.AppendUint64(nil, 4321)},
		{"sealed hash", 213, e.CtHash[:]},
		{"extension", 245, []byte{0, 18, 0, 1, 'g', 'r', 0}},
		{"signature", 247 + 18, e.Sig[:]},
	} {
		if got := b[c.at : c.at+len(c.want)]; !bytes.Equal(got, c.want) {
			t.Errorf("%s at %d: %x, want %x", c.name, c.at, got, c.want)
		}
	}
	if len(b) != 247+18+64 {
		t.Errorf("%d bytes", len(b))
	}
}

func TestForeignEntriesAreRefused(t *testing.T) {
	whole := entry(t, feed.Publish, nil).LeafData()
	id := func(s string) []byte { return append([]byte(s), make([]byte, 16-len(s))...) }
	for _, c := range []struct {
		name string
		at   int
		put  []byte
		why  federation.Reason
	}{
		{"version 0", 0, []byte{0}, federation.ReasonLayout},
		{"version 2", 0, []byte{2}, federation.ReasonLayout},
		{"kind 0", 1, []byte{0}, federation.ReasonLayout},
		{"kind 9", 1, []byte{9}, federation.ReasonLayout},
		{"kind 255", 1, []byte{255}, federation.ReasonLayout},
		{"owner in capitals", 2, id("FR"), federation.ReasonOwner},
		{"owner with a space", 2, id("fr "), federation.ReasonOwner},
		{"owner behind a zero", 2, id("f\x00r"), federation.ReasonOwner},
		{"owner el, which is gr", 2, id("el"), federation.ReasonOwner},
		{"owner of one letter", 2, id("f"), federation.ReasonOwner},
		{"owner with a homoglyph", 2, id("fг"), federation.ReasonOwner},
		{"partner with a colon", 2, id("p:europol"), federation.ReasonOwner},
		{"no owner", 2, id(""), federation.ReasonOwner},
		{"extension longer than the entry", 245, []byte{1, 0}, federation.ReasonLayout},
		{"extension over its bound", 245, []byte{255, 255}, federation.ReasonLayout},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bytes.Clone(whole)
			copy(b[c.at:], c.put)
			if e, err := feed.ParseEntry(b); federation.ReasonOf(err) != c.why || e != nil {
				t.Errorf("%v, %v; want reason %s", e, err, c.why)
			}
		})
	}
}

func TestExtensionMustBeThatOfItsKind(t *testing.T) {
	members := feed.NewAudience("DE", "GR").Encode()
	unsorted := slices.Concat([]byte{0, 2}, members[18:], members[2:18])
	for kind := feed.Publish; kind <= feed.Resume; kind++ {
		for name, ext := range map[string][]byte{"nothing": nil, "a byte": {0}, "no members": {0, 0}, "members": members, "unsorted members": unsorted,
			"cut members": members[:20], "32 bytes": make([]byte, 32), "33 bytes": make([]byte, 33), "12 bytes": make([]byte, 12), "11 bytes": make([]byte, 11)} {
			ok := false
			switch kind {
			case feed.Grant, feed.Revoke:
				ok = name == "members" || name == "no members"
			case feed.Keys:
				ok = name == "32 bytes"
			case feed.Resume:
				ok = name == "12 bytes"
			default:
				ok = name == "nothing"
			}
			_, err := feed.ParseEntry(entry(t, kind, ext).LeafData())
			if ok && err != nil || !ok && federation.ReasonOf(err) != federation.ReasonLayout {
				t.Errorf("kind %d with %s: %v", kind, name, err)
			}
		}
	}
}

// What a receiver binds to the sealed bytes must not move when the sealed bytes become known.
func TestBindingCoversAllUpToTheSalt(t *testing.T) {
	e := entry(t, feed.Publish, nil)
	want := e.Binding()
	e.CtLen, e.CtHash, e.Sig = 0, [32]byte{}, [64]byte{}
	if e.Binding() != want {
		t.Error("the binding depends on the sealed bytes")
	}
	whole := e.LeafData()
	for i := range 205 {
		b := bytes.Clone(whole)
		b[i] ^= 1
		if other, err := feed.ParseEntry(b); err == nil && other.Binding() == want {
			t.Errorf("byte %d is not bound", i)
		}
	}
}

func TestParsedEntryKeepsNothingOfItsBytes(t *testing.T) {
	b := entry(t, feed.Keys, make([]byte, 32)).LeafData()
	e, err := feed.ParseEntry(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if err := e.Verify(key(t, 1).Public()); err != nil {
		t.Error(err)
	}
}

func TestAudienceIsSortedByIdWithoutRepeats(t *testing.T) {
	a := feed.NewAudience("P:EUROPOL", "GR", "FR", "COM", "FR", "DE")
	if want := (feed.Audience{"COM", "DE", "FR", "GR", "P:EUROPOL"}); !slices.Equal(a, want) {
		t.Errorf("%v, want %v", a, want)
	}
	if !a.Contains("GR") || a.Contains("BE") {
		t.Error("Contains is wrong")
	}
}

func TestForeignAudiencesAreRefused(t *testing.T) {
	list := func(n uint16, codes ...federation.MemberCode) []byte {
		b := binary.BigEndian.AppendUint16(nil, n)
		for _, m := range codes {
			id := m.ID()
			b = append(b, id[:]...)
		}
		return b
	}
	for name, b := range map[string][]byte{
		"unsorted":             list(2, "GR", "FR"),
		"repeated":             list(2, "FR", "FR"),
		"fewer than said":      list(3, "DE", "FR"),
		"more than said":       list(1, "DE", "FR"),
		"not a member":         list(1, "EL"),
		"empty member":         list(1, ""),
		"257 members":          list(257, manyMembers(257)...),
		"65 535 members said":  list(65535, "FR"),
		"no number of members": {0},
	} {
		if a, err := feed.ParseAudience(b); federation.ReasonOf(err) != federation.ReasonAudience || a != nil {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	if a, err := feed.ParseAudience(list(256, manyMembers(256)...)); err != nil || len(a) != 256 {
		t.Errorf("256 members: %v", err)
	}
}

// manyMembers gives n codes in the order of their ids.
func manyMembers(n int) []federation.MemberCode {
	var out []federation.MemberCode
	for i := range n {
		out = append(out, federation.MemberCode(fmt.Sprintf("P:A%04d", i)))
	}
	return out
}

func TestAudienceHashDependsOnSaltAndEachMember(t *testing.T) {
	seen := map[[32]byte]string{}
	for name, h := range map[string][32]byte{
		"one":         feed.NewAudience("FR").Hash(filled(1)),
		"other salt":  feed.NewAudience("FR").Hash(filled(2)),
		"two":         feed.NewAudience("FR", "GR").Hash(filled(1)),
		"another two": feed.NewAudience("FR", "DE").Hash(filled(1)),
		"none":        feed.NewAudience().Hash(filled(1)),
	} {
		if was, ok := seen[h]; ok {
			t.Errorf("%s and %s hash alike", name, was)
		}
		seen[h] = name
	}
}

func TestPlainIsPaddedSoThatSizesTellLittle(t *testing.T) {
	const around = 14 + 1 + 32 + 4 + 2 // all but the form
	for _, c := range []struct{ used, want int }{
		{around, 4 << 10}, {4 << 10, 4 << 10}, {4<<10 + 1, 8 << 10}, {8<<10 + 1, 16 << 10}, {16<<10 + 1, 32 << 10},
		{32 << 10, 32 << 10}, {32<<10 + 1, 64 << 10}, {64 << 10, 64 << 10}, {64<<10 + 1, 128 << 10},
	} {
		b, err := feed.EncodePlain(filled(1), make([]byte, min(c.used-around, 64<<10)), nil)
		if err != nil || len(b) != c.want {
			t.Errorf("%d bytes fill %d, want %d: %v", c.used, len(b), c.want, err)
		}
	}
	b, err := feed.EncodePlain(filled(1), nil, []feed.Attachment{attachment("a", "b", string(make([]byte, 200<<10)))})
	if err != nil || len(b) != 256<<10 {
		t.Errorf("a file of 200 KiB fills %d: %v", len(b), err)
	}
}

func TestPlainOverItsBoundsIsNotWritten(t *testing.T) {
	big := func(n int) []feed.Attachment { return []feed.Attachment{{Data: make([]byte, n)}} }
	for _, c := range []struct {
		name  string
		form  int
		files []feed.Attachment
		ok    bool
	}{
		{"form of 64 KiB", 64 << 10, nil, true},
		{"form of a byte more", 64<<10 + 1, nil, false},
		{"10 files", 0, make([]feed.Attachment, 10), true},
		{"11 files", 0, make([]feed.Attachment, 11), false},
		{"name of 255 bytes", 0, []feed.Attachment{{Name: string(make([]byte, 255)), Type: string(make([]byte, 255))}}, true},
		{"name of 256 bytes", 0, []feed.Attachment{{Name: string(make([]byte, 256))}}, false},
		{"type of 256 bytes", 0, []feed.Attachment{{Type: string(make([]byte, 256))}}, false},
		{"256 KiB with all", 0, big(256<<10 - 97), true},
		{"a byte more than 256 KiB", 0, big(256<<10 - 96), false},
	} {
		b, err := feed.EncodePlain(filled(1), make([]byte, c.form), c.files)
		if !c.ok {
			if !errors.Is(err, federation.ErrInvalid) || b != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if p, err := feed.ParsePlain(b); err != nil || len(p.Files) != len(c.files) {
			t.Errorf("%s does not read back: %v", c.name, err)
		}
	}
}

func TestForeignPlaintextIsRefused(t *testing.T) {
	whole := encodePlain(t, &feed.Plain{Form: []byte("{}"), Files: []feed.Attachment{attachment("a", "b", "data")}})
	const form, files, size, data = 14 + 1 + 32, 14 + 1 + 32 + 4 + 2, 14 + 1 + 32 + 4 + 2 + 2 + 3 + 3 + 32, 14 + 1 + 32 + 4 + 2 + 2 + 3 + 3 + 32 + 8
	if string(whole[data:data+4]) != "data" {
		t.Fatalf("the offsets are wrong: %q", whole[data:data+4])
	}
	put := func(at int, v ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], v)
		return b
	}
	for name, b := range map[string][]byte{
		"other tag":                 put(0, 'I'),
		"version 2":                 put(14, 2),
		"form of 4 GiB":             put(form, 255, 255, 255, 255),
		"form over 64 KiB":          put(form, 0, 1, 0, 1),
		"form to the end":           put(form, 0, 0, 15, 255),
		"11 files":                  put(files, 0, 11),
		"65 535 files":              put(files, 255, 255),
		"file that is not there":    put(files, 0, 2),
		"file left in the padding":  put(files, 0, 0),
		"file of 2^64-1 bytes":      put(size, 255, 255, 255, 255, 255, 255, 255, 255),
		"file of 2^63 bytes":        put(size, 128),
		"file of 16 MiB":            put(size, 0, 0, 0, 0, 1, 0, 0, 0),
		"file changed":              put(data, 'D'),
		"padding begins with a one": put(data+4, 1),
		"padding ends with a one":   put(len(whole)-1, 1),
		"padded twice":              append(bytes.Clone(whole), make([]byte, 4<<10)...),
		"no padding":                whole[:data+4],
		"over 16 MiB":               append(bytes.Clone(whole), make([]byte, 16<<20)...),
		"empty":                     nil,
	} {
		if p, err := feed.ParsePlain(b); federation.ReasonOf(err) != federation.ReasonLayout || p != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOriginNamesTheLogOfAMember(t *testing.T) {
	for m, want := range map[federation.MemberCode]string{"FR": "iconet/1/log/fr", "COM": "iconet/1/log/com", "P:EUROPOL": "iconet/1/log/p-europol"} {
		if got := feed.Origin(m); got != want {
			t.Errorf("%s: %s", m, got)
		}
	}
}
