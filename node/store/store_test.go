package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/node/store"
)

func config(dir string) store.Config {
	return store.Config{Dir: dir, Key: [32]byte{1}, Owner: "FR", MinFree: 1}
}

func open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// fresh gives an empty store that is closed with the test.
func fresh(t testing.TB) *store.Store {
	t.Helper()
	s := open(t, config(t.TempDir()))
	t.Cleanup(func() { closed(t, s) })
	return s
}

func commit(t testing.TB, s *store.Store, fill func(*store.Batch)) {
	t.Helper()
	b := store.NewBatch()
	fill(b)
	if err := s.Commit(b); err != nil {
		t.Fatal(err)
	}
}

func counter(t testing.TB, s *store.Store, name string) uint64 {
	t.Helper()
	n, err := s.Counter(name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func record(owner federation.MemberCode, index uint64, sealed []byte) feed.Record {
	a := feed.NewAudience("FR", "DE")
	e := &feed.Entry{Core: feed.Core{Kind: feed.Publish, Owner: owner, Incarnation: 1, Index: index, TimeMS: 1000 + index, Revision: 1,
		CtLen: uint64(len(sealed)), CtHash: sha256.Sum256(sealed), AudienceHash: a.Hash([32]byte{})}}
	return feed.Record{Entry: e, Audience: a, Sealed: sealed}
}

// crash copies the files of a running store as the kernel would leave them to the next process.
func crash(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.MkdirAll(filepath.Join(to, "badger"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"mark", "badger/*"} {
		names, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(from, name)
			if err != nil {
				t.Fatal(err)
			}
			writeSparse(t, filepath.Join(to, rel), b)
		}
	}
	return to
}

// writeSparse leaves the zeros at the end of Badger's files as a hole: they would be most of what is written.
func writeSparse(t testing.TB, path string, b []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b[:written(b)]); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(len(b))); err != nil {
		t.Fatal(err)
	}
}

// memtable gives the newest log of Badger's memory tables and how many of its bytes are written.
func memtable(t testing.TB, dir string) (path string, used int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "badger", "*.mem"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no memory table in %s: %v", dir, err)
	}
	path = names[len(names)-1]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, int64(written(b))
}

// written gives the length of b without the zeros at its end; by blocks, because b has 32 MiB.
func written(b []byte) int {
	zeros := make([]byte, 64<<10)
	n := len(b)
	for n >= len(zeros) && bytes.Equal(b[n-len(zeros):n], zeros) {
		n -= len(zeros)
	}
	return len(bytes.TrimRight(b[:n], "\x00"))
}

func TestBatchIsThereAfterReopen(t *testing.T) {
	c := config(t.TempDir())
	s := open(t, c)
	rec := record("FR", 0, []byte("sealed"))
	leaf := rec.Entry.Leaf()
	tree, err := merkle.LoadTree(0, s.HashReader("FR"))
	if err != nil {
		t.Fatal(err)
	}
	nodes := tree.Append(leaf)
	spine := feed.Spine{Incarnation: 1, Size: 1, Root: tree.Root(), LastLeaf: leaf, LastTimeMS: 1000, Checkpoint: []byte("note")}
	item, importKey := federation.ItemID{7}, [32]byte{8}
	commit(t, s, func(b *store.Batch) {
		b.PutRecord(rec)
		b.PutNodes("FR", nodes)
		b.SetSpine("FR", spine)
		b.SetSpine("DE", feed.Spine{Size: 3})
		b.Reject("DE", 2, merkle.Hash{5}, federation.ReasonSig, 77)
		b.PutDocument("directory", 1, []byte("one"))
		b.PutDocument("directory", 2, []byte("two"))
		b.PutDocument("directories", 1, []byte("of another kind"))
		b.PutAudit(1, []byte("first"))
		b.PutAudit(2, []byte("second"))
		b.PutOfficial("u-1", []byte("account"))
		b.MarkImported(importKey, item)
		b.SetCounter("n", 9)
	})
	closed(t, s)
	s = open(t, c)
	defer closed(t, s)

	got, err := s.RecordByLeaf("FR", leaf)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rec, got, ignoreNil); diff != "" {
		t.Errorf("record (-put +got):\n%s", diff)
	}
	if got, err := s.Spine("FR"); err != nil || !cmp.Equal(got, spine) {
		t.Errorf("spine: got %+v, %v", got, err)
	}
	if leaves, err := s.Leaves("FR", 0, 10); err != nil || !cmp.Equal(leaves, []merkle.Hash{leaf}) {
		t.Errorf("leaves: got %v, %v", leaves, err)
	}
	if owners, err := s.Owners(); err != nil || !cmp.Equal(owners, []federation.MemberCode{"DE", "FR"}) {
		t.Errorf("owners: got %v, %v", owners, err)
	}
	want := []store.Rejection{{Owner: "DE", Index: 2, Leaf: merkle.Hash{5}, AtMS: 77, Reason: federation.ReasonSig}}
	if got, err := s.Rejections(10); err != nil || !cmp.Equal(got, want) {
		t.Errorf("rejections: got %v, %v", got, err)
	}
	if yes, err := s.RejectedLeaf("DE", merkle.Hash{5}); err != nil || !yes {
		t.Errorf("rejected: got %v, %v", yes, err)
	}
	if docs, err := s.Documents("directory"); err != nil || !cmp.Equal(docs, [][]byte{[]byte("one"), []byte("two")}) {
		t.Errorf("documents: got %q, %v", docs, err)
	}
	if seq, last, err := s.AuditHead(); err != nil || seq != 2 || string(last) != "second" {
		t.Errorf("audit: got %d %q, %v", seq, last, err)
	}
	var lines []string
	err = s.EachAudit(1, func(seq uint64, line []byte) error {
		lines = append(lines, fmt.Sprint(seq, " ", string(line)))
		return nil
	})
	if err != nil || !cmp.Equal(lines, []string{"1 first", "2 second"}) {
		t.Errorf("audit lines: got %q, %v", lines, err)
	}
	if all, err := s.Officials(); err != nil || !cmp.Equal(all, [][]byte{[]byte("account")}) {
		t.Errorf("officials: got %q, %v", all, err)
	}
	if got, ok, err := s.Imported(importKey); err != nil || !ok || got != item {
		t.Errorf("imported: got %v %v, %v", got, ok, err)
	}
	if n := counter(t, s, "n"); n != 9 {
		t.Errorf("counter: got %d", n)
	}
	if s.Recovery() {
		t.Error("an undamaged store wants recovery")
	}
}

func TestEmptyStoreSaysWhatIsMissing(t *testing.T) {
	s := fresh(t)
	if _, err := s.Spine("FR"); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("spine: got %v", err)
	}
	if _, err := s.Record("FR", 0); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("record: got %v", err)
	}
	if _, err := s.RecordByLeaf("FR", merkle.Hash{1}); !errors.Is(err, federation.ErrNotFound) {
		t.Errorf("record by leaf: got %v", err)
	}
	if seq, last, err := s.AuditHead(); err != nil || seq != 0 || last != nil {
		t.Errorf("audit: got %d %q, %v", seq, last, err)
	}
	if _, ok, err := s.Imported([32]byte{1}); err != nil || ok {
		t.Errorf("imported: got %v, %v", ok, err)
	}
	if n := counter(t, s, "n"); n != 0 {
		t.Errorf("counter: got %d", n)
	}
}

func TestTooLargeBatchLeavesNothing(t *testing.T) {
	s := fresh(t)
	for name, fill := range map[string]func(*store.Batch){
		"bytes": func(b *store.Batch) { b.PutDocument("directory", 1, make([]byte, 3<<20)) },
		"keys": func(b *store.Batch) {
			for i := range uint64(20001) {
				b.PutAudit(i+1, nil)
			}
		},
	} {
		b := store.NewBatch()
		b.SetCounter("first", 1)
		fill(b)
		b.SetCounter("last", 1)
		if err := s.Commit(b); !errors.Is(err, federation.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
		if counter(t, s, "first") != 0 || counter(t, s, "last") != 0 {
			t.Errorf("%s: a part was written", name)
		}
	}
	commit(t, s, func(b *store.Batch) { b.SetCounter("first", 2) }) // a bad batch does not stop the store
}

// Badger's log is cut at many places, as a lost end of the file would. What is left must be whole batches, none missing
// before the last.
func TestLostEndOfTheLogLosesWholeBatches(t *testing.T) {
	const batches, parts = 6, 4
	c := config(t.TempDir())
	closed(t, open(t, c)) // version and owner are in a table now, not in the log that is cut
	s := open(t, c)
	defer closed(t, s)
	for i := range uint64(batches) {
		commit(t, s, func(b *store.Batch) {
			for part := range parts {
				b.SetCounter(fmt.Sprintf("%d/%d", i, part), i+1)
			}
		})
	}
	whole := crash(t, c.Dir)
	_, used := memtable(t, whole)
	for step := range int64(5) {
		dir := whole
		if step > 0 {
			dir = crash(t, whole)
			path, _ := memtable(t, dir)
			if err := os.Truncate(path, used-step*used/6); err != nil {
				t.Fatal(err)
			}
		}
		c := config(dir)
		if step == 0 {
			c.Dir = crash(t, whole) // opening changes the files
		}
		s := open(t, c)
		kept := 0
		for i := range uint64(batches) {
			n := 0
			for part := range parts {
				if counter(t, s, fmt.Sprintf("%d/%d", i, part)) == i+1 {
					n++
				}
			}
			switch {
			case n != 0 && n != parts:
				t.Errorf("cut %d: %d of %d parts of batch %d", step, n, parts, i)
			case n == parts && kept != int(i):
				t.Errorf("cut %d: batch %d is there, the one before is not", step, i)
			case n == parts:
				kept++
			}
		}
		if step == 0 && kept != batches {
			t.Errorf("%d of %d acknowledged batches are there after a crash", kept, batches)
		}
		closed(t, s)
	}
}

func TestBatchesBecomeDurableInTheOrderOfSubmit(t *testing.T) {
	s := fresh(t)
	const n = 300
	var waits []func() error
	for i := range uint64(n) {
		b := store.NewBatch()
		b.SetCounter("last", i+1)
		if i%2 == 0 {
			b.PutRecord(record("FR", i, []byte{1}))
		} else {
			b.DropRecord("FR", i-1, record("FR", i-1, []byte{1}).Entry.Leaf(), 1)
		}
		waits = append(waits, s.Submit(b))
	}
	var wg sync.WaitGroup
	for i, wait := range waits {
		wg.Go(func() {
			if err := wait(); err != nil {
				t.Error(err)
			}
			if got, err := s.Counter("last"); err != nil || got < uint64(i+1) {
				t.Errorf("batch %d is acknowledged, the counter is %d, %v", i, got, err)
			}
		})
	}
	wg.Wait()
	if got := counter(t, s, "last"); got != n {
		t.Errorf("an earlier batch won: got %d", got)
	}
	if recs, _, err := s.Records("FR", 0, n, 1<<20); err != nil || len(recs) != 0 {
		t.Errorf("%d dropped records are there, %v", len(recs), err)
	}
}

func TestGroupTooLargeForOneTransactionIsWrittenInOrder(t *testing.T) {
	s := fresh(t)
	var waits []func() error
	for i := range uint64(8) {
		b := store.NewBatch()
		b.PutDocument("directory", 1, bytes.Repeat([]byte{byte(i)}, 900<<10))
		b.SetCounter("last", i+1)
		waits = append(waits, s.Submit(b))
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := s.Documents("directory")
	if err != nil || len(docs) != 1 || docs[0][0] != 7 || counter(t, s, "last") != 8 {
		t.Errorf("the last batch is not what stands there: %v", err)
	}
}

func TestCloseWritesWhatWasSubmitted(t *testing.T) {
	c := config(t.TempDir())
	s := open(t, c)
	b := store.NewBatch()
	b.SetCounter("n", 1)
	wait := s.Submit(b)
	closed(t, s)
	acknowledged := wait()
	b = store.NewBatch()
	b.SetCounter("n", 2)
	if err := s.Commit(b); !errors.Is(err, federation.ErrStale) {
		t.Errorf("a commit after Close: got %v", err)
	}
	s = open(t, c)
	defer closed(t, s)
	if n := counter(t, s, "n"); n == 2 || acknowledged == nil && n != 1 {
		t.Errorf("got %d, acknowledged %v", n, acknowledged)
	}
}

func TestSecondOpenIsLocked(t *testing.T) {
	c := config(t.TempDir())
	s := open(t, c)
	if _, err := store.Open(c); !errors.Is(err, store.ErrLocked) {
		t.Errorf("got %v", err)
	}
	closed(t, s)
	closed(t, open(t, c))
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	tests := []struct {
		name  string
		alter func(*testing.T, *store.Config)
		want  error
	}{
		{"another owner", func(_ *testing.T, c *store.Config) { c.Owner = "DE" }, federation.ErrConflict},
		{"newer data", func(t *testing.T, c *store.Config) {
			if err := store.SetDataVersion(*c, 2); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNewer},
		{"newer data of another owner", func(t *testing.T, c *store.Config) {
			c.Owner = "DE"
			if err := store.SetDataVersion(*c, 2); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNewer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config(t.TempDir())
			s := open(t, c)
			commit(t, s, func(b *store.Batch) { b.SetCounter("n", 1); b.SetSpine("FR", feed.Spine{Size: 1}) })
			closed(t, s)
			tt.alter(t, &c)
			before, err := store.Values(c)
			if err != nil {
				t.Fatal(err)
			}
			mark, err := os.ReadFile(filepath.Join(c.Dir, "mark"))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a refusal frees the lock
				if _, err := store.Open(c); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			}
			after, err := store.Values(c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("the data changed:\n%s", diff)
			}
			if b, err := os.ReadFile(filepath.Join(c.Dir, "mark")); err != nil || !bytes.Equal(b, mark) {
				t.Errorf("the mark changed, %v", err)
			}
		})
	}
}

func TestOpenRefusesAnotherKey(t *testing.T) {
	c := config(t.TempDir())
	closed(t, open(t, c))
	c.Key[0]++
	if _, err := store.Open(c); err == nil {
		t.Error("the files open under another key")
	}
}

func TestNearlyFullDiskIsRefused(t *testing.T) {
	c := config(t.TempDir())
	c.MinFree = 1 << 62
	c.Failed = func(error) { t.Error("a full disk is not a failed one") }
	s := open(t, c)
	b := store.NewBatch()
	b.SetCounter("n", 1)
	b.SetSpine("FR", feed.Spine{Size: 1})
	for range 2 {
		if err := s.Commit(b); !errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrReadOnly) {
			t.Errorf("got %v", err)
		}
	}
	if counter(t, s, "n") != 0 {
		t.Error("something was written")
	}
	closed(t, s)
	c.MinFree = 1
	s = open(t, c)
	defer closed(t, s)
	if counter(t, s, "n") != 0 || s.Recovery() {
		t.Error("something was written")
	}
	commit(t, s, func(b *store.Batch) { b.SetCounter("n", 2) })
}

func TestNothingInTheFilesIsReadable(t *testing.T) {
	c := config(t.TempDir())
	s := open(t, c)
	text := []byte("this must not be found in a file")
	commit(t, s, func(b *store.Batch) { b.PutDocument("directory", 1, text) })
	closed(t, s)
	names, err := filepath.Glob(filepath.Join(c.Dir, "badger", "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, text) {
			t.Errorf("%s holds it in the clear", filepath.Base(name))
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, n := range []uint64{1, 64} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			s := fresh(b)
			sealed := bytes.Repeat([]byte{1}, 1<<10)
			index := uint64(0)
			for b.Loop() {
				commit(b, s, func(batch *store.Batch) {
					for range n {
						batch.PutRecord(record("FR", index, sealed))
						index++
					}
				})
			}
			b.ReportMetric(float64(index)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
