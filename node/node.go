package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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
	group.Go(func() error { return n.scrub(ctx) })
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
	if n.store, err = n.openStore(); err != nil {
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

// damagedFile is there after a start at which the store was found damaged.
const damagedFile = "store-damaged"

// openStore opens the store. One that is damaged ends the start, because another process or a disk that is not mounted may
// be the cause; if it is damaged at the next start as well, it is moved aside and the data are fetched from the others.
func (n *Node) openStore() (*store.Store, error) {
	c := store.Config{Dir: filepath.Join(n.c.Dir, "store"), Key: n.ring.StoreKey, Owner: n.self, Logger: n.c.Logger, Failed: n.halt}
	note := filepath.Join(n.c.Dir, damagedFile)
	s, err := store.Open(c)
	if !errors.Is(err, store.ErrDamaged) {
		if err == nil {
			if gone := os.Remove(note); gone != nil && !errors.Is(gone, os.ErrNotExist) {
				return nil, errors.Join(fmt.Errorf("noting that the store is sound: %w", gone), s.Close())
			}
		}
		return s, err
	}
	if _, first := os.Lstat(note); first != nil {
		return nil, errors.Join(err, coordinator.WriteFile(note, []byte(now().Format(time.RFC3339)+"\n")))
	}
	aside := c.Dir + ".damaged-" + now().Format("20060102T150405Z")
	if moved := os.Rename(c.Dir, aside); moved != nil {
		return nil, errors.Join(err, moved)
	}
	n.c.Logger.Error("the store is damaged and was moved aside; items are fetched from the others, accounts and audit trail begin anew", "aside", filepath.Base(aside), "error", err)
	if s, err = store.Open(c); err != nil {
		return nil, err
	}
	if err := errors.Join(s.NoteBehind(), os.Remove(note)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
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

// maxClockOff is how far this node's clock may be from the median of the others before it publishes nothing.
const maxClockOff = 5 * time.Minute

// clockOff gives how far the clocks of the connected members are ahead of ours, by their median; 0 for fewer than three.
func (n *Node) clockOff() time.Duration {
	var ahead []time.Duration
	for _, p := range n.replica.Status() {
		if p.Connected {
			ahead = append(ahead, p.ClockAhead)
		}
	}
	if len(ahead) < 3 {
		return 0
	}
	slices.Sort(ahead)
	return ahead[len(ahead)/2]
}

// scrubPeriod is how often a node checks all it holds.
const scrubPeriod = 7 * 24 * time.Hour

// scrub checks all data again and again and logs what is wrong.
func (n *Node) scrub(ctx context.Context) error {
	tick := time.NewTicker(scrubPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		report, err := n.check(ctx)
		if err != nil {
			return err
		}
		for _, p := range report.Problems {
			n.c.Logger.Error("found while checking all data", "problem", p)
		}
	}
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
	if off := n.clockOff(); off > maxClockOff || off < -maxClockOff {
		return fmt.Errorf("this machine's clock differs by %s from the median of the others: set it right: %w", off.Round(time.Second), federation.ErrStale)
	}
	if f := n.docs.Current().Freshness(now()); f == directory.Closed {
		return fmt.Errorf("nothing has been heard from the coordinator for 90 days: %w", federation.ErrStale)
	}
	return nil
}
