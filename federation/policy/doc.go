// Package policy decides who may do what with which item, and whom the words of an audience mean.
//
// [Decide] is one table: the rights of each role (domain specification, section 11), narrowed by competence for elements,
// by ownership and by marking. [Audience] turns "all" or "DE,IT" into member codes of the directory in force.
//
// Invariant: what no line of the table allows is refused; technical roles never reach content; no group name ever includes
// a partner body.
//
// Never: no I/O, clock or state; no exception for a country: the directory says who takes part, and how.
//
// Why one function for all acts: a right that is decided in two places is decided differently in one of them.
package policy
