// Command iconet runs and operates a node of the network.
//
// One verb is one file: flags in, one call, exit code out. What a verb does stands in the packages it calls; here is only
// how it reads and how it prints.
//
// Invariant: stdout carries the result and nothing else; messages, progress and errors go to stderr; the exit code is one
// of those the README lists.
//
// Never: no secret comes from a flag or is printed.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
