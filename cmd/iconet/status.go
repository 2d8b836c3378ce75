package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"iconet.example/node/api"
)

func statusCommand() *cli.Command {
	return &cli.Command{Name: "status", Usage: "how the node does", UsageText: "iconet status [--json]", Action: func(c *cli.Context) error {
		cl, err := client(c)
		if err != nil {
			return err
		}
		ctx, cancel := timed(c)
		defer cancel()
		s, err := cl.Status(ctx)
		if err != nil {
			return err
		}
		t := table{columns: []string{"WHAT", "VALUE"}}
		state := "ready"
		if !s.Ready {
			state = "not ready: " + s.NotReady
		}
		t.add("node", s.Name+" ("+s.Member.Display()+")")
		t.add("network", s.Network)
		t.add("state", state)
		t.add("portal", s.Portal)
		t.add("running since", clock(s.StartedAt))
		t.add("items readable", strconv.Itoa(s.Items))
		t.add("own log", fmt.Sprintf("%d entries", s.LogSize))
		t.add("peers reachable", fmt.Sprintf("%d of %d", s.PeersReachable, s.PeersTotal))
		t.add("deliveries waiting", fmt.Sprintf("%d, of which %d lie with other members as well", s.Queue, s.LeftWithOthers))
		t.add("entries behind", strconv.FormatUint(s.Behind, 10))
		t.add("coordinator", s.Coordinator)
		t.add("directory, structure", fmt.Sprintf("versions %d, %d", s.DirectoryVersion, s.StructureVersion))
		t.add("refused", refused(s))
		return emit(c, s, []*api.Status{s}, t)
	}}
}

func refused(s *api.Status) string {
	if len(s.Rejected) == 0 {
		return "nothing"
	}
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(s.Rejected)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, s.Rejected[reason]))
	}
	return strings.Join(parts, ", ")
}
