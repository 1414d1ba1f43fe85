package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

func (p program) enrolmentEnrol() *cli.Command {
	var asJSON bool
	var en engine.Enrolling
	var workflow, file string
	word := func(name, usage string, to *string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Destination: to}
	}
	return &cli.Command{
		Name: "enrol", Usage: "enrol people who have not launched: by account, or by an e-mail address that the roster knows",
		Description: "One person by -subject or -email, or many by -file: CSV whose first line names the columns subject, name and email, of\n" +
			"which subject or email is needed. A file with a mistake enrols nobody, and each mistake is told with its line; who cannot\n" +
			"be enrolled is left out and told. The same file again changes nothing.",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON},
			word("workflow", "the workflow", &workflow), word("issuer", "the platform's issuer", &en.Course.Issuer), word("course", "the course's id in the platform (LTI context)", &en.Course.ID),
			word("subject", "the user's id in the platform", &en.Subject), word("name", "the name, if the account is new here", &en.Name), word("email", "an e-mail address", &en.Email),
			word("file", "many people, as CSV", &file)),
		Action: func(ctx context.Context, _ *cli.Command) error {
			en.Workflow = engine.WorkflowID(workflow)
			entry := web.AuditEntry{Act: "enrolment.enrol", Object: workflow, Detail: en.Course.Issuer + " " + en.Course.ID}
			if file != "" {
				return p.enrolFile(ctx, file, en, entry, asJSON)
			}
			return p.ofTenant(ctx, entry, func(s *engine.Service) error {
				e, err := s.Enrol(ctx, operator(), en)
				if err != nil {
					return fmt.Errorf("enrolment enrol: %w", err)
				}
				return p.report(asJSON, listEnrolment(e), "enrolled: %s\n", e.ID)
			})
		},
	}
}

// enrolledFile is what came of a file. The names are a contract with scripts.
type enrolledFile struct {
	Enrolled int           `json:"enrolled"`
	Resumed  int           `json:"resumed"` // after an unenrolment
	There    int           `json:"there"`   // took part already
	Refused  int           `json:"refused"`
	Rows     []enrolledRow `json:"rows"`
}

type enrolledRow struct {
	Line      int                `json:"line"`
	Result    string             `json:"result"` // enrolled, resumed, there, refused
	Enrolment engine.EnrolmentID `json:"enrolment,omitempty"`
	Why       string             `json:"why,omitempty"`
}

// enrolFile enrols those who stand in a file where en says.
func (p program) enrolFile(ctx context.Context, file string, en engine.Enrolling, entry web.AuditEntry, asJSON bool) error {
	if en.Subject+en.Email+en.Name != "" {
		return errors.New("enrolment enrol: give -file, or -subject, -name and -email of one person")
	}
	data, err := readBounded(file)
	if err != nil {
		return fmt.Errorf("enrolment enrol: %w", err)
	}
	rows, problems := engine.ParseEnrolCSV(filepath.Base(file), bytes.NewReader(data))
	if problems.Refused() {
		return fmt.Errorf("enrolment enrol: nobody is enrolled, the file is wrong:\n%w", problems)
	}
	entry.Detail += fmt.Sprintf(" %d rows", len(rows))
	return p.ofTenant(ctx, entry, func(s *engine.Service) error {
		done := enrolledFile{Rows: make([]enrolledRow, 0, len(rows))}
		for begin := 0; begin < len(rows); begin += engine.MaxEnrol {
			some := rows[begin:min(begin+engine.MaxEnrol, len(rows))]
			all := make([]engine.Enrolling, 0, len(some))
			for _, row := range some {
				all = append(all, engine.Enrolling{Workflow: en.Workflow, Course: en.Course, Subject: row.Subject, Name: row.Name, Email: row.Email})
			}
			results, err := s.EnrolCohort(ctx, operator(), all)
			for i, r := range results {
				done.add(some[i].Line, r)
			}
			if err != nil {
				return fmt.Errorf("enrolment enrol: broke off behind line %d; the same again goes on: %w", some[0].Line+len(results)-1, err)
			}
		}
		if err := p.report(asJSON, done, "enrolled %d, resumed %d, there already %d, refused %d\n", done.Enrolled, done.Resumed, done.There, done.Refused); err != nil {
			return err
		}
		if done.Refused == 0 {
			return nil
		}
		for _, row := range done.Rows {
			if row.Why != "" {
				fmt.Fprintf(p.stderr, "%s:%d: %s\n", filepath.Base(file), row.Line, row.Why)
			}
		}
		return fmt.Errorf("enrolment enrol: %d of %d were refused", done.Refused, len(rows))
	})
}

func (f *enrolledFile) add(line int, r engine.EnrolResult) {
	if r.Err != nil {
		f.Refused++
		f.Rows = append(f.Rows, enrolledRow{Line: line, Result: "refused", Why: r.Err.Error()})
		return
	}
	switch r.What {
	case engine.EnrolledNew:
		f.Enrolled++
	case engine.EnrolledAgain:
		f.Resumed++
	default:
		f.There++
	}
	f.Rows = append(f.Rows, enrolledRow{Line: line, Result: r.What, Enrolment: r.Enrolment.ID})
}
