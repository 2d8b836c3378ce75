// Package federation holds the words and rules that every node of the network shares.
//
// A member is a State, the Commission or a partner body that runs a node. It owns the items its services publish and
// never those of others. An item is one filled form; an entry is what the owner's log says about it; a grant hands its
// key to one reader; the audience is the set of members a grant may go to; an element is a subject area of article 2(2)
// of Decision 2005/267/EC; the structure is the Commission's signed definition of elements, forms and code lists.
//
// Invariant: two nodes with the same structure judge the same item alike, on every machine and at every start.
//
// Never: no I/O, clock, randomness or goroutine; everything comes in as an argument. Nothing of one node's own storage,
// people or pages.
//
// Why: the rules that decide what may enter the network are read by lawyers and auditors; they stand in one place that
// depends on nothing which could make two members disagree.
package federation
