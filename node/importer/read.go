package importer

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"iconet.example/federation"
)

// maxCell bounds a cell in bytes; a row with a longer one is at fault.
const maxCell = 16 << 10

// maxFile bounds what is read of a file in bytes.
const maxFile = 256 << 20

// Fault is what keeps a row out.
type Fault struct {
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// Row is one row of the file. It is a submission if it has no faults.
type Row struct {
	Line      int // of the file, from 1; the first line holds the names of the columns
	Key       string
	ImportKey [32]byte
	Header    federation.Values
	Fields    federation.Values
	Faults    []Fault
}

// bounded reads up to a number of bytes and fails beyond it.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, fmt.Errorf("the file has more than %d MiB: split it: %w", maxFile>>20, federation.ErrInvalid)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Reader gives the rows of a file one by one.
type Reader struct {
	m       *Map
	s       *federation.Structure
	csv     *csv.Reader
	columns map[string]int
	names   []string
	seen    map[string]int // line by key
	codes   map[string]map[string]string
}

// NewReader reads the first line and compares it with the map: a column that the map needs and the file lacks is
// ErrInvalid. The structure gives the labels that the map's code lists are looked up by.
func NewReader(r io.Reader, m *Map, s *federation.Structure) (*Reader, error) {
	br := bufio.NewReaderSize(&bounded{r: r, left: maxFile}, 64<<10)
	if bom, err := br.Peek(3); err == nil && string(bom) == "\ufeff" {
		if _, err := br.Discard(3); err != nil {
			return nil, fmt.Errorf("reading the file: %w", err)
		}
	}
	in := &Reader{m: m, s: s, csv: csv.NewReader(br), columns: map[string]int{}, seen: map[string]int{}, codes: map[string]map[string]string{}}
	in.csv.FieldsPerRecord = -1 // a row of the wrong length is that row's fault
	names, err := in.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the names of the columns: %w: %w", err, federation.ErrInvalid)
	}
	for i, name := range names {
		name = strings.TrimSpace(name)
		if _, twice := in.columns[name]; twice {
			return nil, fmt.Errorf("column %q is there twice: %w", name, federation.ErrInvalid)
		}
		in.columns[name] = i
		in.names = append(in.names, name)
	}
	return in, in.compare()
}

// compare looks for columns and lists that the map names and that are not there.
func (in *Reader) compare() error {
	need := []string{in.m.Key}
	for i := range in.m.Fields {
		need = append(need, in.m.Fields[i].columns()...)
		if list := in.m.Fields[i].List; list != "" && in.codes[list] == nil {
			if in.codes[list] = in.labels(list); len(in.codes[list]) == 0 {
				return fmt.Errorf("the structure has no list %s: %w", list, federation.ErrInvalid)
			}
		}
	}
	var missing []string
	for _, name := range need {
		if _, ok := in.columns[name]; !ok && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the file lacks the columns %q; it has %q: %w", missing, in.names, federation.ErrInvalid)
	}
	return nil
}

// labels gives the codes of a list by code and by English label.
func (in *Reader) labels(list string) map[string]string {
	out := map[string]string{}
	for i := range in.s.Lists {
		if in.s.Lists[i].Code != list {
			continue
		}
		for _, e := range in.s.Lists[i].Entries {
			out[e.Code] = e.Code
			out[e.Label["en"]] = e.Code
		}
	}
	return out
}

// Next gives the next row, or io.EOF. Only a failure of reading is another error; what is wrong with a row stands in it.
func (in *Reader) Next() (*Row, error) {
	cells, err := in.csv.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		return &Row{Line: broken.StartLine, Faults: []Fault{{Reason: "the line is not proper CSV: " + broken.Err.Error()}}}, nil
	case err == io.EOF:
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	line, _ := in.csv.FieldPos(0)
	row := &Row{Line: line, Header: federation.Values{}, Fields: federation.Values{}}
	if len(cells) != len(in.columns) {
		row.fault("", "the row has %d cells, the first line %d", len(cells), len(in.columns))
		return row, nil
	}
	for i, name := range in.names {
		switch {
		case len(cells[i]) > maxCell:
			row.fault(name, "the cell has more than %d characters", maxCell)
			return row, nil
		case !utf8.ValidString(cells[i]):
			row.fault(name, "the cell is not UTF-8: save the file in this encoding")
			return row, nil
		}
	}
	in.fill(row, cells)
	return row, nil
}

func (r *Row) fault(column, format string, args ...any) {
	r.Faults = append(r.Faults, Fault{Column: column, Reason: fmt.Sprintf(format, args...)})
}

// fill makes the submission of a row.
func (in *Reader) fill(row *Row, cells []string) {
	row.Key = in.cell(cells, in.m.Key)
	if row.Key == "" {
		row.fault(in.m.Key, "the cell is empty, and it names the row")
		return
	}
	if first, twice := in.seen[row.Key]; twice {
		row.fault(in.m.Key, "%q names line %d already", row.Key, first)
		return
	}
	in.seen[row.Key] = row.Line
	row.ImportKey = sha256.Sum256([]byte("iconet/1/import\x00" + string(in.m.Form) + "\x00" + in.m.Key + "\x00" + row.Key))
	for i := range in.m.Fields {
		in.assign(row, cells, &in.m.Fields[i])
	}
}

// cell gives a cell without surrounding space and without the invisible characters that spreadsheets and web pages leave
// behind, "" if it means "not known".
func (in *Reader) cell(cells []string, column string) string {
	v := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, cells[in.columns[column]])
	v = strings.Join(strings.Fields(v), " ")
	if slices.Contains(in.m.Missing, v) {
		return ""
	}
	return v
}
