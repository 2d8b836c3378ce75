// Package canon writes and reads ICE-1, the canonical bytes of everything that is signed or hashed, and the strict JSON
// of the committee's documents.
//
// Integers are big-endian and of fixed width; opaque16 is a two-byte length and that many bytes. A format is a sequence of
// these, without tags or padding, so a value has exactly one encoding.
//
// Invariant: what Reader accepts, written again, gives the same bytes; a decoder consumes all of its input. JSON is strict but
// leaves white space and escapes free: what is signed there is the bytes as they came.
//
// Never: no I/O, no knowledge of what the bytes mean.
//
// Why not a schema language: signatures over bytes with two encodings of one value have been forged before, and 40 lines
// that cannot encode a value in two ways are easier to audit than an option to be set.
package canon
