// Package merkle keeps the hash tree of a log: leaf and node hashes, roots, proofs and signed checkpoints.
//
// The tree is that of RFC 6962, section 2.1, as golang.org/x/mod/sumdb/tlog computes it, and stored hashes are numbered
// as tlog numbers them. A checkpoint is a C2SP signed note of three lines: origin, size, base64 root.
//
// Invariant: a proof that checks is of at most 64 hashes, and a checkpoint that opens was signed by the one key asked for.
//
// Never: no I/O; stored hashes come through a HashReader.
//
// Why a tree in memory beside tlog: appending needs only the right edge, about twenty hashes, so a writer under load reads
// nothing from the disk.
package merkle
