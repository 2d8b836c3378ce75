// Package coordinator is the Commission's desk: it admits members and issues the signed documents of the network.
//
// The desk holds the committee's keys and the documents issued so far in a directory of its own. Each document follows
// the one before by version and hash; a timestamp over the three ends every change.
//
// Invariant: what the desk issues is accepted by a node that has accepted everything issued before, which the desk checks
// with the same code before it gives a document out.
//
// Never: no item of a member, no key of an item; the desk of a running coordinator is no part of the exchange.
//
// Why files: the committee's keys belong to people and machines apart; documents and signatures travel as files between
// them, and the running node needs the key of the timestamp alone.
package coordinator
