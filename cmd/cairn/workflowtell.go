package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
)

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
