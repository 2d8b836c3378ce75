package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"iconet.example/federation/coordinator"
	"iconet.example/node"
	"iconet.example/node/api"
)

func coordCommand() *cli.Command {
	return &cli.Command{Name: "coord", Usage: "the Commission's desk; on the coordinator's machine", Subcommands: []*cli.Command{
		{Name: "member", Usage: "members of the network", Subcommands: []*cli.Command{
			{Name: "show", Usage: "what an enrolment says, with the fingerprint to compare by voice", ArgsUsage: "ENROLMENT", Action: showEnrolment},
			{Name: "admit", Usage: "admit members by their enrolments and issue the directory", ArgsUsage: "ENROLMENT...", Action: admitMembers},
			{Name: "list", Usage: "the directory in force", Action: func(c *cli.Context) error {
				var peers []api.Peer
				if err := get(c, "/v1/peers", &peers); err != nil {
					return err
				}
				return emit(c, peers, peers, peerTable(peers))
			}},
		}},
		{Name: "bundle", Usage: "write the documents in force for a new node", Flags: []cli.Flag{&cli.StringFlag{Name: "out", Usage: "file, or - for standard output", Value: "-"}}, Action: writeBundle},
	}}
}

func showEnrolment(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("give the file of one enrolment")
	}
	b, err := os.ReadFile(c.Args().First())
	if err != nil {
		return unreadable("the enrolment", "iconet init writes it as "+node.EnrolmentFile, err)
	}
	e, err := coordinator.ParseEnrolment(b)
	if err != nil {
		return err
	}
	t := table{columns: []string{"MEMBER", "NAME", "NATIONAL ROOT"}}
	t.add(e.Code.Display(), e.Name["en"], e.NationalRoot.Fingerprint())
	return emit(c, e, []*coordinator.Enrolment{e}, t)
}

func admitMembers(c *cli.Context) error {
	if c.NArg() == 0 {
		return usagef("give the files of one or more enrolments")
	}
	var in api.Admission
	for _, name := range c.Args().Slice() {
		b, err := os.ReadFile(name)
		if err != nil {
			return unreadable("an enrolment", "iconet init writes it as "+node.EnrolmentFile, err)
		}
		if !json.Valid(b) {
			return fail(exitUsage, name+" is not an enrolment", "iconet init writes it as "+node.EnrolmentFile, nil)
		}
		in.Enrolments = append(in.Enrolments, b)
	}
	cl, err := client(c)
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	var peers []api.Peer
	if err := cl.Do(ctx, "POST", "/v1/members", in, &peers); err != nil {
		return err
	}
	if err := emit(c, peers, peers, peerTable(peers)); err != nil {
		return err
	}
	note(c, "Next: iconet coord bundle --out network.json, and send it to the new members.")
	return nil
}

func writeBundle(c *cli.Context) error {
	var raw json.RawMessage
	if err := get(c, "/v1/bundle", &raw); err != nil {
		return err
	}
	if out := c.String("out"); out != "-" {
		if err := coordinator.WriteFile(out, raw); err != nil {
			return fail(exitFailed, "the bundle cannot be written", "choose another place with --out", err)
		}
		note(c, "Written to %s: the new node takes it as %s in its data directory.", out, node.BundleFile)
		return nil
	}
	if _, err := c.App.Writer.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
