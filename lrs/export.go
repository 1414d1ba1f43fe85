package lrs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// The files of an export.
const (
	exportManifest   = "export.json"       // what it is an export of
	exportStatements = "statements.ndjson" // one statement a line, as format=exact gives it, oldest first, voided ones too
	exportBlobs      = "attachments"       // folder of files named by their digest
)

// ErrExport says that a folder cannot take an export.
var ErrExport = errors.New("lrs: export")

// ExportOptions say what is exported. Times are of stored.
type ExportOptions struct {
	Source   string     // names what is exported: an export goes on in a folder of the same source only
	Since    *time.Time // after this; nil: from the start
	Until    *time.Time // up to this; nil: now
	Progress func(statements int)
}

// ExportReport is what an export wrote.
type ExportReport struct {
	Resumed     bool  `json:"resumed"` // the folder had an export to go on with
	Statements  int   `json:"statements"`
	Attachments int   `json:"attachments"`
	Bytes       int64 `json:"attachment_bytes"`
	Missing     int   `json:"attachments_missing"` // declared, but not there
}

// manifest is export.json.
type manifest struct {
	Format string     `json:"format"`
	Source string     `json:"source"`
	Since  *time.Time `json:"since,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

const exportFormat = "cairn-statements-2"

// Export writes statements and their attachments into the folder. In one that has
// an export of the same it goes on behind the last whole line.
func (l *LRS) Export(ctx context.Context, folder string, o ExportOptions) (ExportReport, error) {
	x := exporter{LRS: l, folder: folder, o: o}
	if err := x.run(ctx); err != nil {
		return x.report, fmt.Errorf("lrs: export to %s: %w", folder, err)
	}
	return x.report, nil
}

type exporter struct {
	*LRS
	folder string
	o      ExportOptions
	report ExportReport

	out, marks *os.File
	lines      bytes.Buffer // for out, with what they need not yet durable
	marked     bytes.Buffer // for marks
	attached   bool         // some of the lines have attachments
}

// spillAt is how many bytes of lines are written at once.
const spillAt = 8 << 20

func (x *exporter) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(filepath.Join(x.folder, exportBlobs), 0o700); err != nil {
		return err
	}
	if err := x.claim(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(x.folder, exportStatements), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m, err := os.OpenFile(filepath.Join(x.folder, exportMarks), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if err := syncFolder(x.folder); err != nil {
		return err
	}
	x.out, x.marks = f, m
	after, err := lastStored(f)
	if err != nil {
		return err
	}
	if err := cutMarks(m, after); err != nil {
		return err
	}
	x.report.Resumed = after >= 0
	if x.o.Since != nil {
		after = max(after, nanos(*x.o.Since))
	}
	until, err := x.store.Through(ctx, x.LRS.o.Now)
	if err != nil {
		return err
	}
	if x.o.Until != nil {
		until = min(until, nanos(*x.o.Until))
	}
	err = x.statements(ctx, Selection{After: after, Until: until, Ascending: true, Limit: defaultPage, MaxBytes: pageBytes, Voided: true})
	return errors.Join(err, x.spill(), f.Sync())
}

// claim makes the folder that of this export, or finds that it is.
func (x *exporter) claim() error {
	mine, err := json.Marshal(manifest{Format: exportFormat, Source: x.o.Source, Since: x.o.Since, Until: x.o.Until})
	if err != nil {
		return err
	}
	file := filepath.Join(x.folder, exportManifest)
	there, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(x.folder, exportStatements)); err == nil {
			return fmt.Errorf("%w: there are statements but no %s; give another folder", ErrExport, exportManifest)
		}
		return writeWhole(file, bytes.NewReader(append(mine, '\n')))
	}
	if err == nil && !bytes.Equal(bytes.TrimSpace(there), mine) {
		err = fmt.Errorf("%w: the folder has an export of something else (see %s); give another folder", ErrExport, exportManifest)
	}
	return err
}

// statements writes what is selected.
func (x *exporter) statements(ctx context.Context, s Selection) error {
	for more := true; more; {
		var rows []Row
		var err error
		if rows, more, err = x.store.Select(ctx, s); err != nil {
			return err
		}
		for _, row := range rows {
			if err := x.statement(ctx, row); err != nil {
				return err
			}
			s.After = row.Stored
			x.report.Statements++
		}
		if x.lines.Len() >= spillAt {
			if err := x.spill(); err != nil {
				return err
			}
		}
		if x.o.Progress != nil {
			x.o.Progress(len(rows))
		}
	}
	return nil
}

// statement writes the attachments of one, and notes its lines.
func (x *exporter) statement(ctx context.Context, row Row) error {
	came, err := row.Attachments()
	if err != nil {
		return err
	}
	for _, a := range came {
		if err := x.attachment(ctx, a.SHA2); err != nil {
			return fmt.Errorf("attachment %s: %w", a.SHA2, err)
		}
		x.attached = true
	}
	m, ok, err := markOf(row, came)
	if err != nil {
		return err
	}
	if ok {
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		x.marked.Write(append(line, '\n'))
	}
	x.lines.Write(oneLine(row.JSON()))
	return nil
}

// spill writes the lines, after what they need is durable: an export that goes on
// behind the last line of statements trusts that the rest is there.
func (x *exporter) spill() error {
	if x.attached {
		if err := syncFolder(filepath.Join(x.folder, exportBlobs)); err != nil {
			return err
		}
		x.attached = false
	}
	if x.marked.Len() > 0 {
		if _, err := x.marked.WriteTo(x.marks); err != nil {
			return err
		}
		if err := x.marks.Sync(); err != nil {
			return err
		}
	}
	_, err := x.lines.WriteTo(x.out)
	return err
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// oneLine is the statement with its line breaks, which JSON has between values
// only, as spaces, and one at the end.
func oneLine(doc []byte) []byte {
	for i, c := range doc {
		if c == '\n' || c == '\r' {
			doc[i] = ' '
		}
	}
	return append(doc, '\n')
}

func (x *exporter) attachment(ctx context.Context, digest string) error {
	r, size, err := x.LRS.o.Blobs.Open(ctx, digest)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDigest) {
		x.report.Missing++
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read to its end, or failed
	file := filepath.Join(x.folder, exportBlobs, digest)
	if there, err := os.Stat(file); err == nil && there.Size() == size {
		return nil
	}
	if err := writeWhole(file, r); err != nil {
		return err
	}
	x.report.Attachments++
	x.report.Bytes += size
	return nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(file string, r io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it was renamed, or is left behind
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// lastStored cuts a file of statements after its last whole line, which ends in a
// statement whose stored it returns; -1 if there is none. The next write goes
// behind it.
func lastStored(f *os.File) (int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	end, err := lineBreakBefore(f, size)
	if err != nil {
		return 0, err
	}
	if err := f.Truncate(end); err != nil {
		return 0, err
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil || end == 0 {
		return -1, err
	}
	start, err := lineBreakBefore(f, end-1)
	if err != nil {
		return 0, err
	}
	line := make([]byte, end-start)
	if _, err := f.ReadAt(line, start); err != nil {
		return 0, err
	}
	s, err := xapi.DecodeStored(line)
	if err != nil || s.Stored == nil {
		return 0, fmt.Errorf("%w: the last line of %s is no statement", ErrExport, exportStatements)
	}
	return s.Stored.UnixNano(), nil
}

// lineBreakBefore is the place behind the last line break before the place, 0 if
// there is none.
func lineBreakBefore(f io.ReaderAt, at int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for at > 0 {
		n := min(int64(len(buf)), at)
		if _, err := f.ReadAt(buf[:n], at-n); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return at - n + int64(i) + 1, nil
		}
		at -= n
	}
	return 0, nil
}
