package main

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/node/api"
	"iconet.example/node/office"
)

func itemCommand() *cli.Command {
	return &cli.Command{Name: "item", Usage: "items of all elements", Subcommands: []*cli.Command{
		{Name: "list", Usage: "items, newest first", Flags: append(listFlags(), &cli.StringFlag{Name: "element", Usage: "such as EWS"}),
			Action: func(c *cli.Context) error { return listItems(c, strings.ToUpper(c.String("element"))) }},
		{Name: "show", Usage: "one item with its provenance", ArgsUsage: "ID|REFERENCE", Action: showItem},
		{Name: "receipts", Usage: "how far an item has come at each member", ArgsUsage: "ID|REFERENCE", Action: itemReceipts},
		{Name: "verify", Usage: "check signature, log and sealed bytes of an item anew", ArgsUsage: "ID|REFERENCE", Action: verifyItem},
		{Name: "export", Usage: "write the sealed item and its key; the age tool opens it", ArgsUsage: "ID|REFERENCE",
			Flags: []cli.Flag{&cli.StringFlag{Name: "out", Usage: "directory for the two files", Value: "."}}, Action: exportItem},
	}}
}

func listFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "owner", Usage: "only items of one member"},
		&cli.StringFlag{Name: "since", Usage: "only items published since, such as 24h, 7d or 2026-11-01"},
		&cli.StringFlag{Name: "search", Usage: "words in title, place or reference"},
		&cli.IntFlag{Name: "limit", Usage: "rows, 1 to 500", Value: 50},
		&cli.StringFlag{Name: "after", Usage: "continue after the place that the page before ended with"},
	}
}

func listQuery(element string) url.Values {
	q := url.Values{}
	if element != "" {
		q.Set("element", element)
	}
	return q
}

func listItems(c *cli.Context, element string) error {
	q := listQuery(element)
	q.Set("owner", c.String("owner"))
	q.Set("q", c.String("search"))
	q.Set("limit", strconv.Itoa(c.Int("limit")))
	q.Set("after", c.String("after"))
	if s := c.String("since"); s != "" {
		t, err := since(s, time.Now())
		if err != nil {
			return err
		}
		q.Set("since", t.UTC().Format(time.RFC3339))
	}
	cl, err := client(c)
	if err != nil {
		return err
	}
	ctx, cancel := timed(c)
	defer cancel()
	list, err := cl.List(ctx, q)
	if err != nil {
		return err
	}
	t := table{columns: []string{"PUBLISHED", "OWNER", "URGENCY", "REFERENCE", "PLACE", "TITLE"}}
	for _, s := range list.Items {
		t.add(clock(s.PublishedAt), s.Owner.Display(), s.Urgency, s.Ref, s.Place, s.Title)
	}
	if err := emit(c, list, list.Items, t); err != nil {
		return err
	}
	switch {
	case len(list.Items) == 0:
		note(c, "No items.")
	case list.Next != "":
		note(c, "There are more; the next page: --after %s", list.Next)
	}
	return nil
}

// since reads "24h", "7d" or a date.
func since(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("%q is no span or date: write 24h, 7d or 2026-11-01", text)
}

// one loads the item that the only argument names.
func one(c *cli.Context, path string) (*office.Document, error) {
	if c.NArg() != 1 {
		return nil, usagef("give one id or reference, such as FR-EWS-01-2026-000001")
	}
	doc := &office.Document{}
	return doc, get(c, path+url.PathEscape(c.Args().First()), doc)
}

func showItem(c *cli.Context) error {
	doc, err := one(c, "/v1/items/")
	if err != nil {
		return err
	}
	t := table{columns: []string{"WHAT", "VALUE"}}
	s := doc.Summary
	t.add("reference", s.Ref)
	t.add("id", s.ID.String())
	t.add("owner", s.Owner.Display())
	t.add("audience", displayed(doc.Audience))
	t.add("published", clock(s.PublishedAt))
	t.add("received", clock(s.ReceivedAt))
	t.add("marking", s.Marking)
	for _, part := range []federation.Values{doc.Item.Header, doc.Item.Fields} {
		for _, id := range slices.Sorted(maps.Keys(part)) {
			t.add(id, inline(part[id]))
		}
	}
	addProvenance(&t, doc.Provenance)
	return emit(c, doc, []*office.Document{doc}, t)
}

// inline writes a value on one line.
func inline(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []any:
		parts := make([]string, len(x))
		for i, one := range x {
			parts[i] = inline(one)
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			parts = append(parts, k+" "+inline(x[k]))
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

func addProvenance(t *table, p office.Provenance) {
	verified := "no"
	if p.Verified {
		verified = "yes: signature, place in the signed log, sealed bytes"
	}
	t.add("verified", verified)
	t.add("signing key", p.SignKey)
	t.add("log entry", fmt.Sprintf("%d of %d, incarnation %d", p.Index, p.LogSize, p.Incarnation))
	t.add("leaf hash", p.Leaf)
	t.add("log root", p.LogRoot)
	t.add("sealed bytes", "SHA-256 "+p.CtHash)
	t.add("structure, directory", fmt.Sprintf("versions %d, %d", p.StructureVersion, p.DirectoryVersion))
	t.add("deleted after", clock(p.DeleteAfter))
}

func itemReceipts(c *cli.Context) error {
	doc, err := one(c, "/v1/items/")
	if err != nil {
		return err
	}
	t := table{columns: []string{"MEMBER", "STATE", "QUEUED", "DELIVERED", "OPENED", "REFUSED"}}
	for _, r := range doc.Receipts {
		t.add(r.Member.Display(), string(r.State), clock(r.QueuedAt), clock(r.DeliveredAt), clock(r.OpenedAt), clock(r.RefusedAt))
	}
	return emit(c, doc.Receipts, doc.Receipts, t)
}

func verifyItem(c *cli.Context) error {
	doc, err := one(c, "/v1/verify/")
	if err != nil {
		return err
	}
	t := table{columns: []string{"WHAT", "VALUE"}}
	t.add("reference", doc.Summary.Ref)
	t.add("owner", doc.Summary.Owner.Display())
	addProvenance(&t, doc.Provenance)
	return emit(c, doc.Provenance, []office.Provenance{doc.Provenance}, t)
}

func exportItem(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("give one id or reference, such as FR-EWS-01-2026-000001")
	}
	var e api.Export
	if err := get(c, "/v1/export/"+url.PathEscape(c.Args().First()), &e); err != nil {
		return err
	}
	if err := os.MkdirAll(c.String("out"), 0o700); err != nil {
		return fail(exitFailed, "the directory for the export cannot be made", "choose another with --out", err)
	}
	base := filepath.Join(c.String("out"), e.Document.Summary.Ref)
	for _, f := range []struct {
		name string
		b    []byte
	}{{base + ".age", e.Sealed}, {base + ".key", []byte(e.Passphrase + "\n")}} {
		if _, err := os.Lstat(f.name); err == nil {
			return fail(exitConflict, f.name+" is there already", "choose another directory with --out", nil)
		}
		if err := coordinator.WriteFile(f.name, f.b); err != nil {
			return err
		}
	}
	t := table{columns: []string{"FILE", "WHAT"}}
	t.add(base+".age", "the sealed item, an age file with a passphrase")
	t.add(base+".key", "the passphrase: keep it apart from the item")
	if err := emit(c, map[string]string{"sealed": base + ".age", "key": base + ".key"}, []string{base + ".age", base + ".key"}, t); err != nil {
		return err
	}
	note(c, "The owner's authorisation is needed before it goes to anyone outside the network.\nOpen it with: age --decrypt %s.age", base)
	return nil
}
