// Package office is the one gate for the acts of people: portal, JSON API and command line are faces of it.
//
// Each act is the same four steps: load the object, decide on what was loaded (federation/policy), act, and write the
// audit line. A read is audited before it is answered; a publication and its line are one transaction.
//
// Invariant: nothing a person sees or does happens without a decision on the loaded object and a line in the trail.
//
// Never: no HTTP, no pages, no flags; no key of an item leaves the office except in an export, which is audited.
//
// Why: a second path to the data would need a second set of rules, and the two would drift apart. What a person may not
// see is answered exactly as what does not exist; only the audit line tells the two apart.
package office
