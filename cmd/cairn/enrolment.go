package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

// operator is who acts in these commands.
func operator() engine.Actor { return engine.Actor{System: "cli"} }

// enrolment are the commands about one learner in a workflow: what a coach may do,
// done by the operator.
func (p program) enrolment() *cli.Command {
	return &cli.Command{Name: "enrolment", Usage: "learners in workflows: look, pause, excuse, assign …", Commands: []*cli.Command{
		p.enrolmentList(), p.enrolmentShow(), p.enrolmentEnrol(), p.enrolmentLate(),
		p.enrolmentAct("pause", "let everything stand still, until a time or until it is resumed", "ENROLMENT",
			func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
				return s.Pause(ctx, operator(), a.id, a.at, a.reason)
			}, "until"),
		p.enrolmentAct("resume", "end a pause", "ENROLMENT", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.Resume(ctx, operator(), a.id)
		}),
		p.enrolmentAct("excuse", "take a step out of play for a learner", "ENROLMENT STEP", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.Excuse(ctx, operator(), a.id, engine.StepID(a.rest[0]), a.reason)
		}),
		p.enrolmentAct("reopen", "give a new attempt of a step that is settled", "ENROLMENT STEP", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.Reopen(ctx, operator(), a.id, engine.StepID(a.rest[0]), a.reason)
		}),
		p.enrolmentAct("open", "let a learner into a step before its time", "ENROLMENT STEP", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.OpenStep(ctx, operator(), a.id, engine.StepID(a.rest[0]), a.reason)
		}),
		p.enrolmentAct("due", "give an open step another due time", "ENROLMENT STEP", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.SetDue(ctx, operator(), a.id, engine.StepID(a.rest[0]), a.at, a.reason)
		}, "at"),
		p.enrolmentAct("assign", "put somebody into a role (manager, peer, coach); without EMAIL back to whom the workflow finds", "ENROLMENT ROLE [EMAIL]",
			func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
				to := engine.Appointment{Reason: a.reason}
				if len(a.rest) > 1 {
					to.Email = a.rest[1]
				}
				return s.Assign(ctx, operator(), a.id, engine.Role(a.rest[0]), to)
			}),
		p.enrolmentAct("confirm", "confirm whom the learner named for a role", "ENROLMENT ROLE", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.ConfirmNamed(ctx, operator(), a.id, engine.Role(a.rest[0]))
		}),
		p.enrolmentAct("start", "set the day on which the course starts for a learner; without -at take it back", "ENROLMENT",
			func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
				return s.SetAnchor(ctx, operator(), a.id, engine.AnchorCourseStart, a.at, a.reason)
			}, "at"),
		p.enrolmentAct("complete", "say that a learner has completed the course, now or -at a time; with -withdraw that they have not", "ENROLMENT",
			func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
				at := a.at
				switch {
				case a.withdraw:
					at = time.Time{}
				case at.IsZero():
					at = a.now
				}
				return s.SetAnchor(ctx, operator(), a.id, engine.AnchorCourseCompleted, at, a.reason)
			}, "at", "withdraw"),
		p.enrolmentAct("unenrol", "take a learner out of a workflow", "ENROLMENT", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.Unenrol(ctx, operator(), a.id, a.reason)
		}),
		p.enrolmentAct("return", "take a learner in again who was unenrolled", "ENROLMENT", func(ctx context.Context, s *engine.Service, a enrolmentArgs) error {
			return s.Reenrol(ctx, operator(), a.id)
		}),
	}}
}

// enrolmentArgs are the arguments and flags of one act.
type enrolmentArgs struct {
	id       engine.EnrolmentID
	rest     []string
	reason   string
	at, now  time.Time
	withdraw bool
}

// enrolmentAct is a command that does one thing about one enrolment. ArgsUsage says
// which arguments it needs; those in brackets may be left out.
func (p program) enrolmentAct(name, usage, args string, do func(context.Context, *engine.Service, enrolmentArgs) error, more ...string) *cli.Command {
	var asJSON bool
	var a enrolmentArgs
	var at string
	flags := append(p.flags.stores(), p.flags.forTenant(),
		&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON},
		&cli.StringFlag{Name: "reason", Usage: "why; the learner's coach reads it", Destination: &a.reason})
	for _, m := range more {
		switch m {
		case "withdraw":
			flags = append(flags, &cli.BoolFlag{Name: m, Usage: "take it back", Destination: &a.withdraw})
		default:
			flags = append(flags, &cli.StringFlag{Name: m, Usage: "a day (2026-12-24) or an instant (2026-12-24T09:00:00+01:00)", Destination: &at})
		}
	}
	want := strings.Fields(args)
	need := len(slices.DeleteFunc(slices.Clone(want), func(w string) bool { return strings.HasPrefix(w, "[") }))
	return &cli.Command{Name: name, Usage: usage, ArgsUsage: args, Flags: flags, Action: func(ctx context.Context, c *cli.Command) error {
		given := c.Args().Slice()
		if len(given) < need || len(given) > len(want) {
			return fmt.Errorf("enrolment %s: give %s; cairn enrolment list shows the enrolments", name, args)
		}
		a.id, a.rest = engine.EnrolmentID(given[0]), given[1:]
		if at != "" {
			var err error
			if a.at, err = readTime(at); err != nil {
				return fmt.Errorf("enrolment %s: %w", name, err)
			}
		}
		return p.withRecords(ctx, func(h *house, r *rooms) error {
			a.now = h.now()
			if err := h.note(ctx, web.AuditEntry{Act: "enrolment." + name, Tenant: p.cfg.tenant, Object: string(a.id), Detail: strings.Join(stepOf(want, given), " ")}); err != nil {
				return err
			}
			if err := do(ctx, r.engine, a); err != nil {
				return fmt.Errorf("enrolment %s: %w", name, err)
			}
			return p.report(asJSON, map[string]string{"enrolment": string(a.id), "done": name}, "%s: done for %s\n", name, a.id)
		})
	}}
}

// stepOf are the arguments that name no person, for the log of administrators' acts.
func stepOf(want, given []string) (out []string) {
	for i := 1; i < len(given); i++ {
		if !strings.Contains(want[i], "EMAIL") {
			out = append(out, given[i])
		}
	}
	return out
}

// readTime reads a day, which is its beginning in UTC, or an instant.
func readTime(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a day (2026-12-24) nor an instant (2026-12-24T09:00:00+01:00)", s)
}

// listedEnrolment is an enrolment as the commands print it. The names are a contract
// with scripts.
type listedEnrolment struct {
	ID       engine.EnrolmentID    `json:"id"`
	Workflow engine.WorkflowID     `json:"workflow"`
	Version  int                   `json:"version"`
	Learner  engine.PersonID       `json:"learner"`
	Issuer   string                `json:"issuer"`
	Course   string                `json:"course"`
	State    engine.EnrolmentState `json:"state"`
	Paused   bool                  `json:"paused"`
	Progress float64               `json:"progress"`
	Enrolled time.Time             `json:"enrolled"`
}

func listEnrolment(e *engine.Enrolment) listedEnrolment {
	return listedEnrolment{e.ID, e.Workflow, e.Version, e.Learner, e.Course.Issuer, e.Course.ID, e.State, e.Paused(), e.Progress, e.Anchors[engine.AnchorEnrolled]}
}

func (p program) enrolmentList() *cli.Command {
	var asJSON bool
	var after string
	var limit int
	return &cli.Command{
		Name: "list", Usage: "list enrolments, a page at a time",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON},
			&cli.StringFlag{Name: "after", Usage: "begin behind this enrolment", Destination: &after},
			&cli.IntFlag{Name: "limit", Usage: "at most so many", Value: 100, Destination: &limit}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			if limit < 1 || limit > 10_000 {
				return errors.New("enrolment list: -limit is from 1 to 10000")
			}
			return p.withRecords(ctx, func(_ *house, r *rooms) error {
				all, err := r.store.EnrolmentsAfter(ctx, engine.EnrolmentID(after), limit)
				if err != nil {
					return err
				}
				list := []listedEnrolment{}
				for _, e := range all {
					list = append(list, listEnrolment(e))
				}
				if asJSON {
					return p.printJSON(list)
				}
				return p.table("ID\tWORKFLOW\tCOURSE\tSTATE\tPROGRESS\tENROLLED", len(list), func(i int) string {
					l := list[i]
					state := string(l.State)
					if l.Paused {
						state += " (paused)"
					}
					return fmt.Sprintf("%s\t%s %d\t%s %s\t%s\t%.0f %%\t%s", l.ID, l.Workflow, l.Version, l.Issuer, l.Course, state, 100*l.Progress, l.Enrolled.UTC().Format(time.DateOnly))
				})
			})
		},
	}
}

func (p program) enrolmentShow() *cli.Command {
	var asJSON bool
	type shownStep struct {
		ID    engine.StepID `json:"id"`
		State engine.State  `json:"state"`
		Opens time.Time     `json:"opens,omitzero"`
		Due   time.Time     `json:"due,omitzero"`
		Done  time.Time     `json:"done,omitzero"`
	}
	return &cli.Command{
		Name: "show", Usage: "show where an enrolment stands", ArgsUsage: "ENROLMENT",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("enrolment show: give one ENROLMENT; cairn enrolment list shows them")
			}
			return p.withRecords(ctx, func(_ *house, r *rooms) error {
				home, err := r.engine.Home(ctx, engine.EnrolmentID(c.Args().First()))
				if err != nil {
					return fmt.Errorf("enrolment show: %w", err)
				}
				e := home.Enrolment
				steps := []shownStep{}
				for _, s := range home.Workflow.Steps() {
					st := e.Steps[s.ID]
					steps = append(steps, shownStep{s.ID, st.State, st.OpensAt, st.DueAt, st.DoneAt})
				}
				if asJSON {
					return p.printJSON(struct {
						listedEnrolment
						Anchors map[string]time.Time `json:"anchors"`
						Pauses  []engine.Pause       `json:"pauses"`
						Acts    []engine.Act         `json:"acts"`
						Steps   []shownStep          `json:"steps"`
					}{listEnrolment(e), e.Anchors, e.Pauses, e.Acts, steps})
				}
				if _, err := fmt.Fprintf(p.stdout, "%s  %s version %d, %s\n", e.ID, e.Workflow, e.Version, e.State); err != nil {
					return err
				}
				for _, a := range e.Acts {
					if _, err := fmt.Fprintf(p.stdout, "%s  %s %s %s\n", a.At.Format(time.RFC3339), a.What, a.Step, a.Role); err != nil {
						return err
					}
				}
				at := func(t time.Time) string {
					if t.IsZero() {
						return "-"
					}
					return t.Format(time.RFC3339)
				}
				return p.table("STEP\tSTATE\tOPENS\tDUE\tSETTLED", len(steps), func(i int) string {
					s := steps[i]
					return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", s.ID, s.State, at(s.Opens), at(s.Due), at(s.Done))
				})
			})
		},
	}
}

func (p program) enrolmentLate() *cli.Command {
	var asJSON bool
	var course engine.Course
	var after string
	type lateReason struct {
		Why   string            `json:"why"`
		Step  engine.StepID     `json:"step,omitempty"`
		Since time.Time         `json:"since,omitzero"`
		Role  engine.Role       `json:"role,omitempty"`
		Who   []engine.PersonID `json:"who,omitempty"`
	}
	type lateRow struct {
		Enrolment engine.EnrolmentID `json:"enrolment"`
		Workflow  engine.WorkflowID  `json:"workflow"`
		Learner   engine.PersonID    `json:"learner"`
		Reasons   []lateReason       `json:"reasons"`
	}
	return &cli.Command{
		Name: "late", Usage: "list who of a course is held up, and by what",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON},
			&cli.StringFlag{Name: "issuer", Usage: "the platform's issuer", Required: true, Destination: &course.Issuer},
			&cli.StringFlag{Name: "course", Usage: "the course's id in the platform", Required: true, Destination: &course.ID},
			&cli.StringFlag{Name: "after", Usage: "begin behind this enrolment", Destination: &after}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withRecords(ctx, func(_ *house, r *rooms) error {
				page, err := r.engine.LateList(ctx, operator(), course, engine.EnrolmentID(after), 0)
				if err != nil {
					return err
				}
				rows := []lateRow{}
				var lines []string
				for _, row := range page.Rows {
					out := lateRow{Enrolment: row.Enrolment, Workflow: row.Workflow.ID, Learner: row.Learner.ID}
					for _, reason := range row.Reasons {
						l := lateReason{Why: reason.Why, Since: reason.Since, Role: reason.Role}
						if reason.Step != nil {
							l.Step = reason.Step.ID
						}
						for _, who := range reason.Who {
							l.Who = append(l.Who, who.ID)
						}
						out.Reasons = append(out.Reasons, l)
						lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%s", row.Enrolment, l.Why, orDash(string(l.Step)), orDash(string(l.Role)), l.Since.Format(time.DateOnly)))
					}
					rows = append(rows, out)
				}
				if asJSON {
					return p.printJSON(struct {
						Rows []lateRow          `json:"rows"`
						Next engine.EnrolmentID `json:"next,omitempty"`
					}{rows, page.Next})
				}
				return p.table("ENROLMENT\tWHY\tSTEP\tROLE\tSINCE", len(lines), func(i int) string { return lines[i] })
			})
		},
	}
}
