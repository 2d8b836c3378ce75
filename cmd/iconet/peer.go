package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"iconet.example/node/api"
)

func peerCommand() *cli.Command {
	return &cli.Command{Name: "peer", Usage: "the other members' nodes", Subcommands: []*cli.Command{{
		Name: "list", Usage: "members, whether they answer, what waits for them", Action: func(c *cli.Context) error {
			var peers []api.Peer
			if err := get(c, "/v1/peers", &peers); err != nil {
				return err
			}
			return emit(c, peers, peers, peerTable(peers))
		}}}}
}

// get asks the node one question.
func get(c *cli.Context, path string, out any) error {
	cl, err := client(c)
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	return cl.Do(ctx, "GET", path, nil, out)
}

func peerTable(peers []api.Peer) table {
	t := table{columns: []string{"MEMBER", "NAME", "STANDING", "STATE", "LAST CONTACT", "LOG", "QUEUE", "SIGNING KEY"}}
	for _, p := range peers {
		t.add(p.Member.Display(), p.Name, p.Status, p.State, clock(p.LastContact), fmt.Sprintf("%d/%d", p.LogSize, p.LogKnown), strconv.FormatUint(p.Queue, 10), p.Fingerprint)
	}
	return t
}
