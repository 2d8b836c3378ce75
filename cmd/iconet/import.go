package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"iconet.example/federation"
	"iconet.example/node/api"
	"iconet.example/node/importer"
)

func importCommand() *cli.Command {
	return &cli.Command{Name: "import", Usage: "publish the rows of a CSV file; what was published before is passed over", ArgsUsage: "FILE.csv",
		UsageText: "iconet import incidents.csv --form EWS-01 --dry-run\n   iconet import incidents.csv --form EWS-01 --map map.toml",
		Description: "Exit code 9 says that some rows were refused; they are listed with line, column and reason.\n" +
			"After an interruption, or a stop of the node, the same command goes on where it ended.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "form", Usage: "form of the items, such as EWS-01"},
			&cli.StringFlag{Name: "map", Usage: "TOML file that says which column goes where (default: that of the IOM incident files)"},
			&cli.StringFlag{Name: "to", Usage: "members such as DE,IT, or all; instead of the map's"},
			&cli.BoolFlag{Name: "dry-run", Usage: "judge every row, publish nothing", DisableDefaultText: true},
		}, Action: importFile}
}

// refusal is a row that was left out.
type refusal struct {
	Line   int    `json:"line"`
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// outcome is the result of an import.
type outcome struct {
	Rows      int       `json:"rows"`
	Published int       `json:"published"`
	Known     int       `json:"already_there"`
	Refused   int       `json:"refused"`
	DryRun    bool      `json:"dry_run,omitempty"`
	Refusals  []refusal `json:"refusals"`
}

func importFile(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("import takes one file")
	}
	if c.String("form") == "" {
		return usagef("import needs --form, such as --form EWS-01")
	}
	m, err := importMap(c.String("map"))
	if err != nil {
		return err
	}
	if form := federation.FormCode(strings.ToUpper(c.String("form"))); form != m.Form {
		return usagef("the map is one for form %s, not %s", m.Form, form)
	}
	if to := c.String("to"); to != "" {
		m.Audience = to
	}
	f, err := os.Open(c.Args().First())
	if err != nil {
		return unreadable("the file", "give the path of a CSV file", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fail(exitUsage, "the file cannot be read", "give the path of a CSV file", err)
	}
	cl, err := client(c)
	if err != nil {
		return err
	}
	bar := newBar(c, "Importing", info.Size())
	im := &importing{cl: cl, m: m, dryRun: c.Bool("dry-run"), bar: bar, out: outcome{DryRun: c.Bool("dry-run"), Refusals: []refusal{}}}
	err = im.run(c.Context, f)
	bar.end()
	return im.report(c, err)
}

func importMap(path string) (*importer.Map, error) {
	if path == "" {
		return importer.IOM()
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable("the map", "give the path of a TOML file, or leave --map out for IOM incident files", err)
	}
	return importer.ParseMap(b)
}

// importing is one run of an import.
type importing struct {
	cl     *api.Client
	m      *importer.Map
	dryRun bool
	bar    *bar

	mu  sync.Mutex // guards out
	out outcome
}

// inFlight is how many rows are on their way at once, so that the node commits many with one sync of its disk.
const inFlight = 64

func (im *importing) run(ctx context.Context, f io.Reader) error {
	structure, err := fetchStructure(ctx, im.cl)
	if err != nil {
		return err
	}
	rows, err := importer.NewReader(io.TeeReader(f, im.bar), im.m, structure)
	if err != nil {
		return err
	}
	// What is on its way when somebody interrupts is waited for, so that the count is true.
	group, sending := errgroup.WithContext(context.WithoutCancel(ctx))
	group.SetLimit(inFlight)
	for ctx.Err() == nil && sending.Err() == nil {
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error { return im.take(sending, row) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func fetchStructure(ctx context.Context, cl *api.Client) (*federation.Structure, error) {
	var raw json.RawMessage
	if err := cl.Do(ctx, "GET", "/v1/structure", nil, &raw); err != nil {
		return nil, err
	}
	return federation.ParseStructure(raw)
}

// take publishes one row or notes why not. An error ends the import.
func (im *importing) take(ctx context.Context, row *importer.Row) error {
	if len(row.Faults) > 0 {
		var list []refusal
		for _, f := range row.Faults {
			list = append(list, refusal{row.Line, f.Column, f.Reason})
		}
		im.refuse(list)
		return nil
	}
	s := &api.Submission{Form: im.m.Form, Header: row.Header, Fields: row.Fields, Audience: im.m.Audience, Import: hex.EncodeToString(row.ImportKey[:])}
	known := false
	var err error
	if im.dryRun {
		err = im.review(ctx, s)
	} else {
		var p *api.Published
		p, err = im.cl.Publish(ctx, s)
		known = p.Known
	}
	var problem *api.Problem
	if errors.As(err, &problem) && problem.Slug() == api.Content {
		var list []refusal
		for _, f := range problem.Errors {
			list = append(list, refusal{row.Line, strings.Join(im.m.Columns(f.Pointer), ", "), f.Detail})
		}
		im.refuse(list)
		return nil
	}
	if err != nil {
		return err
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	im.out.Rows++
	if known {
		im.out.Known++
	} else {
		im.out.Published++
	}
	return nil
}

// review asks for a judgement and gives it as publishing would.
func (im *importing) review(ctx context.Context, s *api.Submission) error {
	var r api.Review
	if err := im.cl.Do(ctx, "POST", "/v1/review", s, &r); err != nil {
		return err
	}
	p := &api.Problem{Type: "/problems/" + string(api.Content), Errors: r.Errors}
	for _, f := range r.Findings {
		p.Errors = append(p.Errors, api.Fault{Pointer: f.Path, Code: f.ID, Detail: f.Message(im.cl.Lang)})
	}
	if len(p.Errors) == 0 {
		return nil
	}
	return p
}

func (im *importing) refuse(list []refusal) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.out.Rows++
	im.out.Refused++
	im.out.Refusals = append(im.out.Refusals, list...)
}

// report prints what became of the rows, also of an import that was cut short.
func (im *importing) report(c *cli.Context, err error) error {
	im.mu.Lock()
	defer im.mu.Unlock()
	out := im.out
	if err != nil && out.Rows == 0 {
		return err
	}
	slices.SortStableFunc(out.Refusals, func(a, b refusal) int { return a.Line - b.Line })
	t := table{columns: []string{"LINE", "COLUMN", "REASON"}}
	for _, r := range out.Refusals {
		t.add(strconv.Itoa(r.Line), r.Column, r.Reason)
	}
	if format, ferr := format(c); ferr != nil || format != "table" || len(t.rows) > 0 {
		if perr := emit(c, out, out.Refusals, t); perr != nil {
			return perr
		}
	}
	done := "published"
	if out.DryRun {
		done = "in order (nothing was published)"
	}
	note(c, "%d rows: %d %s, %d already there, %d refused", out.Rows, out.Published, done, out.Known, out.Refused)
	if err != nil {
		return fmt.Errorf("%w (the same command goes on from here)", err)
	}
	if out.Refused > 0 {
		return fail(exitPartly, fmt.Sprintf("%d of %d rows were refused", out.Refused, out.Rows), "mend the cells listed above and import the file again: the other rows are not published twice", nil)
	}
	return nil
}
