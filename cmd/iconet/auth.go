package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"iconet.example/node/api"
)

func authCommand() *cli.Command {
	return &cli.Command{Name: "auth", Usage: "sign in and out", Subcommands: []*cli.Command{
		{Name: "login", Usage: "sign in; the session ends after 15 idle minutes", ArgsUsage: "LOGIN", UsageText: "iconet auth login analyst@fr.test --password-file FILE",
			Flags: []cli.Flag{passwordFlag()}, Action: signIn},
		{Name: "logout", Usage: "end the session", Action: signOut},
		{Name: "whoami", Usage: "who is signed in", Action: whoami},
	}}
}

func passwordFlag() cli.Flag {
	return &cli.StringFlag{Name: "password-file", Usage: "file with the password on its first line, or - for standard input; asked on a terminal otherwise"}
}

func signIn(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("auth login takes one login")
	}
	cl, err := client(c)
	if err != nil {
		return err
	}
	password, err := secret(c, "Password: ")
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	s, err := cl.SignIn(ctx, c.Args().First(), password)
	if err != nil {
		return err
	}
	path, err := sessionFile(c)
	if err != nil {
		return err
	}
	if err := keepSession(path, s.Token); err != nil {
		return err
	}
	note(c, "Signed in. Next: iconet alert list")
	return emitUser(c, s.Official)
}

// secret reads a password from a file, standard input or the terminal; never from a flag.
func secret(c *cli.Context, prompt string) (string, error) {
	var r io.Reader
	switch name := c.String("password-file"); {
	case name == "-":
		r = c.App.Reader
	case name != "":
		f, err := os.Open(name)
		if err != nil {
			return "", fail(exitUsage, "the password file cannot be read", "give the path of a file with the password on its first line", err)
		}
		defer f.Close()
		r = f
	default:
		if _, ok := terminal(c); !ok {
			return "", usagef("there is no terminal to ask for the password: give --password-file FILE, or - for standard input")
		}
		return askSecret(c, prompt)
	}
	text, err := bufio.NewReader(io.LimitReader(r, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(text, "\r\n"), nil
}

func signOut(c *cli.Context) error {
	cl, err := client(c)
	if err != nil {
		return err
	}
	path, err := sessionFile(c)
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	err = cl.Do(ctx, "DELETE", "/v1/session", nil, nil)
	if gone := os.Remove(path); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	if err == nil {
		note(c, "Signed out.")
	}
	return err
}

func whoami(c *cli.Context) error {
	cl, err := client(c)
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	var u api.User
	if err := cl.Do(ctx, "GET", "/v1/session", nil, &u); err != nil {
		return err
	}
	return emitUser(c, u)
}

func emitUser(c *cli.Context, u api.User) error {
	t := table{columns: []string{"LOGIN", "FUNCTION", "UNIT", "ROLES", "ELEMENTS"}}
	t.add(u.Login, u.Function, u.Unit, joined(u.Roles), joined(u.Elements))
	return emit(c, u, []api.User{u}, t)
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ",")
}
