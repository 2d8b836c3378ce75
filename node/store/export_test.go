package store

import (
	"encoding/binary"
	"path/filepath"

	badger "github.com/dgraph-io/badger/v4"
)

// SetDataVersion makes the data of a closed store look as if another program had written them.
func SetDataVersion(c Config, v uint32) error {
	return withDB(c, func(db *badger.DB) error {
		return db.Update(func(t *badger.Txn) error { return t.Set([]byte("mversion"), binary.BigEndian.AppendUint32(nil, v)) })
	})
}

// Values gives all keys and values of a closed store.
func Values(c Config) (map[string]string, error) {
	all := map[string]string{}
	err := withDB(c, func(db *badger.DB) error {
		return db.View(func(t *badger.Txn) error {
			it := t.NewIterator(badger.DefaultIteratorOptions)
			defer it.Close()
			for it.Rewind(); it.Valid(); it.Next() {
				v, err := it.Item().ValueCopy(nil)
				if err != nil {
					return err
				}
				all[string(it.Item().Key())] = string(v)
			}
			return nil
		})
	})
	return all, err
}

func withDB(c Config, fn func(*badger.DB) error) error {
	db, err := badger.Open(badger.DefaultOptions(filepath.Join(c.Dir, "badger")).
		WithEncryptionKey(c.Key[:]).WithIndexCacheSize(16 << 20).WithMemTableSize(16 << 20).WithLogger(nil))
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}
