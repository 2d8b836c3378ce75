// Package account keeps the officials of a node: their roles and competence, their passwords and their sessions.
//
// Passwords are kept as argon2id hashes (RFC 9106) with 64 MiB and three passes; at most four are computed at once, and an
// unknown login costs the same work as a known one. After five failures in a row a login waits 30 seconds, doubling to 15
// minutes, never for ever. Sessions are in memory, under the SHA-256 of their token: they end with the process, after 15
// minutes without a request, after 8 hours, or when a third one begins.
//
// Invariant: who holds a session is an official that is neither disabled nor changed since the session began.
//
// Never: no HTTP, no password in a log or error, no name of a person: an account has a login and a function.
//
// Why no session on disk: a restart that ends sessions costs a sign-in, and a stolen disk then holds none.
package account
