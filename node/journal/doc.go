// Package journal writes the owner's log: it turns drafts into entries, seals them, grants their keys and commits all of it.
//
// One goroutine is the only writer. It takes what waits, warnings before the rest, and makes one batch of it: one write
// of the vault, one transaction of the store, one signed checkpoint and one grant to each reader, however many drafts
// share them. Under load the cost of the disk is shared; an idle node writes a batch of one at once.
//
// Invariant: a draft is answered only after its entry, its key, its grants and its audit line are durable, and nothing
// signed leaves the process before that. An index is never given twice.
//
// Never: it judges no content and resolves no audience; both are settled before a draft comes here.
//
// Why sealing stands inside the writer: the sealed bytes are bound to the entry's place in the log and to the leaf before
// it, so that nobody can move them; that makes the chain sequential by design.
package journal
