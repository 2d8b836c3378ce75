package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "iconet.example/"

// plan is the plan of the house: by package what it may import of ours, by guest the rooms that may know it.
type plan struct{ rooms, guests map[string][]string }

func readPlan(t *testing.T) plan {
	t.Helper()
	b, err := os.ReadFile("testdata/plan.txt")
	if err != nil {
		t.Fatal(err)
	}
	p := plan{map[string][]string{}, map[string][]string{}}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("the plan has a line without a colon: %q", line)
		}
		if guest, ok := strings.CutPrefix(name, "guest "); ok {
			p.guests[guest] = strings.Fields(list)
		} else {
			p.rooms[name] = strings.Fields(list)
		}
	}
	return p
}

type listed struct {
	ImportPath, Doc string
	Imports         []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsFollowThePlan(t *testing.T) {
	plan := readPlan(t)
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, module)
		may, ok := plan.rooms[room]
		if !ok {
			t.Errorf("%s is not in the plan", room)
		}
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, module); ok && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s, which the plan does not have", room, ours)
			}
			for guest, hosts := range plan.guests {
				if strings.HasPrefix(i, guest) && !slices.Contains(hosts, room) {
					t.Errorf("%s imports %s, which is the guest of %v", room, i, hosts)
				}
			}
		}
		for _, i := range may {
			if !slices.Contains(p.Imports, module+i) {
				t.Errorf("the plan has %s import %s, and it does not", room, i)
			}
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", room)
		}
	}
}

func TestTopLevelStaysAsItIs(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if name[0] != '.' && !slices.Contains([]string{"node", "federation", "crypto", "cmd", "config", "testnet", "go.mod", "go.sum", "README.md"}, name) {
			t.Errorf("%s does not belong on the top level", name)
		}
	}
}
