// Package testnet runs a whole network of real nodes on one machine: a process for each, with its own directory, ports and
// keys, made by the same code that makes a node in earnest.
//
// The state of a network is the file testnet.json in its directory, so every command works from another shell.
//
// Invariant: everything listens on loopback alone; what Up started and made, Down ends and removes, and nothing else; a
// process is signalled only if its start time is the one that was noted.
//
// Never: no code of a node is bypassed or faked; no key of a test network is taken by a real one.
//
// Why processes: a real kill -9, real ports and real files find what a simulation of them would not.
package testnet
