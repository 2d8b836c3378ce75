// Package node opens the rooms of one node, connects them and runs them until it is told to stop.
//
// A data directory holds iconet.toml, keys/, store/, vault/, the bundle with which the node first learnt of its network,
// and the control socket while the node runs. The Commission's node has committee/ as well: the desk that signs the
// timestamp and admits members.
//
// Invariant: what Open opened, Close closes, in reverse order, whatever failed in between; Run returns after everything it
// started has ended, and the stores are closed after that.
//
// Never: no rules of its own; it only hands the rooms to each other.
//
// Why one goroutine group: a part that fails ends the node with a clear exit code, and the supervisor starts it again; a
// node that limps on with half its parts is worse than one that restarts.
package node
