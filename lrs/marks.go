package lrs

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cairn-lms/cairn/xapi"
)

// exportMarks has what a record store knows of a statement besides its bytes: a
// line for each that is not unmarked, in the order of the statements.
const exportMarks = "marks.ndjson"

// mark is a line of exportMarks.
type mark struct {
	ID      string   `json:"id"`
	Stored  string   `json:"stored"`
	Defines bool     `json:"defines,omitempty"` // what it says of activities counts
	Came    []string `json:"came,omitempty"`    // digests of attachments that have a fileUrl, and came with their bytes all the same
}

// markOf is the mark of a row; ok is false if it needs none.
func markOf(row Row, came []xapi.Attachment) (m mark, ok bool, err error) {
	s, err := xapi.DecodeStored(row.Doc)
	if err != nil {
		return m, false, fmt.Errorf("statement %s: %w", row.ID, err)
	}
	m = mark{ID: row.ID, Stored: xapi.FormatTimestamp(row.time()), Defines: row.Flags.Has(Defines)}
	linked(s, func(_ int, a xapi.Attachment) {
		if slices.ContainsFunc(came, func(c xapi.Attachment) bool { return c.SHA2 == lower(a) }) {
			m.Came = append(m.Came, lower(a))
		}
	})
	return m, m.Defines || len(m.Came) > 0, nil
}

// parseMark reads a line of exportMarks, and the Stored in it.
func parseMark(line []byte) (m mark, stored int64, err error) {
	if err := json.Unmarshal(line, &m); err != nil {
		return m, 0, fmt.Errorf("not a mark: %w", err)
	}
	at, ok := xapi.ParseTimestamp(m.Stored)
	if !ok {
		return m, 0, errors.New("not a mark: stored is not a time")
	}
	return m, at.UnixNano(), nil
}

// cutMarks cuts a file of marks behind the last whole line that is of what was
// stored up to then. The next write goes behind it.
func cutMarks(f *os.File, through int64) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if end, err = lineBreakBefore(f, end); err != nil {
		return err
	}
	for end > 0 {
		start, err := lineBreakBefore(f, end-1)
		if err != nil {
			return err
		}
		line := make([]byte, end-start)
		if _, err := f.ReadAt(line, start); err != nil {
			return err
		}
		if _, stored, err := parseMark(line); err == nil && stored <= through {
			break
		} // what is none was not durable yet, nor is any statement that needs it
		end = start
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	_, err = f.Seek(end, io.SeekStart)
	return err
}

// marks reads the marks of an export beside its statements.
type marks struct {
	f      *os.File
	in     *bufio.Reader
	line   int
	next   mark
	stored int64 // of next
	over   bool
}

// openMarks opens the marks beside a file of statements; nil if it is none that
// Export made, whose statements are as good as their word.
func openMarks(file string) (*marks, error) {
	dir, name := filepath.Split(file)
	if name != exportStatements {
		return nil, nil //nolint:nilnil // no marks
	}
	f, err := os.Open(filepath.Join(dir, exportMarks))
	if errors.Is(err, fs.ErrNotExist) {
		var m manifest
		doc, readErr := os.ReadFile(filepath.Join(dir, exportManifest))
		if readErr == nil && json.Unmarshal(doc, &m) == nil && m.Format == exportFormat {
			return nil, fmt.Errorf("%w: its %s is missing", ErrExport, exportMarks)
		}
		return nil, nil //nolint:nilnil // no marks
	}
	if err != nil {
		return nil, err
	}
	m := &marks{f: f, in: bufio.NewReaderSize(f, 64<<10)}
	return m, m.read()
}

func (m *marks) close() {
	if m != nil {
		_ = m.f.Close() // only read
	}
}

// read reads the next one.
func (m *marks) read() error {
	m.line++
	line, err := readLine(m.in)
	if errors.Is(err, io.EOF) {
		m.over = true
		return nil
	}
	if err == nil {
		m.next, m.stored, err = parseMark(line)
	}
	if err != nil {
		return fmt.Errorf("%w: %s:%d: %s", ErrExport, m.f.Name(), m.line, err.Error()) // it is about no statement
	}
	return nil
}

// of is the mark of a statement: an empty one if it has none.
func (m *marks) of(s *xapi.Statement) (mark, error) {
	if s.Stored == nil {
		return mark{}, nil
	}
	at := s.Stored.UnixNano()
	for !m.over && m.stored < at {
		if err := m.read(); err != nil {
			return mark{}, err
		}
	}
	if m.over || m.stored != at || m.next.ID != s.ID {
		return mark{}, nil
	}
	return m.next, nil
}
