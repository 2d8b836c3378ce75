// Package seal hides whole messages with age (age-encryption.org/v1): items under a fresh symmetric key, and messages to
// the hybrid post-quantum recipients of other nodes.
//
// An item is a stock age file with exactly one scrypt stanza at work factor 1, whose passphrase is the unpadded base64url
// of 256 random bits: the secret has full entropy, so stretching would add nothing, and any stock age opens an exported
// item. Before a foreign item is opened its header must be under 1 KiB, with that one stanza and that work factor, so a
// sender cannot make a reader work.
//
// Invariant: what Unseal gives was read to its authenticated end.
//
// Never: an age file does not prove its author; signatures around it do. No plugins, no other recipient types.
//
// Why whole messages: age authenticates chunk by chunk, and acting on the beginning of a cut file is the mistake a stream
// interface invites.
package seal
