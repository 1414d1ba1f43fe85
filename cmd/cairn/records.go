package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/xapi"
)

func (p program) statements() *cli.Command {
	return &cli.Command{
		Name:     "statements",
		Usage:    "the record store: export, import, verify",
		Commands: []*cli.Command{p.exportStatements(), p.importStatements(), p.verifyStatements()},
	}
}

// withRecords runs one command of the admin on the tenant's record store.
func (p program) withRecords(ctx context.Context, do func(h *house, r *rooms) error) error {
	return p.withHouse(ctx, func(h *house) error {
		r, err := h.rooms(ctx, p.cfg.tenant)
		if err != nil {
			return err
		}
		return do(h, r)
	})
}

func (p program) exportStatements() *cli.Command {
	var since, until string
	var asJSON bool
	return &cli.Command{
		Name:      "export",
		Usage:     "write every statement and its attachments into a folder",
		ArgsUsage: "DIR",
		Description: "Writes DIR/statements.ndjson (one statement a line as it is stored, oldest first, voided ones too),\n" +
			"DIR/attachments/<digest>, and DIR/marks.ndjson: which statements define activities, and which brought the bytes\n" +
			"of attachments that have a fileUrl. In a folder that has an export of the same it goes on behind the last whole line,\n" +
			"so an export that broke off is repeated, and one of last week is brought up to date.\n" +
			"What was erased since the folder was begun is still in it: begin a new one after an erasure.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "since", Usage: "only statements stored after this time (2026-11-21T09:00:00Z)", Destination: &since},
			&cli.StringFlag{Name: "until", Usage: "only statements stored up to this time", Destination: &until},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("statements export: give one DIR")
			}
			from, err := timeFlag("since", since)
			if err != nil {
				return err
			}
			to, err := timeFlag("until", until)
			if err != nil {
				return err
			}
			return p.withRecords(ctx, func(_ *house, r *rooms) error {
				bar := p.progress("exported")
				report, err := r.lrs.Export(ctx, c.Args().First(), lrs.ExportOptions{
					Source: r.iriBase + " " + p.cfg.tenant, Since: from, Until: to, Progress: bar.add,
				})
				bar.end()
				if err != nil {
					return err
				}
				text := fmt.Sprintf("exported %d statements, %d attachments (%d bytes)", report.Statements, report.Attachments, report.Bytes)
				if report.Resumed {
					text += ", behind those that were there"
				}
				if report.Missing > 0 {
					text += fmt.Sprintf("; %d attachments are missing: see cairn statements verify", report.Missing)
				}
				return p.report(asJSON, report, "%s\n", text)
			})
		},
	}
}

// timeFlag reads a time; none is nil.
func timeFlag(name, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	t, ok := xapi.ParseTimestamp(text)
	if !ok {
		return nil, fmt.Errorf("-%s %q: give a time with its zone, as in 2026-11-21T09:00:00Z", name, text)
	}
	return &t, nil
}

// maxRefusals bounds how many refusals and problems are printed.
const maxRefusals = 100

func (p program) importStatements() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:      "import",
		Usage:     "store the statements of an export, or of a file with one a line",
		ArgsUsage: "DIR|FILE",
		Description: "Takes a folder that export made, or any file with a statement a line (1.0.x or 2.0), with attachments in the\n" +
			"folder attachments beside it: bytes are taken from there only. What the statements of such a file say of\n" +
			"activities counts; an export tells by its marks. Ids, timestamps and authorities stay; stored is new. Importing again changes\n" +
			"nothing, so an import that broke off is repeated. What was erased here stays erased.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("statements import: give one DIR or FILE")
			}
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				if err := h.note(ctx, web.AuditEntry{Act: "statements.import", Tenant: p.cfg.tenant, Object: filepath.Base(c.Args().First())}); err != nil {
					return err
				}
				bar := p.progress("imported")
				lines := p.fewLines(bar)
				report, err := r.lrs.Import(ctx, c.Args().First(), lrs.ImportOptions{
					Authority: xapi.AccountAgent(r.iriBase, "import"), Progress: bar.add, Refused: func(err error) { lines(err.Error()) },
				})
				bar.end()
				if err != nil {
					return err
				}
				err = p.report(asJSON, report, "new %d, known %d, erased %d, refused %d; attachments %d (%d bytes)\n",
					report.New, report.Known, report.Erased, report.Refused, report.Attachments, report.Bytes)
				if err == nil && report.Refused > 0 {
					err = fmt.Errorf("%d statements were refused", report.Refused)
				}
				return err
			})
		},
	}
}

func (p program) verifyStatements() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:  "verify",
		Usage: "hold statements, index, definitions and attachments against each other",
		Description: "Reads everything, also while the server writes, and prints a line for each problem. It changes nothing.\n" +
			"The exit code is 0 only if everything agrees.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withRecords(ctx, func(_ *house, r *rooms) error {
				bar := p.progress("verified")
				report, err := r.lrs.Verify(ctx, lrs.VerifyOptions{Problem: p.fewLines(bar), Progress: bar.add})
				bar.end()
				if err != nil {
					return err
				}
				err = p.report(asJSON, report, "%d statements (%d voided), %d activities, %d attachments (%d bytes); %d attachments without statement\n",
					report.Statements, report.Voided, report.Definitions, report.Attachments, report.Bytes, report.Orphans)
				if err == nil && report.Problems > 0 {
					err = fmt.Errorf("%d problems", report.Problems)
				}
				return err
			})
		},
	}
}

// fewLines prints lines to stderr, up to a bound.
func (p program) fewLines(bar *progress) func(string) {
	n := 0
	return func(text string) {
		bar.clear()
		switch n++; {
		case n <= maxRefusals:
			fmt.Fprintln(p.stderr, text)
		case n == maxRefusals+1:
			fmt.Fprintln(p.stderr, "… and more")
		}
	}
}

// progress tells how far a long command is: a bar on a terminal, else a line now
// and then.
type progress struct {
	to   io.Writer
	verb string
	bar  *progressbar.ProgressBar // nil: not on a terminal
	n    int
	told int
}

// progressLines is after how many statements a line is written.
const progressLines = 50_000

func (p program) progress(verb string) *progress {
	g := &progress{to: p.stderr, verb: verb}
	if f, ok := p.stderr.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			g.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(verb),
				progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("statements"),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
	}
	return g
}

func (g *progress) add(n int) {
	g.n += n
	if g.bar != nil {
		_ = g.bar.Add(n) // a bar that cannot be drawn is no reason to stop
		return
	}
	if g.n-g.told >= progressLines {
		g.told = g.n
		fmt.Fprintf(g.to, "%s %d statements\n", g.verb, g.n)
	}
}

// clear makes room for a line of text.
func (g *progress) clear() {
	if g.bar != nil {
		_ = g.bar.Clear()
	}
}

func (g *progress) end() {
	if g.bar != nil {
		_ = g.bar.Finish()
	}
}
