// Package screening finds personal data and classified markings in the text of an item, before it leaves the owner's node
// and again when it arrives.
//
// The rules are those of the domain specification, 15.2 and 16.4. Those here have check digits or fixed forms, so they
// block: machine-readable zones (PD-01), document numbers beside their words (PD-02), telephone numbers (PD-05), addresses
// and handles (PD-06), bank and card numbers (PD-07), device identifiers (PD-14) and markings of classified information
// (MARK).
//
// Invariant: owner and receiver find the same, and a finding says where, never what.
//
// Never: no I/O; the text found is neither kept nor logged.
//
// Why check digits are computed: a figure of thirty digits in a report is seldom an account, and a rule that cries wolf is
// switched off by those whom it should help.
package screening
