// Package vault keeps the keys of items at rest, outside the store, so that forgetting a key erases the item.
//
// A generation is two files: gen-N, an append-only list of records, and gen-N.key, the generation's key sealed under the
// node's KEK. A record is
//
//	leaf 32 | nonce 24 | XChaCha20-Poly1305(item key 32) 48      aad "iconet/1/vault" 00 || u64 N || leaf
//
// and the file current names N. All keys are read into memory at start. To forget, a new generation is written without
// the dropped keys, the pointer is flipped, and the old generation's key is overwritten and both its files are removed:
// what may remain of gen-N on the medium is then unreadable.
//
// Invariant: Put returns after the keys are on the disk; a record is either whole or, at the end of the file after a
// crash, cut off. A damaged record before the end is an error, never a missing key.
//
// Never: no content of items, no decision what to forget.
//
// Why not in Badger: Badger keeps deleted values readable on the disk after garbage collection, flattening and reopening.
package vault
