package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
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
			return p.withWorkflows(ctx, func(s *engine.Service) error {
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
	return p.withTenant(ctx, func(h *house) error {
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

func (p program) workflowList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:  "list",
		Usage: "list the workflows, each by its highest version",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withWorkflows(ctx, func(s *engine.Service) error {
				all, err := s.Workflows(ctx)
				if err != nil {
					return err
				}
				type row struct {
					ID      engine.WorkflowID `json:"id"`
					Version int               `json:"version"`
					Title   string            `json:"title"`
					Steps   int               `json:"steps"`
				}
				rows := []row{}
				for _, w := range all {
					rows = append(rows, row{w.ID, w.Version, w.Title.In("en"), len(w.Steps())})
				}
				if asJSON {
					return p.printJSON(rows)
				}
				for _, r := range rows {
					if _, err := fmt.Fprintf(p.stdout, "%-28s %4d  %3d steps  %s\n", r.ID, r.Version, r.Steps, r.Title); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func (p program) workflowShow() *cli.Command {
	var version int
	var locale string
	return &cli.Command{
		Name:      "show",
		Usage:     "print the plan of a workflow as a person reads it",
		ArgsUsage: "ID | FILE",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.IntFlag{Name: "version", Usage: "which (default: the highest)", Destination: &version},
			&cli.StringFlag{Name: "locale", Value: "en", Usage: "language of the texts", Destination: &locale}),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("workflow show: give one ID or FILE")
			}
			return p.withDefinitions(ctx, c.Args().Slice(), []int{version}, func(all []*engine.Workflow) error {
				_, err := io.WriteString(p.stdout, engine.Outline(all[0], locale))
				return err
			})
		},
	}
}

// isFile tells whether an argument names something on the disk rather than the id of a workflow.
func isFile(arg string) bool {
	return strings.ContainsAny(arg, `./\`)
}

// withDefinitions finds what the arguments name, each a file or an id with a version, and opens a house only for ids.
func (p program) withDefinitions(ctx context.Context, args []string, versions []int, do func([]*engine.Workflow) error) error {
	all := make([]*engine.Workflow, len(args))
	for i, arg := range args {
		if !isFile(arg) {
			continue
		}
		d, err := readDefinition(arg)
		if err != nil {
			return err
		}
		w, problems := engine.LintWorkflow(arg, d.source, d.aids)
		if w == nil {
			return problems
		}
		all[i] = w
	}
	if !slices.Contains(all, nil) {
		return do(all)
	}
	return p.withWorkflows(ctx, func(s *engine.Service) error {
		for i, arg := range args {
			if all[i] == nil {
				w, err := s.Workflow(ctx, engine.WorkflowID(arg), versions[i])
				if err != nil {
					return err
				}
				all[i] = w
			}
		}
		return do(all)
	})
}

func (p program) workflowDiff() *cli.Command {
	var from, to int
	var asJSON bool
	return &cli.Command{
		Name:        "diff",
		Usage:       "say what a version changes, and what that means for whoever is in the middle of it",
		ArgsUsage:   "OLD [NEW]",
		Description: "OLD and NEW are files or ids; one id alone is compared with itself: -from one version -to another.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.IntFlag{Name: "from", Usage: "version of OLD (default: the highest)", Destination: &from},
			&cli.IntFlag{Name: "to", Usage: "version of NEW (default: the highest)", Destination: &to},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			args := c.Args().Slice()
			if len(args) == 1 && !isFile(args[0]) {
				args = append(args, args[0])
			}
			if len(args) != 2 {
				return errors.New("workflow diff: give two of FILE or ID, or one ID with -from and -to")
			}
			return p.withDefinitions(ctx, args, []int{from, to}, func(all []*engine.Workflow) error {
				d := engine.Diff(all[0], all[1])
				if asJSON {
					return p.printJSON(d)
				}
				_, err := io.WriteString(p.stdout, d.String())
				return err
			})
		},
	}
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

func (p program) workflowSchema() *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of definitions, for editors",
		Action: func(context.Context, *cli.Command) error {
			schema, err := engine.Schema()
			if err != nil {
				return err
			}
			_, err = p.stdout.Write(schema)
			return err
		},
	}
}

// workflowNew turns the answers of a needs analysis into a definition.
func (p program) workflowNew() *cli.Command {
	var n engine.Need
	var answers, scale string
	var behaviours []string
	return &cli.Command{
		Name:      "new",
		Usage:     "write a workflow from the answers of a needs analysis",
		ArgsUsage: "[FILE]",
		Description: "Answers come by flags or from -answers FILE (JSON: title, task, problem, outcome, course, weeks, behaviours [{text, scale, target, observer}]).\n" +
			"-course wraps a course of the LMS. Without FILE the definition is printed; a FILE that is there is left alone.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "answers", Usage: "JSON file of answers, instead of the flags below", Destination: &answers},
			&cli.StringFlag{Name: "title", Usage: "what learners call it", Destination: &n.Title},
			&cli.StringFlag{Name: "task", Usage: "what people have to do at work", Destination: &n.Task},
			&cli.StringFlag{Name: "problem", Usage: "what goes wrong today", Destination: &n.Problem},
			&cli.StringFlag{Name: "outcome", Usage: "what is better afterwards", Destination: &n.Outcome},
			&cli.StringSliceFlag{Name: "behaviour", Usage: "what somebody else sees people do; several are allowed", Destination: &behaviours, Config: cli.StringConfig{TrimSpace: true}},
			&cli.StringFlag{Name: "observer", Usage: "who rates them: manager, peer or coach (default: manager)"},
			&cli.StringFlag{Name: "scale", Usage: "the points of the scale, by comma (default: never to always)", Destination: &scale},
			&cli.BoolFlag{Name: "course", Usage: "wrap a course of the LMS", Destination: &n.Course},
			&cli.IntFlag{Name: "weeks", Usage: "weeks of trying", Value: 6, Destination: &n.Weeks},
		},
		Action: func(_ context.Context, c *cli.Command) error {
			if answers != "" {
				data, err := readBounded(answers)
				if err != nil {
					return err
				}
				if n, err = engine.ReadNeed(data); err != nil {
					return err
				}
			}
			for _, b := range behaviours {
				n.Behaviours = append(n.Behaviours, engine.NeedBehaviour{Text: b, Scale: splitList(scale), Observer: engine.Role(c.String("observer"))})
			}
			source, err := engine.NewDefinition(n)
			if err != nil {
				return err
			}
			if c.Args().Len() == 0 {
				_, err = p.stdout.Write(source)
				return err
			}
			f, err := os.OpenFile(c.Args().First(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("workflow new: %w", err)
			}
			_, err = f.Write(source)
			return errors.Join(err, f.Close())
		},
	}
}
