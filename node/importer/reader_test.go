package importer_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"iconet.example/federation"
	"iconet.example/federation/coordinator/source"
	"iconet.example/node/importer"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func structure(t testing.TB) *federation.Structure {
	t.Helper()
	b, err := source.Compile(source.Edition{Version: 1, Effective: now, Expires: now.AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := federation.ParseStructure(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func iom(t testing.TB) *importer.Map {
	t.Helper()
	m, err := importer.IOM()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// columns are those of the incident files of the Missing Migrants Project.
var columns = []string{"Main ID", "Incident ID", "Incident date", "No. dead", "No. missing", "No. survivors", "No. Female", "No. Male", "No. minors",
	"Country of Origin", "Cause of death (category)", "Route", "Country of Incident", "Location of death", "Source Quality", "Latitude", "Longitude",
	"incident_date_precision"}

// event is a made-up row; cells replace its values by column.
func event(cells map[string]string) []string {
	row := map[string]string{"Main ID": "9999.X1", "Incident ID": "9999.X1", "Incident date": "2026-03-04", "No. dead": "2", "No. missing": "3",
		"No. survivors": "NA", "No. Female": "NA", "No. Male": "5", "No. minors": "1", "Country of Origin": "Unknown",
		"Cause of death (category)": "Drowning", "Route": "Central Mediterranean", "Country of Incident": "Italy",
		"Location of death": "Off a made-up cape, 20 km south", "Source Quality": "5", "Latitude": "35.12345", "Longitude": "-0.5", "incident_date_precision": "day"}
	for name, v := range cells {
		row[name] = v
	}
	out := make([]string, len(columns))
	for i, name := range columns {
		out[i] = row[name]
	}
	return out
}

func file(t testing.TB, rows ...[]string) string {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{columns}, rows...)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(t testing.TB, m *importer.Map, text string) []*importer.Row {
	t.Helper()
	in, err := importer.NewReader(strings.NewReader(text), m, structure(t))
	if err != nil {
		t.Fatal(err)
	}
	var rows []*importer.Row
	for {
		row, err := in.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

func one(t testing.TB, cells map[string]string) *importer.Row {
	t.Helper()
	rows := read(t, iom(t), file(t, event(cells)))
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	return rows[0]
}

// complete adds what the owner's node adds.
func complete(row *importer.Row) *federation.Item {
	h := federation.Values{"created_at": now.Format(time.RFC3339), "published_at": now.Format(time.RFC3339), "validation": "V1", "audience": "ALLF",
		"marking": "NETWORK", "tlp": "AMBER", "retention_until": now.AddDate(2, 0, 0).Format(time.DateOnly)}
	for id, v := range row.Header {
		h[id] = v
	}
	return &federation.Item{Form: "EWS-01", Version: 1, Owner: "FR", Header: h, Fields: row.Fields}
}

func TestRowOfIOMIsAValidWarning(t *testing.T) {
	s := structure(t)
	for name, cells := range map[string]map[string]string{
		"complete":           nil,
		"nothing optional":   {"No. dead": "NA", "No. missing": "", "No. minors": "NA", "Latitude": "NA", "Longitude": "NA"},
		"several routes":     {"Route": "Central Mediterranean,Sahara Desert crossing"},
		"name of the UN":     {"Country of Incident": "Türkiye", "Route": "Türkiye-Europe land route"},
		"very long location": {"Location of death": strings.Repeat("far away, ", 300)},
		"line break":         {"Location of death": "Off a cape,\n20 km\tsouth"},
	} {
		row := one(t, cells)
		if len(row.Faults) > 0 {
			t.Errorf("%s: %v", name, row.Faults)
			continue
		}
		it, err := complete(row).Normal()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if faults := s.Validate(it, now); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

func TestRowOfIOMFillsTheForm(t *testing.T) {
	row := one(t, nil)
	want := federation.Values{"kind": "INC", "urgency": "ROUTINE", "known_at": "2026-03-04T00:00:00Z", "status": "completed",
		"event_time": map[string]any{"from": "2026-03-04", "to": "2026-03-04"},
		"place": map[string]any{"name": "Off a made-up cape, 20 km south", "country": "IT", "level": "region",
			"lat": json.Number("35.12"), "lon": json.Number("-0.50")},
		"what":        "Drowning. Place: Off a made-up cape, 20 km south. Origin of the persons: Unknown. Women unknown, men 5, minors 1.",
		"border_type": "SEA", "routes": []any{"CMED"},
		"persons":  map[string]any{"value": json.Number("5"), "precision": "exact"},
		"minors":   map[string]any{"minors": map[string]any{"value": json.Number("1"), "precision": "exact"}},
		"response": []any{map[string]any{"measure": "NONE"}}, "action_asked": []any{"for_information"}, "contact": "Situation centre"}
	if diff := cmp.Diff(want, row.Fields); diff != "" {
		t.Error(diff)
	}
	if got := row.Header["title"]; got != "Drowning: Central Mediterranean, Italy, 2026-03-04" {
		t.Errorf("title %q", got)
	}
	if row.Line != 2 || row.Key != "9999.X1" || row.Header["source_eval"] != "A" {
		t.Errorf("line %d, key %s, source %v", row.Line, row.Key, row.Header["source_eval"])
	}
}

func TestRowsThatTheMapDoesNotCoverAreLeftOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		cells  map[string]string
		column string
	}{
		{"negative dead", map[string]string{"No. dead": "-2"}, "No. dead"},
		{"negative minors", map[string]string{"No. minors": "-1"}, "No. minors"},
		{"half a person", map[string]string{"No. missing": "1.5"}, "No. missing"},
		{"number in words", map[string]string{"No. survivors": "many"}, "No. survivors"},
		{"number beyond measure", map[string]string{"No. dead": "99999999999999999999"}, "No. dead"},
		{"formula for a number", map[string]string{"No. dead": "=1+1"}, "No. dead"},
		{"unknown country", map[string]string{"Country of Incident": "Atlantis"}, "Country of Incident"},
		{"no country", map[string]string{"Country of Incident": "NA"}, "Country of Incident"},
		{"two countries", map[string]string{"Country of Incident": "Italy,Malta"}, "Country of Incident"},
		{"unknown route", map[string]string{"Route": "Moon to Mars"}, "Route"},
		{"unknown quality", map[string]string{"Source Quality": "9"}, "Source Quality"},
		{"date of another country", map[string]string{"Incident date": "04/03/2026"}, "Incident date"},
		{"day that is none", map[string]string{"Incident date": "2026-02-30"}, "Incident date"},
		{"no date", map[string]string{"Incident date": ""}, "Incident date"},
		{"no location", map[string]string{"Location of death": "NA"}, "Location of death"},
		{"latitude in words", map[string]string{"Latitude": "35 N"}, "Latitude"},
		{"latitude NaN", map[string]string{"Latitude": "NaN"}, "Latitude"},
		{"longitude infinite", map[string]string{"Longitude": "Inf"}, "Longitude"},
		{"no key", map[string]string{"Incident ID": " "}, "Incident ID"},
		{"key not known", map[string]string{"Incident ID": "NA"}, "Incident ID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := one(t, c.cells)
			if len(row.Faults) == 0 {
				t.Fatal("the row has no fault")
			}
			for _, f := range row.Faults {
				if f.Column != c.column || f.Reason == "" {
					t.Errorf("fault %q in column %q, want %q", f.Reason, f.Column, c.column)
				}
			}
		})
	}
}

func TestSeveralValuesOfACellBecomeSeveralCodes(t *testing.T) {
	table := `
form = "EWS-01"
key = "id"
missing = [""]
[[field]]
to = "fields.routes"
from = "route"
kind = "codes"
table = "route"
other = %s
[table.route]
"A" = "CMED"
"B" = "WMED"
"A, by night" = "EMED"
`
	for _, c := range []struct {
		cell, other string
		want        federation.Values
		faults      int
	}{
		{"A", "false", federation.Values{"routes": []any{"CMED"}}, 0},
		{"A,B", "false", federation.Values{"routes": []any{"CMED", "WMED"}}, 0},
		{" B ,  A ", "false", federation.Values{"routes": []any{"WMED", "CMED"}}, 0},
		{"A,A", "false", federation.Values{"routes": []any{"CMED"}}, 0},
		{"A, by night", "false", federation.Values{"routes": []any{"EMED"}}, 0},
		{"A,C", "false", federation.Values{}, 1},
		{"A,,B", "false", federation.Values{"routes": []any{"CMED", "WMED"}}, 0},
		{"A,C", "true", federation.Values{"routes": []any{"CMED", "OTH"}, "routes_other": "C"}, 0},
		{"a", "true", federation.Values{"routes": []any{"OTH"}, "routes_other": "a"}, 0},
	} {
		m, err := importer.ParseMap([]byte(strings.Replace(table, "%s", c.other, 1)))
		if err != nil {
			t.Fatal(err)
		}
		row := read(t, m, "id,route\n1,\""+c.cell+"\"\n")[0]
		if diff := cmp.Diff(c.want, row.Fields); diff != "" || len(row.Faults) != c.faults {
			t.Errorf("%q: faults %v, %s", c.cell, row.Faults, diff)
		}
	}
}

func TestRowsOfTheWrongLengthAreLeftOutAndTheRestIsRead(t *testing.T) {
	good := event(nil)
	text := file(t, event(map[string]string{"Incident ID": "a"})[:5], append(event(map[string]string{"Incident ID": "b"}), "more"), good)
	rows := read(t, iom(t), text)
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows[:2] {
		if len(row.Faults) != 1 || !strings.Contains(row.Faults[0].Reason, "cells") || row.Key != "" {
			t.Errorf("line %d: %v", row.Line, row.Faults)
		}
	}
	if len(rows[2].Faults) > 0 || rows[2].Line != 4 {
		t.Errorf("line %d: %v", rows[2].Line, rows[2].Faults)
	}
}

func TestBrokenQuotesAreThatRowsFault(t *testing.T) {
	lines := strings.SplitAfter(file(t, event(map[string]string{"Incident ID": "a"}), event(map[string]string{"Incident ID": "b"})), "\n")
	for name, broken := range map[string]string{"quote inside": "x,y\"z,1\n", "text after a quote": "\"x\"y,1\n"} {
		rows := read(t, iom(t), lines[0]+lines[1]+broken+lines[2])
		if len(rows) != 3 || len(rows[0].Faults) != 0 || len(rows[2].Faults) != 0 || rows[2].Key != "b" {
			t.Errorf("%s: the good rows were not read", name)
			continue
		}
		if row := rows[1]; row.Line != 3 || len(row.Faults) != 1 || !strings.Contains(row.Faults[0].Reason, "not proper CSV") {
			t.Errorf("%s: line %d, %v", name, row.Line, row.Faults)
		}
	}
	rows := read(t, iom(t), lines[0]+lines[1]+"\"never closed,1\n"+lines[2])
	if len(rows) != 2 || len(rows[0].Faults) != 0 || len(rows[1].Faults) != 1 || rows[1].Line != 3 {
		t.Errorf("quote never closed: %d rows", len(rows))
	}
}

func TestFilesOfSpreadsheetProgramsAreRead(t *testing.T) {
	plain := file(t, event(nil))
	for name, text := range map[string]string{
		"byte order mark":          "\ufeff" + plain,
		"Windows line ends":        "\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"),
		"no line end":              strings.TrimSuffix(plain, "\n"),
		"empty lines":              strings.ReplaceAll(plain, "\n", "\n\n"),
		"space around the columns": strings.Replace(plain, "Main ID,Incident ID,", "Main ID , Incident ID,", 1),
		"space around cells":       strings.Replace(plain, ",9999.X1,", ",  9999.X1 ,", 1),
	} {
		rows := read(t, iom(t), text)
		if len(rows) != 1 || len(rows[0].Faults) > 0 || rows[0].Key != "9999.X1" {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
}

func TestColumnsMayStandInAnyOrder(t *testing.T) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	names, cells := append([]string{"Remarks"}, columns...), append([]string{"not imported"}, event(nil)...)
	for i, j := 1, len(names)-1; i < j; i, j = i+1, j-1 {
		names[i], names[j] = names[j], names[i]
		cells[i], cells[j] = cells[j], cells[i]
	}
	if err := w.WriteAll([][]string{names, cells}); err != nil {
		t.Fatal(err)
	}
	row := read(t, iom(t), b.String())[0]
	if diff := cmp.Diff(one(t, nil), row); diff != "" {
		t.Error(diff)
	}
}

func TestSecondRowOfAKeyIsLeftOut(t *testing.T) {
	rows := read(t, iom(t), file(t, event(nil), event(map[string]string{"Incident ID": " 9999.X1 ", "No. dead": "7"}), event(map[string]string{"Incident ID": "9999.x1"})))
	if len(rows[0].Faults) > 0 || len(rows[2].Faults) > 0 {
		t.Errorf("first %v, other key %v", rows[0].Faults, rows[2].Faults)
	}
	if f := rows[1].Faults; len(f) != 1 || f[0].Column != "Incident ID" || !strings.Contains(f[0].Reason, "line 2") {
		t.Errorf("second: %v", f)
	}
	if rows[1].ImportKey != ([32]byte{}) {
		t.Error("a row that is left out has an import key")
	}
}

// A second run of an import, after the map or the rest of the row was mended, must not publish the row again.
func TestSameRowHasTheSameImportKey(t *testing.T) {
	first := one(t, nil)
	if first.ImportKey == ([32]byte{}) {
		t.Fatal("no import key")
	}
	if got := one(t, map[string]string{"No. dead": "9", "Location of death": "Elsewhere", "Incident ID": " 9999.X1"}).ImportKey; got != first.ImportKey {
		t.Error("other cells change the key")
	}
	if got := one(t, map[string]string{"Country of Incident": "Atlantis"}).ImportKey; got != first.ImportKey {
		t.Error("a fault changes the key")
	}
	m := iom(t)
	m.Fields, m.Audience, m.Missing = m.Fields[2:4], "DE", []string{"?"}
	rows := read(t, m, file(t, event(map[string]string{"Incident ID": "a"}), event(nil)))
	if rows[1].ImportKey != first.ImportKey {
		t.Error("the place in the file or the map changes the key")
	}
	if rows[0].ImportKey == first.ImportKey {
		t.Error("two rows have one key")
	}
	other := iom(t)
	other.Key = "Main ID"
	if got := read(t, other, file(t, event(nil)))[0].ImportKey; got == first.ImportKey {
		t.Error("the same text in another column has the same key")
	}
}

func TestNewReaderRefusesFilesThatDoNotFitTheMap(t *testing.T) {
	good := file(t, event(nil))
	for name, c := range map[string]struct{ text, says string }{
		"nothing":               {"", "names of the columns"},
		"byte order mark alone": {"\ufeff", "names of the columns"},
		"column missing":        {strings.Replace(good, "No. minors,", "", 1), "No. minors"},
		"key missing":           {strings.Replace(good, "Incident ID", "ID", 1), "Incident ID"},
		"column in other case":  {strings.Replace(good, "Latitude", "latitude", 1), "Latitude"},
		"column twice":          {strings.Replace(good, "Main ID", "Incident ID", 1), "twice"},
		"semicolons":            {strings.ReplaceAll(good, ",", ";"), "Incident ID"},
		"broken quote":          {"a\"b,c\n", "names of the columns"},
	} {
		_, err := importer.NewReader(strings.NewReader(c.text), iom(t), structure(t))
		if !errors.Is(err, federation.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNewReaderRefusesAListThatTheStructureLacks(t *testing.T) {
	m := iom(t)
	for i := range m.Fields {
		if m.Fields[i].List != "" {
			m.Fields[i].List = "CL-PLANETS"
		}
	}
	if _, err := importer.NewReader(strings.NewReader(file(t)), m, structure(t)); !errors.Is(err, federation.ErrInvalid) || !strings.Contains(err.Error(), "CL-PLANETS") {
		t.Errorf("got %v", err)
	}
}

func TestCellsAreBounded(t *testing.T) {
	row := one(t, map[string]string{"Country of Origin": strings.Repeat("x", 16<<10+1)})
	if len(row.Faults) != 1 || row.Faults[0].Column != "Country of Origin" || len(row.Fields) > 0 {
		t.Errorf("faults %v", row.Faults)
	}
	if row := one(t, map[string]string{"Country of Origin": strings.Repeat("x", 16<<10)}); len(row.Faults) > 0 {
		t.Errorf("at the limit: %v", row.Faults)
	}
}

func TestFailureOfTheDiskIsNotTheEndOfTheFile(t *testing.T) {
	broken := errors.New("disk gone")
	r := io.MultiReader(strings.NewReader(file(t, event(nil))), iotest.ErrReader(broken))
	in, err := importer.NewReader(r, iom(t), structure(t))
	for err == nil {
		_, err = in.Next()
	}
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// Longer texts are cut by characters, never inside of one, so that the node does not refuse them.
func TestLongTextsAreCutByCharacters(t *testing.T) {
	row := one(t, map[string]string{"Location of death": strings.Repeat("é", 200)})
	place, _ := row.Fields["place"].(map[string]any)
	if place["name"] != strings.Repeat("é", 79)+"…" {
		t.Errorf("the name has %d bytes", len(place["name"].(string)))
	}
}

func FuzzReader(f *testing.F) {
	s, m := structure(f), iom(f)
	good := file(f, event(nil), event(map[string]string{"Incident ID": "b", "Route": "Central Mediterranean,Sahara Desert crossing"}))
	for _, text := range []string{good, "\ufeff" + good, strings.ReplaceAll(good, "\n", "\r\n"), good + "\"", good + "a,b\"c\n", good[:len(good)-40], ""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := importer.NewReader(strings.NewReader(string(b)), m, s)
		if err != nil {
			if !errors.Is(err, federation.ErrInvalid) {
				t.Errorf("error %v is not ErrInvalid", err)
			}
			return
		}
		keys := map[[32]byte]bool{}
		for n := 0; ; n++ {
			row, err := in.Next()
			if err == io.EOF {
				return
			}
			if err != nil || n > len(b) {
				t.Fatalf("row %d of %d bytes: %v", n, len(b), err)
			}
			if row.Line < 2 {
				t.Errorf("a row on line %d", row.Line)
			}
			if len(row.Faults) > 0 {
				continue
			}
			if row.Key == "" || row.ImportKey == ([32]byte{}) || keys[row.ImportKey] {
				t.Errorf("line %d: key %q is empty or used twice", row.Line, row.Key)
			}
			keys[row.ImportKey] = true
			if _, err := federation.EncodeItem(complete(row)); err != nil {
				t.Errorf("line %d: %v", row.Line, err)
			}
		}
	})
}

// Spreadsheets write positions with all the digits of a double.
func TestLongDecimalsAreRounded(t *testing.T) {
	m, err := importer.ParseMap([]byte("form=\"EWS-01\"\nkey=\"id\"\n[[field]]\nto=\"fields.place.lon\"\nfrom=\"x\"\nkind=\"decimal\"\ndecimals=2\n"))
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{"6.4691090000000004": "6.47", "-0.001": "0.00", "12": "12.00", "1e3": "", "0x10": "", "NaN": ""} {
		r, err := importer.NewReader(strings.NewReader("id,x\n1,"+cell+"\n"), m, &federation.Structure{})
		if err != nil {
			t.Fatal(err)
		}
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		place, _ := row.Fields["place"].(map[string]any)
		if got, _ := place["lon"].(json.Number); got.String() != want || (len(row.Faults) > 0) != (want == "") {
			t.Errorf("%s became %q with faults %v", cell, got, row.Faults)
		}
	}
}
