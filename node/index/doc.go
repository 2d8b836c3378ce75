// Package index holds in memory the rows that lists, filters and watches need: one small row for each item this node can
// read, in go-memdb.
//
// Invariant: the index holds nothing that store and vault could not give again; it is rebuilt from them at each start and
// is never the only copy. A search filters by what the person may see before it counts, cuts or returns anything.
//
// Never: no disk, no sealed bytes, no item keys, no whole items: an item's page opens the sealed bytes anew.
//
// Why two indexes and no more: each costs about 300 bytes a row, and a list reads newest first whatever its filters are.
package index
