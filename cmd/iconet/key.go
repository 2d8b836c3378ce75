package main

import (
	"github.com/urfave/cli/v2"

	"iconet.example/node/api"
)

func keyCommand() *cli.Command {
	return &cli.Command{Name: "key", Usage: "the node's keys", Subcommands: []*cli.Command{{
		Name: "list", Usage: "uses, fingerprints and dates; never a secret", Action: func(c *cli.Context) error {
			var keys []api.Key
			if err := get(c, "/v1/keys", &keys); err != nil {
				return err
			}
			t := table{columns: []string{"USE", "KIND", "FINGERPRINT", "VALID UNTIL", "PROTECTION"}}
			for _, k := range keys {
				t.add(k.Use, k.Kind, k.Fingerprint, clock(k.ValidUntil), k.Protection)
			}
			return emit(c, keys, keys, t)
		}}}}
}
