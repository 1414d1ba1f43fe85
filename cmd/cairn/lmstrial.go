package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	messages "github.com/cairn-lms/cairn/engine/text"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

func (p program) lmsTest() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "test", Usage: "try what a platform needs: keys, tokens, roster, gradebook, clocks; changes nothing there", ArgsUsage: platformArgument, Flags: p.lmsFlags(&asJSON),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			deployments, err := h.tool.Deployments(ctx, reg.ID)
			if err != nil {
				return err
			}
			tenants := []string{reg.Tenant}
			for _, d := range deployments {
				tenants = append(tenants, d.Tenant)
			}
			slices.Sort(tenants)
			checks, err := h.tool.SelfTest(ctx, reg.ID, slices.Compact(tenants))
			if err != nil {
				return err
			}
			words := messages.Catalogue("en")
			failed := 0
			for _, check := range checks {
				if check.State == lti.CheckFail {
					failed++
				}
				if !asJSON {
					fmt.Fprintf(p.stdout, "%-8s %s: %s\n", check.State, words.T("admin.check."+check.Name), words.T("admin.cause."+string(check.Cause)))
					if check.Detail != "" {
						fmt.Fprintf(p.stdout, "%-8s %s\n", "", check.Detail)
					}
				}
			}
			if asJSON {
				if err := p.printJSON(checks); err != nil {
					return err
				}
			}
			if failed > 0 {
				return fmt.Errorf("lms test: %d of %d self-tests failed", failed, len(checks))
			}
			return nil
		}),
	}
}

func (p program) lmsFailures() *cli.Command {
	var asJSON, unclaimed bool
	var limit int64
	return &cli.Command{
		Name: "failures", Usage: "list refused logins, launches and registrations, the latest first",
		Flags: p.lmsFlags(&asJSON,
			&cli.BoolFlag{Name: "unknown", Usage: "those that belong to no tenant, such as logins of platforms nobody registered", Destination: &unclaimed},
			&cli.Int64Flag{Name: "limit", Usage: "at most so many", Value: 50, Destination: &limit}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				if limit < 1 || limit > 1000 {
					return fmt.Errorf("-limit %d: from 1 to 1000", limit)
				}
				tenant := p.cfg.tenant
				if unclaimed {
					tenant = ""
				}
				list, err := h.tool.Failures(ctx, tenant, int(limit))
				if err != nil {
					return err
				}
				if asJSON {
					return p.printJSON(append([]lti.Failure{}, list...))
				}
				return p.table("LAST\tTIMES\tKIND\tCODE\tISSUER\tREQUEST\tDETAIL", len(list), func(i int) string {
					f := list[i]
					request := "-"
					if n := len(f.RequestIDs); n > 0 {
						request = f.RequestIDs[n-1]
					}
					return fmt.Sprintf("%s\t%d\t%s\t%s\t%s\t%s\t%s", f.Last.UTC().Format("2006-01-02 15:04:05"), f.Count, f.Kind, f.Code, orDash(f.Issuer), request, f.Detail)
				})
			})
		},
	}
}

func (p program) lmsRotateKey() *cli.Command {
	var asJSON, atOnce bool
	return &cli.Command{
		Name: "rotate-key", Usage: "make a new signing key for a platform; the old one stays published until the platform knows the new one",
		ArgsUsage: platformArgument,
		Flags:     p.lmsFlags(&asJSON, &cli.BoolFlag{Name: "at-once", Usage: "the old key may be known to others: sign with the new one now", Destination: &atOnce}),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			if err := h.note(ctx, web.AuditEntry{Act: "registration.rotate", Tenant: reg.Tenant, Object: string(reg.ID)}); err != nil {
				return err
			}
			key, err := h.tool.RotateKey(ctx, reg.ID, atOnce)
			if errors.Is(err, lti.ErrConflict) {
				return errors.New("lms rotate-key: a rotation is under way already; with -at-once the key changes now")
			}
			if err != nil {
				return fmt.Errorf("lms rotate-key: %w", err)
			}
			return p.report(asJSON, map[string]any{"id": string(reg.ID), "kid": key.ID, "signs_from": key.SignsFrom},
				"new key %s signs from %s\n", key.ID, key.SignsFrom.UTC().Format(time.RFC3339))
		}),
	}
}
