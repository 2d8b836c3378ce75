package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/node/store"
)

// ignoreNil takes nil and empty slices for equal: the bytes on the disk cannot tell them apart.
var ignoreNil = cmpopts.EquateEmpty()

var leafA, leafB, leafC = merkle.Hash{0xa}, merkle.Hash{0xb}, merkle.Hash{0xc}

func sealed(grantee federation.MemberCode, inc uint32, seq uint64) grant.Sealed {
	return grant.Sealed{Owner: "FR", Grantee: grantee, Incarnation: inc, Seq: seq, Bytes: fmt.Appendf(nil, "to %s %d/%d", grantee, inc, seq)}
}

// granted puts three grants to DE, the first two also to ES, at times 10 to 12.
func granted(t *testing.T, s *store.Store) {
	t.Helper()
	commit(t, s, func(b *store.Batch) {
		b.PutGrant(sealed("DE", 1, 1), [32]byte{}, []merkle.Hash{leafA, leafB}, 10)
		b.PutGrant(sealed("ES", 1, 1), [32]byte{}, []merkle.Hash{leafA}, 10)
		b.PutGrant(sealed("DE", 1, 2), [32]byte{}, []merkle.Hash{leafC}, 11)
		b.PutGrant(sealed("DE", 1, 3), [32]byte{}, []merkle.Hash{{0xd}}, 12)
		b.SetOutbox("DE", grant.Position{Incarnation: 1, Seq: 3, Hash: [32]byte{3}})
		b.SetOutbox("ES", grant.Position{Incarnation: 1, Seq: 1, Hash: [32]byte{1}})
	})
}

func TestOutgoingFollowsWhatTheGranteeHas(t *testing.T) {
	s := fresh(t)
	granted(t, s)
	commit(t, s, func(b *store.Batch) { b.PutGrant(sealed("DE", 2, 1), [32]byte{}, []merkle.Hash{leafA}, 20) })
	tests := []struct {
		inc  uint32
		seq  uint64
		n    int
		want []string
	}{
		{0, 0, 10, []string{"to DE 1/1", "to DE 1/2", "to DE 1/3", "to DE 2/1"}},
		{1, 1, 2, []string{"to DE 1/2", "to DE 1/3"}},
		{1, 3, 10, []string{"to DE 2/1"}},
		{2, 1, 10, nil},
	}
	for _, tt := range tests {
		out, err := s.Outgoing("DE", tt.inc, tt.seq, tt.n)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range out {
			got = append(got, string(g.Sealed.Bytes))
			if want := sealed("DE", g.Sealed.Incarnation, g.Sealed.Seq); !cmp.Equal(g.Sealed, want) {
				t.Errorf("got %+v, want %+v", g.Sealed, want)
			}
		}
		if !cmp.Equal(got, tt.want) {
			t.Errorf("after %d/%d: got %q, want %q", tt.inc, tt.seq, got, tt.want)
		}
	}
	first, err := s.Outgoing("DE", 1, 0, 1)
	if err != nil || len(first) != 1 || !cmp.Equal(first[0].Leaves, []merkle.Hash{leafA, leafB}) {
		t.Errorf("leaves: got %v, %v", first, err)
	}
}

func TestStreamPositionsAreKept(t *testing.T) {
	s := fresh(t)
	if _, err := s.Outbox("DE"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("outbox before the first grant: got %v", err)
	}
	if p, err := s.Inbox("DE"); err != nil || p != (grant.Position{}) {
		t.Errorf("inbox before the first grant: got %v, %v", p, err)
	}
	out := grant.Position{Incarnation: 1, Seq: 4, Hash: [32]byte{1}}
	in := grant.Position{Incarnation: 2, Seq: 7, Hash: [32]byte{2}}
	commit(t, s, func(b *store.Batch) { b.SetOutbox("DE", out); b.SetInbox("DE", in) })
	if p, err := s.Outbox("DE"); err != nil || p != out {
		t.Errorf("outbox: got %v, %v", p, err)
	}
	if p, err := s.Inbox("DE"); err != nil || p != in {
		t.Errorf("inbox: got %v, %v", p, err)
	}
	if p, err := s.Inbox("ES"); err != nil || p != (grant.Position{}) {
		t.Errorf("inbox of another owner: got %v, %v", p, err)
	}
}

func TestReceiptKeepsTheFirstTimeOfEachState(t *testing.T) {
	s := fresh(t)
	granted(t, s)
	es := store.Receipt{Member: "ES", QueuedMS: 10}
	steps := []struct {
		name   string
		status grant.Status
		seq    uint64
		at     uint64
		a, c   store.Receipt // DE's of leafA, carried by grant 1, and of leafC, carried by grant 2
		far    uint64
	}{
		{name: "queued", a: store.Receipt{QueuedMS: 10}, c: store.Receipt{QueuedMS: 11}},
		{"first stored", grant.Stored, 1, 20, store.Receipt{QueuedMS: 10, DeliveredMS: 20}, store.Receipt{QueuedMS: 11}, 1},
		{"second refused", grant.Quarantined, 2, 30, store.Receipt{QueuedMS: 10, DeliveredMS: 20},
			store.Receipt{QueuedMS: 11, DeliveredMS: 30, RefusedMS: 30}, 1},
		{"all stored", grant.Stored, 3, 40, store.Receipt{QueuedMS: 10, DeliveredMS: 20},
			store.Receipt{QueuedMS: 11, DeliveredMS: 30, RefusedMS: 30}, 3},
		{"all opened", grant.Opened, 3, 50, store.Receipt{QueuedMS: 10, DeliveredMS: 20, OpenedMS: 50},
			store.Receipt{QueuedMS: 11, DeliveredMS: 30, RefusedMS: 30}, 3},
		{"said again", grant.Opened, 3, 60, store.Receipt{QueuedMS: 10, DeliveredMS: 20, OpenedMS: 50},
			store.Receipt{QueuedMS: 11, DeliveredMS: 30, RefusedMS: 30}, 3},
		{"an old one comes late", grant.Stored, 1, 70, store.Receipt{QueuedMS: 10, DeliveredMS: 20, OpenedMS: 50},
			store.Receipt{QueuedMS: 11, DeliveredMS: 30, RefusedMS: 30}, 3},
	}
	for _, tt := range steps {
		if tt.status != 0 {
			a := &grant.Ack{Grantee: "DE", Owner: "FR", Incarnation: 1, Seq: tt.seq, Status: tt.status}
			if err := s.Acked(a, tt.at); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
		tt.a.Member, tt.c.Member = "DE", "DE"
		if got, err := s.Receipts(leafA); err != nil || !cmp.Equal(got, []store.Receipt{tt.a, es}) {
			t.Errorf("%s: got %+v, %v", tt.name, got, err)
		}
		if got, err := s.Receipts(leafC); err != nil || !cmp.Equal(got, []store.Receipt{tt.c}) {
			t.Errorf("%s: got %+v, %v", tt.name, got, err)
		}
		if _, far, err := s.Delivered("DE"); err != nil || far != tt.far {
			t.Errorf("%s: delivered %d, %v, want %d", tt.name, far, err, tt.far)
		}
	}
	if _, err := s.Receipts(merkle.Hash{0xff}); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("receipts of an unknown item: got %v", err)
	}
}

func TestAckOfWhatWasNotGrantedIsRefused(t *testing.T) {
	s := fresh(t)
	granted(t, s)
	tests := []struct {
		name string
		ack  grant.Ack
		want error
	}{
		{"beyond the last grant", grant.Ack{Grantee: "DE", Incarnation: 1, Seq: 4}, federation.ErrInvalid},
		{"of a later incarnation", grant.Ack{Grantee: "DE", Incarnation: 2, Seq: 1}, federation.ErrInvalid},
		{"of an earlier incarnation", grant.Ack{Grantee: "DE", Incarnation: 0, Seq: 1}, federation.ErrInvalid},
		{"by a member without grants", grant.Ack{Grantee: "IT", Incarnation: 1, Seq: 1}, federation.ErrNotFound},
	}
	for _, tt := range tests {
		for status := grant.Stored; status <= grant.Opened; status++ {
			tt.ack.Owner, tt.ack.Status = "FR", status
			if err := s.Acked(&tt.ack, 99); !errors.Is(err, tt.want) {
				t.Errorf("%s, status %d: got %v", tt.name, status, err)
			}
		}
		if inc, far, err := s.Delivered(tt.ack.Grantee); err != nil || inc != 0 || far != 0 {
			t.Errorf("%s: it moved the stream to %d/%d, %v", tt.name, inc, far, err)
		}
	}
}

func TestAckOfANewIncarnationStartsAnew(t *testing.T) {
	s := fresh(t)
	granted(t, s)
	if err := s.Acked(&grant.Ack{Grantee: "DE", Owner: "FR", Incarnation: 1, Seq: 3, Status: grant.Opened}, 20); err != nil {
		t.Fatal(err)
	}
	leaf := merkle.Hash{0xe}
	commit(t, s, func(b *store.Batch) {
		b.PutGrant(sealed("DE", 2, 1), [32]byte{}, []merkle.Hash{leaf}, 30)
		b.SetOutbox("DE", grant.Position{Incarnation: 2, Seq: 1})
	})
	if err := s.Acked(&grant.Ack{Grantee: "DE", Owner: "FR", Incarnation: 2, Seq: 1, Status: grant.Stored}, 40); err != nil {
		t.Fatal(err)
	}
	want := []store.Receipt{{Member: "DE", QueuedMS: 30, DeliveredMS: 40}}
	if got, err := s.Receipts(leaf); err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if inc, far, err := s.Delivered("DE"); err != nil || inc != 2 || far != 1 {
		t.Errorf("delivered %d/%d, %v", inc, far, err)
	}
}

func TestWantedLeavesAreForgottenWhenTheRecordComes(t *testing.T) {
	s := fresh(t)
	by := grant.Position{Incarnation: 1, Seq: 5, Hash: [32]byte{5}}
	commit(t, s, func(b *store.Batch) {
		b.Want("DE", leafA, by)
		b.Want("DE", leafB, by)
		b.Want("ES", leafC, by)
	})
	if got, err := s.Wanted("DE", 10); err != nil || !cmp.Equal(got, []merkle.Hash{leafA, leafB}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := s.Wanted("DE", 1); err != nil || len(got) != 1 {
		t.Errorf("at most one: got %v, %v", got, err)
	}
	if got, err := s.WantedSince("DE", leafA); err != nil || got != by {
		t.Errorf("got %v, %v", got, err)
	}
	commit(t, s, func(b *store.Batch) { b.Unwant("DE", leafA) })
	if got, err := s.Wanted("DE", 10); err != nil || !cmp.Equal(got, []merkle.Hash{leafB}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := s.WantedSince("DE", leafA); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestDepositsAreKeptUntilDropped(t *testing.T) {
	s := fresh(t)
	deposit := func(owner, grantee federation.MemberCode, inc uint32, seq uint64) grant.Sealed {
		g := sealed(grantee, inc, seq)
		g.Owner = owner
		return g
	}
	all := []grant.Sealed{deposit("DE", "ES", 1, 1), deposit("DE", "ES", 1, 2), deposit("DE", "ES", 2, 1), deposit("DE", "ES", 2, 2)}
	others := []grant.Sealed{deposit("DE", "IT", 1, 1), deposit("PL", "ES", 1, 1)}
	for _, g := range append(append([]grant.Sealed(nil), others...), all...) {
		if err := s.PutDeposit(g); err != nil {
			t.Fatal(err)
		}
	}
	held := func(inc uint32, seq uint64, n int) []grant.Sealed {
		t.Helper()
		got, err := s.Deposits("DE", "ES", inc, seq, n)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(all, held(0, 0, 10)); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all[1:3], held(1, 1, 2)); diff != "" {
		t.Errorf("two after 1/1 (-want +got):\n%s", diff)
	}
	full, err := s.DepositBytes("DE")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DropDeposits("DE", "ES", 2, 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[3:], held(0, 0, 10)); diff != "" {
		t.Errorf("after a drop (-want +got):\n%s", diff)
	}
	if left, err := s.DepositBytes("DE"); err != nil || left >= full || left == 0 {
		t.Errorf("%d bytes of %d, %v", left, full, err)
	}
	if err := s.DropDeposits("DE", "ES", 2, 1); err != nil {
		t.Errorf("dropping what is not there: %v", err)
	}
	for i, g := range others {
		if got, err := s.Deposits(g.Owner, g.Grantee, 0, 0, 10); err != nil || !cmp.Equal(got, others[i:i+1]) {
			t.Errorf("of %s for %s: got %v, %v", g.Owner, g.Grantee, got, err)
		}
	}
}

func TestLongSealedBytesComeBackWhole(t *testing.T) {
	c := config(t.TempDir())
	s := open(t, c)
	const piece = 256 << 10
	sizes := []int{0, 1, piece - 1, piece, piece + 1, 2 * piece, 3*piece + 7}
	var want []feed.Record
	for i, n := range sizes {
		content := bytes.Repeat([]byte{byte(i), 0xff}, n)[:n]
		want = append(want, record("FR", uint64(i), content))
		commit(t, s, func(b *store.Batch) { b.PutRecord(want[i]) })
	}
	commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Size: uint64(len(sizes))}) })
	closed(t, s)
	s = open(t, c)
	defer closed(t, s)
	for i, w := range want {
		got, err := s.Record("FR", uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Sealed, w.Sealed) || got.Entry.Leaf() != w.Entry.Leaf() {
			t.Errorf("%d sealed bytes come back as %d", sizes[i], len(got.Sealed))
		}
	}
	i := len(want)
	err := s.EachRecord("FR", func(rec feed.Record) error {
		if i--; !bytes.Equal(rec.Sealed, want[i].Sealed) {
			t.Errorf("record %d comes at the place of %d, newest first", rec.Entry.Index, i)
		}
		return nil
	})
	if err != nil || i != 0 {
		t.Errorf("%d records are missing, %v", i, err)
	}
}

func TestRecordsGoOnWhereTheyStopped(t *testing.T) {
	s := fresh(t)
	commit(t, s, func(b *store.Batch) {
		for i := range uint64(10) {
			if i != 4 { // not in its audience
				b.PutRecord(record("DE", i, make([]byte, 1000)))
			}
		}
		b.PutRecord(record("ES", 3, []byte("of another owner")))
	})
	var got []uint64
	for from := uint64(0); from < 9; {
		recs, next, err := s.Records("DE", from, 9, 3000)
		if err != nil || next <= from || next > 9 {
			t.Fatalf("from %d to %d, %v", from, next, err)
		}
		if len(recs) > 3 {
			t.Errorf("%d records of 1000 bytes where about 3000 are allowed", len(recs))
		}
		for _, r := range recs {
			got = append(got, r.Entry.Index)
		}
		from = next
	}
	if want := []uint64{0, 1, 2, 3, 5, 6, 7, 8}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDroppedRecordIsGone(t *testing.T) {
	s := fresh(t)
	rec := record("DE", 1, []byte("sealed"))
	commit(t, s, func(b *store.Batch) { b.PutRecord(rec) })
	commit(t, s, func(b *store.Batch) { b.DropRecord("DE", 1, rec.Entry.Leaf(), len(rec.Sealed)) })
	if _, err := s.Record("DE", 1); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("by index: got %v", err)
	}
	if _, err := s.RecordByLeaf("DE", rec.Entry.Leaf()); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("by leaf: got %v", err)
	}
}

func TestAcknowledgementOfAnotherGrantIsRefused(t *testing.T) {
	s := fresh(t)
	commit(t, s, func(b *store.Batch) {
		b.PutGrant(sealed("DE", 1, 1), [32]byte{7}, []merkle.Hash{{1}}, 10)
		b.SetOutbox("DE", grant.Position{Incarnation: 1, Seq: 1, Hash: [32]byte{7}})
	})
	ack := &grant.Ack{Grantee: "DE", Owner: "FR", Incarnation: 1, Seq: 1, Hash: [32]byte{8}, Status: grant.Opened}
	if err := s.Acked(ack, 20); !errors.Is(err, federation.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	ack.Hash = [32]byte{7}
	if err := s.Acked(ack, 20); err != nil {
		t.Error(err)
	}
	if r, err := s.Receipts(merkle.Hash{1}); err != nil || len(r) != 1 || r[0].OpenedMS != 20 {
		t.Errorf("got %v, %v", r, err)
	}
}
