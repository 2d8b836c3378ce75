package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"iconet.example/federation"
	"iconet.example/node/api"
	"iconet.example/testnet"
)

func testnetCommand() *cli.Command {
	dir := &cli.StringFlag{Name: "dir", Usage: "directory of the test network", EnvVars: []string{"ICONET_TESTNET"}, Value: defaultTestnet()}
	sub := func(name, usage, args string, act cli.ActionFunc, flags ...cli.Flag) *cli.Command {
		return &cli.Command{Name: name, Usage: usage, ArgsUsage: args, Action: act, Flags: append(flags, dir)}
	}
	return &cli.Command{Name: "testnet", Usage: "a whole network on this machine, on loopback", Subcommands: []*cli.Command{
		sub("up", "make and start a coordinator and national nodes", "", testnetUp,
			&cli.StringFlag{Name: "nodes", Usage: "national nodes", Value: "FR,DE,IT,GR,PL"}, &cli.IntFlag{Name: "base-port", Usage: "first port", Value: 18100}),
		sub("status", "how the nodes do", "", testnetStatus),
		sub("urls", "addresses and logins", "", testnetURLs),
		sub("logs", "the logs of nodes", "[NODE...]", testnetLogs, &cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on as they grow", DisableDefaultText: true},
			&cli.IntFlag{Name: "lines", Usage: "last lines of each", Value: 20}),
		sub("stop", "stop nodes as an operator would; all without a name", "[NODE...]", changeNodes("stopped", (*testnet.Network).Stop)),
		sub("start", "start nodes again", "[NODE...]", changeNodes("started", (*testnet.Network).Start)),
		sub("kill", "end nodes at once (SIGKILL)", "NODE...", changeNodes("killed", (*testnet.Network).Kill)),
		sub("restart", "stop and start nodes", "[NODE...]", changeNodes("restarted", (*testnet.Network).Restart)),
		{Name: "exec", Usage: "run iconet as the official of a node, signed in", ArgsUsage: "NODE [--] COMMAND...",
			UsageText: "iconet testnet exec FR -- alert list", SkipFlagParsing: true, Action: testnetExec},
		sub("seed", "publish a sample of real incidents as items of the members concerned", "", testnetSeed),
		sub("down", "stop all nodes and remove every file", "", testnetDown),
	}}
}

func defaultTestnet() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("iconet-testnet-%d", os.Getuid()))
}

func testnetUp(c *cli.Context) error {
	var members []federation.MemberCode
	for _, text := range strings.Split(c.String("nodes"), ",") {
		m, err := federation.ParseMember(text)
		if err != nil {
			return err
		}
		if m == federation.Commission {
			return usagef("the coordinator is always there: name national nodes only")
		}
		if !testnet.Known(m) {
			return usagef("%s is not a Member State", m.Display())
		}
		members = append(members, m)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if _, err := testnet.Load(c.String("dir")); errors.Is(err, testnet.ErrNone) {
		note(c, "Starting a coordinator and %d national nodes in %s ...", len(members), c.String("dir"))
	}
	began := time.Now()
	n, err := testnet.Up(c.Context, testnet.Config{Dir: c.String("dir"), Members: members, BasePort: c.Int("base-port"), Program: program,
		Progress: func(s string) { note(c, "%s", s) }})
	if err != nil {
		return err
	}
	note(c, "Ready in %.1f s (test network \"demo\", loopback only, fictitious information only).\n", time.Since(began).Seconds())
	if err := showNodes(c, n); err != nil {
		return err
	}
	first := members[0].Display()
	note(c, "\nTry:   iconet testnet exec %s%s -- alert list      Logs:  iconet testnet logs %s%s -f      Clean up:  iconet testnet down %s", dirFlag(c), first, dirFlag(c), first, dirFlag(c))
	return nil
}

// dirFlag is what a hint needs to mean this very network.
func dirFlag(c *cli.Context) string {
	if c.String("dir") == defaultTestnet() {
		return ""
	}
	return "--dir " + c.String("dir") + " "
}

// network loads the test network or says how to get one.
func network(c *cli.Context) (*testnet.Network, error) {
	n, err := testnet.Load(c.String("dir"))
	if errors.Is(err, testnet.ErrNone) {
		return nil, fail(exitNotFound, "there is no test network in "+c.String("dir"), "iconet testnet up", nil)
	}
	return n, err
}

// nodeLine is a node with how it does.
type nodeLine struct {
	*testnet.Node
	State  string      `json:"state"`
	Status *api.Status `json:"status,omitempty"`
}

func inspect(c *cli.Context, n *testnet.Network) []nodeLine {
	var lines []nodeLine
	for _, one := range n.Nodes() {
		l := nodeLine{Node: one, State: "stopped"}
		if one.Process.Alive() {
			l.State = "starting"
			ctx, cancel := timed(c)
			if s, err := one.Client().Status(ctx); err == nil {
				l.Status = s
				if s.Ready {
					l.State = "ready"
				}
			}
			cancel()
		}
		lines = append(lines, l)
	}
	return lines
}

func showNodes(c *cli.Context, n *testnet.Network) error {
	lines := inspect(c, n)
	t := table{columns: []string{"NODE", "PORTAL", "STATE", "PEERS", "ITEMS", "QUEUE", "LOGIN"}}
	for _, l := range lines {
		peers, items, queue := "-", "-", "-"
		if s := l.Status; s != nil {
			peers, items, queue = fmt.Sprintf("%d/%d", s.PeersReachable, s.PeersTotal), strconv.Itoa(s.Items), strconv.FormatUint(s.Queue, 10)
		}
		t.add(l.Code.Display(), l.Portal, l.State, peers, items, queue, l.Login+" / "+l.Password)
	}
	return emit(c, lines, lines, t)
}

func testnetStatus(c *cli.Context) error {
	n, err := network(c)
	if err != nil {
		return err
	}
	return showNodes(c, n)
}

func testnetURLs(c *cli.Context) error {
	n, err := network(c)
	if err != nil {
		return err
	}
	t := table{columns: []string{"NODE", "PORTAL", "METRICS", "LOGIN", "PASSWORD"}}
	for _, one := range n.Nodes() {
		t.add(one.Code.Display(), one.Portal, one.Metrics, one.Login, one.Password)
	}
	return emit(c, n.Nodes(), n.Nodes(), t)
}

func changeNodes(done string, act func(*testnet.Network, context.Context, ...string) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if done == "killed" && c.NArg() == 0 {
			return usagef("testnet kill needs the nodes to kill, such as IT")
		}
		n, err := network(c)
		if err != nil {
			return err
		}
		if err := act(n, c.Context, c.Args().Slice()...); err != nil {
			return err
		}
		which := "all nodes"
		if c.NArg() > 0 {
			which = strings.Join(c.Args().Slice(), ", ")
		}
		note(c, "%s: %s", which, done)
		return nil
	}
}

func testnetDown(c *cli.Context) error {
	n, err := network(c)
	if err != nil {
		return err
	}
	if err := n.Down(c.Context); err != nil {
		return err
	}
	note(c, "The test network in %s is gone: no process and no file is left.", c.String("dir"))
	return nil
}

func testnetLogs(c *cli.Context) error {
	n, err := network(c)
	if err != nil {
		return err
	}
	if c.Int("lines") < 0 {
		return usagef("--lines is 0 or more")
	}
	nodes := n.Nodes()
	if c.NArg() > 0 {
		nodes = nil
		for _, code := range c.Args().Slice() {
			one, err := n.Node(code)
			if err != nil {
				return err
			}
			nodes = append(nodes, one)
		}
	}
	at := make([]int64, len(nodes))
	for i, one := range nodes {
		if at[i], err = tail(c.App.Writer, one, c.Int("lines")); err != nil {
			return err
		}
	}
	for c.Bool("follow") {
		select {
		case <-c.Context.Done():
			return exitCode(exitInterrupted) // that is how following a log ends
		case <-time.After(200 * time.Millisecond):
		}
		for i, one := range nodes {
			if at[i], err = more(c.App.Writer, one, at[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// tail prints the last lines of a node's log and gives where it ended.
func tail(w io.Writer, one *testnet.Node, n int) (int64, error) {
	b, err := os.ReadFile(one.Log)
	if err != nil {
		return 0, fmt.Errorf("reading the log of %s: %w", one.Code, err)
	}
	end := int64(strings.LastIndexByte(string(b), '\n') + 1)
	lines := strings.Split(strings.TrimSuffix(string(b[:end]), "\n"), "\n")
	for _, l := range lines[max(0, len(lines)-n):] {
		if _, err := fmt.Fprintf(w, "%s  %s\n", one.Code.Display(), line(l)); err != nil {
			return 0, fmt.Errorf("printing: %w", err)
		}
	}
	return end, nil
}

// more prints what a log has gained behind a place.
func more(w io.Writer, one *testnet.Node, at int64) (int64, error) {
	f, err := os.Open(one.Log)
	if err != nil {
		return at, fmt.Errorf("reading the log of %s: %w", one.Code, err)
	}
	defer f.Close()
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return at, fmt.Errorf("reading the log of %s: %w", one.Code, err)
	}
	r := bufio.NewReader(f)
	for {
		text, err := r.ReadString('\n')
		if err != nil {
			return at, nil // the rest of the line comes later
		}
		at += int64(len(text))
		if _, err := fmt.Fprintf(w, "%s  %s\n", one.Code.Display(), line(text)); err != nil {
			return at, fmt.Errorf("printing: %w", err)
		}
	}
}
