// Package replica brings the logs of all members to this node and this node's log to the others, until they are equal.
//
// For each member one follower keeps a stream open to that member's node: it says by counters what is durable here and is
// sent the rest, then everything new as it is committed. When an owner cannot be reached its followers ask other members,
// who serve what they hold: the spine to everyone, records to their audience, deposited grants to their grantee. Each
// page is verified against the owner's signed checkpoint whoever carried it.
//
// Invariant: nothing from a peer reaches the node's keeper unverified, and the counters move with the data in one
// transaction, so that whatever is delivered twice has no second effect.
//
// Never: no Badger, no libp2p; they stand behind Store and Network. No judgement of what an item says (Keeper).
//
// Why a stream for each owner and not one for each pair: a bad log then stops itself alone.
package replica
