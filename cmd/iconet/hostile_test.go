package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/crypto/merkle"
	"iconet.example/crypto/seal"
	"iconet.example/crypto/sign"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/directory"
	"iconet.example/federation/feed"
	"iconet.example/federation/grant"
	"iconet.example/federation/peer"
	"iconet.example/federation/wire"
	"iconet.example/node"
	"iconet.example/testnet"
)

const syncProtocol = "/iconet/1/sync"

// impostor is a member's node taken over: its keys are real, what it says is not.
type impostor struct {
	t     *testing.T
	code  federation.MemberCode
	ring  *keyring.Ring
	view  *directory.View
	host  *peer.Host
	plays chan func(io.ReadWriter)
}

// takeOver answers in the place of a stopped node.
func takeOver(t *testing.T, one *testnet.Node) *impostor {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(one.Dir, "keys"), keyring.Protection{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(one.Dir)
	if err != nil {
		t.Fatal(err)
	}
	view := documents(t, one)
	im := &impostor{t: t, code: one.Code, ring: ring, view: view, host: listen(t, ring.P2P, cfg.Listen, view, one.Code), plays: make(chan func(io.ReadWriter), 16)}
	im.host.Handle(syncProtocol, func(from federation.MemberCode, s peer.Stream) {
		defer s.Close()
		s.SetDeadline(time.Now().Add(10 * time.Second))
		m, err := wire.Read(s)
		sub, ok := m.(wire.Subscribe)
		if err != nil || !ok || sub.Owner != im.code || from != "FR" {
			return
		}
		select {
		case play := <-im.plays:
			play(s)
		case <-t.Context().Done():
		}
	})
	return im
}

func documents(t *testing.T, one *testnet.Node) *directory.View {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(one.Dir, node.BundleFile))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := coordinator.ParseBundle(raw)
	if err != nil {
		t.Fatal(err)
	}
	book, err := bundle.Book(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return book.Current()
}

func listen(t *testing.T, key *sign.Key, addrs []string, view *directory.View, self federation.MemberCode) *peer.Host {
	t.Helper()
	host, err := peer.New(peer.Config{Key: key, Listen: addrs, TestNetwork: true, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	var peers []peer.Peer
	for _, p := range view.Active() {
		if p.Code != self {
			peers = append(peers, peer.Peer{Code: p.Code, P2P: p.Keys.P2P, Addrs: p.Keys.Addrs})
		}
	}
	if err := host.SetPeers(peers); err != nil {
		t.Fatal(err)
	}
	return host
}

// page is a sound page of one entry for France, made with the member's real keys.
func (im *impostor) page() (wire.Page, feed.Written) {
	tree, err := merkle.LoadTree(0, nil)
	if err != nil {
		im.t.Fatal(err)
	}
	w := feed.NewWriter(im.code, feed.Spine{}, tree, im.ring.Sign)
	s := exampleAlert(time.Now())
	form, err := federation.EncodeItem(&federation.Item{Ref: "IT-EWS-01-2026-000001", Form: s.Form, Version: 1, Owner: im.code, Header: s.Header, Fields: s.Fields})
	if err != nil {
		im.t.Fatal(err)
	}
	made, err := w.Append(rand.Reader, uint64(time.Now().UnixMilli()), feed.Draft{Kind: feed.Publish, Revision: 1, Element: 1,
		StructureVersion: im.view.Structure.Version, StructureHash: im.view.StructureHash, DirectoryVersion: im.view.Directory.Version, Marking: federation.MarkingNetwork,
		DeleteAfterMS: uint64(time.Now().AddDate(1, 0, 0).UnixMilli()), Audience: feed.NewAudience("FR", im.code), Form: form})
	if err != nil {
		im.t.Fatal(err)
	}
	spine, err := w.Checkpoint()
	if err != nil {
		im.t.Fatal(err)
	}
	return wire.Page{Page: feed.Page{Owner: im.code, Leaves: []merkle.Hash{made.Leaf}, Checkpoint: spine.Checkpoint, Records: []feed.Record{made.Record}}}, made
}

// granted is a sound grant of a key to France.
func (im *impostor) granted(made feed.Written, to federation.MemberCode) grant.Sealed {
	g, _, err := grant.Issue(grant.Position{}, im.code, "FR", 0, uint64(time.Now().UnixMilli()), []grant.Line{{Leaf: made.Leaf, Action: grant.Give, Key: made.Key}}, im.ring.Sign)
	if err != nil {
		im.t.Fatal(err)
	}
	readers, err := im.view.Readers(to)
	if err != nil {
		im.t.Fatal(err)
	}
	sealed, err := seal.Seal(g.Encode(), readers...)
	if err != nil {
		im.t.Fatal(err)
	}
	return grant.Sealed{Owner: im.code, Grantee: "FR", Incarnation: g.Incarnation, Seq: g.Seq, Bytes: sealed}
}

// expect has the impostor play something and waits until France counts it.
func (im *impostor) expect(fr *testnet.Node, counter string, play func(io.ReadWriter)) {
	im.t.Helper()
	before := counted(im.t, fr, counter)
	im.plays <- play
	for end := time.Now().Add(20 * time.Second); counted(im.t, fr, counter) == before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s, err := fr.Client().Status(im.t.Context())
			im.t.Fatalf("France does not count %s: %+v (%v)", counter, s, err)
		}
	}
}

func counted(t *testing.T, one *testnet.Node, counter string) uint64 {
	t.Helper()
	s, err := one.Client().Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Rejected[counter]
}

func TestHostilePeersAreRefusedAndOthersUnaffected(t *testing.T) {
	n := bringUp(t, 22700, "FR", "DE", "IT")
	fr, de, it := nodeOf(t, n, "FR"), nodeOf(t, n, "DE"), nodeOf(t, n, "IT")
	if err := n.Stop(t.Context(), "IT"); err != nil {
		t.Fatal(err)
	}
	im := takeOver(t, it)
	send := func(m wire.Message) func(io.ReadWriter) {
		return func(s io.ReadWriter) {
			if err := wire.Write(s, m); err != nil {
				t.Log(err)
			}
			io.Copy(io.Discard, s) // until France hangs up
		}
	}
	t.Run("a peer that the directory does not list", func(t *testing.T) {
		key, err := sign.NewKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		host := listen(t, key, []string{"/ip4/127.0.0.1/tcp/0"}, im.view, "")
		before := counted(t, fr, "connection_unlisted")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if s, err := host.Open(ctx, "FR", syncProtocol); err == nil {
			s.SetDeadline(time.Now().Add(5 * time.Second))
			if err := wire.Write(s, wire.Subscribe{Owner: "FR"}); err == nil {
				if m, err := wire.Read(s); err == nil {
					t.Fatalf("France answers a stranger with %T", m)
				}
			}
		}
		if counted(t, fr, "connection_unlisted") == before {
			t.Error("France does not count the stranger")
		}
	})
	t.Run("a frame that is too large", func(t *testing.T) {
		im.expect(fr, "frame", func(s io.ReadWriter) {
			if _, err := s.Write([]byte{0xff, 0xff, 0xff, 0xff, 2}); err != nil {
				t.Log(err)
			}
			io.Copy(io.Discard, s)
		})
	})
	t.Run("sealed bytes with a flipped bit", func(t *testing.T) {
		p, _ := im.page()
		p.Records[0].Sealed[len(p.Records[0].Sealed)-1] ^= 1
		im.expect(fr, "ct_hash", send(p))
	})
	t.Run("an entry changed after it was signed", func(t *testing.T) {
		p, _ := im.page()
		p.Records[0].Entry.Marking = federation.MarkingPublic
		im.expect(fr, "sig", send(p))
	})
	t.Run("an entry of another owner", func(t *testing.T) {
		p, _ := im.page()
		p.Records[0].Entry.Owner = "DE"
		im.expect(fr, "owner", send(p))
	})
	t.Run("a message with a byte too many", func(t *testing.T) {
		im.expect(fr, "layout", func(s io.ReadWriter) {
			if _, err := s.Write([]byte{0, 0, 0, 2, 7, 0}); err != nil {
				t.Log(err)
			}
			io.Copy(io.Discard, s)
		})
	})
	t.Run("a grant for another member", func(t *testing.T) {
		p, made := im.page()
		p.Grants = []grant.Sealed{im.granted(made, "DE")}
		im.expect(fr, "grantee", send(p))
	})
	t.Run("a grant that is replayed", func(t *testing.T) {
		p, made := im.page()
		g := im.granted(made, "FR")
		p.Grants = []grant.Sealed{g}
		im.expect(fr, "grant_seq", func(s io.ReadWriter) {
			for _, m := range []wire.Message{p, wire.Page{Page: feed.Page{Owner: im.code, From: 1}, Grants: []grant.Sealed{g}}} {
				if err := wire.Write(s, m); err != nil {
					t.Log(err)
				}
			}
			io.Copy(io.Discard, s)
		})
	})
	// The one sound page came through once, and the others go on as if nothing had been.
	if _, err := (&person{one: de}).publish(t.Context(), warning(1, "FR")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		all := (&person{one: fr}).list(t)
		owners := map[federation.MemberCode]int{}
		for _, s := range all {
			owners[s.Owner]++
		}
		if owners["DE"] == 1 && owners["IT"] <= 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("France shows %v", owners)
		}
	}
	sound(t, fr, de)
	b, err := os.ReadFile(fr.Log)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "Medyka") {
		t.Error("content of an item is in the log")
	}
}
