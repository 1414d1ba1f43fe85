package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web"
)

func (p program) retention() *cli.Command {
	return &cli.Command{
		Name:  "retention",
		Usage: "how long statements are kept",
		Description: "Rules are by activity type; the one without a type is for all that no other is for. The worker applies them\n" +
			"once a day, by the time at which statements were stored. Without rules everything is kept.",
		Commands: []*cli.Command{p.setRetention(), p.listRetention(), p.removeRetention(), p.applyRetention()},
	}
}

func typeFlag(to *string) cli.Flag {
	return &cli.StringFlag{Name: "type", Usage: "IRI of an activity type (default: all that no other rule is for)", Destination: to}
}

func (p program) setRetention() *cli.Command {
	var activityType, age string
	return &cli.Command{
		Name:  "set",
		Usage: "keep statements for a time: cairn retention set -age 2y",
		Flags: append(p.flags.stores(), p.flags.forTenant(), typeFlag(&activityType),
			&cli.StringFlag{Name: "age", Usage: "days, weeks or years: 90d, 26w, 2y", Required: true, Destination: &age}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			days, err := parseAge(age)
			if err != nil {
				return err
			}
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				if err := h.note(ctx, web.AuditEntry{Act: "retention.set", Tenant: p.cfg.tenant, Object: activityType, Detail: age}); err != nil {
					return err
				}
				if err := r.lrs.SetRule(ctx, lrs.Rule{Type: activityType, Days: days}); err != nil {
					return err
				}
				return p.printRules(ctx, r, false)
			})
		},
	}
}

// parseAge reads an age such as 90d, 26w or 2y, in days.
func parseAge(text string) (int, error) {
	for unit, days := range map[string]int{"d": 1, "w": 7, "y": 365} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.Atoi(number)
			if err == nil && n > 0 && n <= 100*366/days {
				return n * days, nil
			}
		}
	}
	return 0, fmt.Errorf("-age %q: give days, weeks or years as in 90d, 26w or 2y, at most a hundred years", text)
}

func (p program) listRetention() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:  "list",
		Usage: "show the rules",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withRecords(ctx, func(_ *house, r *rooms) error { return p.printRules(ctx, r, asJSON) })
		},
	}
}

func (p program) printRules(ctx context.Context, r *rooms, asJSON bool) error {
	rules, err := r.lrs.Retention(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(rules)
	}
	if len(rules) == 0 {
		_, err := fmt.Fprintln(p.stdout, "everything is kept")
		return err
	}
	for _, rule := range rules {
		if rule.Type == "" {
			rule.Type = "all others"
		}
		if _, err := fmt.Fprintf(p.stdout, "%6d days  %s\n", rule.Days, rule.Type); err != nil {
			return err
		}
	}
	return nil
}

func (p program) removeRetention() *cli.Command {
	var activityType string
	return &cli.Command{
		Name:  "remove",
		Usage: "remove the rule for a type, or that for all others",
		Flags: append(p.flags.stores(), p.flags.forTenant(), typeFlag(&activityType)),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				if err := h.note(ctx, web.AuditEntry{Act: "retention.remove", Tenant: p.cfg.tenant, Object: activityType}); err != nil {
					return err
				}
				err := r.lrs.RemoveRule(ctx, activityType)
				if errors.Is(err, lrs.ErrNotFound) {
					return errors.New("there is no such rule; see cairn retention list")
				}
				if err != nil {
					return err
				}
				return p.printRules(ctx, r, false)
			})
		},
	}
}

func (p program) applyRetention() *cli.Command {
	var dryRun, asJSON bool
	return &cli.Command{
		Name:  "apply",
		Usage: "apply the rules now",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.BoolFlag{Name: "dry-run", Usage: "only say what would be removed", Destination: &dryRun},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				if !dryRun {
					if err := h.note(ctx, web.AuditEntry{Act: "retention.apply", Tenant: p.cfg.tenant}); err != nil {
						return err
					}
				}
				report, err := r.lrs.ApplyRetention(ctx, dryRun)
				if err != nil {
					return err
				}
				verb := "removed"
				if dryRun {
					verb = "would remove"
				}
				return p.report(asJSON, report, "%s %d statements and %d attachments (%d bytes)\n", verb, report.Removed, report.Attachments, report.Bytes)
			})
		},
	}
}
