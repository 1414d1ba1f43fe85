package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
)

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
