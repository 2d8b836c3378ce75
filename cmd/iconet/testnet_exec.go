package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"iconet.example/testnet"
)

// exitCode is the error of a command that has told its own.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// testnetExec runs a command as the official of a node. Its own flags stand before the node: everything behind belongs to
// the command.
func testnetExec(c *cli.Context) error {
	args := c.Args().Slice()
	dir := defaultTestnet()
	if v := os.Getenv("ICONET_TESTNET"); v != "" {
		dir = v
	}
	if len(args) > 1 && args[0] == "--dir" {
		dir, args = args[1], args[2:]
	}
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return cli.ShowSubcommandHelp(c)
	}
	if len(args) < 2 {
		return usagef("testnet exec takes a node and a command: iconet testnet exec FR -- alert list")
	}
	n, err := testnet.Load(dir)
	if errors.Is(err, testnet.ErrNone) {
		return fail(exitNotFound, "there is no test network in "+dir, "iconet testnet up", nil)
	}
	if err != nil {
		return err
	}
	one, err := n.Node(args[0])
	if err != nil {
		return err
	}
	if args = args[1:]; args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return usagef("testnet exec takes a node and a command: iconet testnet exec FR -- alert list")
	}
	if !one.Process.Alive() && args[0] != "verify" && args[0] != "doctor" {
		return fail(exitUnreachable, "the node of "+one.Code.Display()+" does not run", "iconet testnet start "+one.Code.Display(), nil)
	}
	session, err := signInNode(c, one, dir)
	if err != nil {
		return err
	}
	if err := os.Setenv("ICONET_SESSION_FILE", session); err != nil {
		return fmt.Errorf("handing the session over: %w", err)
	}
	global := []string{"iconet", "--data", one.Dir}
	for _, flag := range []string{"output", "lang", "timeout"} { // what was not given is left for the command to take
		if c.IsSet(flag) && !takes(args, flag) {
			global = append(global, "--"+flag, c.String(flag))
		}
	}
	for _, flag := range []string{"json", "no-header", "quiet", "verbose", "no-input"} {
		if c.Bool(flag) {
			global = append(global, "--"+flag)
		}
	}
	if code := run(c.Context, append(global, args...), c.App.Reader, c.App.Writer, c.App.ErrWriter); code != exitDone {
		return exitCode(code)
	}
	return nil
}

// takes reports whether a command line has a global flag of its own.
func takes(args []string, flag string) bool {
	for _, a := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if strings.HasPrefix(a, "-") && (name == flag || name == flag[:1]) {
			return true
		}
	}
	return false
}

// signInNode signs the demonstration account in, unless it is signed in, and gives the file with its session. A node that
// does not run is left to the command to report.
func signInNode(c *cli.Context, one *testnet.Node, dir string) (string, error) {
	path := filepath.Join(dir, "session-"+string(one.Code))
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading the session: %w", err)
	}
	if !one.Process.Alive() {
		return path, nil
	}
	ctx, cancel := timed(c)
	defer cancel()
	cl, err := one.SignIn(ctx, string(old))
	if err != nil {
		return "", err
	}
	return path, keepSession(path, cl.Token)
}
