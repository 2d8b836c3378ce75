package feed_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
)

func newWriter(t testing.TB) *feed.Writer {
	t.Helper()
	return feed.NewWriter("FR", feed.Spine{}, emptyTree(t), key(t, 1))
}

func TestWriterChainsItsEntries(t *testing.T) {
	w := newWriter(t)
	var prev merkle.Hash
	last := uint64(0)
	for i, now := range []uint64{startMS, startMS + 5, startMS + 2, 0, startMS + 5, startMS + 9} { // a clock set back
		out, err := w.Append(rand.Reader, now, draft(10))
		if err != nil {
			t.Fatal(err)
		}
		e := out.Record.Entry
		if e.Index != uint64(i) || e.Prev != prev || e.TimeMS < last || e.Owner != "FR" || out.Leaf != e.Leaf() {
			t.Errorf("entry %d is %+v", i, e.Core)
		}
		prev, last = out.Leaf, e.TimeMS
	}
	if last != startMS+9 || w.Size() != 6 {
		t.Errorf("time %d, size %d", last, w.Size())
	}
}

func TestWriterGoesOnFromItsSpine(t *testing.T) {
	h := newHistory(t)
	w := newWriter(t)
	h.write(w, 3, 10)
	spine := h.follower(3).Spine()
	spine.Incarnation = 4
	again := feed.NewWriter("FR", spine, h.tree.Clone(), key(t, 1))
	out, err := again.Append(rand.Reader, 0, draft(10))
	if err != nil {
		t.Fatal(err)
	}
	if e := out.Record.Entry; e.Index != 3 || e.Prev != h.leaves[2] || e.Incarnation != 4 || e.TimeMS != startMS || again.Incarnation() != 4 {
		t.Errorf("went on with %+v", e.Core)
	}
}

func TestBatchThatIsNotKeptLeavesNoTrace(t *testing.T) {
	w := newWriter(t)
	kept := w.Begin()
	if _, err := kept.Append(rand.Reader, startMS, draft(10)); err != nil {
		t.Fatal(err)
	}
	w.Keep(kept)
	before, err := w.Begin().Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	dropped := w.Begin()
	for range 3 {
		if _, err := dropped.Append(rand.Reader, startMS+1, draft(10)); err != nil {
			t.Fatal(err)
		}
	}
	after, err := w.Begin().Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" || w.Size() != 1 || dropped.Size() != 4 {
		t.Errorf("the writer changed:\n%s", diff)
	}
}

func TestRefusedDraftLeavesTheWriterAsItWas(t *testing.T) {
	for _, c := range []struct {
		name   string
		random io.Reader
		change func(*feed.Draft)
		want   error
	}{
		{"unknown kind", rand.Reader, func(d *feed.Draft) { d.Kind = 9 }, federation.ErrUnverified},
		{"extension of another kind", rand.Reader, func(d *feed.Draft) { d.Ext = []byte{1} }, federation.ErrUnverified},
		{"form too long", rand.Reader, func(d *feed.Draft) { d.Form = make([]byte, 64<<10+1) }, federation.ErrInvalid},
		{"no randomness", bytes.NewReader(nil), func(*feed.Draft) {}, io.EOF},
		{"randomness for the salt only", bytes.NewReader(make([]byte, 32)), func(*feed.Draft) {}, io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWriter(t)
			d := draft(10)
			c.change(&d)
			if out, err := w.Append(c.random, startMS, d); !errors.Is(err, c.want) || out.Record.Entry != nil {
				t.Errorf("%v", err)
			}
			h := newHistory(t)
			h.write(w, 1, 10)
			if w.Size() != 1 || h.records[0].Entry.Index != 0 || h.records[0].Entry.Prev != (merkle.Hash{}) {
				t.Error("the writer changed")
			}
		})
	}
}

func TestEqualDraftsHaveNothingInCommon(t *testing.T) {
	h := newHistory(t)
	h.write(newWriter(t), 2, 10)
	a, b := h.records[0].Entry, h.records[1].Entry
	if a.Salt == b.Salt || a.AudienceHash == b.AudienceHash || a.CtHash == b.CtHash || h.keys[0] == h.keys[1] {
		t.Error("two entries show that they say the same")
	}
}

// BenchmarkWriterAppend writes items of 2 KB.
func BenchmarkWriterAppend(b *testing.B) {
	w, d := newWriter(b), draft(2000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Append(rand.Reader, startMS, d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFollowerAccept takes pages of 100 items of 2 KB.
func BenchmarkFollowerAccept(b *testing.B) {
	h := newHistory(b)
	h.write(newWriter(b), 100, 2000)
	p, pub := h.page(0, 100, 100), key(b, 1).Public()
	b.ReportAllocs()
	for b.Loop() {
		f := feed.NewFollower("FR", pub, feed.Spine{}, emptyTree(b))
		if _, err := f.Accept(p, startMS); err != nil {
			b.Fatal(err)
		}
	}
}
