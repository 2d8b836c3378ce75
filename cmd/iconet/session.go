package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"iconet.example/federation/coordinator"
	"iconet.example/node"
	"iconet.example/node/api"
)

// client asks the node of the data directory, with the session that auth login left if there is one.
func client(c *cli.Context) (*api.Client, error) {
	lang := c.String("lang")
	if lang != "en" && lang != "fr" {
		return nil, usagef("labels are to be had in en and fr, not in %q", lang)
	}
	cl := api.NewClient(filepath.Join(c.String("data"), node.SocketFile))
	cl.Lang = lang
	path, err := sessionFile(c)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading the session: %w", err)
	}
	cl.Token = strings.TrimSpace(string(b))
	return cl, nil
}

// timed bounds a call by --timeout.
func timed(c *cli.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.Context, c.Duration("timeout"))
}

// sessionFile is where the token of a session is kept: one for each data directory, readable by its user alone.
func sessionFile(c *cli.Context) (string, error) {
	if path := os.Getenv("ICONET_SESSION_FILE"); path != "" {
		return path, nil
	}
	data, err := filepath.Abs(c.String("data"))
	if err != nil {
		return "", fmt.Errorf("finding the session: %w", err)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the session: %w", err)
	}
	sum := sha256.Sum256([]byte(data))
	return filepath.Join(base, "iconet", fmt.Sprintf("session-%x", sum[:8])), nil
}

func keepSession(path, token string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping the session: %w", err)
	}
	return coordinator.WriteFile(path, []byte(token+"\n"))
}
