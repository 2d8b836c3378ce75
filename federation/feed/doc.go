// Package feed is the format and the rules of an owner's log.
//
// All integers are big-endian; text ids are padded with zeros. The bytes of an entry:
//
//	EntryCore
//	    0   1 version = 1
//	    1   1 kind  1 PUBLISH 2 REVISE 3 WITHDRAW 4 DELETE 5 GRANT 6 REVOKE 7 KEYS 8 RESUME
//	    2  16 owner
//	   18   4 incarnation
//	   22   8 index             previous + 1, from 0
//	   30   8 time_ms           not below the previous
//	   38  32 prev              leaf hash of index - 1, zero at 0
//	   70  16 item
//	   86   4 revision          from 1
//	   90   2 element
//	   92   4 structure_version
//	   96  32 structure_hash    SHA-256 of the structure's payload
//	  128   4 directory_version
//	  132   1 marking           0 PUBLIC 1 NETWORK 2 LIMITE 3 SENSITIVE
//	  133   8 delete_after_ms
//	  141  32 audience_hash     SHA-256("iconet/1/audience" 00 || salt || list16<bytes16>)
//	  173  32 salt
//	  205   8 ct_len            at most 16 MiB
//	  213  32 ct_hash           SHA-256 of the sealed bytes
//	  245   2 length of the extension, then the extension:
//	          GRANT, REVOKE list16<bytes16> of members | KEYS bytes32 | RESUME u32 old incarnation, u64 old size | others none
//	sig64 = Ed25519 over "iconet/1/entry" 00 || u32(len) || EntryCore
//	leaf data = EntryCore || sig64; leaf hash = SHA-256(00 || leaf data); the tree is that of RFC 6962
//
//	Plaintext, sealed as an age file
//	  "iconet/1/item" 00 | u8 1 | bytes32 binding | u32 n | n bytes of form
//	  | u16 k | k * (opaque16 name | opaque16 media type | bytes32 sha256 | u64 len | bytes)
//	  | zeros up to 4, 8, 16, 32, 64 KiB, then multiples of 64 KiB
//	binding = SHA-256("iconet/1/bind" 00 || EntryCore[0:205])
//
// Invariant: a log only grows, and every member that follows it sees the same one: all check the spine of leaf hashes
// against the owner's signed checkpoints, while records go only to their audience.
//
// Never: no I/O, no clock; no judgement of what an item says.
//
// Why the salt is in the entry: a leaf hash that everybody sees must not let anybody test guesses at audience or content.
package feed
