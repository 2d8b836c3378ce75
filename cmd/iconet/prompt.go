package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// terminal gives the file of standard input if a person sits there.
func terminal(c *cli.Context) (*os.File, bool) {
	f, ok := c.App.Reader.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd())) && !c.Bool("no-input")
}

// typed waits for a line from a terminal, and no longer than ctx: a read cannot be broken off, so it is left behind.
func typed(ctx context.Context, read func() (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	done := make(chan line, 1)
	go func() {
		text, err := read()
		done <- line{text, err}
	}()
	select {
	case l := <-done:
		return l.text, l.err
	case <-ctx.Done():
		return "", errInterrupted
	}
}

// askSecret asks for a line that is not shown. The terminal is as it was when it returns.
func askSecret(c *cli.Context, prompt string) (string, error) {
	f, ok := terminal(c)
	if !ok {
		return "", usagef("there is no terminal to ask on: give a file, or - for standard input")
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", fmt.Errorf("reading the terminal's state: %w", err)
	}
	fmt.Fprint(c.App.ErrWriter, prompt)
	text, err := typed(c.Context, func() (string, error) {
		b, err := term.ReadPassword(int(f.Fd()))
		return string(b), err
	})
	fmt.Fprintln(c.App.ErrWriter)
	if restored := term.Restore(int(f.Fd()), before); err == nil && restored != nil {
		err = fmt.Errorf("restoring the terminal: %w", restored)
	}
	return text, err
}

// askLine asks for a line.
func askLine(c *cli.Context, in *bufio.Reader, question string) (string, error) {
	fmt.Fprint(c.App.ErrWriter, question+" ")
	text, err := typed(c.Context, func() (string, error) { return in.ReadString('\n') })
	return strings.TrimSpace(text), err
}
