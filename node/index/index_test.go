package index_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/node/index"
)

var seed = flag.Uint64("seed", 0, "seed of the randomised tests; 0 draws one")

func row(n uint64, publishedMS uint64) *index.Row {
	r := &index.Row{Owner: "FR", Element: "EWS", Revision: 1, Index: n, PublishedMS: publishedMS,
		Ref: fmt.Sprintf("FR-EWS-01-2026-%06d", n), Title: fmt.Sprintf("Title %d", n)}
	binary.BigEndian.PutUint64(r.ID[8:], n)
	return r
}

func filled(t testing.TB, rows ...*index.Row) *index.Index {
	t.Helper()
	x, err := index.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Put(rows...); err != nil {
		t.Fatal(err)
	}
	return x
}

func all(*index.Row) bool { return true }

func search(t testing.TB, x *index.Index, q index.Query, may func(*index.Row) bool) ([]uint64, string) {
	t.Helper()
	rows, next, err := x.Search(q, may)
	if err != nil {
		t.Fatal(err)
	}
	return numbers(rows), next
}

func numbers(rows []*index.Row) []uint64 {
	var n []uint64
	for _, r := range rows {
		n = append(n, r.Index)
	}
	return n
}

// pages follows the cursor to the end.
func pages(t testing.TB, x *index.Index, q index.Query, may func(*index.Row) bool) (got []uint64) {
	t.Helper()
	for range 1000 {
		page, next := search(t, x, q, may)
		if len(page) > q.Limit || next != "" && len(page) != q.Limit {
			t.Fatalf("a page of %d rows where %d are asked for, more to come: %v", len(page), q.Limit, next != "")
		}
		got = append(got, page...)
		if next == "" {
			return got
		}
		q.After = next
	}
	t.Fatal("the pages do not end")
	return nil
}

func TestSearchGivesNewestFirst(t *testing.T) {
	x := filled(t, row(1, 300), row(2, 100), row(3, 400), row(4, 200), row(5, 400))
	want := []uint64{5, 3, 1, 4, 2} // within a millisecond by id
	if got, next := search(t, x, index.Query{Limit: 10}, all); !slices.Equal(got, want) || next != "" {
		t.Errorf("got %v, next %q, want %v", got, next, want)
	}
	if x.Len() != 5 {
		t.Errorf("%d rows", x.Len())
	}
}

func TestEmptyIndexFindsNothing(t *testing.T) {
	x := filled(t)
	if got, next := search(t, x, index.Query{Limit: 10}, all); len(got) != 0 || next != "" {
		t.Errorf("got %v, next %q", got, next)
	}
	if _, ok := x.Item(federation.ItemID{1}); ok {
		t.Error("an item")
	}
	if err := x.Remove(federation.ItemID{1}); err != nil {
		t.Error(err)
	}
}

// The model is a sorted slice. Many rows share a millisecond, where a cursor of time alone would lose or repeat some.
func TestPagesHaveNoGapsAndNoDoubles(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	rnd := rand.New(rand.NewPCG(s, 0))
	var rows []*index.Row
	for n := range uint64(200) {
		r := row(n+1, 1000+rnd.Uint64N(40))
		r.Element = []federation.ElementCode{"EWS", "MR"}[rnd.IntN(2)]
		r.Owner = []federation.MemberCode{"FR", "DE", "ES"}[rnd.IntN(3)]
		rows = append(rows, r)
	}
	rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	x := filled(t, rows...)
	slices.SortFunc(rows, func(a, b *index.Row) int {
		return -cmp.Or(cmp.Compare(a.PublishedMS, b.PublishedMS), cmp.Compare(a.Index, b.Index))
	})
	third := func(r *index.Row) bool { return r.Index%3 == 0 }
	for _, q := range []index.Query{{}, {Element: "MR"}, {Owner: "DE", SinceMS: 1017}, {SinceMS: 1040}, {Words: "title 1"}} {
		for name, may := range map[string]func(*index.Row) bool{"all": all, "a third": third} {
			var want []uint64
			for _, r := range rows {
				if (q.Element == "" || r.Element == q.Element) && (q.Owner == "" || r.Owner == q.Owner) && r.PublishedMS >= q.SinceMS &&
					(q.Words == "" || strings.Contains(r.Title, "1") || strings.Contains(r.Ref, "1")) && may(r) {
					want = append(want, r.Index)
				}
			}
			for _, q.Limit = range []int{1, 7, 200, len(want), len(want) + 1} {
				if q.Limit == 0 {
					continue
				}
				if got := pages(t, x, q, may); !slices.Equal(got, want) {
					t.Errorf("%+v for %s: got %v, want %v", q, name, got, want)
				}
			}
		}
	}
}

func TestPagesHoldWhileRowsComeAndGo(t *testing.T) {
	var rows []*index.Row
	for n := range uint64(9) {
		rows = append(rows, row(n+1, 100+n))
	}
	tests := []struct {
		name string
		act  func(*testing.T, *index.Index)
		want []uint64 // after 9, 8, 7
	}{
		{"newer row comes", func(t *testing.T, x *index.Index) { put(t, x, row(10, 500)) }, []uint64{6, 5, 4, 3, 2, 1}},
		{"older row comes", func(t *testing.T, x *index.Index) { put(t, x, row(11, 50)) }, []uint64{6, 5, 4, 3, 2, 1, 11}},
		{"row of the cursor goes", func(t *testing.T, x *index.Index) { remove(t, x, 7) }, []uint64{6, 5, 4, 3, 2, 1}},
		{"row after the cursor goes", func(t *testing.T, x *index.Index) { remove(t, x, 6) }, []uint64{5, 4, 3, 2, 1}},
		{"row of the cursor is revised", func(t *testing.T, x *index.Index) {
			r := row(7, 600)
			r.Revision = 2
			put(t, x, r)
		}, []uint64{6, 5, 4, 3, 2, 1}},
	}
	for _, tt := range tests {
		x := filled(t, rows...)
		first, next := search(t, x, index.Query{Limit: 3}, all)
		if !slices.Equal(first, []uint64{9, 8, 7}) {
			t.Fatalf("got %v", first)
		}
		tt.act(t, x)
		if got := pages(t, x, index.Query{Limit: 3, After: next}, all); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func put(t *testing.T, x *index.Index, rows ...*index.Row) {
	t.Helper()
	if err := x.Put(rows...); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, x *index.Index, n uint64) {
	t.Helper()
	if err := x.Remove(row(n, 0).ID); err != nil {
		t.Fatal(err)
	}
}

// What a person may not see must not show in a page that is too short, nor in a cursor that leads to nothing.
func TestRowsAreFilteredBeforeTheCut(t *testing.T) {
	var rows []*index.Row
	for n := range uint64(10) {
		rows = append(rows, row(n+1, 100+n))
	}
	x := filled(t, rows...)
	few := func(r *index.Row) bool { return r.Index == 2 || r.Index == 5 || r.Index == 9 }
	if got, next := search(t, x, index.Query{Limit: 2}, few); !slices.Equal(got, []uint64{9, 5}) || next == "" {
		t.Errorf("got %v, next %q", got, next)
	}
	if got, next := search(t, x, index.Query{Limit: 3}, few); !slices.Equal(got, []uint64{9, 5, 2}) || next != "" {
		t.Errorf("a cursor tells of rows that may not be seen: got %v, next %q", got, next)
	}
	if got, next := search(t, x, index.Query{Limit: 1}, func(*index.Row) bool { return false }); got != nil || next != "" {
		t.Errorf("got %v, next %q", got, next)
	}
}

func TestSearchMatchesWordsElementAndOwner(t *testing.T) {
	rows := []*index.Row{row(1, 1), row(2, 2), row(3, 3)}
	rows[0].Title, rows[0].Place = "Boats off the coast", "Calais"
	rows[1].Title, rows[1].Owner = "Lorries", "DE"
	rows[2].Title, rows[2].Element = "ÉVÉNEMENT à Menton", "MR"
	x := filled(t, rows...)
	tests := []struct {
		q    index.Query
		want []uint64
	}{
		{index.Query{}, []uint64{3, 2, 1}},
		{index.Query{Words: "  COAST calais "}, []uint64{1}},
		{index.Query{Words: "coast lorries"}, nil},
		{index.Query{Words: "événement"}, []uint64{3}},
		{index.Query{Words: "2026-000002"}, []uint64{2}},
		{index.Query{Owner: "DE"}, []uint64{2}},
		{index.Query{Owner: "DE", Element: "MR"}, nil},
		{index.Query{Element: "MR"}, []uint64{3}},
		{index.Query{SinceMS: 2}, []uint64{3, 2}},
		{index.Query{SinceMS: 4}, nil},
	}
	for _, tt := range tests {
		tt.q.Limit = 10
		if got, _ := search(t, x, tt.q, all); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %v, want %v", tt.q, got, tt.want)
		}
	}
}

func TestNewestRevisionReplacesTheOthersInAnyOrder(t *testing.T) {
	revision := func(n uint32, at uint64) *index.Row {
		r := row(1, at)
		r.Revision, r.Title = n, fmt.Sprintf("revision %d", n)
		return r
	}
	one, two, three := revision(1, 100), revision(2, 300), revision(3, 500)
	other := row(2, 200)
	for _, order := range [][]*index.Row{{one, two, three}, {three, two, one}, {two, three, one}, {three, one, two, three}} {
		x := filled(t, other)
		for _, r := range order {
			put(t, x, r)
		}
		y := filled(t, append(slices.Clone(order), other)...)
		for _, x := range []*index.Index{x, y} {
			if got, ok := x.Item(one.ID); !ok || !gocmp.Equal(got, three) {
				t.Errorf("got %+v", got)
			}
			if got, _ := search(t, x, index.Query{Limit: 10}, all); !slices.Equal(got, []uint64{1, 2}) {
				t.Errorf("the item is listed at another time or twice: %v", got)
			}
			if x.Len() != 2 {
				t.Errorf("%d rows", x.Len())
			}
		}
	}
}

func TestSameRevisionReplacesItself(t *testing.T) {
	x := filled(t, row(1, 100))
	again := row(1, 100)
	again.ReceivedMS = 7
	put(t, x, again)
	if got, ok := x.Item(again.ID); !ok || got.ReceivedMS != 7 || x.Len() != 1 {
		t.Errorf("got %+v of %d rows", got, x.Len())
	}
}

func TestRemovedItemIsNowhere(t *testing.T) {
	x := filled(t, row(1, 100), row(2, 200))
	remove(t, x, 1)
	if _, ok := x.Item(row(1, 0).ID); ok {
		t.Error("by id it is there")
	}
	if _, ok := x.Find(row(1, 0).Ref); ok {
		t.Error("by reference it is there")
	}
	if got, _ := search(t, x, index.Query{Limit: 10}, all); !slices.Equal(got, []uint64{2}) || x.Len() != 1 {
		t.Errorf("got %v of %d", got, x.Len())
	}
}

func TestItemIsFoundByItsReference(t *testing.T) {
	x := filled(t, row(1, 100), row(12, 200))
	if r, ok := x.Find("fr-ews-01-2026-000012"); !ok || r.Index != 12 {
		t.Errorf("got %+v", r)
	}
	if _, ok := x.Find("FR-EWS-01-2026-00001"); ok {
		t.Error("a part of a reference is enough")
	}
}

func TestCursorThatIsNotOursIsInvalid(t *testing.T) {
	x := filled(t, row(1, 100), row(2, 200))
	_, good := search(t, x, index.Query{Limit: 1}, all)
	for _, after := range []string{"x", "2", good[1:], good[2:], good + "00", strings.Repeat("zz", 24), good[:46] + "é", "../../etc/passwd"} {
		if rows, next, err := x.Search(index.Query{Limit: 1, After: after}, all); !errors.Is(err, federation.ErrInvalid) || rows != nil || next != "" {
			t.Errorf("%q: got %v, %q, %v", after, rows, next, err)
		}
	}
}

func TestChangeIsSignalled(t *testing.T) {
	x := filled(t)
	signalled := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	c := x.Changed()
	if put(t, x); signalled(c) {
		t.Error("nothing was put, and it is signalled")
	}
	if put(t, x, row(1, 1)); !signalled(c) {
		t.Error("a new row is not signalled")
	}
	if c = x.Changed(); signalled(c) {
		t.Error("an old change is signalled again")
	}
	if remove(t, x, 1); !signalled(c) {
		t.Error("a removal is not signalled")
	}
}

func TestReadersSeeAPutAsAWhole(t *testing.T) {
	x := filled(t)
	var wg sync.WaitGroup
	for w := range uint64(2) {
		wg.Go(func() {
			for i := range uint64(50) {
				n := w*1000 + i*2
				if err := x.Put(row(n, n), row(n+1, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			rows, _, err := x.Search(index.Query{Limit: 1000}, all)
			if err != nil || len(rows)%2 != 0 {
				t.Errorf("%d rows, %v", len(rows), err)
			}
		}
	})
	wg.Wait()
}
