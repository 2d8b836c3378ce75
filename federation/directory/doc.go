// Package directory holds the committee's signed documents: who is in the network, by which keys, and which structure is
// in force; and the rules by which a node accepts a newer one.
//
// Four documents, each JSON in an envelope with its signatures. root names the keys and thresholds of all roles;
// directory the members and their node keys; structure the forms; timestamp, short-lived and signed online, the versions
// and hashes of the three that belong together. The rules are the client workflow of The Update Framework: a version is
// followed only by the next one, a root is signed by the old and by the new keys, nothing expired is adopted, nothing
// lower than what was once seen is accepted.
//
// A member's node keys are a statement in canonical bytes that its own national root signed, so the committee cannot
// exchange them:
//
//	NodeKeys   context "iconet/1/nodekeys"
//	  u8 1 | bytes16 member | u32 version | u64 not_before_ms | u64 not_after_ms | bytes32 p2p | bytes32 sign
//	  | bytes32 witness | list16<opaque16 age recipient> | list16<opaque16 multiaddr> | bytes32 prev_statement_hash | sig64
//
// Invariant: versions never fall; what Current gives was signed by the thresholds of the root in force and fits together.
//
// Never: no network, no disk, no clock of its own. Any channel may carry the documents.
//
// Why not go-tuf: it brings signing services and container registries into the most trusted process; its list of attacks
// is our list of tests.
package directory
