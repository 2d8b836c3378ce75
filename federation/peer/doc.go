// Package peer is the transport between nodes: a libp2p host that speaks TLS 1.3 over TCP and QUIC with the members of the
// directory and with nobody else.
//
// Invariant: a stream that a handler sees, or that Open returns, is to the node whose transport key the directory names for
// that member; a member that leaves the directory loses its connections at once.
//
// Never: no meaning of bytes. Addresses come from the directory alone: what peers say of themselves or of others is not
// used, and there is no discovery, relay, hole punching or address mapping.
//
// Why inline Ed25519 ids only: the peer id then is the key itself, so a look-up in the directory decides before any other
// kind of key is even parsed.
package peer
