package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	badger "github.com/dgraph-io/badger/v4"

	"iconet.example/federation"
)

// key builds a key from its letter and parts: member codes, numbers, hashes, text.
func key(letter byte, parts ...any) []byte {
	k := append(make([]byte, 0, 72), letter)
	for _, p := range parts {
		switch v := p.(type) {
		case federation.MemberCode:
			id := v.ID()
			k = append(k, id[:]...)
		case uint64:
			k = binary.BigEndian.AppendUint64(k, v)
		case int64:
			k = binary.BigEndian.AppendUint64(k, uint64(v))
		case uint32:
			k = binary.BigEndian.AppendUint32(k, v)
		case [32]byte:
			k = append(k, v[:]...)
		case string:
			k = append(k, v...)
		default:
			panic(fmt.Sprintf("a %T in a key", p)) // a programmer's mistake
		}
	}
	return k
}

// value reads one key; a missing one is ErrNotFound.
func value(t *badger.Txn, k []byte) ([]byte, error) {
	item, err := t.Get(k)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, federation.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	v, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	return v, nil
}

// get reads one key in a transaction of its own.
func (s *Store) get(k []byte) (v []byte, err error) {
	err = s.db.View(func(t *badger.Txn) error {
		v, err = value(t, k)
		return err
	})
	return v, err
}

// errStop ends an iteration early without being an error.
var errStop = errors.New("stop")

// each walks the keys with a prefix from start on, or all of them if start is nil. The slices are valid only during the
// call.
func (s *Store) each(prefix, start []byte, fn func(k, v []byte) error) error {
	err := s.db.View(func(t *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.Prefix = prefix
		o.PrefetchSize = 64
		it := t.NewIterator(o)
		defer it.Close()
		if start == nil {
			start = prefix
		}
		for it.Seek(start); it.ValidForPrefix(prefix); it.Next() {
			k := it.Item().Key()
			if err := it.Item().Value(func(v []byte) error { return fn(k, v) }); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
