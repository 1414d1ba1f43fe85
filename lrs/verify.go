package lrs

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/cairn-lms/cairn/xapi"
)

// VerifyOptions say who is told what.
type VerifyOptions struct {
	Problem  func(string)         // what is wrong, one line, without personal data
	Progress func(statements int) // since the last call
}

// VerifyReport counts what was looked at, and what is wrong.
type VerifyReport struct {
	Statements  int   `json:"statements"`
	Voided      int   `json:"voided"`
	Definitions int   `json:"activities_with_definition"`
	Attachments int   `json:"attachments"`
	Bytes       int64 `json:"attachment_bytes"`
	Orphans     int   `json:"attachments_without_statement"` // no problem: they are collected
	OrphanBytes int64 `json:"bytes_without_statement"`
	Problems    int   `json:"problems"`
}

// Verify holds everything that is stored against everything else: documents
// against their checksums and the index, voided statements against voidings,
// activities against their definitions, attachments against their digests. What
// others write meanwhile is not reported.
func (l *LRS) Verify(ctx context.Context, o VerifyOptions) (VerifyReport, error) {
	v := verifier{LRS: l, o: o, activities: map[string]string{}, declared: map[string]string{}}
	err := l.store.Inspect(ctx, v.row)
	if err == nil {
		err = v.definitions(ctx)
	}
	if err == nil {
		err = v.attachments(ctx)
	}
	if err == nil {
		err = v.orphans(ctx)
	}
	if err != nil {
		return v.report, fmt.Errorf("lrs: verify: %w", err)
	}
	return v.report, nil
}

type verifier struct {
	*LRS
	o      VerifyOptions
	report VerifyReport

	last       int64
	activities map[string]string // activity → a statement that defines it
	declared   map[string]string // digest → the first statement that declares it
}

func (v *verifier) problem(format string, args ...any) {
	v.report.Problems++
	if v.o.Problem != nil {
		v.o.Problem(fmt.Sprintf(format, args...))
	}
}

func (v *verifier) row(img Image) error {
	if img.ID == "" {
		for _, p := range img.Problems {
			v.problem("%s", p)
		}
		return nil
	}
	v.report.Statements++
	if v.o.Progress != nil {
		v.o.Progress(1)
	}
	for _, p := range v.wrong(img) {
		v.problem("statement %s: %s", img.ID, p)
	}
	return nil
}

// wrong is what is wrong with the row, and notes what is to be looked at later.
func (v *verifier) wrong(img Image) []string {
	problems := img.Problems
	if img.Stored <= v.last && v.report.Statements > 1 {
		problems = append(problems, "its stored is not after that of the one before")
	}
	v.last = img.Stored
	if !bytes.Equal(img.Sum, Checksum(img.Doc)) {
		problems = append(problems, "its bytes are not those of its checksum")
	}
	s, err := xapi.DecodeStored(img.Doc)
	if err != nil {
		return append(problems, "it cannot be read: "+err.Error())
	}
	if s.ID != img.ID {
		problems = append(problems, "it has another id inside")
	}
	e := Entry{}
	e.setFlags(s)
	if told := Voiding | Stamp | Adapt; img.Flags&told != e.Flags {
		problems = append(problems, "its flags are not those of its bytes")
	}
	voided := img.Flags.Has(Voided)
	if voided {
		v.report.Voided++
	}
	switch due := img.VoidedBy && !img.Flags.Has(Voiding); {
	case voided && !due:
		problems = append(problems, "it is marked as voided, but no statement voids it")
	case due && !voided:
		problems = append(problems, "a statement voids it, but it is not marked as voided")
	}
	if img.Flags.Has(Defines) {
		for _, d := range definitions(s) {
			v.activities[d.Activity] = img.ID
		}
	}
	list, err := img.Attachments()
	if err != nil {
		return append(problems, err.Error())
	}
	for _, a := range list {
		if _, seen := v.declared[a.SHA2]; !seen {
			v.declared[a.SHA2] = img.ID
		}
	}
	return problems
}

// definitions looks that every activity that was defined has a definition.
func (v *verifier) definitions(ctx context.Context) error {
	if _, err := v.store.Through(ctx, nil); err != nil { // all is merged
		return err
	}
	all := make([]string, 0, len(v.activities))
	for activity := range v.activities {
		all = append(all, activity)
	}
	slices.Sort(all)
	for chunk := range slices.Chunk(all, 500) {
		known, err := v.store.Definitions(ctx, chunk)
		if err != nil {
			return err
		}
		for _, activity := range chunk {
			if known[activity] != nil {
				v.report.Definitions++
			} else {
				v.problem("statement %s: the definition of activity %s is missing", v.activities[activity], activity)
			}
		}
	}
	return nil
}

func (v *verifier) attachments(ctx context.Context) error {
	for digest, id := range v.declared {
		wrong, err := v.attachment(ctx, digest)
		if err != nil {
			return err
		}
		if wrong == "" {
			continue
		}
		if n, err := v.declaring(ctx, digest, 1); err != nil || n == 0 {
			if err != nil {
				return err
			}
			continue // its statements were removed meanwhile
		}
		v.problem("statement %s: attachment %s %s", id, digest, wrong)
	}
	return nil
}

// attachment reads an attachment and tells what is wrong with it. Its declared
// length is nobody's promise: see intake.keep.
func (v *verifier) attachment(ctx context.Context, digest string) (wrong string, err error) {
	h, err := NewDigest(digest)
	if err != nil {
		return "has a digest of no known kind", nil
	}
	size, err := v.blobSize(ctx, digest)
	if err != nil {
		return "", err
	}
	if size < 0 {
		return "is missing", nil
	}
	r, _, err := v.LRS.o.Blobs.Open(ctx, digest)
	if err != nil {
		return "cannot be opened: " + err.Error(), nil
	}
	defer r.Close() //nolint:errcheck // only read
	n, err := io.Copy(h, r)
	v.report.Attachments++
	v.report.Bytes += n
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "cannot be read: " + err.Error(), nil
	case hex.EncodeToString(h.Sum(nil)) != digest:
		return "has other bytes than its digest says", nil
	}
	return "", nil
}

func (v *verifier) orphans(ctx context.Context) error {
	return v.LRS.o.Blobs.Each(ctx, func(b Blob) error {
		if _, ok := v.declared[b.SHA2]; !ok {
			v.report.Orphans++
			v.report.OrphanBytes += b.Size
		}
		return nil
	})
}
