package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// table is a result as people read it.
type table struct {
	columns []string
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// format gives the output format that was asked for.
func format(c *cli.Context) (string, error) {
	f := c.String("output")
	if c.Bool("json") {
		f = "json"
	}
	switch f {
	case "table", "json", "jsonl", "csv":
		return f, nil
	}
	return "", usagef("%q is not an output format: use table, json, jsonl or csv", f)
}

// emit prints a result: value for programs, t for people. lines are the objects of jsonl.
func emit[T any](c *cli.Context, value any, lines []T, t table) error {
	f, err := format(c)
	if err != nil {
		return err
	}
	out := c.App.Writer
	switch f {
	case "json":
		return writeJSON(out, value)
	case "jsonl":
		for _, l := range lines {
			if err := json.NewEncoder(out).Encode(l); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
		}
		return nil
	case "csv":
		return t.csv(out, !c.Bool("no-header"))
	default:
		return t.print(out, !c.Bool("no-header"))
	}
}

func writeJSON(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// print writes columns two spaces apart.
func (t table) print(w io.Writer, header bool) error {
	rows := t.rows
	if header && len(t.columns) > 0 {
		rows = append([][]string{t.columns}, rows...)
	}
	width := map[int]int{}
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(line(cell)))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		var cells strings.Builder
		for i, cell := range r {
			cell = line(cell)
			cells.WriteString(cell)
			if i < len(r)-1 {
				cells.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(cells.String(), " ") + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// csv writes RFC 4180 with a byte order mark; cells that a spreadsheet would take for a formula begin with an apostrophe.
func (t table) csv(w io.Writer, header bool) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := t.rows
	if header {
		rows = append([][]string{t.columns}, rows...)
	}
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, cell := range r {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				cell = "'" + cell
			}
			cells[i] = cell
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// note prints a message beside the result.
func note(c *cli.Context, format string, args ...any) {
	if !c.Bool("quiet") {
		fmt.Fprintf(c.App.ErrWriter, format+"\n", args...)
	}
}

// clock gives a time for tables; "-" for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
