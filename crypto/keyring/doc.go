// Package keyring keeps a node's private keys in files: three Ed25519 keys of separate uses, the reader's hybrid keys, and
// the keys of store and vault.
//
// A ring is one file: eight bytes of magic, one byte of protection, the parameters of the key derivation, then the ring as
// XChaCha20-Poly1305 under the key-encryption key, which comes from a passphrase (argon2id, RFC 9106) or from a credential
// that the service manager hands over. Unprotected files say so in their first bytes, and only a test network takes them.
//
// Invariant: a file is readable by its owner alone, or it is refused; a new file is never written over an old one.
//
// Never: no secret in an error; no key of items (node/vault).
//
// Why one file for the ring: the keys of a node are created, backed up and lost together, and one passphrase is asked once.
package keyring
