package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"iconet.example/federation"
	"iconet.example/federation/policy"
	"iconet.example/node/api"
)

func userCommand() *cli.Command {
	return &cli.Command{Name: "user", Usage: "officials of this node", Subcommands: []*cli.Command{{
		Name: "add", Usage: "appoint an official; the first one by the operator, later ones by who has that right", ArgsUsage: "LOGIN",
		UsageText: "iconet user add ncp@fr.example --roles NCP,RD --elements EWS --function \"National contact point\" --password-file FILE",
		Flags: []cli.Flag{passwordFlag(),
			&cli.StringFlag{Name: "roles", Usage: "RD reader, ED editor, VA validator, NCP contact point, NADM administrator, AUD auditor"},
			&cli.StringFlag{Name: "elements", Usage: "competence, such as EWS", Value: "EWS"},
			&cli.StringFlag{Name: "function", Usage: "the office, never a person's name"},
			&cli.StringFlag{Name: "unit", Usage: "the service"}},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("user add takes one login")
			}
			if c.String("roles") == "" || c.String("function") == "" {
				return usagef("user add needs --roles and --function")
			}
			u := api.NewUser{User: api.User{Login: c.Args().First(), Function: c.String("function"), Unit: c.String("unit")}}
			for _, r := range strings.Split(c.String("roles"), ",") {
				u.Roles = append(u.Roles, policy.Role(strings.TrimSpace(r)))
			}
			for _, e := range strings.Split(c.String("elements"), ",") {
				u.Elements = append(u.Elements, federation.ElementCode(strings.TrimSpace(e)))
			}
			cl, err := client(c)
			if err != nil {
				return err
			}
			if u.Password, err = secret(c, "Password of the new official: "); err != nil {
				return err
			}
			ctx, cancel := timed(c)
			defer cancel()
			var made api.User
			if err := cl.Do(ctx, "POST", "/v1/users", u, &made); err != nil {
				return err
			}
			return emitUser(c, made)
		}}}}
}
