// Package wire is the protocol between nodes: frames, messages and their limits.
//
// A frame is u32 length and that many bytes, 1 to 1 048 576; its first byte is the type of the message. All integers are
// big-endian, member ids 16 bytes, blob32 is u32 length and bytes.
//
//	/iconet/1/sync      a reader opens it, says what it has of one owner's log, and is sent the rest as it comes
//	  1 Subscribe   bytes16 owner | u32 incarnation | u64 leaves | u32 grant incarnation | u64 grant seq
//	  2 Page        bytes16 owner | u64 from | u16 n, n * leaf32 | opaque16 checkpoint | u16 p, p * hash32
//	                | u16 r, r * (opaque16 entry | opaque16 audience | blob32 sealed)
//	                | u16 g, g * (bytes16 grantee | u32 incarnation | u64 seq | blob32 sealed grant)
//	  3 Head        StreamHead
//	  4 Ack         Ack                                                        reader to server
//	  5 Want        bytes16 owner | u16 n, n * leaf32                          reader to server
//	  6 Records     bytes16 owner | u16 r, r * record as in Page
//	  7 End         nothing: a server that is not the owner has sent all it has
//	/iconet/1/dir       documents of the committee
//	  8 DocRequest  u8 kind | u32 after version
//	  9 Doc         u8 kind | u8 1 if more parts follow | bytes; then End
//	/iconet/1/deposit   the owner leaves a sealed grant for another member
//	 10 Deposit     bytes16 owner | bytes16 grantee | u32 incarnation | u64 seq | blob32 sealed grant, empty to drop up to seq
//	 11 Result      u8 1 kept, 2 refused
//
// A server that is the owner keeps the stream open: it sends a page whenever the log grew and a Head at once and then every
// five seconds. Any other member may be asked too; it serves records only to members of their audience.
//
// Invariant: a message that parses, encoded again, gives the same bytes.
//
// Never: no goroutines, no transport, no verification of signatures.
//
// Why counters in Subscribe: after any cut the reader's own durable state says where to go on; a push that was lost costs
// nothing but time.
package wire
