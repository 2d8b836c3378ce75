// Package audit is the format of the trail of acts: lines of JSON, each naming the hash of the one before.
//
// Invariant: a line once written cannot be changed, removed or reordered without [Verifier.Check] telling at which number.
//
// Never: no content of items, no names of people, no passwords; who acted stands there as the account's pseudonymous id.
//
// Why it holds no storage: a line is committed in the transaction of the act it tells of, by whoever commits that act.
package audit
