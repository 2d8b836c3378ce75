package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"iconet.example/federation"
	"iconet.example/node/api"
	"iconet.example/node/office"
)

const alertElement = "EWS"

func alertCommand() *cli.Command {
	return &cli.Command{Name: "alert", Usage: "early warnings", Subcommands: []*cli.Command{
		{Name: "send", Usage: "publish an early warning", UsageText: "iconet alert example > alert.json\n   iconet alert send --file alert.json --to DE,IT",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "JSON as alert example prints it, or - for standard input"},
				&cli.StringFlag{Name: "to", Usage: "members such as DE,IT, or all; instead of \"to\" in the file"},
				&cli.StringFlag{Name: "title", Usage: "instead of the title in the file"},
				&cli.BoolFlag{Name: "dry-run", Usage: "say what would happen, send nothing", DisableDefaultText: true},
			}, Action: sendAlert},
		{Name: "example", Usage: "print an early warning to start from", Action: func(c *cli.Context) error {
			return writeJSON(c.App.Writer, exampleAlert(time.Now()))
		}},
		{Name: "list", Usage: "early warnings, newest first", Flags: listFlags(), Action: func(c *cli.Context) error { return listItems(c, alertElement) }},
		{Name: "watch", Usage: "print early warnings as they arrive, until Ctrl-C", Action: watchAlerts},
	}}
}

// exampleAlert is a complete early warning about a place that exists and an event that does not.
func exampleAlert(now time.Time) *api.Submission {
	day := now.UTC().Format(time.DateOnly)
	return &api.Submission{Form: "EWS-01", Audience: "DE,IT",
		Header: federation.Values{"title": "Exercise: lorries with hidden compartments at Medyka", "language": "en", "impact": "2",
			"summary":     "Exercise. Three lorries with a hidden compartment behind the cabin in one week, a pattern not seen on this road before.",
			"source_eval": "B", "info_eval": "3", "use_level": "TAC", "originating_unit": "Border situation centre", "pd_declaration": true, "lawful_declaration": true},
		Fields: federation.Values{"kind": "CHG", "urgency": "URGENT", "known_at": now.UTC().Add(-time.Hour).Format(time.RFC3339), "status": "ongoing",
			"event_time":  map[string]any{"from": day},
			"place":       map[string]any{"name": "Medyka", "country": "PL", "level": "bcp", "lat": json.Number("49.8"), "lon": json.Number("22.93")},
			"what":        "Exercise. Groups of six to eight persons were found behind a false wall of the cabin. Entry is through the floor.",
			"border_type": "LAND", "routes": []any{"ELB"}, "modus": []any{"HIDE"}, "transport": []any{"TRUCK"},
			"change_before": "Single persons under the trailer cover.", "change_after": "Groups in a compartment built for the purpose.",
			"persons":      map[string]any{"value": json.Number("21"), "precision": "exact"},
			"response":     []any{map[string]any{"measure": "CHECK", "state": "taken"}},
			"action_asked": []any{"check_own_data"}, "contact": "Duty officer, border situation centre"}}
}

func sendAlert(c *cli.Context) error {
	s, err := readSubmission(c)
	if err != nil {
		return err
	}
	if to := c.String("to"); to != "" {
		s.Audience = to
	}
	if s.Audience == "" {
		return usagef("alert send needs recipients: --to DE,IT or --to all")
	}
	if title := c.String("title"); title != "" {
		if s.Header == nil {
			s.Header = federation.Values{}
		}
		s.Header["title"] = title
	}
	cl, err := client(c)
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	if c.Bool("dry-run") {
		return reviewAlert(ctx, c, cl, s)
	}
	p, err := cl.Publish(ctx, s)
	if err != nil {
		return err
	}
	t := table{columns: []string{"REFERENCE", "ID", "RECIPIENTS"}}
	t.add(p.Ref, p.ID.String(), displayed(p.Recipients))
	if err := emit(c, p, []*api.Published{p}, t); err != nil {
		return err
	}
	note(c, "Sent. Who has it: iconet item receipts %s", p.Ref)
	return nil
}

func displayed(members []federation.MemberCode) string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Display()
	}
	return strings.Join(out, ",")
}

func reviewAlert(ctx context.Context, c *cli.Context, cl *api.Client, s *api.Submission) error {
	var r api.Review
	if err := cl.Do(ctx, "POST", "/v1/review", s, &r); err != nil {
		return err
	}
	t := table{columns: []string{"WHAT", "DETAIL"}}
	t.add("recipients", displayed(r.Recipients))
	for _, f := range r.Errors {
		t.add(f.Pointer, f.Detail)
	}
	for _, f := range r.Findings {
		t.add(f.Path, f.ID+": "+f.Message(c.String("lang")))
	}
	if err := emit(c, r, []api.Review{r}, t); err != nil {
		return err
	}
	if len(r.Errors)+len(r.Findings) > 0 {
		return fail(exitFailed, "the item cannot be published as it stands", "mend what is listed", nil)
	}
	note(c, "Nothing was sent.")
	return nil
}

// readSubmission reads the file of an item strictly.
func readSubmission(c *cli.Context) (*api.Submission, error) {
	var b []byte
	var err error
	switch name := c.String("file"); name {
	case "":
		return nil, usagef("alert send needs --file FILE, or - for standard input; iconet alert example prints one")
	case "-":
		b, err = io.ReadAll(io.LimitReader(c.App.Reader, 1<<20))
	default:
		b, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, unreadable("the item's file", "iconet alert example > alert.json prints one to start from", err)
	}
	s := &api.Submission{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(s); err != nil {
		return nil, fail(exitUsage, "the item's file is not in order", "compare it with iconet alert example", err)
	}
	return s, nil
}

func watchAlerts(c *cli.Context) error {
	cl, err := client(c)
	if err != nil {
		return err
	}
	f, err := format(c)
	if err != nil {
		return err
	}
	note(c, "Waiting for early warnings; Ctrl-C ends it.")
	query := listQuery(alertElement)
	err = cl.Watch(c.Context, query, func(s *office.Summary) error {
		if f == "json" || f == "jsonl" {
			return json.NewEncoder(c.App.Writer).Encode(s)
		}
		_, err := fmt.Fprintf(c.App.Writer, "%s  %s  %-7s  %s  %s\n", clock(s.PublishedAt), s.Owner.Display(), s.Urgency, s.Ref, line(s.Title))
		return err
	})
	if c.Context.Err() != nil {
		return exitCode(exitInterrupted) // that is how a watch ends
	}
	return err
}
