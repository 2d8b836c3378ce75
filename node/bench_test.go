package node

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/replica"
)

var receivers = []federation.MemberCode{"DE", "IT", "PL"}

// BenchmarkReplicateToThree publishes b.N items, many at once, and waits until all three receivers have indexed them: form
// check, screening, seal, log, sync, replication, verification, opening and audit in one process.
func BenchmarkReplicateToThree(b *testing.B) {
	nodes, _ := run(b, append([]federation.MemberCode{"FR"}, receivers...)...)
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
	nodes, _ := run(b, append([]federation.MemberCode{"FR"}, receivers...)...)
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
	nodes, _ := run(b, "FR", "DE")
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
