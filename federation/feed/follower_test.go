package feed_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/feed"
)

func TestFollowerReadsWhatTheWriterWrote(t *testing.T) {
	h := newHistory(t)
	w := feed.NewWriter("FR", feed.Spine{}, emptyTree(t), key(t, 1))
	for _, n := range []int{1, 2, 13, 64, 21} { // 101 entries
		h.write(w, n, 100)
	}
	f := h.follower(0)
	stored := map[int64]merkle.Hash{}
	for _, p := range []struct{ from, to, size uint64 }{{0, 1, 1}, {1, 10, 16}, {10, 16, 80}, {16, 80, 80}, {80, 99, 101}, {99, 101, 101}} {
		page := h.page(p.from, p.to, p.size)
		page.Records = slices.DeleteFunc(page.Records, func(r feed.Record) bool { return r.Entry.Index%5 == 3 }) // not for this reader
		out, err := f.Accept(page, startMS)
		if err != nil {
			t.Fatalf("page %d to %d under %d: %v", p.from, p.to, p.size, err)
		}
		if len(out.Rejected) > 0 || len(out.Records) != len(page.Records) {
			t.Fatalf("page %d to %d: %d of %d records, rejected %v", p.from, p.to, len(out.Records), len(page.Records), out.Rejected)
		}
		for _, n := range out.Nodes {
			stored[n.Position] = n.Hash
		}
		for _, rec := range out.Records {
			opens(t, rec, h.keys[rec.Entry.Index])
		}
		if s := f.Spine(); s.Size != p.to || s.LastLeaf != h.leaves[p.to-1] || !bytes.Equal(s.Checkpoint, h.notes[p.size]) || cmp.Diff(s, out.Spine) != "" {
			t.Fatalf("after page %d to %d the spine is %+v", p.from, p.to, s)
		}
	}
	if diff := cmp.Diff(h.nodes, stored); diff != "" {
		t.Errorf("the reader's tree differs from the writer's (-writer +reader):\n%s", diff)
	}
	if f.Spine().Root != h.tree.Root() {
		t.Error("the roots differ")
	}
}

// opens checks that a record opens with its key to the form that is bound to its entry.
func opens(t *testing.T, rec feed.Record, k seal.ItemKey) {
	t.Helper()
	b, err := seal.UnsealItem(rec.Sealed, k)
	if err != nil {
		t.Fatal(err)
	}
	p, err := feed.ParsePlain(b)
	if err != nil {
		t.Fatal(err)
	}
	if p.Binding != rec.Entry.Binding() || len(p.Form) != 100 || rec.Audience.Hash(rec.Entry.Salt) != rec.Entry.AudienceHash {
		t.Fatalf("entry %d holds what is not its own", rec.Entry.Index)
	}
}

func TestFollowerGoesOnFromAStoredSpine(t *testing.T) {
	h := newHistory(t).right(9)
	s, err := feed.ParseSpine(h.follower(6).Spine().Encode())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := merkle.LoadTree(s.Size, h.reader())
	if err != nil {
		t.Fatal(err)
	}
	f := feed.NewFollower("FR", key(t, 1).Public(), s, tree)
	out, err := f.Accept(h.page(6, 9, 9), nowMS(h))
	if err != nil || len(out.Records) != 3 || f.Spine().Root != h.tree.Root() {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestTryDoesNotAdvance(t *testing.T) {
	h := newHistory(t).right(5)
	f := h.follower(2)
	before := f.Spine()
	for range 2 { // the second time shows that the first left the tree alone
		out, next, err := f.Try(h.page(2, 5, 5), nowMS(h))
		if err != nil || out.Spine.Size != 5 || next.Spine().Size != 5 {
			t.Fatalf("%+v, %v", out, err)
		}
		if diff := cmp.Diff(before, f.Spine()); diff != "" {
			t.Fatalf("the follower advanced:\n%s", diff)
		}
	}
}

// The carrier of a page may be another member: what it changes must not be taken for the owner's word.
func TestFollowerRefusesPagesThatWereTamperedWith(t *testing.T) {
	h := newHistory(t).right(8)
	other := newHistory(t).right(3)
	other.add(func(e *feed.Entry) { e.Revision = 9 })
	for _, c := range []struct {
		name   string
		why    federation.Reason
		change func(*feed.Page)
	}{
		{"page of another owner", federation.ReasonOwner, func(p *feed.Page) { p.Owner = "BE" }},
		{"checkpoint of another key", federation.ReasonSig, func(p *feed.Page) { p.Checkpoint = note(t, key(t, 2), "FR", 8, h.tree.Root()) }},
		{"checkpoint of another log", federation.ReasonSig, func(p *feed.Page) { p.Checkpoint = note(t, key(t, 1), "BE", 8, h.tree.Root()) }},
		{"checkpoint changed", federation.ReasonSig, func(p *feed.Page) { p.Checkpoint = flipped(p.Checkpoint, 25) }},
		{"checkpoint missing", federation.ReasonSig, func(p *feed.Page) { p.Checkpoint = nil }},
		{"checkpoint of more than 4 KiB", federation.ReasonSig, func(p *feed.Page) { p.Checkpoint = append(p.Checkpoint, make([]byte, 4<<10)...) }},
		{"older checkpoint", federation.ReasonIndex, func(p *feed.Page) { p.Checkpoint = h.notes[4] }},
		{"newer checkpoint without its proof", federation.ReasonProof, func(p *feed.Page) { p.Proof = nil }},
		{"proof changed", federation.ReasonProof, func(p *feed.Page) { p.Proof[0][0] ^= 1 }},
		{"proof longer", federation.ReasonProof, func(p *feed.Page) { p.Proof = append(p.Proof, merkle.Hash{}) }},
		{"proof of 65 hashes", federation.ReasonProofSize, func(p *feed.Page) { p.Proof = make([]merkle.Hash, 65) }},
		{"proof beside an equal checkpoint", federation.ReasonProof, func(p *feed.Page) { p.Checkpoint = h.notes[5] }},
		{"leaf changed", federation.ReasonProof, func(p *feed.Page) { p.Leaves[1][0] ^= 1 }},
		{"leaf left out", federation.ReasonProof, func(p *feed.Page) { p.Leaves = slices.Delete(p.Leaves, 1, 2) }},
		{"leaves swapped", federation.ReasonProof, func(p *feed.Page) { p.Leaves[0], p.Leaves[1] = p.Leaves[1], p.Leaves[0] }},
		{"leaf too many", federation.ReasonProof, func(p *feed.Page) { p.Leaves = append(p.Leaves, merkle.Hash{}) }},
		{"record before the page", federation.ReasonIndex, func(p *feed.Page) { p.Records[0] = h.records[0] }},
		{"record behind the page", federation.ReasonIndex, func(p *feed.Page) { p.Records[2] = h.records[5] }},
		{"record twice", federation.ReasonIndex, func(p *feed.Page) { p.Records[1] = p.Records[0] }},
		{"records swapped", federation.ReasonIndex, func(p *feed.Page) { p.Records[0], p.Records[1] = p.Records[1], p.Records[0] }},
		{"index of 2^63", federation.ReasonIndex, func(p *feed.Page) {
			p.Records[0] = resigned(t, p.Records[0], func(e *feed.Entry) { e.Index = 1 << 63 })
		}},
		{"record of another owner", federation.ReasonOwner, func(p *feed.Page) { p.Records[0] = resigned(t, p.Records[0], func(e *feed.Entry) { e.Owner = "BE" }) }},
		{"entry changed", federation.ReasonSig, func(p *feed.Page) { p.Records[0] = unsigned(p.Records[0], func(e *feed.Entry) { e.Element++ }) }},
		{"signature changed", federation.ReasonSig, func(p *feed.Page) { p.Records[0] = unsigned(p.Records[0], func(e *feed.Entry) { e.Sig[3] ^= 1 }) }},
		{"signature of another key", federation.ReasonSig, func(p *feed.Page) {
			p.Records[0] = unsigned(p.Records[0], func(e *feed.Entry) {
				if err := e.Sign(key(t, 2)); err != nil {
					t.Fatal(err)
				}
			})
		}},
		{"signed entry of another history", federation.ReasonSig, func(p *feed.Page) { p.Records[1] = other.records[3] }},
		{"signed entry that is not in the log", federation.ReasonSig, func(p *feed.Page) {
			p.Records[0] = resigned(t, p.Records[0], func(e *feed.Entry) { e.Salt[0] ^= 1 })
		}},
		{"sealed bytes changed", federation.ReasonCtHash, func(p *feed.Page) { p.Records[0].Sealed = flipped(p.Records[0].Sealed, 5) }},
		{"sealed bytes of another entry", federation.ReasonCtHash, func(p *feed.Page) { p.Records[0].Sealed = p.Records[1].Sealed }},
		{"sealed bytes cut", federation.ReasonCtLen, func(p *feed.Page) { p.Records[0].Sealed = p.Records[0].Sealed[1:] }},
		{"sealed bytes longer", federation.ReasonCtLen, func(p *feed.Page) { p.Records[0].Sealed = append(slices.Clone(p.Records[0].Sealed), 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := h.follower(2)
			before := f.Spine()
			p := h.page(2, 5, 8)
			c.change(&p)
			out, err := f.Accept(p, nowMS(h))
			if federation.ReasonOf(err) != c.why || !errors.Is(err, federation.ErrUnverified) || out != nil {
				t.Errorf("%+v, %v; want reason %s alone", out, err, c.why)
			}
			if errors.As(err, new(*feed.ForkError)) {
				t.Error("the owner stands accused of what its carrier did")
			}
			if diff := cmp.Diff(before, f.Spine()); diff != "" {
				t.Errorf("the follower advanced:\n%s", diff)
			}
			if _, err := f.Accept(h.page(2, 5, 8), nowMS(h)); err != nil {
				t.Errorf("the right page does not pass any more: %v", err)
			}
		})
	}
}

func flipped(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i] ^= 1
	return b
}

// unsigned changes an entry without asking its owner.
func unsigned(rec feed.Record, change func(*feed.Entry)) feed.Record {
	e := *rec.Entry
	change(&e)
	rec.Entry = &e
	return rec
}

// resigned changes an entry with its owner's help.
func resigned(t testing.TB, rec feed.Record, change func(*feed.Entry)) feed.Record {
	t.Helper()
	rec = unsigned(rec, change)
	if err := rec.Entry.Sign(key(t, 1)); err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestFollowerRefusesASignatureOfAnotherContext(t *testing.T) {
	for _, context := range []sign.Context{"iconet/1/grant", "iconet/1/head", "iconet/1/ack", "iconet/1/nodekeys", "iconet/1/directory", ""} {
		t.Run(string(context), func(t *testing.T) {
			e := entry(t, feed.Publish, nil)
			b := e.LeafData()
			sig, err := key(t, 1).Sign(context, b[:len(b)-len(e.Sig)])
			if err != nil {
				t.Fatal(err)
			}
			e.Sig = sig
			h := newHistory(t)
			e.Index = 0
			h.put(feed.Record{Entry: e})
			if _, err := h.follower(0).Accept(h.page(0, 1, 1), nowMS(h)); federation.ReasonOf(err) != federation.ReasonSig {
				t.Errorf("%v", err)
			}
		})
	}
}

// An owner that breaks a rule in a log it signs loses that entry; the log goes on for everybody.
func TestFollowerRejectsEntriesThatBreakARule(t *testing.T) {
	for _, c := range []struct {
		name   string
		why    federation.Reason
		change func(*feed.Entry)
	}{
		{"changed prev", federation.ReasonPrev, func(e *feed.Entry) { e.Prev[0] ^= 1 }},
		{"no prev", federation.ReasonPrev, func(e *feed.Entry) { e.Prev = merkle.Hash{} }},
		{"earlier incarnation", federation.ReasonIndex, func(e *feed.Entry) { e.Incarnation = 0 }},
		{"time going back", federation.ReasonTime, func(e *feed.Entry) { e.TimeMS = startMS + 1999 }},
		{"time of zero", federation.ReasonTime, func(e *feed.Entry) { e.TimeMS = 0 }},
		{"time a year ahead", federation.ReasonTime, func(e *feed.Entry) { e.TimeMS += 365 * 24 * 3600 * 1000 }},
		{"time beyond all", federation.ReasonTime, func(e *feed.Entry) { e.TimeMS = 1<<64 - 1 }},
	} {
		for _, from := range []uint64{0, 3} { // within a page and at its beginning
			t.Run(c.name, func(t *testing.T) {
				h := newHistory(t).right(3)
				h.add(c.change)
				h.right(2)
				f := h.follower(from)
				out, err := f.Accept(h.page(from, 6, 6), nowMS(h))
				if err != nil {
					t.Fatal(err)
				}
				want := []feed.Rejection{{Index: 3, Leaf: h.leaves[3], Reason: c.why}}
				if diff := cmp.Diff(want, out.Rejected); diff != "" {
					t.Errorf("rejected (-want +got):\n%s", diff)
				}
				if len(out.Records) != 5-int(from) || f.Spine().Size != 6 {
					t.Errorf("%d records, spine %d: the rest of the page is gone", len(out.Records), f.Spine().Size)
				}
			})
		}
	}
}

func TestFollowerBoundsTheFutureByFiveMinutes(t *testing.T) {
	const ahead = 5 * 60 * 1000
	h := newHistory(t).right(1)
	for now, want := range map[uint64]int{startMS - ahead: 0, startMS - ahead - 1: 1} {
		out, err := h.follower(0).Accept(h.page(0, 1, 1), now)
		if err != nil || len(out.Rejected) != want {
			t.Errorf("%d ms before the entry: %+v, %v", startMS-now, out, err)
		}
	}
}

func TestFollowerRefusesAnIndexThatIsNotThePlace(t *testing.T) {
	for name, index := range map[string]uint64{"repeated": 2, "gap": 4, "beyond the page": 9, "2^63": 1 << 63} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t).right(3)
			h.add(func(e *feed.Entry) { e.Index = index })
			h.right(2)
			p := h.page(0, 6, 6)
			p.Records = p.Records[3:4]
			out, err := h.follower(0).Accept(p, nowMS(h))
			if r := federation.ReasonOf(err); r != federation.ReasonIndex && r != federation.ReasonSig || out != nil {
				t.Errorf("%+v, %v", out, err)
			}
			p.Records = nil // whoever carries the page may leave the record out
			if _, err := h.follower(0).Accept(p, nowMS(h)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPageFromAnotherPlaceIsStale(t *testing.T) {
	h := newHistory(t).right(8)
	for name, p := range map[string]feed.Page{"replay": h.page(0, 4, 8), "overlap": h.page(3, 8, 8), "gap": h.page(5, 8, 8)} {
		f := h.follower(4)
		if _, err := f.Accept(p, nowMS(h)); !errors.Is(err, federation.ErrStale) || f.Spine().Size != 4 {
			t.Errorf("%s: %v, spine %d", name, err, f.Spine().Size)
		}
	}
}

func TestStaleCheckpointProvesNothing(t *testing.T) {
	h := newHistory(t).right(8)
	f := h.follower(6)
	before := f.Spine()
	for _, size := range []uint64{0, 1, 5} {
		p := feed.Page{Owner: "FR", From: 6, Checkpoint: h.notes[size]}
		if _, err := f.Accept(p, nowMS(h)); !errors.Is(err, federation.ErrStale) || errors.As(err, new(*feed.ForkError)) {
			t.Errorf("checkpoint of %d: %v", size, err)
		}
	}
	if diff := cmp.Diff(before, f.Spine()); diff != "" {
		t.Errorf("the follower moved:\n%s", diff)
	}
}

func TestNewerCheckpointAloneIsTaken(t *testing.T) {
	h := newHistory(t).right(8)
	f := h.follower(6)
	if _, err := f.Accept(h.page(6, 6, 8), nowMS(h)); err != nil {
		t.Fatal(err)
	}
	if s := f.Spine(); s.Size != 6 || !bytes.Equal(s.Checkpoint, h.notes[8]) {
		t.Errorf("spine %+v", s)
	}
}

// twoHistories gives two logs of one owner that are equal up to a size and have one more entry each.
func twoHistories(t *testing.T, same int) (a, b *history) {
	t.Helper()
	a, b = newHistory(t).right(same+1), newHistory(t).right(same)
	b.add(func(e *feed.Entry) { e.Salt[0] ^= 1 })
	return a, b
}

func TestTwoSignedHistoriesAreAFork(t *testing.T) {
	a, b := twoHistories(t, 3)
	f := a.follower(4)
	before := f.Spine()
	out, err := f.Accept(feed.Page{Owner: "FR", From: 4, Checkpoint: b.notes[4]}, nowMS(a))
	var fork *feed.ForkError
	if !errors.As(err, &fork) || out != nil {
		t.Fatalf("%+v, %v; want a ForkError", out, err)
	}
	want := &feed.ForkError{Owner: "FR", Ours: a.notes[4], Page: b.notes[4]}
	if diff := cmp.Diff(want, fork); diff != "" {
		t.Errorf("the proof (-want +got):\n%s", diff)
	}
	for _, n := range [][]byte{fork.Ours, fork.Page} { // whoever gets the proof can check it
		if cp, err := merkle.OpenCheckpoint(n, feed.Origin(fork.Owner), key(t, 1).Public()); err != nil || cp.Size != 4 {
			t.Errorf("%+v, %v", cp, err)
		}
	}
	if federation.ReasonOf(err) != federation.ReasonFork || !errors.Is(err, federation.ErrUnverified) {
		t.Errorf("reason %q", federation.ReasonOf(err))
	}
	if diff := cmp.Diff(before, f.Spine()); diff != "" {
		t.Errorf("the follower moved:\n%s", diff)
	}
}

func TestFollowerDoesNotChangeOverToAnotherHistory(t *testing.T) {
	a, b := twoHistories(t, 3)
	a.right(4)
	b.right(4)
	f := a.follower(4)
	for name, p := range map[string]feed.Page{
		"page of the other":             b.page(4, 8, 8),
		"page with the other's proof":   b.page(4, 6, 8),
		"own page, other's checkpoint":  {Owner: "FR", From: 4, Leaves: a.leaves[4:8], Checkpoint: b.notes[8]},
		"other's checkpoint with proof": b.page(4, 4, 8),
	} {
		if _, err := f.Accept(p, nowMS(a)); federation.ReasonOf(err) != federation.ReasonProof || f.Spine().Size != 4 {
			t.Errorf("%s: %v, spine %d", name, err, f.Spine().Size)
		}
	}
}

func TestForkBehindTheNewestCheckpointIsProven(t *testing.T) {
	a, b := twoHistories(t, 5) // equal up to 5, both signed at 6
	f := a.follower(3)
	if _, err := f.Accept(a.page(3, 5, 6), nowMS(a)); err != nil {
		t.Fatal(err)
	}
	var fork *feed.ForkError
	if _, err := f.Accept(b.page(5, 6, 6), nowMS(a)); !errors.As(err, &fork) {
		t.Errorf("got %v, want a fork", err)
	}
	if err := f.CheckHead(6, rootAt(t, b, 6), []byte("head")); !errors.As(err, &fork) {
		t.Errorf("a head of the other history: %v, want a fork", err)
	}
	if err := f.CheckHead(6, rootAt(t, a, 6), []byte("head")); err != nil {
		t.Errorf("a head of the same history: %v", err)
	}
}

func TestHonestEmptyLogIsNotFramed(t *testing.T) {
	h := newHistory(t)
	page := feed.Page{Owner: "FR", Checkpoint: h.notes[0], Proof: make([]merkle.Hash, 1)}
	if _, err := h.follower(0).Accept(page, nowMS(h)); federation.ReasonOf(err) != federation.ReasonProof {
		t.Errorf("got %v, want reason proof", err)
	}
}

func TestNewestCheckpointStays(t *testing.T) {
	h := newHistory(t).right(8)
	f := h.follower(4)
	for _, p := range []feed.Page{h.page(4, 5, 8), h.page(5, 6, 6)} {
		if _, err := f.Accept(p, nowMS(h)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(f.Spine().Checkpoint, h.notes[8]) {
		t.Error("an older checkpoint took the place of the newest")
	}
}

// rootAt gives the root of a history at a size.
func rootAt(t *testing.T, h *history, size uint64) merkle.Hash {
	t.Helper()
	tree, err := merkle.LoadTree(size, h.reader())
	if err != nil {
		t.Fatal(err)
	}
	return tree.Root()
}
