// Package importer turns the rows of a CSV file into submissions by a map that a person can read and change.
//
// A map is a TOML file: for each field of the form where its value comes from. Nothing is guessed: a value that the map
// does not cover is a fault of that row and column, and the row is left out.
//
// Invariant: the same row of the same file gives the same import key for ever, whatever the map says, so that a second run
// publishes nothing twice.
//
// Never: no publishing, no rule of a form or of policy; the node judges each submission as if a person had typed it.
//
// Why a file instead of code: each service's spreadsheet is different, and the part-time administrator who has it is not a
// programmer.
package importer
