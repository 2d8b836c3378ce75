package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"iconet.example/federation/feed"
	"iconet.example/node/store"
)

// grown gives a running store whose own log has grown to size, one commit a step, and its configuration.
func grown(t *testing.T, size uint64) (*store.Store, store.Config) {
	t.Helper()
	c := config(t.TempDir())
	closed(t, open(t, c)) // version and owner are in a table now, not in the log that is damaged below
	s := open(t, c)
	t.Cleanup(func() { closed(t, s) })
	for n := range size {
		commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Incarnation: 1, Size: n + 1}) })
	}
	return s, c
}

func size(t *testing.T, s *store.Store) uint64 {
	t.Helper()
	spine, err := s.Spine("FR")
	if err != nil {
		t.Fatal(err)
	}
	return spine.Size
}

func TestStoreBehindItsMarkWantsRecovery(t *testing.T) {
	_, c := grown(t, 5)
	tests := []struct {
		name   string
		damage func(path string, used int64) error
		want   bool
	}{
		{"undamaged", func(string, int64) error { return nil }, false},
		{"log gone", func(path string, _ int64) error { return os.Remove(path) }, true},
		{"log cut in the middle", func(path string, used int64) error { return os.Truncate(path, used/2) }, true},
		{"last bytes of the log cut", func(path string, used int64) error { return os.Truncate(path, used-3) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := crash(t, c.Dir)
			if err := tt.damage(memtable(t, dir)); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a start that changes nothing must not make it forget
				s := open(t, config(dir))
				if s.Recovery() != tt.want {
					t.Errorf("recovery %v, want %v", s.Recovery(), tt.want)
				}
				closed(t, s)
			}
		})
	}
}

func TestRecoveryEndsWhenTheOwnLogIsBack(t *testing.T) {
	_, c := grown(t, 3)
	dir := crash(t, c.Dir)
	path, _ := memtable(t, dir)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s := open(t, config(dir))
	commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Incarnation: 1, Size: 3}) })
	closed(t, s)
	s = open(t, config(dir))
	defer closed(t, s)
	if s.Recovery() {
		t.Error("the own log is as long as the mark says, and still recovery is wanted")
	}
}

// A crash may come between the transaction and the mark: the store is then ahead, which is no harm.
func TestStoreAheadOfItsMarkIsWhole(t *testing.T) {
	s, c := grown(t, 2)
	before, err := os.ReadFile(filepath.Join(c.Dir, "mark"))
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Incarnation: 1, Size: 3}) })
	dir := crash(t, c.Dir)
	if err := os.WriteFile(filepath.Join(dir, "mark"), before, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, config(dir))
	defer closed(t, again)
	if again.Recovery() || size(t, again) != 3 {
		t.Errorf("recovery %v at size %d", again.Recovery(), size(t, again))
	}
}

func TestNewIncarnationCountsMoreThanItsSize(t *testing.T) {
	s, c := grown(t, 2)
	dir := crash(t, c.Dir)
	commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Incarnation: 2, Size: 2}) })
	mark, err := os.ReadFile(filepath.Join(c.Dir, "mark"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mark"), mark, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, config(dir))
	defer closed(t, again)
	if !again.Recovery() {
		t.Error("the store knows nothing of the incarnation that its mark names")
	}
}

func TestOnlyTheOwnLogMovesTheMark(t *testing.T) {
	s, c := grown(t, 1)
	before, err := os.ReadFile(filepath.Join(c.Dir, "mark"))
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(b *store.Batch) { b.SetSpine("DE", feed.Spine{Incarnation: 1, Size: 9}); b.SetCounter("n", 1) })
	after, err := os.ReadFile(filepath.Join(c.Dir, "mark"))
	if err != nil || string(before) != string(after) {
		t.Errorf("the mark moved, %v", err)
	}
}

// The store is set back to size 4 each time. The slot with the newest write says 5, the other says 4: with the newest torn
// the store seems whole, with the older one torn the newest still tells.
func TestTornMarkSlotFallsBackToTheOther(t *testing.T) {
	s, c := grown(t, 4)
	dir := crash(t, c.Dir)
	commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Incarnation: 1, Size: 5}) })
	mark, err := os.ReadFile(filepath.Join(c.Dir, "mark"))
	if err != nil || len(mark) != 128 {
		t.Fatalf("a mark of %d bytes, %v", len(mark), err)
	}
	const newest, other = 0, 64 // after the first mark of an empty store the fifth write is in the first slot
	torn := func(slot int) []byte {
		b := append([]byte(nil), mark...)
		clear(b[slot+20 : slot+64])
		return b
	}
	tests := []struct {
		name string
		mark []byte
		want bool
	}{
		{"whole", mark, true},
		{"newest torn", torn(newest), false},
		{"older torn", torn(other), true},
		{"older never written", append(append([]byte(nil), mark[:64]...), make([]byte, 64)...), true},
		{"older cut", mark[:100], true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := crash(t, dir)
			if err := os.WriteFile(filepath.Join(dir, "mark"), tt.mark, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, config(dir))
			if s.Recovery() != tt.want {
				t.Errorf("recovery %v, want %v", s.Recovery(), tt.want)
			}
			// The next write must take the torn place and be read again.
			commit(t, s, func(b *store.Batch) { b.SetSpine("FR", feed.Spine{Incarnation: 1, Size: 6}) })
			closed(t, s)
			path := filepath.Join(dir, "mark")
			if info, err := os.Stat(path); err != nil || info.Size() != 128 {
				t.Errorf("the mark: %v, %v", info, err)
			}
			s = open(t, config(dir))
			defer closed(t, s)
			if s.Recovery() || size(t, s) != 6 {
				t.Errorf("recovery %v at size %d after the next write", s.Recovery(), size(t, s))
			}
		})
	}
}
