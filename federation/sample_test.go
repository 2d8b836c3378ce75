package federation_test

import (
	_ "embed"
	"strconv"
	"strings"
	"testing"
	"time"

	"iconet.example/federation"
	"iconet.example/federation/coordinator/source"
)

// now is the moment at which the tests judge; the sample item was published two hours before.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// sample is the canonical form of an early warning with nearly every field filled. The event is made up.
//
//go:embed testdata/item.json
var sample []byte

func payload(t testing.TB) []byte {
	t.Helper()
	b, err := source.Compile(source.Edition{Version: 1, Effective: now, Expires: now.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func structure(t testing.TB) *federation.Structure {
	t.Helper()
	s, err := federation.ParseStructure(payload(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drop as a value in edits removes what is at the path.
type drop struct{}

// edits maps a path such as "fields.response.0.measure" to its new value.
type edits map[string]any

// warning gives the sample item with changes, in its normal form.
func warning(t testing.TB, changes edits) *federation.Item {
	t.Helper()
	it, err := federation.ParseItem(sample)
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range changes {
		change(t, it, path, value)
	}
	it, err = it.Normal()
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func change(t testing.TB, it *federation.Item, path string, value any) {
	t.Helper()
	steps := strings.Split(path, ".")
	at := map[string]any(it.Fields)
	if steps[0] == "header" {
		at = it.Header
	}
	steps = steps[1:]
	for len(steps) > 1 {
		var next any = at[steps[0]]
		if list, ok := next.([]any); ok {
			i, err := strconv.Atoi(steps[1])
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			next, steps = list[i], steps[1:]
		}
		below, ok := next.(map[string]any)
		if !ok {
			t.Fatalf("%s: nothing at %s", path, steps[0])
		}
		at, steps = below, steps[1:]
	}
	if value == (drop{}) {
		delete(at, steps[0])
		return
	}
	at[steps[0]] = value
}

// brief gives faults as "path rule" for comparing.
func brief(faults []federation.Fault) []string {
	out := []string{}
	for _, f := range faults {
		out = append(out, f.Path+" "+f.Rule)
	}
	return out
}
