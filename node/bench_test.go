package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/policy"
	"iconet.example/federation/replica"
	"iconet.example/node/office"
)

// analyst publishes in tests.
func analyst(m federation.MemberCode) policy.Subject {
	return policy.Subject{Official: "u-test", Member: m, Roles: []policy.Role{policy.Reader, policy.Validator}, Elements: []federation.ElementCode{"EWS"}}
}

// ports gives free ports on loopback.
func ports(t testing.TB, n int) []int {
	t.Helper()
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out
}

// run opens and runs the nodes of members and of the Commission in this process, until the test ends.
func run(t testing.TB, members ...federation.MemberCode) map[federation.MemberCode]*Node {
	t.Helper()
	root, err := os.MkdirTemp("", "iconet")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	members = append([]federation.MemberCode{federation.Commission}, members...)
	free := ports(t, len(members))
	plain := keyring.Protection{Plain: true}
	configs := map[federation.MemberCode]*config.Config{}
	var enrolments []*coordinator.Enrolment
	for i, m := range members {
		addr := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", free[i])
		configs[m] = &config.Config{Member: m, TestNetwork: true, Listen: []string{addr}, Portal: config.Portal{Listen: "127.0.0.1:0", Host: "localhost"},
			Operations: config.Operations{Listen: "127.0.0.1:0"}}
		e, err := Init(Founding{Dir: filepath.Join(root, string(m)), Config: configs[m], Name: federation.Text{"en": string(m), "fr": string(m)}, Addrs: []string{addr},
			Network: "test", Protection: plain, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		enrolments = append(enrolments, e)
	}
	desk, err := coordinator.Open(filepath.Join(root, string(federation.Commission), CommitteeDir), plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Admit(time.Now(), enrolments[1:]...); err != nil {
		t.Fatal(err)
	}
	bundle, err := desk.Documents().Encode()
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[federation.MemberCode]*Node{}
	for _, m := range members {
		dir := filepath.Join(root, string(m))
		if err := WriteFile(filepath.Join(dir, BundleFile), bundle); err != nil {
			t.Fatal(err)
		}
		nodes[m] = start(t, dir, configs[m])
	}
	for _, n := range nodes {
		await(t, func() bool { s := inspector{n}.Status(); return s.Ready && s.PeersReachable == s.PeersTotal })
	}
	return nodes
}

// start opens and runs one node until the test ends.
func start(t testing.TB, dir string, c *config.Config) *Node {
	t.Helper()
	n, err := Open(t.Context(), Config{Dir: dir, Config: c, Protection: keyring.Protection{Plain: true}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func await(t testing.TB, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it takes too long")
		}
	}
}

// warning is an early warning of about 2 KB.
func warning(to string) office.Submission {
	day := time.Now().UTC().Format(time.DateOnly)
	return office.Submission{Form: "EWS-01", Audience: to,
		Header: federation.Values{"title": "Exercise: lorries with hidden compartments", "language": "en", "impact": "2", "summary": "Exercise. " + strings.Repeat("A pattern not seen on this road before. ", 15),
			"source_eval": "B", "info_eval": "3", "use_level": "TAC", "originating_unit": "Situation centre", "pd_declaration": true, "lawful_declaration": true},
		Fields: federation.Values{"kind": "INC", "urgency": "ROUTINE", "known_at": day + "T00:00:00Z", "status": "ongoing", "event_time": map[string]any{"from": day},
			"place": map[string]any{"name": "Medyka", "country": "PL", "level": "bcp", "lat": json.Number("49.8"), "lon": json.Number("22.93")},
			"what":  "Exercise. " + strings.Repeat("Groups of six to eight behind a false wall. ", 15), "border_type": "LAND",
			"response": []any{map[string]any{"measure": "CHECK"}}, "action_asked": []any{"check_own_data"}, "contact": "Duty officer"}}
}

var receivers = []federation.MemberCode{"DE", "IT", "PL"}

// BenchmarkReplicateToThree publishes b.N items, many at once, and waits until all three receivers have indexed them: form
// check, screening, seal, log, sync, replication, verification, opening and audit in one process.
func BenchmarkReplicateToThree(b *testing.B) {
	nodes := run(b, append([]federation.MemberCode{"FR"}, receivers...)...)
	fr := nodes["FR"]
	b.ResetTimer()
	began := time.Now()
	var group errgroup.Group
	group.SetLimit(256)
	for range b.N {
		group.Go(func() error {
			_, err := fr.office.Publish(context.Background(), analyst("FR"), warning("DE,IT,PL"))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	for _, m := range receivers {
		await(b, func() bool { return nodes[m].index.Len() >= b.N })
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "items/s")
	b.ReportMetric(3*float64(b.N)/time.Since(began).Seconds(), "deliveries/s")
}

// BenchmarkPublishToVisible publishes one item at a time to an idle network and measures until the last of three receivers
// shows it.
func BenchmarkPublishToVisible(b *testing.B) {
	nodes := run(b, append([]federation.MemberCode{"FR"}, receivers...)...)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		done, err := nodes["FR"].office.Publish(context.Background(), analyst("FR"), warning("DE,IT,PL"))
		if err != nil {
			b.Fatal(err)
		}
		var wait sync.WaitGroup
		for _, m := range receivers {
			wait.Go(func() {
				for {
					changed := nodes[m].index.Changed()
					if _, ok := nodes[m].index.Item(done.ID); ok {
						return
					}
					<-changed
				}
			})
		}
		wait.Wait()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

// BenchmarkIngest has a receiver verify, open, judge, store and index pages of 256 items that are at hand.
func BenchmarkIngest(b *testing.B) {
	const page = 256
	nodes := run(b, "FR", "DE")
	fr, de := nodes["FR"], nodes["DE"]
	tree, err := merkle.LoadTree(0, nil)
	if err != nil {
		b.Fatal(err)
	}
	view := fr.docs.Current()
	writer := feed.NewWriter("FR", feed.Spine{}, tree, fr.ring.Sign)
	reader, err := merkle.LoadTree(0, nil)
	if err != nil {
		b.Fatal(err)
	}
	follower := feed.NewFollower("FR", fr.ring.Sign.Public(), feed.Spine{}, reader)
	var pos grant.Position
	s := warning("DE")
	s.Header["audience"], s.Header["marking"], s.Header["tlp"], s.Header["validation"] = "NAMED", "NETWORK", "AMBER", "V1"
	s.Header["audience_members"] = []any{"DE", "FR"}
	s.Header["created_at"], s.Header["published_at"] = time.Now().UTC().Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339)
	s.Header["retention_until"] = time.Now().UTC().AddDate(1, 0, 0).Format(time.DateOnly)
	form, err := federation.EncodeItem(&federation.Item{Ref: "FR-EWS-01-2026-000001", Form: "EWS-01", Version: 1, Owner: "FR", Header: s.Header, Fields: s.Fields})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for done := 0; done < b.N; done += page {
		b.StopTimer()
		p := feed.Page{Owner: "FR", From: uint64(done)}
		var lines []grant.Line
		for range page {
			w, err := writer.Append(rand.Reader, uint64(time.Now().UnixMilli()), feed.Draft{Kind: feed.Publish, Revision: 1, Element: 1, StructureVersion: 1,
				StructureHash: view.StructureHash, DirectoryVersion: view.Directory.Version, Marking: federation.MarkingNetwork,
				DeleteAfterMS: uint64(time.Now().AddDate(1, 0, 0).UnixMilli()), Audience: feed.NewAudience("DE", "FR"), Form: form})
			if err != nil {
				b.Fatal(err)
			}
			p.Leaves, p.Records = append(p.Leaves, w.Leaf), append(p.Records, w.Record)
			lines = append(lines, grant.Line{Leaf: w.Leaf, Action: grant.Give, Key: w.Key})
		}
		spine, err := writer.Checkpoint()
		if err != nil {
			b.Fatal(err)
		}
		p.Checkpoint = spine.Checkpoint
		g, next, err := grant.Issue(pos, "FR", "DE", 0, 1, lines, fr.ring.Sign)
		if err != nil {
			b.Fatal(err)
		}
		pos = next
		b.StartTimer()
		accepted, err := follower.Accept(p, uint64(time.Now().UnixMilli()))
		if err != nil {
			b.Fatal(err)
		}
		out, err := de.keeper.Accept(context.Background(), &replica.Arrival{Owner: "FR", Accepted: accepted, Grants: []*grant.Grant{g}, Inbox: pos})
		if err != nil || !out.Opened || len(out.Quarantined) > 0 {
			b.Fatalf("%+v, %v", out, err)
		}
	}
	b.ReportMetric(float64((b.N+page-1)/page*page)/b.Elapsed().Seconds(), "items/s")
}
