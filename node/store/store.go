package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"iconet.example/federation"
)

// The failures of Open and Commit that an operator must tell apart.
var (
	ErrLocked   = errors.New("another process has the data directory open")
	ErrNewer    = errors.New("the data were written by a newer version")
	ErrReadOnly = errors.New("the store stopped writing after a failure of the disk")
	ErrFull     = errors.New("the disk is nearly full")
	ErrDamaged  = errors.New("the data are damaged")
)

// dataVersion is the layout of the package comment.
const dataVersion = 1

// Config says where and whose a store is.
type Config struct {
	Dir    string   // created if it does not exist
	Key    [32]byte // encrypts the files; a second layer under the sealed items
	Owner  federation.MemberCode
	Logger *slog.Logger
	// MinFree is the free space in bytes under which nothing more is written. 0 means 256 MiB.
	MinFree uint64
	// Failed is called once, when a write fails and the store stops writing. It may be nil and must not block.
	Failed func(error)
}

// Store is the node's data. Safe for concurrent use.
type Store struct {
	c        Config
	db       *badger.DB
	lock     *os.File
	mark     *mark
	recovery atomic.Bool

	behindMu sync.Mutex
	behind   chan struct{} // closed while the store is in recovery; guarded by behindMu

	queue  chan *submission
	closed chan struct{} // closed by Close
	ended  chan struct{} // closed when the committer has ended

	failed atomic.Pointer[error]
}

// Open opens or creates a store and starts its committer. Errors: [ErrLocked], [ErrNewer], ErrConflict for the data of
// another member; others are failures of the disk.
func Open(c Config) (*Store, error) {
	if c.MinFree == 0 {
		c.MinFree = 256 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the store: %w", err)
	}
	lock, err := acquire(filepath.Join(c.Dir, "lock"))
	if err != nil {
		return nil, err
	}
	s := &Store{c: c, lock: lock, queue: make(chan *submission, 1024), closed: make(chan struct{}), ended: make(chan struct{}), behind: make(chan struct{})}
	if err := s.open(); err != nil {
		lock.Close()
		return nil, err
	}
	go func() {
		defer close(s.ended)
		s.commitAll()
	}()
	return s, nil
}

func (s *Store) open() (err error) {
	if s.db, err = badger.Open(badgerOptions(s.c)); err != nil {
		return fmt.Errorf("opening the store: %w: %w", err, ErrDamaged)
	}
	defer func() {
		if err != nil {
			s.db.Close()
		}
	}()
	if err := s.checkMeta(); err != nil {
		return err
	}
	if s.mark, err = openMark(filepath.Join(s.c.Dir, "mark")); err != nil {
		return err
	}
	spine, err := s.Spine(s.c.Owner)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	if s.mark.seq == 0 && spine.Size == 0 { // from now on a mark that is missing was lost
		if err := s.mark.write(position{}); err != nil {
			return err
		}
	}
	_, noted := s.get(behindKey)
	if noted != nil && !errors.Is(noted, federation.ErrNotFound) {
		return noted
	}
	if noted == nil || s.mark.seq == 0 || s.mark.last.size > spine.Size || s.mark.last.incarnation > spine.Incarnation {
		s.enterRecovery()
		s.c.Logger.Error("the store is behind its mark", "stored", spine.Size, "marked", s.mark.last.size)
	}
	return nil
}

func badgerOptions(c Config) badger.Options {
	return badger.DefaultOptions(filepath.Join(c.Dir, "badger")).
		WithSyncWrites(true).
		WithEncryptionKey(c.Key[:]).WithEncryptionKeyRotationDuration(7 * 24 * time.Hour).
		WithIndexCacheSize(16 << 20).WithBlockCacheSize(32 << 20).
		WithMemTableSize(16 << 20).WithNumMemtables(2).WithNumCompactors(2).
		WithValueThreshold(1 << 20).WithValueLogFileSize(64 << 20).
		WithChecksumVerificationMode(options.OnTableRead).WithVerifyValueChecksum(true).
		WithCompression(options.None).WithMetricsEnabled(false).WithDetectConflicts(false).
		WithLogger(badgerLog{c.Logger})
}

// checkMeta writes or compares the version and the owner of the data.
func (s *Store) checkMeta() error {
	return s.db.Update(func(t *badger.Txn) error {
		version, err := value(t, []byte("mversion"))
		if errors.Is(err, federation.ErrNotFound) {
			if err := t.Set([]byte("mowner"), []byte(s.c.Owner)); err != nil {
				return err
			}
			return t.Set([]byte("mversion"), binary.BigEndian.AppendUint32(nil, dataVersion))
		}
		if err != nil {
			return err
		}
		if v := binary.BigEndian.Uint32(version); v > dataVersion {
			return fmt.Errorf("data of version %d, this program knows %d: %w", v, dataVersion, ErrNewer)
		}
		owner, err := value(t, []byte("mowner"))
		if err != nil {
			return err
		}
		if string(owner) != string(s.c.Owner) {
			return fmt.Errorf("the data belong to %s: %w", owner, federation.ErrConflict)
		}
		return nil
	})
}

// behindKey is there while the node knows that its own log is behind.
var behindKey = []byte("mbehind")

func (s *Store) enterRecovery() {
	s.behindMu.Lock()
	defer s.behindMu.Unlock()
	if s.recovery.CompareAndSwap(false, true) {
		close(s.behind)
	}
}

// Behind gives a channel that is closed once the store is in recovery.
func (s *Store) Behind() <-chan struct{} {
	s.behindMu.Lock()
	defer s.behindMu.Unlock()
	return s.behind
}

// NoteBehind begins recovery, across restarts, until Recovered.
func (s *Store) NoteBehind() error {
	s.enterRecovery()
	b := NewBatch()
	b.set(behindKey, []byte{1})
	return s.Commit(b)
}

// Recovered ends recovery: the own log was brought back and its next life begun.
func (s *Store) Recovered() error {
	b := NewBatch()
	b.delete(behindKey)
	if err := s.Commit(b); err != nil {
		return err
	}
	s.behindMu.Lock()
	defer s.behindMu.Unlock()
	if s.recovery.CompareAndSwap(true, false) {
		s.behind = make(chan struct{})
	}
	return nil
}

// Recovery reports whether the store is behind what this node has once acknowledged: it must not sign before its own
// log was brought back from the others.
func (s *Store) Recovery() bool { return s.recovery.Load() }

// Close writes what was submitted and closes the files.
func (s *Store) Close() error {
	close(s.closed)
	<-s.ended
	err := errors.Join(s.db.Close(), s.mark.close(), s.lock.Close())
	if err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// badgerLog hands Badger's messages to the node's log.
type badgerLog struct{ l *slog.Logger }

func (b badgerLog) Errorf(f string, a ...any)   { b.l.Error("badger: " + line(f, a)) }
func (b badgerLog) Warningf(f string, a ...any) { b.l.Warn("badger: " + line(f, a)) }
func (b badgerLog) Infof(f string, a ...any)    { b.l.Debug("badger: " + line(f, a)) }
func (b badgerLog) Debugf(f string, a ...any)   { b.l.Debug("badger: " + line(f, a)) }

func line(f string, a []any) string { return strings.TrimSpace(fmt.Sprintf(f, a...)) }
