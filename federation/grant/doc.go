// Package grant is the format of the streams that carry item keys from an owner to one reader, and of their receipts.
//
// All integers are big-endian, member ids are 16 bytes, sig64 is Ed25519 over context || 00 || u32(len) || body.
//
//	Grant       context "iconet/1/grant"
//	  u8 version 1 | bytes16 owner | bytes16 grantee | u32 incarnation | u64 seq | bytes32 prev_grant_hash | u64 time_ms
//	  | u16 n | n * (bytes32 leaf_hash | u8 action | opaque16 key) | sig64
//	  action 1 GIVE with 32 bytes of key, 2 WITHDRAW and 3 DELETE with none; n is 1 to 1 000
//	  grant_hash = SHA-256 of all of it; seq counts from 1; the first prev_grant_hash of an incarnation is zero
//	StreamHead  context "iconet/1/head"
//	  u8 version 1 | bytes16 owner | bytes16 grantee | u32 incarnation | u64 last_seq | bytes32 last_grant_hash
//	  | u64 log_size | bytes32 log_root | u64 time_ms | sig64
//	Ack         context "iconet/1/ack"
//	  u8 version 1 | bytes16 grantee | bytes16 owner | u32 incarnation | u64 seq | bytes32 grant_hash | u8 status | sig64
//	  status 1 STORED, 2 QUARANTINED, 3 OPENED
//
// On the wire and at rest a grant is an age file to the grantee's hybrid recipient, so a relay learns only its number.
//
// Invariant: a grant has an effect once, in order: it is applied only if it follows the last one applied, and its effect
// and the new position are one transaction.
//
// Never: no I/O, no sealing, no knowledge of what the items say.
//
// Why a stream for each pair: it answers "did I get everything that was meant for me, once" without telling anyone else
// what that was, which the owner's log alone could not.
package grant
