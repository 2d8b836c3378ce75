package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"iconet.example/federation"
	"iconet.example/node/api"
)

// control changes a running network: it takes the lock and hands over the nodes with the given codes, all if none is given.
func (n *Network) control(codes []string, act func([]*Node) error) error {
	unlock, err := lock(n.dir)
	if err != nil {
		return err
	}
	defer unlock()
	fresh, err := Load(n.dir) // another command may have changed it while we waited for the lock
	if err != nil {
		return err
	}
	n.state = fresh.state
	nodes := n.state.Nodes
	if len(codes) > 0 {
		nodes = nil
		for _, code := range codes {
			one, err := n.Node(code)
			if err != nil {
				return err
			}
			nodes = append(nodes, one)
		}
	}
	return errors.Join(act(nodes), n.save())
}

// Stop ends nodes as an operator would: what they do is finished.
func (n *Network) Stop(ctx context.Context, codes ...string) error {
	return n.control(codes, func(nodes []*Node) error {
		return each(nodes, func(one *Node) error { return end(one, one.Process.stop(ctx)) })
	})
}

// Kill ends nodes at once, as a power cut of the process would (SIGKILL).
func (n *Network) Kill(ctx context.Context, codes ...string) error {
	return n.control(codes, func(nodes []*Node) error {
		return each(nodes, func(one *Node) error { return end(one, one.Process.kill(ctx)) })
	})
}

// Start starts nodes that do not run and waits until they are ready.
func (n *Network) Start(ctx context.Context, codes ...string) error {
	return n.control(codes, func(nodes []*Node) error {
		for _, one := range nodes {
			if one.Process.Alive() {
				continue
			}
			if err := n.launch(one); err != nil {
				return err
			}
		}
		return each(nodes, func(one *Node) error { return n.await(ctx, one, func(s *api.Status) bool { return s.Ready }) })
	})
}

// Restart stops and starts nodes.
func (n *Network) Restart(ctx context.Context, codes ...string) error {
	if err := n.Stop(ctx, codes...); err != nil {
		return err
	}
	return n.Start(ctx, codes...)
}

// Down ends all nodes and removes the directory.
func (n *Network) Down(ctx context.Context) error {
	unlock, err := lock(n.dir)
	if err != nil {
		return err
	}
	defer unlock()
	fresh, err := Load(n.dir)
	if err != nil {
		return err
	}
	n.state = fresh.state
	return n.down(ctx)
}

func (n *Network) down(ctx context.Context) error {
	if err := each(n.state.Nodes, func(one *Node) error { return one.Process.stop(ctx) }); err != nil {
		return fmt.Errorf("the test network in %s is kept: %w", n.dir, err)
	}
	if err := os.RemoveAll(n.dir); err != nil {
		return fmt.Errorf("removing the test network: %w", err)
	}
	return nil
}

// end notes that a node's process is gone.
func end(one *Node, err error) error {
	if err == nil {
		one.Process = Process{}
	}
	return err
}

// each does something to all nodes side by side.
func each(nodes []*Node, act func(*Node) error) error {
	var group errgroup.Group
	for _, one := range nodes {
		group.Go(func() error { return act(one) })
	}
	return group.Wait()
}

// SignIn gives a client with a session of the node's demonstration account: an earlier one if its token still holds.
func (one *Node) SignIn(ctx context.Context, token string) (*api.Client, error) {
	cl := one.Client()
	if cl.Token = strings.TrimSpace(token); cl.Token != "" {
		err := cl.Do(ctx, "GET", "/v1/session", nil, nil)
		if err == nil {
			return cl, nil
		}
		var p *api.Problem
		if !errors.As(err, &p) {
			return nil, err
		}
	}
	cl.Token = ""
	_, err := cl.SignIn(ctx, one.Login, one.Password)
	return cl, err
}

// Codes lists the national nodes, in the order in which they were made.
func (n *Network) Codes() []federation.MemberCode {
	var codes []federation.MemberCode
	for _, one := range n.state.Nodes {
		if one.Code != federation.Commission {
			codes = append(codes, one.Code)
		}
	}
	return codes
}
