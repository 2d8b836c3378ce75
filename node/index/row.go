package index

import (
	"encoding/binary"
	"fmt"

	"github.com/hashicorp/go-memdb"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
)

// Row is what lists show of one item at its newest revision. Rows are never changed after Put; readers share them.
type Row struct {
	ID          federation.ItemID
	Leaf        merkle.Hash // of the entry of this revision
	Owner       federation.MemberCode
	Element     federation.ElementCode
	Form        federation.FormCode
	Marking     federation.Marking
	Revision    uint32
	Index       uint64 // in the owner's log
	PublishedMS uint64 // the entry's time
	ReceivedMS  uint64 // when this node had it

	Ref     string
	Title   string
	Lang    string
	Urgency string
	Kind    string
	Impact  string
	Place   string
	Country string
	Routes  []string
}

const table, byID, byTime = "item", "id", "time"

func schema() *memdb.DBSchema {
	return &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{table: {Name: table, Indexes: map[string]*memdb.IndexSchema{
		byID:   {Name: byID, Unique: true, Indexer: keyIndexer(func(r *Row) []byte { return r.ID[:] })},
		byTime: {Name: byTime, Unique: true, Indexer: keyIndexer(timeKey)},
	}}}}
}

// timeKey orders rows by publication and, within a millisecond, by id: 8 bytes big-endian and 16 bytes.
func timeKey(r *Row) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 24), r.PublishedMS), r.ID[:]...)
}

// keyIndexer makes a go-memdb index of a key function; arguments of look-ups are the raw key bytes.
type keyIndexer func(*Row) []byte

func (k keyIndexer) FromObject(obj any) (bool, []byte, error) {
	row, ok := obj.(*Row)
	if !ok {
		return false, nil, fmt.Errorf("indexing a %T", obj)
	}
	return true, k(row), nil
}

func (k keyIndexer) FromArgs(args ...any) ([]byte, error) {
	if len(args) == 1 {
		if key, ok := args[0].([]byte); ok {
			return key, nil
		}
	}
	return nil, fmt.Errorf("looking up with %d arguments instead of one key", len(args))
}
