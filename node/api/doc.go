// Package api is the JSON face of a node: what the command line and other programs of its operator ask for.
//
// It is served on the control socket alone. Whoever may open the socket is the operator and may ask how the node does;
// acts on items need a session of an official besides, as a bearer token, and go through the office.
//
// Invariant: every answer is one JSON value or a stream of objects; every refusal is a problem object (RFC 9457) that says
// what, why and what to try.
//
// Never: no rule about who may see what (node/office), no state of its own but the open requests.
//
// Why the office's lists and documents stand here as they are: their JSON names are part of what programs read, and change
// by addition alone.
package api
