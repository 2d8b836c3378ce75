package testnet

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"iconet.example/federation"
	"iconet.example/node/api"
	"iconet.example/node/importer"
)

// sample holds incidents of the IOM Missing Migrants Project (CC BY 4.0).
//
//go:embed seed/incidents.csv
var sample []byte

// Sown is what Seed did at one node.
type Sown struct {
	Code      federation.MemberCode `json:"node"`
	Published int                   `json:"published"`
	Known     int                   `json:"already_there"`
	Waiting   int                   `json:"waiting"` // left out because the node does not run
}

// Seed publishes the sample: each incident as an item of the member in whose country it happened, to all. What an earlier
// call published is passed over; a node that does not run is left out.
func (n *Network) Seed(ctx context.Context) ([]Sown, error) {
	m, err := importer.IOM()
	if err != nil {
		return nil, err
	}
	var raw json.RawMessage
	if err := n.state.Nodes[0].Client().Do(ctx, "GET", "/v1/structure", nil, &raw); err != nil {
		return nil, err
	}
	structure, err := federation.ParseStructure(raw)
	if err != nil {
		return nil, err
	}
	rows, err := importer.NewReader(bytes.NewReader(sample), m, structure)
	if err != nil {
		return nil, err
	}
	work := map[federation.MemberCode][]*api.Submission{}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		place, _ := row.Fields["place"].(map[string]any)
		country, _ := place["country"].(string)
		owner := federation.MemberCode(country)
		work[owner] = append(work[owner], &api.Submission{Form: m.Form, Header: row.Header, Fields: row.Fields, Audience: m.Audience, Import: hex.EncodeToString(row.ImportKey[:])})
	}
	return n.sow(ctx, work)
}

func (n *Network) sow(ctx context.Context, work map[federation.MemberCode][]*api.Submission) ([]Sown, error) {
	out := make([]Sown, len(n.Codes()))
	group, ctx := errgroup.WithContext(ctx)
	for i, code := range n.Codes() {
		out[i].Code = code
		one, err := n.Node(string(code))
		if err != nil {
			return nil, err
		}
		if !one.Process.Alive() {
			out[i].Waiting = len(work[code])
			continue
		}
		group.Go(func() error {
			cl, err := one.SignIn(ctx, "")
			if err != nil {
				return err
			}
			for _, s := range work[code] {
				p, err := cl.Publish(ctx, s)
				if err != nil {
					return fmt.Errorf("publishing at %s: %w", code, err)
				}
				if p.Known {
					out[i].Known++
				} else {
					out[i].Published++
				}
			}
			return nil
		})
	}
	return out, group.Wait()
}
