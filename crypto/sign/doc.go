// Package sign makes and checks Ed25519 signatures (RFC 8032) with a context for each use, and the signed documents that
// carry several of them.
//
// A signature is over context || 0x00 || u32(len(body)) || body, so a signature made for one purpose says nothing in
// another.
//
// Invariant: a public key that verifies anything was read by [ParsePublicKey], which refuses keys of small order and
// non-canonical encodings: crypto/ed25519 accepts the identity point as a key for every message. The payload of a document
// is reachable only through [Document.Verify].
//
// Never: no files, no knowledge of members; contexts are declared by the formats that use them.
//
// Why not prehashing or COSE: every signed body here is small and has one canonical form of its own.
package sign
