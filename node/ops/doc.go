// Package ops answers the questions of machines about a node's health: /healthz, /readyz, /metrics and the profiles of
// net/http/pprof.
//
// Invariant: what is served here holds no item, no title, no name of a person and no key.
//
// Never: no listener of its own; config refuses any address for it that is not loopback.
//
// Why it checks the Host header: a page in a browser on the same machine could otherwise read it under a foreign name that
// was made to point to loopback.
package ops
