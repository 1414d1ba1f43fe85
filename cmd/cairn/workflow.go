package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

// workflow is all about definitions. lint, schema, new and simulate need no house, diff only for versions.
func (p program) workflow() *cli.Command {
	return &cli.Command{Name: "workflow", Usage: "workflow definitions", Commands: []*cli.Command{
		p.workflowLint(), p.workflowImport(), p.workflowExport(), p.workflowList(), p.workflowShow(), p.workflowDiff(), p.workflowOffer(),
		p.workflowNew(), p.workflowSchema(), p.simulate(),
	}}
}

// definition is a workflow as it lies outside: its file, its text, and what stands beside it.
type definition struct {
	file   string
	source []byte
	aids   fs.FS
}

// readDefinition reads a file, a folder with one definition, or an archive of one.
func readDefinition(path string) (definition, error) {
	info, err := os.Stat(path)
	if err != nil {
		return definition{}, err
	}
	if info.IsDir() {
		found, err := filepath.Glob(filepath.Join(path, "*.y*ml"))
		if err != nil || len(found) != 1 {
			return definition{}, fmt.Errorf("%s: holds %d definitions; give one of its files: %w", path, len(found), engine.ErrInvalid)
		}
		path = found[0]
	}
	if strings.EqualFold(filepath.Ext(path), ".zip") {
		data, err := readAtMost(path, engine.MaxArchive)
		if err != nil {
			return definition{}, err
		}
		file, source, aids, err := engine.OpenArchive(data)
		return definition{file, source, aids}, err
	}
	source, err := readBounded(path)
	if err != nil {
		return definition{}, err
	}
	root, err := os.OpenRoot(filepath.Dir(path)) // no link leads out of the folder; it stays open until the command ends
	if err != nil {
		return definition{}, err
	}
	return definition{filepath.Base(path), source, root.FS()}, nil
}

func readAtMost(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: larger than %d bytes: %w", file, limit, engine.ErrInvalid)
	}
	return data, err
}

func (p program) workflowLint() *cli.Command {
	var asJSON, strict bool
	return &cli.Command{
		Name:        "lint",
		Usage:       "say what is wrong with definitions, and what would be right",
		ArgsUsage:   "FILE...",
		Description: "Needs no database. Every line is FILE:LINE:COLUMN: path: what is wrong; what would be right. Fails if a definition is refused.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON},
			&cli.BoolFlag{Name: "strict", Usage: "fail on warnings too", Destination: &strict},
		},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() == 0 {
				return errors.New("workflow lint: give at least one FILE")
			}
			all, refused := engine.Problems{}, 0
			for _, path := range c.Args().Slice() {
				d, err := readDefinition(path)
				if err != nil {
					return fmt.Errorf("workflow lint: %w", err)
				}
				if d.file != filepath.Base(path) {
					path = filepath.Join(path, d.file)
				}
				_, problems := engine.LintWorkflow(path, d.source, d.aids)
				if problems.Refused() || strict && len(problems) > 0 {
					refused++
				}
				all = append(all, problems...)
			}
			if asJSON {
				if err := p.printJSON(all); err != nil {
					return err
				}
			} else {
				for _, problem := range all {
					fmt.Fprintln(p.stdout, problem)
				}
			}
			if refused > 0 {
				return fmt.Errorf("workflow lint: %d of %d refused: %w", refused, c.Args().Len(), engine.ErrInvalid)
			}
			return nil
		},
	}
}

func (p program) workflowImport() *cli.Command {
	var bump bool
	return &cli.Command{
		Name:        "import",
		Usage:       "read a workflow definition; what runs stays on its version",
		ArgsUsage:   "FILE | FOLDER | ARCHIVE.zip",
		Description: "The same content again changes nothing. Other content under a version that is there is refused; -bump gives it the next version.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.BoolFlag{Name: "bump", Usage: "where the version is taken by other content, take the next", Destination: &bump}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("workflow import: give one FILE")
			}
			d, err := readDefinition(c.Args().First())
			if err != nil {
				return err
			}
			return p.withEngine(ctx, web.AuditEntry{Act: "workflow.import", Object: filepath.Base(c.Args().First())}, func(_ *house, s *engine.Service) error {
				do := s.ImportWorkflow
				if bump {
					do = s.ImportNext
				}
				w, problems, err := do(ctx, d.file, d.source, d.aids)
				for _, problem := range problems {
					fmt.Fprintln(p.stderr, problem)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "imported %s version %d: %d steps\n", w.ID, w.Version, len(w.Steps()))
				return err
			})
		},
	}
}

// withWorkflows runs a command on one tenant's engine.
func (p program) withWorkflows(ctx context.Context, do func(*engine.Service) error) error {
	return p.withHouse(ctx, func(h *house) error {
		service, err := h.engine(ctx, p.cfg.tenant)
		if err != nil {
			return err
		}
		return do(service)
	})
}

func (p program) workflowExport() *cli.Command {
	var version int
	return &cli.Command{
		Name:        "export",
		Usage:       "write a workflow with its aids: into a folder, a .zip or a .yaml (- prints it)",
		ArgsUsage:   "ID TO",
		Description: "The definition is written in one canonical form; imported again it is the same workflow.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.IntFlag{Name: "version", Usage: "which (default: the highest)", Destination: &version}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 2 {
				return errors.New("workflow export: give an ID and a folder, a file.zip, a file.yaml or -")
			}
			return p.withWorkflows(ctx, func(s *engine.Service) error {
				f, err := s.ExportWorkflow(ctx, engine.WorkflowID(c.Args().First()), version)
				if err != nil {
					return err
				}
				to := c.Args().Get(1)
				if to == "-" {
					_, err := p.stdout.Write(f.Source)
					return err
				}
				if err := writeWorkflow(f, to); err != nil {
					return fmt.Errorf("workflow export: %w", err)
				}
				_, err = fmt.Fprintf(p.stdout, "exported %s version %d with %d files to %s\n", f.ID, f.Version, len(f.Aids), to)
				return err
			})
		},
	}
}

// writeWorkflow writes into a folder or a file. A .yaml has the aids beside it.
func writeWorkflow(f engine.WorkflowFile, to string) error {
	switch strings.ToLower(filepath.Ext(to)) {
	case ".zip":
		data, err := f.Archive()
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	case ".yaml", ".yml":
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			return err
		}
		return writeBeside(f, filepath.Dir(to), filepath.Base(to))
	}
	if err := os.MkdirAll(to, 0o750); err != nil {
		return err
	}
	return writeBeside(f, to, f.FileName())
}

// writeBeside writes a definition and its aids below one folder, out of which nothing leads.
func writeBeside(f engine.WorkflowFile, folder, name string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.WriteFile(name, f.Source, 0o600); err != nil {
		return err
	}
	for aid, text := range f.Aids {
		if err := root.MkdirAll(filepath.Dir(aid), 0o750); err != nil {
			return err
		}
		if err := root.WriteFile(aid, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p program) workflowOffer() *cli.Command {
	var to int
	var asJSON bool
	return &cli.Command{
		Name:        "offer",
		Usage:       "move those who have not started to a version",
		ArgsUsage:   "ID",
		Description: "Who has done, handed in or answered anything stays on their version. The same again moves nobody.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.IntFlag{Name: "to", Usage: "version (default: the highest)", Destination: &to},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("workflow offer: give one ID")
			}
			return p.withWorkflows(ctx, func(s *engine.Service) error {
				r, err := s.OfferVersion(ctx, engine.Actor{System: "cli"}, engine.WorkflowID(c.Args().First()), to)
				if err != nil {
					return err
				}
				return p.report(asJSON, r, "moved %d, kept %d on their version\n", r.Moved, r.Kept)
			})
		},
	}
}
