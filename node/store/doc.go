// Package store keeps a node's facts in Badger: records, hash trees, streams of grants, documents, the audit trail and
// accounts. Values are ciphertext, hashes, counters and headers; item keys and the plaintext of items never come here.
//
// Keys, a letter and then fixed-width parts (owner, grantee: member id, 16 bytes; numbers big-endian):
//
//	m name                    version of the data, owner of the node
//	s owner                   spine of a log                       h owner position8   stored hash of its tree
//	e owner index8            record                               b owner index8 n4   256 KiB piece of long sealed bytes
//	l owner leaf32            index of a held record               x owner index8      refused entry: leaf, time, reason
//	y owner leaf32            the leaf of a refused entry
//	w owner leaf32            the grant of a record not here yet   i owner             last grant applied
//	o grantee                 last grant issued                    g grantee inc4 seq8 sealed grant and its leaves
//	r grantee inc4 seq8       times of a grant: queued, delivered, opened, refused
//	t grantee                 how far a grantee acknowledged
//	p leaf32 grantee inc4 seq8                                     a grant that carries an own item
//	d owner grantee inc4 seq8 grant deposited for another member   c kind "/" version4 committee document
//	a seq8                    audit line                           u id                official
//	k key32                   item of an import key                n name              counter
//
// Invariant: a batch is durable as a whole or not at all, in the order of the calls of Submit, and Commit returns after
// the disk has it. A second file, mark, is fsynced after each batch that grows the node's own log, and a store that is
// behind its mark says so: Badger loses the end of a damaged log file in silence.
//
// Never: no policy, no network, no judgement of content.
//
// Why our own group commit: Badger syncs once a transaction, and sixteen writers at once are no faster than one; what
// waits is therefore merged into one transaction.
package store
