package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/simulate"
)

// simulate prints the calendar a person would live through. It needs no house: everything is in memory.
func (p program) simulate() *cli.Command {
	var start, persona, zone, arm, locale string
	var weeks int
	var asJSON, asICal bool
	return &cli.Command{
		Name:      "simulate",
		Usage:     "print the calendar that a learner would live through",
		ArgsUsage: "FILE",
		Description: "The course starts at -start, the learner is enrolled ten working days before. Persona prompt does everything on the day it opens,\n" +
			"late three working days after it was due, never launches once and does nothing; with absent-manager the manager never answers.\n" +
			"Nothing is sent, stored or recorded.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "start", Usage: "date on which the course starts, as 2027-01-11 (default: in three weeks)", Destination: &start},
			&cli.StringFlag{Name: "persona", Value: string(simulate.Prompt), Usage: "prompt, late, never or absent-manager", Destination: &persona},
			&cli.StringFlag{Name: "zone", Usage: "time zone of everybody, as Europe/Berlin (default: the workflow's, else UTC)", Destination: &zone},
			&cli.IntFlag{Name: "weeks", Value: simulate.DefaultWeeks, Usage: "how many weeks from the enrolment", Destination: &weeks},
			&cli.StringFlag{Name: "holdout", Usage: "where the learner is drawn to in the workflow's test: holdout, or the name of one of its arms", Destination: &arm},
			&cli.StringFlag{Name: "locale", Value: "en", Usage: "language of the titles", Destination: &locale},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON},
			&cli.BoolFlag{Name: "ics", Usage: "print iCalendar (RFC 5545)", Destination: &asICal},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("workflow simulate: give one FILE")
			}
			if asJSON && asICal {
				return errors.New("workflow simulate: give -json or -ics, not both")
			}
			first := time.Now().UTC().AddDate(0, 0, 21)
			if start != "" {
				var err error
				if first, err = time.Parse(time.DateOnly, start); err != nil {
					return fmt.Errorf("workflow simulate: -start %q is not a date; give one as 2027-01-11", start)
				}
			}
			file := c.Args().First()
			source, err := readBounded(file)
			if err != nil {
				return err
			}
			o := simulate.Options{
				File: filepath.Base(file), Source: source, Aids: os.DirFS(filepath.Dir(file)), Start: first, Persona: simulate.Persona(persona),
				Zone: zone, Locale: locale, Weeks: weeks, Arm: arm,
			}
			lived, err := simulateIn(ctx, o)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				return lived.WriteJSON(p.stdout)
			case asICal:
				return lived.WriteICal(p.stdout)
			}
			return lived.WriteText(p.stdout)
		},
	}
}

// simulateIn simulates in memory.
func simulateIn(ctx context.Context, o simulate.Options) (*simulate.Calendar, error) {
	db, err := sqlitedb.OpenMemory(ctx)
	if err != nil {
		return nil, err
	}
	store, err := enginesqlite.New(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	o.Store = store
	lived, err := simulate.Run(ctx, o)
	return lived, errors.Join(err, db.Close())
}
