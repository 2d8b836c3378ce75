package main

import (
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"iconet.example/config"
	"iconet.example/node"
)

func serveCommand() *cli.Command {
	return &cli.Command{Name: "serve", Usage: "run the node until it is told to stop", UsageText: "iconet serve --data DIR",
		Description: "Exit codes: 0 stopped, 74 disk, 75 already running, 76 data of a newer version, 77 keys do not open, 78 configuration.",
		Action:      func(c *cli.Context) error { return serveFailure(serve(c)) }}
}

func serve(c *cli.Context) (err error) {
	// A core file would hold keys and opened items.
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("turning core files off: %w", err)
	}
	cfg, err := config.Load(c.String("data"))
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if c.Bool("verbose") {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: level}))
	n, err := node.Open(c.Context, node.Config{Dir: c.String("data"), Config: cfg, Logger: logger,
		Protection: cfg.Protection(func() ([]byte, error) { return askPassphrase(c) })})
	if err != nil {
		return err
	}
	logger.Info("node runs", "member", string(cfg.Member), "portal", cfg.Portal.Host)
	err = n.Run(c.Context)
	if closed := n.Close(); err == nil {
		err = closed
	}
	logger.Info("node stopped")
	return err
}

func askPassphrase(c *cli.Context) ([]byte, error) {
	if _, ok := terminal(c); !ok {
		return nil, fmt.Errorf("no terminal to ask on: name a passphrase_file in iconet.toml: %w", config.ErrConfig)
	}
	text, err := askSecret(c, "Passphrase of the keys: ")
	return []byte(text), err
}
