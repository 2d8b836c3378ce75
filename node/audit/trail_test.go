package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"iconet.example/node/audit"
)

func line(n int) audit.Line {
	return audit.Line{TimeMS: uint64(1000 + n), Actor: "u-1", Action: "read", Object: fmt.Sprintf("FR-EWS-01-2026-%06d", n), Decision: "allowed"}
}

// trail gives n lines, from the first on.
func trail(t testing.TB, n int) [][]byte {
	t.Helper()
	tr, err := audit.Resume(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return extend(t, tr, 0, n)
}

func extend(t testing.TB, tr *audit.Trail, have, n int) (lines [][]byte) {
	t.Helper()
	for i := range n {
		seq, b, err := tr.Next(line(have + i + 1))
		if err != nil {
			t.Fatal(err)
		}
		if seq != uint64(have+i+1) {
			t.Errorf("line %d has number %d", have+i+1, seq)
		}
		lines = append(lines, b)
	}
	return lines
}

// verify gives how many lines hold and the error of the next one.
func verify(lines [][]byte) (int, error) {
	var v audit.Verifier
	for i, b := range lines {
		if _, err := v.Check(b); err != nil {
			return i, err
		}
	}
	return len(lines), nil
}

func TestTrailGoesOnAfterTheLastLine(t *testing.T) {
	lines := trail(t, 3)
	for range 2 {
		tr, err := audit.Resume(uint64(len(lines)), lines[len(lines)-1])
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, extend(t, tr, len(lines), 2)...)
	}
	if n, err := verify(lines); err != nil || n != 7 {
		t.Errorf("%d lines hold, %v", n, err)
	}
	l, err := audit.Parse(lines[4])
	if err != nil {
		t.Fatal(err)
	}
	want := line(5)
	want.Seq, want.Prev = 5, l.Prev
	if l != want || len(l.Prev) != 64 {
		t.Errorf("got %+v, want %+v", l, want)
	}
	if first, err := audit.Parse(lines[0]); err != nil || first.Prev != "" {
		t.Errorf("the first line follows %q, %v", first.Prev, err)
	}
}

func TestResumeRefusesALineThatIsNotTheLast(t *testing.T) {
	lines := trail(t, 2)
	for name, last := range map[string][]byte{"an earlier line": lines[0], "no line": nil, "not a line": []byte("{}x")} {
		if _, err := audit.Resume(2, last); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestChangedTrailIsFoundWithItsNumber(t *testing.T) {
	other := trail(t, 1)[0]
	swap := func(lines [][]byte, i int, old, with string) [][]byte {
		b := bytes.Replace(lines[i], []byte(old), []byte(with), 1)
		if bytes.Equal(b, lines[i]) {
			t.Fatalf("line %d has no %s", i+1, old)
		}
		lines[i] = b
		return lines
	}
	tests := []struct {
		name   string
		alter  func([][]byte) [][]byte
		holds  int
		number string
	}{
		{"untouched", func(l [][]byte) [][]byte { return l }, 6, ""},
		{"actor changed", func(l [][]byte) [][]byte { return swap(l, 2, "u-1", "u-2") }, 3, "line 3"},
		{"decision changed", func(l [][]byte) [][]byte { return swap(l, 0, "allowed", "refused") }, 1, "line 1"},
		{"time changed", func(l [][]byte) [][]byte { return swap(l, 3, "1004", "1005") }, 4, "line 4"},
		{"space added", func(l [][]byte) [][]byte { return swap(l, 3, ",", ", ") }, 4, "line 4"},
		{"number changed", func(l [][]byte) [][]byte { return swap(l, 3, `"seq":4`, `"seq":5`) }, 3, "line 3"},
		{"last line's number changed", func(l [][]byte) [][]byte { return swap(l, 5, `"seq":6`, `"seq":7`) }, 5, "line 5"},
		{"removed", func(l [][]byte) [][]byte { return slices.Delete(l, 2, 3) }, 2, "line 2"},
		{"first removed", func(l [][]byte) [][]byte { return l[1:] }, 0, "line 0"},
		{"removed and renumbered", func(l [][]byte) [][]byte {
			return swap(slices.Delete(l, 2, 3), 2, `"seq":4`, `"seq":3`)
		}, 2, "line 2"},
		{"reordered", func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }, 2, "line 2"},
		{"doubled", func(l [][]byte) [][]byte { return slices.Insert(l, 3, l[2]) }, 3, "line 3"},
		{"begun again", func(l [][]byte) [][]byte { return append(l, other) }, 6, "line 6"},
		{"not JSON", func(l [][]byte) [][]byte { l[4] = l[4][:20]; return l }, 4, "line 4"},
		{"unknown field", func(l [][]byte) [][]byte { return swap(l, 4, "{", `{"note":"x",`) }, 4, "line 4"},
		{"field twice", func(l [][]byte) [][]byte { return swap(l, 4, "{", `{"seq":5,`) }, 4, "line 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := verify(tt.alter(trail(t, 6)))
			if n != tt.holds {
				t.Errorf("%d lines hold, want %d", n, tt.holds)
			}
			if tt.number == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(err, audit.ErrBroken) || !strings.Contains(err.Error(), tt.number) {
				t.Errorf("got %v, want it to name %s", err, tt.number)
			}
		})
	}
}

func TestForeignTextIsCutAndStaysReadable(t *testing.T) {
	tests := map[string]string{
		"long":                     strings.Repeat("x", 1000),
		"cut in a letter":          strings.Repeat("x", 255) + "é",
		"not UTF-8":                "a\xff\xfeb",
		"another line in the text": "a\n{\"seq\":1}",
		"markup":                   strings.Repeat("<", 256),
	}
	for name, text := range tests {
		tr, err := audit.Resume(0, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := line(1)
		l.Object = text
		_, b, err := tr.Next(l)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if bytes.ContainsRune(b, '\n') {
			t.Errorf("%s: it takes two lines", name)
		}
		got, err := audit.Parse(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(got.Object) > 256 || !utf8.ValidString(got.Object) {
			t.Errorf("%s: %d bytes are kept", name, len(got.Object))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range trail(f, 2) {
		f.Add(b)
	}
	f.Add([]byte(`{"seq":1,"seq":2}`))
	f.Add([]byte(`{"seq":-1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := audit.Parse(b)
		if err != nil {
			if !errors.Is(err, audit.ErrBroken) {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		again, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > 4<<10 { // escapes may make it longer than a line can be
			return
		}
		if got, err := audit.Parse(again); err != nil || got != l {
			t.Errorf("a line does not read back: %v", err)
		}
	})
}
