package testnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/policy"
	"iconet.example/node"
	"iconet.example/node/api"
)

// Config says which network to bring up.
type Config struct {
	Dir      string                  // made; it must not hold anything yet
	Members  []federation.MemberCode // national nodes
	BasePort int
	Program  string // the binary that runs a node as "iconet serve"; it is copied, so that rebuilding it changes nothing
	// Progress is told what happens, one line each. It may be nil.
	Progress func(string)
}

// readyTimeout bounds the wait for a node.
const readyTimeout = 60 * time.Second

// Up makes a network, starts its nodes and waits until all of them are ready and reach each other. What it made is taken
// back if it fails.
func Up(ctx context.Context, c Config) (n *Network, err error) {
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, fmt.Errorf("finding the directory: %w", err)
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := vacant(c.Dir); err != nil {
		return nil, err
	}
	base, err := freeBase(c.BasePort, len(c.Members)+1)
	if err != nil {
		return nil, err
	}
	if base != c.BasePort {
		c.Progress(fmt.Sprintf("Ports from %d on are taken; using those from %d on.", c.BasePort, base))
	}
	n = &Network{dir: c.Dir, state: state{Made: time.Now().UTC().Truncate(time.Second), Base: base}}
	defer func() {
		if err != nil {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
			defer cancel()
			err = errors.Join(err, n.down(late))
			n = nil
		}
	}()
	if err := n.found(c); err != nil {
		return n, err
	}
	if err := n.startAll(ctx, c.Progress); err != nil {
		return n, err
	}
	return n, n.appoint(ctx)
}

// vacant refuses a directory that is in use.
func vacant(dir string) error {
	old, err := Load(dir)
	switch {
	case errors.Is(err, ErrNone):
	case err != nil:
		return err
	default:
		for _, one := range old.state.Nodes {
			if one.Process.Alive() {
				return fmt.Errorf("a test network runs in %s (process %d is %s): iconet testnet status shows it, iconet testnet down ends it: %w", dir, one.Process.PID, one.Code, federation.ErrConflict)
			}
		}
		return fmt.Errorf("%s holds a test network that does not run: iconet testnet start starts it again, iconet testnet down removes it: %w", dir, federation.ErrConflict)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking into %s: %w", dir, err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s holds other files: choose another directory with --dir: %w", dir, federation.ErrConflict)
	}
	return nil
}

// found makes the directories and keys of all nodes and has the coordinator admit them.
func (n *Network) found(c Config) error {
	if err := os.MkdirAll(filepath.Join(c.Dir, "logs"), 0o700); err != nil {
		return fmt.Errorf("making the test network: %w", err)
	}
	if err := n.copyProgram(c.Program); err != nil {
		return err
	}
	now := time.Now()
	var enrolments []*coordinator.Enrolment
	for i, code := range append([]federation.MemberCode{federation.Commission}, c.Members...) {
		one, e, err := n.make(i, code, now)
		if err != nil {
			return err
		}
		n.state.Nodes = append(n.state.Nodes, one)
		enrolments = append(enrolments, e)
	}
	if err := n.save(); err != nil {
		return err
	}
	desk, err := coordinator.Open(filepath.Join(n.state.Nodes[0].Dir, node.CommitteeDir), keyring.Protection{Plain: true})
	if err != nil {
		return err
	}
	if err := desk.Admit(now, enrolments[1:]...); err != nil {
		return err
	}
	bundle, err := desk.Documents().Encode()
	if err != nil {
		return err
	}
	for _, one := range n.state.Nodes {
		if err := coordinator.WriteFile(filepath.Join(one.Dir, node.BundleFile), bundle); err != nil {
			return err
		}
	}
	return nil
}

// make founds the node with a number.
func (n *Network) make(i int, code federation.MemberCode, now time.Time) (*Node, *coordinator.Enrolment, error) {
	lower := strings.ToLower(strings.ReplaceAll(string(code), ":", "-"))
	role := "analyst"
	if code == federation.Commission {
		role = "coord"
	}
	name := names[code]
	if name == nil {
		name = federation.Text{"en": string(code), "fr": string(code)}
	}
	host := fmt.Sprintf("%s.localhost:%d", lower, n.state.Base+i)
	one := &Node{Code: code, Name: name, Dir: filepath.Join(n.dir, lower), Log: filepath.Join(n.dir, "logs", lower+".log"), Portal: "http://" + host + "/",
		Metrics: "http://" + address(n.state.Base+operationsOffset+i) + "/metrics", Login: role + "@" + lower + ".test", Password: "demo-" + role}
	port := n.state.Base + peersOffset + i
	addrs := []string{fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", port), fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", port)}
	e, err := node.Init(node.Founding{Dir: one.Dir, Name: name, Addrs: addrs, Network: "demo", Protection: keyring.Protection{Plain: true}, Now: now,
		Config: &config.Config{Member: code, TestNetwork: true, Listen: addrs,
			Portal:     config.Portal{Listen: address(n.state.Base + i), Host: host},
			Operations: config.Operations{Listen: address(n.state.Base + operationsOffset + i)}}})
	return one, e, err
}

// copyProgram keeps the binary with the network: "go run" removes its own when it ends.
func (n *Network) copyProgram(from string) error {
	to := filepath.Join(n.dir, "iconet")
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copying the program: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return fmt.Errorf("copying the program: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copying the program: %w", err)
	}
	n.state.Program = to
	return nil
}

// startAll starts the nodes side by side and waits until they reach each other.
func (n *Network) startAll(ctx context.Context, progress func(string)) error {
	for _, one := range n.state.Nodes {
		if err := n.launch(one); err != nil {
			return err
		}
	}
	ready := make(chan string, len(n.state.Nodes))
	group, wait := errgroup.WithContext(ctx)
	for _, one := range n.state.Nodes {
		group.Go(func() error {
			err := n.await(wait, one, func(s *api.Status) bool { return s.Ready && s.PeersReachable == s.PeersTotal })
			if err == nil {
				ready <- one.Code.Display()
			}
			return err
		})
	}
	go func() {
		group.Wait()
		close(ready)
	}()
	for code := range ready {
		progress("  ✔ " + code)
	}
	return group.Wait()
}

// launch starts the process of a node and notes it.
func (n *Network) launch(one *Node) (err error) {
	if one.Process, err = spawn(n.state.Program, one.Log, "serve", "--data", one.Dir); err != nil {
		return err
	}
	return n.save()
}

// await asks a node until its status is as wished.
func (n *Network) await(ctx context.Context, one *Node, as func(*api.Status) bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	cl := one.Client()
	for {
		if s, err := cl.Status(ctx); err == nil && as(s) {
			return nil
		}
		if !one.Process.Alive() {
			return fmt.Errorf("the node of %s ended while it started: iconet testnet logs %s tells why: %s", one.Code, one.Code, lastLines(one.Log))
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the node of %s did not become ready: %w", one.Code, ctx.Err())
		}
	}
}

// lastLines gives the end of a log on one line.
func lastLines(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " ")
}

// appoint makes the demonstration accounts as people do on a new node: the operator appoints an administrator, who
// appoints the analyst.
func (n *Network) appoint(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2) // a password costs 64 MiB and a processor
	for _, one := range n.state.Nodes {
		group.Go(func() error {
			admin := api.NewUser{Password: "demo-admin", User: api.User{Login: strings.Replace(one.Login, one.role(), "admin", 1), Function: "Administrator", Unit: "Information technology", Roles: []policy.Role{policy.Administrator}}}
			official := api.NewUser{Password: one.Password, User: api.User{Login: one.Login, Function: "Border analyst", Unit: "Situation centre " + one.Code.Display(),
				Roles: []policy.Role{policy.Reader, policy.Editor, policy.Validator}, Elements: []federation.ElementCode{"EWS"}}}
			if one.Code == federation.Commission {
				official.Function, official.Unit, official.Roles = "Network moderator", "Coordination desk", []policy.Role{policy.Moderator}
			}
			cl := one.Client()
			if err := cl.Do(ctx, "POST", "/v1/users", admin, nil); err != nil {
				return fmt.Errorf("making the account of %s: %w", admin.Login, err)
			}
			if _, err := cl.SignIn(ctx, admin.Login, admin.Password); err != nil {
				return fmt.Errorf("signing %s in: %w", admin.Login, err)
			}
			if err := cl.Do(ctx, "POST", "/v1/users", official, nil); err != nil {
				return fmt.Errorf("making the account of %s: %w", official.Login, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// role gives the first part of the demonstration login.
func (one *Node) role() string {
	role, _, _ := strings.Cut(one.Login, "@")
	return role
}
