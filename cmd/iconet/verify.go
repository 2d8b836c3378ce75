package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/urfave/cli/v2"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/node"
	"iconet.example/node/api"
	"iconet.example/node/store"
	"iconet.example/node/vault"
)

func verifyCommand() *cli.Command {
	return &cli.Command{Name: "verify", Usage: "check all data of the node anew: logs, signatures, sealed bytes, audit trail", UsageText: "iconet verify [--json]",
		Description: "Exit code 8 says that something is wrong. A node that runs is asked; the data of one that does not are opened.",
		Action:      verifyNode}
}

func verifyNode(c *cli.Context) error {
	r, err := verified(c)
	if err != nil {
		return err
	}
	t := table{columns: []string{"LOG", "ENTRIES", "RECORDS", "OPENED", "WITHOUT KEY"}}
	for _, l := range r.Logs {
		t.add(l.Owner.Display(), strconv.FormatUint(l.Size, 10), strconv.Itoa(l.Records), strconv.Itoa(l.Opened), strconv.Itoa(l.Sealed))
	}
	if err := emit(c, r, []*api.Report{r}, t); err != nil {
		return err
	}
	if len(r.Problems) == 0 {
		note(c, "Everything is in order; %d lines of the audit trail form one chain.", r.AuditLines)
		return nil
	}
	for _, p := range r.Problems {
		note(c, "  %s", p)
	}
	return fail(exitUnverified, fmt.Sprintf("%d things are wrong with the data of this node", len(r.Problems)), "stop the node, keep a copy of its directory, tell the other members", nil)
}

// verified asks the running node, or opens the data of one that does not run.
func verified(c *cli.Context) (*api.Report, error) {
	cfg, err := config.Load(c.String("data"))
	if err != nil {
		return nil, err
	}
	cl, err := client(c)
	if err != nil {
		return nil, err
	}
	r := &api.Report{}
	err = cl.Do(c.Context, "GET", "/v1/check", nil, r)
	if !errors.Is(err, api.ErrUnreachable) {
		return r, err
	}
	r, err = node.Verify(c.Context, node.Config{Dir: c.String("data"), Config: cfg, Logger: slog.New(slog.DiscardHandler),
		Protection: cfg.Protection(func() ([]byte, error) { return askPassphrase(c) })})
	switch {
	case errors.Is(err, store.ErrDamaged), errors.Is(err, vault.ErrDamaged):
		return nil, fail(exitUnverified, "the data of this node are damaged", "keep a copy of the directory, then tell the other members: they hold what you published", err)
	case errors.Is(err, store.ErrLocked):
		return nil, fail(exitUnreachable, "the node is starting or stopping", "wait a moment and repeat", nil)
	case errors.Is(err, keyring.ErrPassphrase), errors.Is(err, keyring.ErrPermissions), errors.Is(err, keyring.ErrProtection), errors.Is(err, federation.ErrNotFound), errors.Is(err, federation.ErrInvalid):
		return nil, fail(exitConfig, "the data cannot be opened as configured", "iconet doctor", err)
	}
	return r, err
}
