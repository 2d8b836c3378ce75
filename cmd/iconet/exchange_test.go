package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	badger "github.com/dgraph-io/badger/v4"
	"golang.org/x/sync/errgroup"

	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/node/api"
	"iconet.example/node/office"
	"iconet.example/testnet"
)

// person publishes and reads at a node as its demonstration account, across restarts of the node.
type person struct {
	one *testnet.Node
	mu  sync.Mutex
	cl  *api.Client
}

func (p *person) client(ctx context.Context, not *api.Client) (*api.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cl != nil && p.cl != not {
		return p.cl, nil
	}
	cl, err := p.one.SignIn(ctx, "")
	if err == nil {
		p.cl = cl
	}
	return cl, err
}

// publish repeats until the node acknowledges; the import key keeps that from publishing twice.
func (p *person) publish(ctx context.Context, s *api.Submission) (*api.Published, error) {
	var cl *api.Client
	for {
		var err error
		if cl, err = p.client(ctx, cl); err == nil {
			var done *api.Published
			if done, err = cl.Publish(ctx, s); err == nil {
				return done, nil
			}
			var problem *api.Problem
			if errors.As(err, &problem) && problem.Slug() != api.SignedOut && problem.Slug() != api.NotNow && problem.Slug() != api.Internal {
				return nil, err
			}
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("publishing: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// list gives all items that the node shows.
func (p *person) list(t *testing.T) []office.Summary {
	t.Helper()
	var all []office.Summary
	q := map[string][]string{"limit": {"500"}}
	for {
		cl, err := p.client(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		page, err := cl.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all
		}
		q["after"] = []string{page.Next}
	}
}

// warning makes an early warning with a number, which is its import key as well.
func warning(n int, to string) *api.Submission {
	s := exampleAlert(time.Now())
	s.Header["title"] = fmt.Sprintf("Exercise: warning %05d", n)
	s.Audience = to
	var key [32]byte
	copy(key[:], fmt.Sprintf("warning %d", n))
	s.Import = hex.EncodeToString(key[:])
	return s
}

// publishMany publishes numbered warnings, many at once, and gives what was acknowledged by id.
func publishMany(ctx context.Context, p *person, from, to int, audience string) (map[federation.ItemID]bool, error) {
	acked := map[federation.ItemID]bool{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for n := from; n < to; n++ {
		group.Go(func() error {
			done, err := p.publish(ctx, warning(n, audience))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if acked[done.ID] {
				return fmt.Errorf("item %s was acknowledged for two warnings", done.ID)
			}
			acked[done.ID] = true
			return nil
		})
	}
	return acked, group.Wait()
}

// settle waits until nodes show a number of items.
func settle(t *testing.T, want int, nodes ...*testnet.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, one := range nodes {
		var last *api.Status
		for {
			s, err := one.Client().Status(ctx)
			if err == nil && s.Ready && s.Items == want {
				break
			}
			if err == nil {
				last = s
			}
			if ctx.Err() != nil {
				t.Fatalf("%s shows %+v, want %d items (%v)", one.Code, last, want, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// sound has nodes check all their data.
func sound(t *testing.T, nodes ...*testnet.Node) {
	t.Helper()
	for _, one := range nodes {
		r := &api.Report{}
		if err := one.Client().Do(t.Context(), "GET", "/v1/check", nil, r); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Problems {
			t.Errorf("%s: %s", one.Code, p)
		}
	}
}

func TestKilledNodesLoseAndDoubleNothing(t *testing.T) {
	const items, kills = 600, 8
	n := bringUp(t, 22100, "FR", "DE", "IT")
	fr, de, it := nodeOf(t, n, "FR"), nodeOf(t, n, "DE"), nodeOf(t, n, "IT")
	author := &person{one: fr}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stop, killed := killing(ctx, n, kills)
	acked := map[federation.ItemID]bool{}
	published := 0
	for done := false; !done; {
		select {
		case <-stop:
			done = true
		default:
		}
		if published >= items && !done {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		next := min(published+100, items)
		ids, err := publishMany(ctx, author, published, next, "DE,IT")
		if err != nil {
			t.Fatal(err)
		}
		for id := range ids {
			if acked[id] {
				t.Fatalf("item %s was acknowledged twice", id)
			}
			acked[id] = true
		}
		published = next
	}
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	if len(acked) != published {
		t.Fatalf("%d warnings, %d items", published, len(acked))
	}
	settle(t, published, fr, de, it)
	for _, one := range []*testnet.Node{fr, de, it} {
		seen, titles := map[federation.ItemID]bool{}, map[string]bool{}
		for _, s := range (&person{one: one}).list(t) {
			if seen[s.ID] || titles[s.Title] {
				t.Errorf("%s shows %s (%s) twice", one.Code, s.Ref, s.Title)
			}
			if !acked[s.ID] {
				t.Errorf("%s shows %s, which nobody published", one.Code, s.Ref)
			}
			seen[s.ID], titles[s.Title] = true, true
		}
		for id := range acked {
			if !seen[id] {
				t.Errorf("%s has lost %s", one.Code, id)
			}
		}
	}
	// The second run of the same warnings publishes nothing.
	again, err := publishMany(ctx, author, 0, published, "DE,IT")
	if err != nil {
		t.Fatal(err)
	}
	for id := range again {
		if !acked[id] {
			t.Errorf("the second run published %s", id)
		}
	}
	settle(t, published, fr, de, it)
	sound(t, fr, de, it)
	t.Logf("%d kills, %d items", kills, published)
}

// killing ends nodes at random moments with SIGKILL and starts them again, a number of times; stop is closed after the
// last, and killed gives the outcome.
func killing(ctx context.Context, n *testnet.Network, times int) (stop chan struct{}, killed chan error) {
	stop, killed = make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(stop)
		random := rand.New(rand.NewPCG(2005, 267))
		for i := range times {
			// The author's own node more often: it is the one that acknowledges.
			victim := []string{"FR", "FR", "DE", "IT"}[random.IntN(4)]
			time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
			if err := n.Kill(ctx, victim); err != nil {
				killed <- fmt.Errorf("kill %d: %w", i, err)
				return
			}
			if err := n.Start(ctx, victim); err != nil {
				killed <- fmt.Errorf("start %d: %w", i, err)
				return
			}
		}
		killed <- nil
	}()
	return stop, killed
}

// incidents writes a table of incidents with the columns of the IOM files.
func incidents(t *testing.T, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "incidents.csv")
	var b bytes.Buffer
	b.WriteString("Main ID,Incident ID,Incident date,No. dead,No. missing,No. survivors,No. Female,No. Male,No. minors,Country of Origin,Cause of death (category),Route,Country of Incident,Location of death,Source Quality,Latitude,Longitude,incident_date_precision\n")
	for i := range rows {
		fmt.Fprintf(&b, "X.%05d,X.%05d,2024-01-%02d,1,0,%d,NA,NA,0,Unknown,Drowning,Central Mediterranean,Italy,\"Exercise, off Lampedusa, no. %d\",4,35.5,12.6,day\n", i, i, i%28+1, i%50, i)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportGoesOnThroughTwentyKills(t *testing.T) {
	const rows, kills = 2000, 20
	n := bringUp(t, 22900, "FR", "DE", "IT")
	fr, de, it := nodeOf(t, n, "FR"), nodeOf(t, n, "DE"), nodeOf(t, n, "IT")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	session := filepath.Join(t.TempDir(), "session")
	t.Setenv("ICONET_SESSION_FILE", session)
	file := incidents(t, rows)
	stop, killed := killing(ctx, n, kills)
	runs, done := 0, false
	for {
		if cl, err := fr.SignIn(ctx, ""); err == nil { // sessions end with the process that held them
			if err := keepSession(session, cl.Token); err != nil {
				t.Fatal(err)
			}
		}
		code, out, msg := call(ctx, "--data", fr.Dir, "import", file, "--form", "EWS-01", "--to", "DE,IT", "--json", "--quiet")
		runs++
		switch {
		case code == exitDone:
			var o outcome
			if err := json.Unmarshal([]byte(out), &o); err != nil || o.Published+o.Known != rows {
				t.Fatalf("%s (%v)", out, err)
			}
			select {
			case <-stop:
				done = true
			default: // the kills go on: once more, to be killed in the middle of looking up
			}
		case ctx.Err() != nil:
			t.Fatalf("run %d: exit %d: %s", runs, code, msg)
		case code != exitUnreachable && code != exitDenied && code != exitFailed:
			t.Fatalf("run %d: exit %d: %s", runs, code, msg)
		default:
			time.Sleep(50 * time.Millisecond) // the node is on its way up again
		}
		if done {
			break
		}
	}
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	settle(t, rows, fr, de, it)
	for _, one := range []*testnet.Node{fr, de, it} {
		seen := map[string]bool{}
		for _, s := range (&person{one: one}).list(t) {
			if seen[s.Place] {
				t.Errorf("%s shows %q twice", one.Code, s.Place)
			}
			seen[s.Place] = true
		}
		if len(seen) != rows {
			t.Errorf("%s shows %d of %d rows", one.Code, len(seen), rows)
		}
	}
	sound(t, fr, de, it)
	t.Logf("%d kills in %d runs of the import", kills, runs)
}

func TestAbsentNodeIsCompletedByTheOthersWhileTheOwnerIsAway(t *testing.T) {
	const items = 1000
	n := bringUp(t, 22300, "FR", "DE", "IT", "PL")
	fr, de, it, pl := nodeOf(t, n, "FR"), nodeOf(t, n, "DE"), nodeOf(t, n, "IT"), nodeOf(t, n, "PL")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := n.Stop(ctx, "IT"); err != nil {
		t.Fatal(err)
	}
	if _, err := publishMany(ctx, &person{one: fr}, 0, items, "DE,IT,PL"); err != nil {
		t.Fatal(err)
	}
	settle(t, items, de, pl)
	left(t, fr, it)
	if err := n.Kill(ctx, "FR"); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(ctx, "IT"); err != nil {
		t.Fatal(err)
	}
	settle(t, items, it)
	if err := n.Start(ctx, "FR"); err != nil {
		t.Fatal(err)
	}
	settle(t, items, fr)
	opened(t, fr, "IT", items)
	sound(t, fr, de, it, pl)
}

// left waits until an owner has left with others everything that a member has not acknowledged.
func left(t *testing.T, owner, absent *testnet.Node) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		s, err := owner.Client().Status(t.Context())
		if err == nil && s.Queue > 0 && s.Queue == s.LeftWithOthers {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s leaves %+v for %s (%v)", owner.Code, s, absent.Code, err)
		}
	}
}

// opened waits until the owner knows that a member has opened every item.
func opened(t *testing.T, owner *testnet.Node, member federation.MemberCode, items int) {
	t.Helper()
	p := &person{one: owner}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		s, err := owner.Client().Status(t.Context())
		if err == nil && s.Queue == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s waits for acknowledgements: %+v (%v)", owner.Code, s, err)
		}
	}
	all := p.list(t)
	if len(all) != items {
		t.Fatalf("%s shows %d items, want %d", owner.Code, len(all), items)
	}
	for _, s := range []office.Summary{all[0], all[len(all)/2], all[len(all)-1]} {
		cl, err := p.client(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := cl.Show(t.Context(), s.ID.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range doc.Receipts {
			if r.Member == member && r.State != office.Opened {
				t.Errorf("%s is %s at %s", s.Ref, r.State, member)
			}
		}
	}
}

func TestNothingOfAnItemLiesOutsideItsAudience(t *testing.T) {
	n := bringUp(t, 22500, "FR", "DE", "IT", "GR", "PL")
	fr, de, it := nodeOf(t, n, "FR"), nodeOf(t, n, "DE"), nodeOf(t, n, "IT")
	s := warning(1, "DE,IT")
	canaries := map[string]string{"header.title": "Exercise canary kingfisher", "header.summary": "Exercise canary nightjar", "fields.what": "Exercise canary goldcrest"}
	s.Header["title"], s.Header["summary"], s.Fields["what"] = canaries["header.title"], canaries["header.summary"], canaries["fields.what"]
	done, err := (&person{one: fr}).publish(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, 1, fr, de, it)
	cl, err := fr.SignIn(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := cl.Show(t.Context(), done.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	var export api.Export
	if err := cl.Do(t.Context(), "GET", "/v1/export/"+done.ID.String(), nil, &export); err != nil {
		t.Fatal(err)
	}
	hash, err := hex.DecodeString(doc.Provenance.CtHash)
	if err != nil {
		t.Fatal(err)
	}
	// Every node has followed the log to its end before it is searched.
	for _, code := range []string{"GR", "PL", "COM"} {
		for one := nodeOf(t, n, code); ; time.Sleep(20 * time.Millisecond) {
			var peers []api.Peer
			if err := one.Client().Do(t.Context(), "GET", "/v1/peers", nil, &peers); err != nil {
				t.Fatal(err)
			}
			if at := peers[1]; at.Member == "FR" && at.LogSize == 1 {
				break
			}
		}
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	needles := map[string][]byte{"its id": done.ID[:], "the hash of its sealed bytes": hash, "the hash in hexadecimal": []byte(doc.Provenance.CtHash),
		"its sealed bytes": export.Sealed[len(export.Sealed)-64:], "its audience": feed.NewAudience("DE", "FR", "IT").Encode(), "its reference": []byte(doc.Summary.Ref)}
	for path, text := range canaries {
		needles[path] = []byte(text)
	}
	for _, code := range []string{"GR", "PL", "COM"} {
		for _, found := range search(t, nodeOf(t, n, code), needles) {
			t.Errorf("%s holds %s", code, found)
		}
	}
	// The same search finds what it looks for where it belongs, and no plaintext even there.
	found := search(t, de, needles)
	for _, want := range []string{"its id", "the hash of its sealed bytes", "its sealed bytes", "its audience"} {
		if !contains(found, want) {
			t.Errorf("the search does not find %s in Germany, so it proves nothing", want)
		}
	}
	for _, code := range []string{"FR", "DE", "IT"} {
		for _, hit := range search(t, nodeOf(t, n, code), needles) {
			if canaries[hit] != "" {
				t.Errorf("%s has the plaintext of %s on its disk", code, hit)
			}
		}
	}
}

func contains(list []string, want string) bool {
	for _, s := range list {
		if s == want {
			return true
		}
	}
	return false
}

// search looks for needles in every file of a stopped node, and in every key and value of its opened store.
func search(t *testing.T, one *testnet.Node, needles map[string][]byte) []string {
	t.Helper()
	hits := map[string]bool{}
	look := func(b []byte) {
		for name, needle := range needles {
			if bytes.Contains(b, needle) {
				hits[name] = true
			}
		}
	}
	files := 0
	for _, root := range []string{one.Dir, one.Log} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			look(b)
			files++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ring, err := keyring.Open(filepath.Join(one.Dir, "keys"), keyring.Protection{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	db, err := badger.Open(badger.DefaultOptions(filepath.Join(one.Dir, "store", "badger")).WithEncryptionKey(ring.StoreKey[:]).WithIndexCacheSize(16 << 20).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	values := 0
	err = db.View(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.AllVersions = true
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			look(it.Item().Key())
			values++
			if err := it.Item().Value(func(v []byte) error { look(v); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 || values < 5 {
		t.Errorf("only %d files and %d values of %s were searched", files, values, one.Code)
	}
	var out []string
	for name := range hits {
		out = append(out, name)
	}
	return out
}
