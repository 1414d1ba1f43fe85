package engine

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// What came of enrolling somebody.
const (
	EnrolledNew   = "enrolled"
	EnrolledAgain = "resumed" // after an unenrolment
	EnrolledThere = "there"   // took part already; nothing changed
)

// EnrolResult is what came of enrolling one of several.
type EnrolResult struct {
	Enrolment *Enrolment
	What      string // EnrolledNew, EnrolledAgain, EnrolledThere; "" with Err
	Err       error
}

// The bounds of enrolling several.
const (
	MaxEnrol     = 500    // at once
	MaxEnrolRows = 10_000 // of one file
	maxAccount   = 255    // bytes of an account's id, as LTI has it
	maxName      = 200    // bytes of a name in a file
)

// EnrolCohort enrols several people in a workflow and course, which makes them one cohort. Each succeeds or fails alone;
// the same again changes nothing.
func (s *Service) EnrolCohort(ctx context.Context, by Actor, all []Enrolling) ([]EnrolResult, error) {
	if len(all) > MaxEnrol {
		return nil, fmt.Errorf("enrol %d people at once, %d at most: %w", len(all), MaxEnrol, ErrInvalid)
	}
	out := make([]EnrolResult, 0, len(all))
	for _, en := range all {
		r := s.enrolOne(ctx, by, en)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		out = append(out, r)
	}
	return out, nil
}

// EnrolRow is one line of a file of people to enrol: an account of the LMS, or the address of somebody on the roster.
type EnrolRow struct {
	Line    int // from 1
	Subject string
	Name    string
	Email   string
}

// ParseEnrolCSV reads people to enrol. The first line names the columns: subject, name, email; one of subject and email is
// needed. Everything that is wrong is told at once, with its place; name is what the file is called there.
func ParseEnrolCSV(name string, r io.Reader) ([]EnrolRow, Problems) {
	var problems Problems
	wrong := func(line, column int, path, what, better string) {
		if len(problems) < 100 {
			problems = append(problems, Problem{File: name, Line: line, Column: column, Path: path, What: what, Better: better})
		}
	}
	in := csv.NewReader(r)
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if err != nil {
		wrong(1, 1, "", "there is no line that names the columns", "begin with subject,name,email")
		return nil, problems
	}
	for i, column := range head {
		head[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(column, "\ufeff")))
		line, at := in.FieldPos(i)
		switch {
		case !slices.Contains([]string{"subject", "name", "email"}, head[i]):
			wrong(line, at, "", fmt.Sprintf("there is no column %q", clip(head[i], 40)), "there are subject, name and email")
		case slices.Contains(head[:i], head[i]):
			wrong(line, at, head[i], "this column stands there twice", "")
		}
	}
	if !slices.Contains(head, "subject") && !slices.Contains(head, "email") {
		wrong(1, 1, "", "neither subject nor email is a column", "say who is meant by one of them")
	}
	if problems != nil {
		return nil, problems
	}
	var rows []EnrolRow
	seen := map[string]int{}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			line, column := malformed.Line, max(malformed.Column, 1)
			if line != malformed.StartLine {
				line, column = malformed.StartLine, 1 // a quote that was never closed: it stands where the record begins
			}
			wrong(line, column, "", malformed.Err.Error(), fmt.Sprintf("%d fields in each line, quoted where they hold commas", len(head)))
			if !errors.Is(err, csv.ErrFieldCount) {
				break // where the next line begins is anybody's guess
			}
			continue
		}
		if err != nil {
			wrong(1, 1, "", err.Error(), "")
			break
		}
		row, at := EnrolRow{}, map[string]int{}
		for i, column := range head {
			value := strings.TrimSpace(record[i])
			row.Line, at[column] = in.FieldPos(i)
			switch column {
			case "subject":
				row.Subject = value
			case "name":
				row.Name = value
			default:
				row.Email = value
			}
		}
		row.Line, _ = in.FieldPos(0)
		row.check(at, wrong)
		who := "subject " + row.Subject
		if row.Subject == "" {
			who = "email " + strings.ToLower(row.Email)
		}
		if first, twice := seen[who]; twice {
			wrong(row.Line, 1, "", fmt.Sprintf("the same as line %d", first), "leave one out")
		}
		seen[who] = row.Line
		if rows = append(rows, row); len(rows) > MaxEnrolRows {
			wrong(row.Line, 1, "", fmt.Sprintf("more than %d people", MaxEnrolRows), "make several files")
			break
		}
	}
	if rows == nil && problems == nil {
		wrong(1, 1, "", "nobody stands there", "a line for each person below the columns")
	}
	if problems != nil {
		return nil, problems
	}
	return rows, nil
}

// check tells what is wrong with a row whose fields begin at these columns.
func (r EnrolRow) check(at map[string]int, wrong func(line, column int, path, what, better string)) {
	if r.Subject == "" && r.Email == "" {
		wrong(r.Line, 1, "", "it says nobody", "give subject or email")
	}
	if len(r.Subject) > maxAccount {
		wrong(r.Line, at["subject"], "subject", fmt.Sprintf("longer than %d bytes", maxAccount), "")
	}
	if len(r.Name) > maxName {
		wrong(r.Line, at["name"], "name", fmt.Sprintf("longer than %d bytes", maxName), "")
	}
	if _, ok := validEmail(r.Email); r.Email != "" && !ok {
		wrong(r.Line, at["email"], "email", "not an e-mail address", "as in sam@example.org")
	}
}
