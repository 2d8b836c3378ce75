package node

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/node/office"
	"iconet.example/node/store"
)

// publish publishes items and waits until the others show all that FR ever published.
func publish(t *testing.T, nodes map[string]*Node, from *Node, n, total int) []*office.Published {
	t.Helper()
	var out []*office.Published
	for range n {
		done, err := from.office.Publish(context.Background(), analyst("FR"), warning("DE,IT,PL"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, done)
	}
	for _, other := range nodes {
		await(t, func() bool { return other.index.Len() == total })
	}
	return out
}

// lose has FR publish three items, keeps a copy of some of its directories, has it publish three more, and puts the copy
// back, as a failing disk or a careless restore would. It gives the running node and what was published.
func lose(t *testing.T, parts ...string) (fr *Node, others map[string]*Node, known []*office.Published) {
	t.Helper()
	nodes, stop := run(t, "FR", "DE", "IT", "PL")
	fr = nodes["FR"]
	dir, c := fr.c.Dir, fr.c.Config
	others = map[string]*Node{"DE": nodes["DE"], "IT": nodes["IT"], "PL": nodes["PL"]}
	known = publish(t, others, fr, 3, 3)
	stop["FR"]()
	backup := t.TempDir()
	for _, part := range parts {
		if err := os.CopyFS(filepath.Join(backup, part), os.DirFS(filepath.Join(dir, part))); err != nil {
			t.Fatal(err)
		}
	}
	fr, halt := start(t, dir, c)
	known = append(known, publish(t, others, fr, 3, 6)...)
	halt()
	for _, part := range parts {
		if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(backup, part))); err != nil {
			t.Fatal(err)
		}
	}
	fr, _ = start(t, dir, c)
	await(t, func() bool { return fr.store.Recovery() || fr.index.Len() == 6 })
	await(t, func() bool { return !fr.store.Recovery() })
	return fr, others, known
}

func TestLostTailOfTheOwnLogComesBackFromTheOthers(t *testing.T) {
	fr, others, known := lose(t, "store/badger")
	await(t, func() bool { return fr.index.Len() == 6 })
	for _, p := range known {
		if row, ok := fr.index.Item(p.ID); !ok || row.Ref != p.Ref {
			t.Errorf("%s did not come back", p.Ref)
		}
	}
	next := publish(t, others, fr, 1, 7)[0]
	if next.Ref != "FR-EWS-01-"+next.Ref[10:14]+"-000007" {
		t.Errorf("the next item is %s", next.Ref)
	}
	spine, err := others["DE"].store.Spine("FR")
	if err != nil || spine.Incarnation != 1 || spine.Size != 8 {
		t.Errorf("DE knows incarnation %d of %d entries (%v), want 1 of 8", spine.Incarnation, spine.Size, err)
	}
	for name, n := range map[string]*Node{"FR": fr, "DE": others["DE"], "PL": others["PL"]} {
		report, err := n.check(t.Context())
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("%s: %v, %v", name, report, err)
		}
	}
	// What is granted in the new life is acknowledged there.
	await(t, func() bool { s := inspector{fr}.Status(); return s.Queue == 0 })
	doc, err := fr.office.Read(t.Context(), analyst("FR"), known[5].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Receipts {
		if r.State != office.Opened {
			t.Errorf("%s is %s at %s", doc.Summary.Ref, r.State, r.Member)
		}
	}
}

func TestRestoredOldCopyIsNoticedBeforeAnythingIsSignedAgain(t *testing.T) {
	fr, others, _ := lose(t, "store", "vault") // the mark and the keys go back with the data, so only the others know
	next := publish(t, others, fr, 1, 7)[0]
	if next.Ref != "FR-EWS-01-"+next.Ref[10:14]+"-000007" {
		t.Errorf("the next item is %s: a reference is given twice", next.Ref)
	}
	for name, n := range others {
		for _, s := range n.replica.Status() {
			if s.Frozen {
				t.Errorf("%s has frozen %s", name, s.Code)
			}
		}
		if spine, err := n.store.Spine("FR"); err != nil || spine.Incarnation != 1 {
			t.Errorf("%s knows incarnation %d (%v)", name, spine.Incarnation, err)
		}
	}
}

func TestStoreThatIsDamagedTwiceIsFetchedFromTheOthers(t *testing.T) {
	nodes, stop := run(t, "FR", "DE", "IT", "PL")
	fr := nodes["FR"]
	dir, c := fr.c.Dir, fr.c.Config
	others := map[string]*Node{"DE": nodes["DE"], "IT": nodes["IT"], "PL": nodes["PL"]}
	known := publish(t, others, fr, 3, 3)
	theirs, err := nodes["DE"].office.Publish(t.Context(), analyst("DE"), warning("FR"))
	if err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return fr.index.Len() == 4 })
	stop["FR"]()
	manifest := filepath.Join(dir, "store", "badger", "MANIFEST")
	if err := os.WriteFile(manifest, []byte("not a manifest"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Config{Dir: dir, Config: c, Protection: keyring.Protection{Plain: true}, Logger: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, store.ErrDamaged) {
		t.Fatalf("the first start: %v", err)
	}
	fr, _ = start(t, dir, c)
	await(t, func() bool { return !fr.store.Recovery() && fr.index.Len() == 4 })
	for _, id := range []federation.ItemID{known[0].ID, known[2].ID, theirs.ID} {
		if _, ok := fr.index.Item(id); !ok {
			t.Errorf("%s did not come back", id)
		}
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "store.damaged-*")); err != nil || len(aside) != 1 {
		t.Errorf("moved aside: %v (%v)", aside, err)
	}
	if next := publish(t, others, fr, 1, 4)[0]; next.Ref[len(next.Ref)-6:] != "000004" {
		t.Errorf("the next item is %s", next.Ref)
	}
}
