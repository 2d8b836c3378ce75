// Package intake judges what arrives from other members and keeps what passes.
//
// By the time an arrival comes here its bytes are proven: the log is its owner's, the grants are in order and addressed
// to this node. Intake applies the rules on content, in the order of the receiver's checks: audience, element, marking,
// structure, retention, header of the sealed file, decryption, binding, form, personal data. What fails leaves a counter
// and a note with its reason, and neither sealed bytes nor key; the owner's log goes on behind it.
//
// Invariant: an item is shown only after its key was made durable, its entry committed and its content found in order,
// so a node that starts again shows the same items.
//
// Never: no network, no pages, no rules of its own: forms and screening stand in federation.
//
// Why opening comes before storing: a refused item must leave nothing on the disk that a later key could open.
package intake
