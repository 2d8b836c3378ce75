package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/directory"
	"iconet.example/federation/peer"
	"iconet.example/federation/replica"
	"iconet.example/node/account"
	"iconet.example/node/index"
	"iconet.example/node/intake"
	"iconet.example/node/journal"
	"iconet.example/node/office"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

// Config says which node to open.
type Config struct {
	Dir        string
	Config     *config.Config
	Protection keyring.Protection
	Logger     *slog.Logger
}

// Node is an open node. Make one with Open, run it once with Run, then Close it.
type Node struct {
	c        Config
	self     federation.MemberCode
	ring     *keyring.Ring
	store    *store.Store
	vault    *vault.Vault
	index    *index.Index
	docs     *documents
	desk     *coordinator.Desk // of the Commission's node, else nil
	host     *peer.Host
	replica  *replica.Replica
	keeper   *intake.Keeper
	journal  *journal.Journal
	trail    *office.Trail
	office   *office.Office
	accounts *account.Service
	metrics  *prometheus.Registry
	doors    []door
	deskMu   sync.Mutex    // guards desk
	done     chan struct{} // closed when Run is told to stop

	started time.Time
	rebuilt atomic.Bool
	halted  chan error // the first failure of the disk
	closers []func() error
}

// now is the node's clock: milliseconds, so that a time that is stored and read again compares equal.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Open opens everything but starts nothing that acts on its own, except the store's writer. Listeners are open when it
// returns, so an address in use is its error. On an error everything it opened is closed.
func Open(ctx context.Context, c Config) (n *Node, err error) {
	n = &Node{c: c, self: c.Config.Member, metrics: prometheus.NewRegistry(), started: now(), halted: make(chan error, 1), done: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
			n = nil
		}
	}()
	for _, step := range []func() error{n.openKeys, n.openStores, n.openDocuments, n.openNetwork, n.openPen, n.openPeople, n.openDoors} {
		if err := step(); err != nil {
			return n, err
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// onClose notes what Close has to undo.
func (n *Node) onClose(fn func() error) { n.closers = append(n.closers, fn) }

// Close closes what Open opened, in reverse order.
func (n *Node) Close() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}

// Run works until ctx ends and returns nil then, or the first error of a part that cannot go on.
func (n *Node) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, func() { close(n.done) })
	group.Go(func() error {
		if err := n.keeper.Rebuild(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		n.rebuilt.Store(true)
		return nil
	})
	group.Go(func() error { return n.journal.Run(ctx) })
	group.Go(func() error { return n.replica.Run(ctx) })
	for _, d := range n.doors {
		group.Go(func() error { return d.run(ctx) })
	}
	if n.desk != nil {
		group.Go(func() error { return n.stamp(ctx) })
	}
	group.Go(func() error {
		select {
		case err := <-n.halted:
			return err
		case <-ctx.Done():
			return nil
		}
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running node %s: %w", n.self, err)
	}
	return nil
}

// halt ends Run with the first failure of the disk.
func (n *Node) halt(err error) {
	select {
	case n.halted <- err:
	default:
	}
}

// stampPeriod is how often the Commission's node renews the timestamp.
const stampPeriod = 10 * time.Minute

// stamp renews the timestamp and puts what the desk issued in force here, from where the others fetch it.
func (n *Node) stamp(ctx context.Context) error {
	tick := time.NewTicker(stampPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		n.deskMu.Lock()
		err := n.desk.Stamp(now())
		if err == nil {
			err = n.takeFromDesk()
		}
		n.deskMu.Unlock()
		if err != nil {
			return err
		}
	}
}

// takeFromDesk applies the desk's documents to this node's own book. deskMu is held once the node runs.
func (n *Node) takeFromDesk() error {
	for _, d := range n.desk.Documents().Documents {
		if _, err := n.docs.Apply(d.Kind, d.Document); err != nil && federation.ReasonOf(err) != federation.ReasonRollback {
			return fmt.Errorf("taking what the desk issued: %w", err)
		}
	}
	return nil
}

func (n *Node) openKeys() (err error) {
	if n.ring, err = keyring.Open(filepath.Join(n.c.Dir, keysDir), n.c.Protection); err != nil {
		return err
	}
	if n.ring.Plain && !n.c.Config.TestNetwork {
		return fmt.Errorf("the key ring is not protected, which only a test network takes: %w", keyring.ErrProtection)
	}
	return nil
}

func (n *Node) openStores() (err error) {
	n.store, err = store.Open(store.Config{Dir: filepath.Join(n.c.Dir, "store"), Key: n.ring.StoreKey, Owner: n.self, Logger: n.c.Logger, Failed: n.halt})
	if err != nil {
		return err
	}
	n.onClose(n.store.Close)
	keys, err := n.store.Counter(store.KeysCounter)
	if err != nil {
		return err
	}
	if n.vault, err = vault.Open(filepath.Join(n.c.Dir, "vault"), n.ring.KEK, int(keys)); err != nil {
		return err
	}
	n.onClose(n.vault.Close)
	n.index, err = index.New()
	return err
}

func (n *Node) openDocuments() (err error) {
	if n.docs, err = openDocuments(n.store, filepath.Join(n.c.Dir, BundleFile), now, n.c.Logger); err != nil {
		return err
	}
	if root := n.docs.Current().Root; root.TestNetwork != n.c.Config.TestNetwork {
		return fmt.Errorf("network %q has test_network = %v, the node's configuration says otherwise: %w", root.Network, root.TestNetwork, federation.ErrInvalid)
	}
	if n.self == federation.Commission {
		if n.desk, err = coordinator.Open(filepath.Join(n.c.Dir, CommitteeDir), n.c.Protection); err != nil {
			return err
		}
		if err := n.desk.Stamp(now()); err != nil {
			return err
		}
		return n.takeFromDesk()
	}
	return nil
}

func (n *Node) openNetwork() (err error) {
	n.host, err = peer.New(peer.Config{Key: n.ring.P2P, Listen: n.c.Config.Listen, TestNetwork: n.c.Config.TestNetwork, Logger: n.c.Logger, Registerer: n.metrics})
	if err != nil {
		return fmt.Errorf("%w: %w", err, config.ErrConfig)
	}
	n.onClose(n.host.Close)
	n.docs.OnChange(n.admit)
	n.keeper = intake.New(intake.Config{Self: n.self, Store: n.store, Vault: n.vault, Index: n.index, View: n.docs.Current, Now: now, Logger: n.c.Logger,
		Refused: func(r federation.Reason) { n.replica.Rejected(r) }})
	n.replica, err = replica.New(replica.Config{Self: n.self, Signer: n.ring.Sign, Identities: n.ring.Enc, Store: n.store, Keeper: n.keeper,
		Behind: n.behind, Documents: n.docs, Network: network{n.host}, Now: now, Logger: n.c.Logger, Registerer: n.metrics})
	return err
}

// admit tells the transport who may connect.
func (n *Node) admit(v *directory.View) {
	var peers []peer.Peer
	for _, p := range v.Active() {
		if p.Code != n.self {
			peers = append(peers, peer.Peer{Code: p.Code, P2P: p.Keys.P2P, Addrs: p.Keys.Addrs})
		}
	}
	if err := n.host.SetPeers(peers); err != nil {
		n.c.Logger.Error("admitting the directory's members", "error", err)
	}
}

func (n *Node) openPen() (err error) {
	if n.trail, err = office.NewTrail(n.store, now); err != nil {
		return err
	}
	n.journal, err = journal.New(journal.Config{Owner: n.self, Signer: n.ring.Sign, Store: n.store, Vault: n.vault, Random: rand.Reader, Now: now,
		Readers: func(m federation.MemberCode) ([]recipient, error) { return n.docs.Current().Readers(m) },
		Recall:  func(ctx context.Context) error { return n.replica.Recall(ctx) }, Everybody: n.everybody,
		Commit: n.trail.Commit, Committed: n.committed})
	if err != nil {
		return err
	}
	n.office = office.New(office.Config{Self: n.self, Store: n.store, Vault: n.vault, Index: n.index, Journal: n.journal, Trail: n.trail,
		View: n.docs.Current, Writable: n.writable, Random: rand.Reader, Now: now, Logger: n.c.Logger})
	return nil
}

// behind stops the pen: another member holds more of this node's own log than the node itself.
func (n *Node) behind() {
	n.c.Logger.Error("another member holds more of this node's own log: nothing is published until it is brought back")
	if err := n.store.NoteBehind(); err != nil {
		n.halt(err)
	}
}

// everybody lists the active members, this node's included.
func (n *Node) everybody() []federation.MemberCode {
	var out []federation.MemberCode
	for _, p := range n.docs.Current().Active() {
		out = append(out, p.Code)
	}
	return out
}

// committed shows what the journal made durable and wakes the streams to the others.
func (n *Node) committed(batch []journal.Written) {
	for _, w := range batch {
		if err := n.keeper.Show(w.Record, w.Item); err != nil {
			n.c.Logger.Error("showing a published item", "error", err)
		}
	}
	n.replica.Announce()
}

// writable says why nothing can be published at present, or nil.
func (n *Node) writable() error {
	if n.store.Recovery() {
		return fmt.Errorf("the node's log is behind what it once acknowledged; it publishes again when the others have given it back: %w", federation.ErrStale)
	}
	if f := n.docs.Current().Freshness(now()); f == directory.Closed {
		return fmt.Errorf("nothing has been heard from the coordinator for 90 days: %w", federation.ErrStale)
	}
	return nil
}
