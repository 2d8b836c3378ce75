package testnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/node"
	"iconet.example/node/api"
)

const stateFile = "testnet.json"

// ErrNone says that there is no test network in a directory.
var ErrNone = errors.New("there is no test network")

// Node is one node of a test network.
type Node struct {
	Code     federation.MemberCode `json:"code"`
	Name     federation.Text       `json:"name"`
	Dir      string                `json:"dir"` // data directory
	Log      string                `json:"log"`
	Portal   string                `json:"portal"` // address for a browser
	Metrics  string                `json:"metrics"`
	Login    string                `json:"login"`
	Password string                `json:"password"` // of a demonstration; everybody may know it
	Process  Process               `json:"process"`
}

// state is what testnet.json holds.
type state struct {
	Made    time.Time `json:"made"`
	Base    int       `json:"base_port"`
	Program string    `json:"program"`
	Nodes   []*Node   `json:"nodes"`
}

// Network is a test network in a directory.
type Network struct {
	dir   string
	state state
}

// Load reads the test network of a directory; [ErrNone] if there is none.
func Load(dir string) (*Network, error) {
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrNone, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the test network: %w", err)
	}
	n := &Network{dir: dir}
	if err := json.Unmarshal(b, &n.state); err != nil {
		return nil, fmt.Errorf("reading %s: %w", stateFile, err)
	}
	return n, nil
}

func (n *Network) save() error {
	b, err := json.MarshalIndent(&n.state, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", stateFile, err)
	}
	return coordinator.WriteFile(filepath.Join(n.dir, stateFile), append(b, '\n'))
}

// Nodes lists the nodes, the coordinator first.
func (n *Network) Nodes() []*Node { return n.state.Nodes }

// Node finds a node by its member code; "EL" means Greece.
func (n *Network) Node(code string) (*Node, error) {
	m, err := federation.ParseMember(code)
	if err != nil {
		return nil, err
	}
	var there []string
	for _, one := range n.state.Nodes {
		if one.Code == m {
			return one, nil
		}
		there = append(there, one.Code.Display())
	}
	return nil, fmt.Errorf("the test network has no node %s, only %s: %w", m.Display(), strings.Join(there, ", "), federation.ErrNotFound)
}

// Client asks the node as its operator.
func (one *Node) Client() *api.Client { return api.NewClient(filepath.Join(one.Dir, node.SocketFile)) }

// lock keeps two commands from changing a network at once. It is let go when unlock is called or the process ends.
func lock(dir string) (unlock func(), err error) {
	path := filepath.Clean(dir) + ".lock"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the test network: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid, _ := os.ReadFile(path)
		f.Close()
		return nil, fmt.Errorf("another command (process %s) is changing the test network in %s: wait until it is done: %w", strings.TrimSpace(string(pid)), dir, federation.ErrConflict)
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking the test network: %w", err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking the test network: %w", err)
	}
	return func() {
		os.Remove(path)
		f.Close()
	}, nil
}
