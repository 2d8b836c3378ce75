package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// bar tells how far a reader has come: a line that moves on a terminal, else one line each tenth. It counts what is
// written to it.
type bar struct {
	w        io.Writer
	name     string
	total    int64
	done     int64
	began    time.Time
	shown    time.Time
	tenths   int64
	terminal bool
	quiet    bool
}

func newBar(c *cli.Context, name string, total int64) *bar {
	f, ok := c.App.ErrWriter.(*os.File)
	return &bar{w: c.App.ErrWriter, name: name, total: max(total, 1), began: time.Now(), quiet: c.Bool("quiet"),
		terminal: ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"}
}

func (b *bar) Write(p []byte) (int, error) {
	b.done += int64(len(p))
	now := time.Now()
	switch {
	case b.quiet || now.Sub(b.began) < time.Second:
	case b.terminal && now.Sub(b.shown) > 100*time.Millisecond:
		b.shown = now
		part := float64(b.done) / float64(b.total)
		full := int(part * 20)
		left := time.Duration(float64(now.Sub(b.began)) * (1 - part) / part).Round(time.Second)
		fmt.Fprintf(b.w, "\r%s  %s%s  %3.0f %%  eta %s ", b.name, strings.Repeat("█", full), strings.Repeat("░", 20-full), part*100, left)
	case !b.terminal && b.done*10/b.total > b.tenths:
		b.tenths = b.done * 10 / b.total
		fmt.Fprintf(b.w, "%s %d %%\n", b.name, b.tenths*10)
	}
	return len(p), nil
}

// end leaves the line.
func (b *bar) end() {
	if b.terminal && !b.shown.IsZero() {
		fmt.Fprintln(b.w)
	}
}
