// Package api is the JSON face of a node: what the command line and other programs of its operator ask for.
//
// It is served on the control socket alone. Whoever may open the socket is the operator and may ask how the node does;
// acts on items need a session of an official besides, as a bearer token, and go through the office.
//
// Invariant: every answer is one JSON object or a stream of them; every refusal is a problem object (RFC 9457) that says
// what, why and what to try.
//
// Never: no rule about who may see what (node/office), no state of its own but the open requests.
//
// Why its own types: the office's records may change with the forms; what programs read changes by addition alone.
package api
