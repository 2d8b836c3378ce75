package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"

	"iconet.example/config"
	"iconet.example/node"
	"iconet.example/node/api"
)

func doctorCommand() *cli.Command {
	return &cli.Command{Name: "doctor", Usage: "look for what is to be mended; exit 10 if something failed", UsageText: "iconet doctor [--json]", Action: func(c *cli.Context) error {
		checks, err := examine(c)
		if err != nil {
			return err
		}
		t := table{columns: []string{"CHECK", "STATE", "DETAIL", "TRY"}}
		failed := 0
		for _, k := range checks {
			t.add(k.Name, k.State, k.Detail, k.Try)
			if k.State == "fail" {
				failed++
			}
		}
		if err := emit(c, checks, checks, t); err != nil {
			return err
		}
		if failed > 0 {
			return fail(exitDoctor, fmt.Sprintf("%d of %d checks failed", failed, len(checks)), "follow the last column of the report", nil)
		}
		return nil
	}}
}

// examine checks the data directory from outside and asks the running node for the rest.
func examine(c *cli.Context) ([]api.Check, error) {
	dir := c.String("data")
	cfg, err := config.Load(dir)
	if errors.Is(err, os.ErrNotExist) {
		return []api.Check{{Name: "configuration", State: "fail", Detail: "there is no node in " + dir, Try: "iconet init --data " + dir}}, nil
	}
	if err != nil {
		return []api.Check{{Name: "configuration", State: "fail", Detail: err.Error(), Try: "mend iconet.toml in " + dir}}, nil
	}
	checks := []api.Check{{Name: "configuration", State: "ok", Detail: "iconet.toml is sound"}}
	cl, err := client(c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := timed(c)
	defer cancel()
	var inside []api.Check
	err = cl.Do(ctx, "GET", "/v1/doctor", nil, &inside)
	if errors.Is(err, api.ErrUnreachable) {
		err := node.Probe(node.Config{Dir: dir, Config: cfg, Logger: slog.New(slog.DiscardHandler), Protection: cfg.Protection(func() ([]byte, error) { return askPassphrase(c) })})
		if err != nil {
			checks = append(checks, api.Check{Name: "data", State: "fail", Detail: err.Error(), Try: "mend this first: serve would end with it"})
		}
		return append(checks, api.Check{Name: "node", State: "fail", Detail: "it is not running", Try: "iconet serve --data " + dir}), nil
	}
	return append(checks, inside...), err
}
