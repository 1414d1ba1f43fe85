package lrs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// Bounds of an import.
const (
	importLine  = 64 << 20 // bytes of a line
	importBatch = 500      // statements stored at once
	importBytes = 16 << 20 // of them
)

// ImportOptions say how an import is told and vouched for.
type ImportOptions struct {
	Authority xapi.Agent      // vouches for statements that come without
	Refused   func(error)     // FILE:LINE: path: reason, of each statement that is refused
	Progress  func(lines int) // since the last call
}

// ImportReport counts what became of the statements.
type ImportReport struct {
	New         int   `json:"new"`
	Known       int   `json:"known"`   // stored before, and mean the same
	Erased      int   `json:"erased"`  // erased before: not stored again
	Refused     int   `json:"refused"` // not valid, or another statement has the id
	Attachments int   `json:"attachments"`
	Bytes       int64 `json:"attachment_bytes"`
}

// Import stores statements from a folder that Export made, or from a file with a
// statement a line (attachments in the folder attachments beside it), as an
// admin's restore: id, timestamp, version and authority stay as they are, stored
// is new. Which statements define activities, and which brought the bytes of
// attachments that have a fileUrl, an export tells in its marks; in other files all
// define, and bring what is beside them. Doing it again changes nothing, so one
// that broke off is repeated.
func (l *LRS) Import(ctx context.Context, path string, o ImportOptions) (ImportReport, error) {
	i := importer{LRS: l, o: o, file: path, blobs: filepath.Join(filepath.Dir(path), exportBlobs)}
	if there, err := os.Stat(path); err == nil && there.IsDir() {
		i.file, i.blobs = filepath.Join(path, exportStatements), filepath.Join(path, exportBlobs)
	}
	if err := i.run(ctx); err != nil {
		return i.report, fmt.Errorf("lrs: import %s: %w", path, err)
	}
	return i.report, nil
}

type importer struct {
	*LRS
	o      ImportOptions
	file   string
	blobs  string // folder
	marks  *marks // nil: there are none
	report ImportReport

	batch []Entry
	lines map[string]int // of the batch, by id
	bytes int
	free  []string // digests of what was erased, and is not stored
}

func (i *importer) run(ctx context.Context) error {
	f, err := os.Open(i.file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	if i.marks, err = openMarks(i.file); err != nil {
		return err
	}
	defer i.marks.close()
	in := bufio.NewReaderSize(f, 1<<20)
	i.lines = map[string]int{}
	for n := 1; ; n++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = i.line(ctx, n, line)
		}
		if err := i.refuse(n, err); err != nil {
			return err
		}
	}
	if err := i.flush(ctx); err != nil {
		return err
	}
	return i.release(ctx)
}

// release lets go of the bytes of what was erased: they go when no upload can be
// under way.
func (i *importer) release(ctx context.Context) error {
	err := i.toRelease(ctx, i.free)
	if i.free = i.free[:0]; err != nil {
		return err
	}
	_, err = i.LRS.release(ctx)
	return err
}

var errLongLine = &xapi.Error{Reason: fmt.Sprintf("the line is longer than %d bytes", importLine)}

// readLine reads the next line without its end. What is too long is skipped and an
// error, io.EOF is the end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > importLine; !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0 && !long:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, errLongLine
		}
		return bytes.TrimSpace(line), nil
	}
}

// refuse tells and counts an error that is about one statement, and returns any
// other.
func (i *importer) refuse(line int, err error) error {
	var invalid *xapi.Error
	switch {
	case errors.As(err, &invalid):
		err = invalid
	case errors.Is(err, ErrConflict):
		err = &xapi.Error{Path: "id", Reason: "another statement with this id is stored"}
	default:
		return err
	}
	i.report.Refused++
	if i.o.Refused != nil {
		i.o.Refused(fmt.Errorf("%s:%d: %w", i.file, line, err))
	}
	return nil
}

// line takes one line up into the batch.
func (i *importer) line(ctx context.Context, n int, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	s, v, err := decodeAny(line)
	if err == nil {
		err = i.fits(s)
	}
	if err != nil {
		return err
	}
	if _, twice := i.lines[s.ID]; twice && s.ID != "" {
		if err := i.flush(ctx); err != nil { // then this one is compared with what is stored
			return err
		}
	}
	m := mark{Defines: true}
	if i.marks != nil {
		if m, err = i.marks.of(s); err != nil {
			return err
		}
	}
	e, err := i.entry(s, v, m)
	if err != nil {
		return err
	}
	if err := i.attachments(ctx, s, &e, m); err != nil {
		return err
	}
	i.batch = append(i.batch, e)
	i.lines[e.ID] = n
	i.bytes += len(e.Doc)
	if len(i.batch) == importBatch || i.bytes >= importBytes {
		return i.flush(ctx)
	}
	return nil
}

// decodeAny reads a statement by the rules of the version it says it is of.
// Statements that came in a 2.0 request may say 1.0.3 and still be 2.0.
func decodeAny(doc []byte) (*xapi.Statement, xapi.Version, error) {
	var says struct{ Version string }
	_ = json.Unmarshal(doc, &says) // what is wrong is told by DecodeExported
	if v, err := xapi.ParseVersion(says.Version); err == nil && v == xapi.V200 {
		s, err := xapi.DecodeExported(doc, v)
		return s, v, err
	}
	s, err := xapi.DecodeExported(doc, xapi.V103)
	if err != nil {
		if s, err := xapi.DecodeExported(doc, xapi.V200); err == nil {
			return s, xapi.V200, nil
		}
	}
	return s, xapi.V103, err
}

// entry keeps who vouched for the statement, and when it was, if it says so only
// by its stored.
func (i *importer) entry(s *xapi.Statement, v xapi.Version, m mark) (Entry, error) {
	if s.ID == "" {
		return Entry{}, &xapi.Error{Path: "id", Reason: "a statement to import needs its id, so that importing it again changes nothing"}
	}
	authority := i.o.Authority
	vouch, err := json.Marshal(authority)
	if err != nil {
		return Entry{}, err
	}
	if s.Authority != nil {
		authority, vouch = *s.Authority, nil
	}
	stored := s.Stored
	e := entry(s, authority, vouch, v)
	if e.Flags.Has(Stamp) && stored != nil {
		e.Doc = append(e.Doc[:len(e.Doc)-1], `,"timestamp":"`+xapi.FormatTimestamp(*stored)+`"}`...)
		e.Flags &^= Stamp
		e.At = nanos(*stored)
	}
	if m.Defines {
		if e.Definitions = definitions(s); len(e.Definitions) > 0 {
			e.Flags |= Defines
		}
	}
	return e, nil
}

// attachments brings the bytes in before the statement.
func (i *importer) attachments(ctx context.Context, s *xapi.Statement, e *Entry, m mark) error {
	came := map[string]bool{}
	for n, a := range attachments(s) {
		size, err := i.attachment(ctx, a)
		invalid := func(reason string) error {
			path := fmt.Sprintf("attachments[%d]", n)
			if n >= len(s.Attachments) {
				path = fmt.Sprintf("object.attachments[%d]", n-len(s.Attachments))
			}
			return &xapi.Error{Path: path, Reason: reason}
		}
		switch {
		case errors.Is(err, ErrDigest):
			return invalid("the file " + lower(a) + " does not have the bytes of this digest")
		case err != nil:
			return err
		case size < 0 && a.FileURL == "":
			return invalid("has no fileUrl, and there is no file " + lower(a) + " in " + i.blobs)
		case size < 0 && a.UsageType == xapi.UsageSignature:
			return invalid("is a signature, and there is no file " + lower(a) + " in " + i.blobs)
		case size >= 0:
			came[lower(a)] = i.marks == nil || slices.Contains(m.Came, lower(a))
		}
	}
	e.setCame(s, came)
	return nil
}

// attachment puts the bytes from the file, if there is one, and returns how many
// there are, -1 if none. What is stored already others have brought: whoever knows
// a digest only does not get its bytes.
func (i *importer) attachment(ctx context.Context, a xapi.Attachment) (int64, error) {
	if _, err := NewDigest(lower(a)); err != nil {
		return -1, nil //nolint:nilerr // no file can have such a name
	}
	f, err := os.Open(filepath.Join(i.blobs, lower(a)))
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // only read
	known, err := i.blobSize(ctx, lower(a))
	if err != nil {
		return 0, err
	}
	size, err := i.LRS.o.Blobs.Put(ctx, lower(a), f) // known ones too: that keeps them from being collected
	if err == nil && known < 0 {
		i.report.Attachments++
		i.report.Bytes += size
	}
	return size, err
}

// flush stores the batch.
func (i *importer) flush(ctx context.Context) error {
	n := len(i.batch)
	err := i.bring(ctx, i.batch, xapi.V103, func(e Entry, become outcome) error {
		switch become {
		case isNew:
			i.report.New++
		case isKnown:
			i.report.Known++
		case isErased:
			i.report.Erased++
			list, err := digests(Row{ID: e.ID, Doc: e.Doc, Flags: e.Flags})
			for d := range list {
				i.free = append(i.free, d)
			}
			return err
		case isTaken:
			return i.refuse(i.lines[e.ID], ErrConflict)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("lines %s: %w", i.span(), err)
	}
	i.batch, i.lines, i.bytes = i.batch[:0], map[string]int{}, 0
	if len(i.free) >= maxNoted {
		if err := i.release(ctx); err != nil {
			return err
		}
	}
	if i.o.Progress != nil {
		i.o.Progress(n)
	}
	return nil
}

// span tells the lines of the batch.
func (i *importer) span() string {
	first, last := 0, 0
	for _, n := range i.lines {
		if first == 0 || n < first {
			first = n
		}
		last = max(last, n)
	}
	return strings.TrimSuffix(fmt.Sprintf("%d to %d", first, last), " to 0")
}
