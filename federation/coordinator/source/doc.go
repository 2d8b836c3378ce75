// Package source holds the structure as the Commission writes it, one readable file for each form, and compiles it into
// the document that is signed.
//
// elements.toml, header.toml, lists.toml and countries.toml serve all forms; every other file is a form. Labels are pairs
// of English and French.
//
// Invariant: what Compile gives passes federation.ParseStructure, so a structure that nodes would refuse cannot be issued.
//
// Never: no rules in Go: a new field or code is a change of these files alone.
//
// Why TOML: lawyers and desk officers review the files as they stand; comments and line-by-line differences matter more to
// them than to the machine.
package source
