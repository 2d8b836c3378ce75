package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/federation"
	"iconet.example/node"
)

func initCommand() *cli.Command {
	return &cli.Command{Name: "init", Usage: "make the data directory and the keys of a new node; nothing that exists is changed",
		UsageText: "iconet init --data DIR --state FR --name France --announce /dns4/iconet.fr.example/tcp/4001 \\\n" +
			"    --portal-host portal.fr.example --certificate cert.pem --private-key key.pem --passphrase-file pass.txt",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "state", Usage: "two letters of the Member State, or COM for the coordinator"},
			&cli.StringFlag{Name: "name", Usage: "the State's name in English"},
			&cli.StringFlag{Name: "name-fr", Usage: "the State's name in French (default: as in English)"},
			&cli.StringSliceFlag{Name: "listen", Usage: "where other nodes connect", Value: cli.NewStringSlice("/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001/quic-v1")},
			&cli.StringSliceFlag{Name: "announce", Usage: "the address that the others use, such as /dns4/iconet.fr.example/tcp/4001"},
			&cli.StringFlag{Name: "portal", Usage: "where the portal listens", Value: "0.0.0.0:8443"},
			&cli.StringFlag{Name: "portal-host", Usage: "the portal's name in the address bar"},
			&cli.StringFlag{Name: "operations", Usage: "where health and metrics are served, on loopback", Value: "127.0.0.1:9464"},
			&cli.StringFlag{Name: "certificate", Usage: "TLS certificate chain of the portal, PEM"},
			&cli.StringFlag{Name: "private-key", Usage: "its private key, PEM"},
			&cli.StringFlag{Name: "passphrase-file", Usage: "file that holds the passphrase of the keys, mode 0600"},
			&cli.StringFlag{Name: "credential", Usage: "file with 32 secret bytes from the service manager, instead of a passphrase"},
			&cli.StringFlag{Name: "network", Usage: "name of the new network; only with --state COM", Value: "iconet"},
		}, Action: initNode}
}

func initNode(c *cli.Context) error {
	if _, err := os.Lstat(filepath.Join(c.String("data"), config.File)); err == nil {
		return fail(exitConflict, "there is a node in "+c.String("data")+" already", "choose another directory with --data; nothing was changed", nil)
	}
	q := &questions{c: c, in: bufio.NewReader(c.App.Reader)}
	state := q.ask("state", "Which Member State (two letters, COM for the coordinator)?")
	name := q.ask("name", "Its name in English?")
	host := q.ask("portal-host", "Under which name do officials reach the portal?")
	cert := q.ask("certificate", "Where is the portal's TLS certificate?")
	key := q.ask("private-key", "And its private key?")
	protects, credential := "", c.String("credential")
	if credential == "" {
		protects = q.ask("passphrase-file", "Which file holds the passphrase of the keys?")
	}
	announce := c.StringSlice("announce")
	if len(announce) == 0 {
		announce = []string{q.ask("announce", "By which address do the other nodes reach it (such as /dns4/iconet.fr.example/tcp/4001)?")}
	}
	if q.err != nil {
		return q.err
	}
	if len(q.missing) > 0 {
		return usagef("init needs %s", strings.Join(q.missing, ", "))
	}
	member, err := federation.ParseMember(state)
	if err != nil {
		return err
	}
	for _, path := range []*string{&cert, &key, &protects, &credential} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return fmt.Errorf("finding a file: %w", err)
		}
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return fail(exitConfig, "the portal's certificate cannot be used", "give a certificate chain and its private key, both PEM", err)
	}
	cfg := &config.Config{Member: member, Listen: c.StringSlice("listen"),
		Portal:     config.Portal{Listen: c.String("portal"), Host: host, Cert: cert, Key: key},
		Operations: config.Operations{Listen: c.String("operations")},
		Keys:       config.Keys{PassphraseFile: protects, Credential: credential}}
	// What serve would refuse is not written.
	b, err := cfg.Encode()
	if err != nil {
		return err
	}
	if _, err := config.Parse(b); err != nil {
		return err
	}
	french := c.String("name-fr")
	if french == "" {
		french = name
	}
	dir := c.String("data")
	made, err := node.Init(node.Founding{Dir: dir, Config: cfg, Name: federation.Text{"en": name, "fr": french}, Addrs: announce,
		Network: c.String("network"), Protection: cfg.Protection(nil), Now: time.Now()})
	if errors.Is(err, keyring.ErrExists) {
		return fail(exitConflict, "there is a node in "+dir+" already", "choose another directory with --data; nothing was changed", err)
	}
	if err != nil {
		return err
	}
	t := table{columns: []string{"WHAT", "VALUE"}}
	t.add("node", member.Display())
	t.add("data directory", dir)
	t.add("national root", made.NationalRoot.Fingerprint())
	t.add("enrolment", filepath.Join(dir, node.EnrolmentFile))
	if err := emit(c, made, []any{made}, t); err != nil {
		return err
	}
	if member == federation.Commission {
		note(c, "Next: iconet serve --data %s     then, for each member: iconet coord member admit ENROLMENT", dir)
		return nil
	}
	note(c, "Next: send %s to the coordinator and read the fingerprint of the national root to it by voice.\n"+
		"It answers with a bundle: put it at %s and run iconet serve --data %s\n"+
		"Then move %s to a medium of its own.", filepath.Join(dir, node.EnrolmentFile), filepath.Join(dir, node.BundleFile), dir, filepath.Join(dir, "keys", "national-root.key"))
	return nil
}

// questions asks on a terminal for what no flag gave.
type questions struct {
	c       *cli.Context
	in      *bufio.Reader
	missing []string // flags that were not given, where there is nobody to ask
	err     error
}

func (q *questions) ask(flag, question string) string {
	if v := q.c.String(flag); q.err != nil || flag != "announce" && v != "" {
		return v
	}
	if _, ok := terminal(q.c); !ok {
		q.missing = append(q.missing, "--"+flag)
		return ""
	}
	for range 3 {
		text, err := askLine(q.c, q.in, question)
		if err != nil {
			q.err = err
			return ""
		}
		if text != "" {
			return text
		}
	}
	q.err = usagef("init needs --%s", flag)
	return ""
}
