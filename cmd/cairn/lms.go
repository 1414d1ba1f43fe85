package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

// lms are the commands about platforms. They concern one tenant, and what one
// shows or changes belongs to it. Those about one platform take its REGISTRATION as
// their one argument; where there is only one platform it need not be named, but to remove it.
func (p program) lms() *cli.Command {
	return &cli.Command{Name: "lms", Usage: "platforms that launch Cairn", Commands: []*cli.Command{
		p.lmsInvite(), p.lmsAdd(), p.lmsList(), p.lmsShow(),
		p.lmsChange("suspend", "refuse launches of a platform and send it no grades", func(ctx context.Context, t *lti.Tool, id lti.RegistrationID) error {
			return t.SuspendRegistration(ctx, id, lti.ByOperator)
		}),
		p.lmsChange("resume", "let a suspended platform launch again", func(ctx context.Context, t *lti.Tool, id lti.RegistrationID) error {
			return t.ResumeRegistration(ctx, id, lti.ByOperator)
		}),
		p.lmsChange("remove", "forget a platform with its keys and deployments; what learners did stays", func(ctx context.Context, t *lti.Tool, id lti.RegistrationID) error {
			return t.RemoveRegistration(ctx, id, lti.ByOperator)
		}),
		p.lmsDeployments(), p.lmsApprove(), p.lmsAdministrators(), p.lmsRotateKey(), p.lmsTest(), p.lmsFailures(), p.frames(), p.liveEvents(), p.legacyKey(),
	}}
}

// lmsFlags are what all of them take.
func (p program) lmsFlags(asJSON *bool, more ...cli.Flag) []cli.Flag {
	return append(append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: asJSON}), more...)
}

func (p program) lmsInvite() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:  "invite",
		Usage: "make a registration URL to paste into the LMS; it works once",
		Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				if err := h.note(ctx, web.AuditEntry{Act: "invitation.make", Tenant: p.cfg.tenant}); err != nil {
					return err
				}
				url, err := h.tool.Invite(ctx, p.cfg.tenant)
				if err != nil {
					return err
				}
				return p.report(asJSON, map[string]string{"url": url},
					"%s\n\nMoodle: Site administration > Plugins > External tool > Manage tools: paste it, Add LTI Advantage, Activate.\n", url)
			})
		},
	}
}

func (p program) lmsAdd() *cli.Command {
	var asJSON bool
	var reg lti.Registration
	var preset, host string
	word := func(name, usage string, to *string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Destination: to}
	}
	return &cli.Command{
		Name:  "add",
		Usage: "enter a platform that was set up by hand",
		Description: "For Canvas, -canvas production, beta, test or selfhosted (with -host) knows all addresses, and only -client-id is needed.\n" +
			"Without -deployment, deployments are taken on as they launch; those of Canvas wait for cairn lms approve,\n" +
			"since customers who know nothing of each other can share a client id there.",
		Flags: p.lmsFlags(&asJSON,
			word("issuer", "the platform's issuer (Moodle: Platform ID)", &reg.Issuer),
			&cli.StringFlag{Name: "client-id", Usage: "the client id it gave us", Required: true, Destination: &reg.ClientID},
			word("auth-url", "authentication request URL", &reg.AuthURL),
			word("token-url", "access token URL", &reg.TokenURL),
			word("jwks-url", "public keyset URL", &reg.JWKSURL),
			word("audience", "of token requests, where it is not the token URL", &reg.TokenAudience),
			word("canvas", "which Canvas: production, beta, test or selfhosted", &preset),
			word("host", "host of a Canvas of your own, as canvas.example.edu", &host),
			&cli.StringSliceFlag{Name: "deployment", Usage: "deployment id; give it again for more"}),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				reg := reg
				reg.Tenant = p.cfg.tenant
				if preset != "" {
					if err := fromPreset(&reg, preset, host); err != nil {
						return err
					}
				}
				if err := h.note(ctx, web.AuditEntry{Act: "registration.add", Tenant: reg.Tenant, Detail: reg.Issuer + " " + reg.ClientID}); err != nil {
					return err
				}
				added, err := h.tool.Register(ctx, reg, c.StringSlice("deployment")...)
				if errors.Is(err, lti.ErrConflict) {
					return fmt.Errorf("lms add: %s with client id %s is registered already", reg.Issuer, reg.ClientID)
				}
				if errors.Is(err, lti.ErrIssuer) {
					return fmt.Errorf("lms add: this tenant has %s with another -jwks-url; give that one, or remove what is registered: %w", reg.Issuer, err)
				}
				if err != nil {
					return fmt.Errorf("lms add: %w", err)
				}
				return p.report(asJSON, map[string]string{"id": string(added.ID), "issuer": added.Issuer, "client_id": added.ClientID}, "added %s\n", added.ID)
			})
		},
	}
}

// fromPreset fills in what is known of a Canvas and was not given.
func fromPreset(reg *lti.Registration, name, host string) error {
	presets := lti.CanvasPresets(host)
	i := slices.IndexFunc(presets, func(known lti.Preset) bool { return known.Name == name })
	if i < 0 {
		return fmt.Errorf("-canvas %q: production, beta or test, or selfhosted with -host", name)
	}
	known := presets[i]
	reg.ProductFamily = string(known.Family)
	for to, value := range map[*string]string{&reg.Issuer: known.Issuer, &reg.AuthURL: known.AuthURL, &reg.TokenURL: known.TokenURL, &reg.JWKSURL: known.JWKSURL} {
		if *to == "" {
			*to = value
		}
	}
	return nil
}

// listedPlatform is a registration as the commands print it. The names are a
// contract with scripts; keys and secrets are not among them.
type listedPlatform struct {
	lti.Registration
	Deployments []lti.Deployment `json:"deployments"`
}

// onPlatform is the action of a command about one platform of the tenant: that of
// the argument, or the only one there is.
func (p program) onPlatform(do func(ctx context.Context, h *house, reg lti.Registration) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		return p.withHouse(ctx, func(h *house) error {
			reg, err := h.platform(ctx, p.cfg.tenant, c.Args().Slice())
			if err != nil {
				return fmt.Errorf("lms %s: %w", c.Name, err)
			}
			return do(ctx, h, reg)
		})
	}
}

// platformArgument is how these commands name the platform in their help.
const platformArgument = "[REGISTRATION]"

// platform is the registration that a command names, or the only one of the tenant.
func (h *house) platform(ctx context.Context, tenant string, args []string) (lti.Registration, error) {
	if len(args) > 1 {
		return lti.Registration{}, errors.New("give one REGISTRATION, as cairn lms list shows it")
	}
	all, err := h.tool.Registrations(ctx)
	if err != nil {
		return lti.Registration{}, err
	}
	own := slices.DeleteFunc(all, func(r lti.Registration) bool { return r.Tenant != tenant || len(args) == 1 && string(r.ID) != args[0] })
	switch {
	case len(own) == 1:
		return own[0], nil
	case len(own) == 0 && len(args) == 1:
		return lti.Registration{}, fmt.Errorf("tenant %s has no registration %q; cairn lms list shows them", tenant, args[0])
	case len(own) == 0:
		return lti.Registration{}, fmt.Errorf("tenant %s has no registration yet; register in the LMS first (cairn lms invite)", tenant)
	}
	names := ""
	for _, reg := range own {
		names += fmt.Sprintf("\n  %s  %s (client id %s)", reg.ID, reg.Issuer, reg.ClientID)
	}
	return lti.Registration{}, errors.New("several platforms are registered; name one:" + names)
}

func (p program) lmsList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "list", Usage: "list the platforms of a tenant", Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				regs, err := h.tool.Registrations(ctx)
				if err != nil {
					return err
				}
				list := []listedPlatform{}
				for _, reg := range regs {
					if reg.Tenant != p.cfg.tenant {
						continue
					}
					deployments, err := h.tool.Deployments(ctx, reg.ID)
					if err != nil {
						return err
					}
					list = append(list, listedPlatform{reg, append([]lti.Deployment{}, deployments...)})
				}
				if asJSON {
					return p.printJSON(list)
				}
				return p.table("ID\tISSUER\tCLIENT ID\tFAMILY\tSTATUS\tDEPLOYMENTS\tREGISTERED", len(list), func(i int) string {
					l := list[i]
					return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%s", l.ID, l.Issuer, l.ClientID, orDash(string(l.Family())), l.Status, len(l.Deployments), l.CreatedAt.UTC().Format(time.DateOnly))
				})
			})
		},
	}
}

func (p program) lmsShow() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "show", Usage: "show what is known of a platform", ArgsUsage: platformArgument, Flags: p.lmsFlags(&asJSON),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			deployments, err := h.tool.Deployments(ctx, reg.ID)
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(listedPlatform{reg, append([]lti.Deployment{}, deployments...)})
			}
			approval := "wait for approval"
			if reg.AutoDeploy {
				approval = "are taken on"
			}
			rows := [][2]string{
				{"id", string(reg.ID)}, {"issuer", reg.Issuer}, {"client id", reg.ClientID}, {"family", orDash(string(reg.Family()))}, {"tenant", reg.Tenant},
				{"status", reg.Status}, {"auth url", reg.AuthURL}, {"token url", reg.TokenURL}, {"jwks url", reg.JWKSURL},
				{"scopes", orDash(strings.Join(reg.Scopes, " "))}, {"new deployments", approval},
			}
			for _, d := range deployments {
				rows = append(rows, [2]string{"deployment", d.ID + " (" + d.Status + ", tenant " + d.Tenant + ")"})
			}
			return p.table("", len(rows), func(i int) string { return rows[i][0] + "\t" + rows[i][1] })
		}),
	}
}

// lmsChange is a command that does one thing to one platform.
func (p program) lmsChange(name, usage string, do func(context.Context, *lti.Tool, lti.RegistrationID) error) *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: platformArgument, Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			if name == "remove" && c.Args().Len() == 0 {
				return errors.New("lms remove: name the REGISTRATION, as cairn lms list shows it; this one is not guessed")
			}
			return p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
				entry := web.AuditEntry{Act: "registration." + name, Tenant: reg.Tenant, Object: string(reg.ID), Detail: reg.Issuer + " " + reg.ClientID}
				if err := h.note(ctx, entry); err != nil {
					return err
				}
				if err := do(ctx, h.tool, reg.ID); err != nil {
					return fmt.Errorf("lms %s: %w", name, err)
				}
				return p.report(asJSON, map[string]string{"id": string(reg.ID), "done": name}, "%s: done for %s (%s)\n", name, reg.ID, reg.Issuer)
			})(ctx, c)
		},
	}
}

func (p program) lmsDeployments() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "deployments", Usage: "list the deployments of a platform; those that wait for approval too", ArgsUsage: platformArgument, Flags: p.lmsFlags(&asJSON),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			list, err := h.tool.Deployments(ctx, reg.ID)
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(append([]lti.Deployment{}, list...))
			}
			return p.table("DEPLOYMENT\tSTATUS\tTENANT\tSINCE", len(list), func(i int) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s", list[i].ID, list[i].Status, list[i].Tenant, list[i].CreatedAt.UTC().Format(time.DateOnly))
			})
		}),
	}
}

func (p program) lmsApprove() *cli.Command {
	var asJSON bool
	var deployment, into string
	return &cli.Command{
		Name: "approve", Usage: "let a deployment of a platform launch", ArgsUsage: platformArgument,
		Flags: p.lmsFlags(&asJSON,
			&cli.StringFlag{Name: "deployment", Usage: "which, as cairn lms deployments shows it", Required: true, Destination: &deployment},
			&cli.StringFlag{Name: "into", Usage: "tenant that the deployment is for (default: as it is)", Destination: &into}),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			if into != "" {
				if err := h.knownTenant(ctx, "into", into); err != nil {
					return err
				}
			}
			if err := h.note(ctx, web.AuditEntry{Act: "deployment.approve", Tenant: reg.Tenant, Object: string(reg.ID), Detail: deployment}); err != nil {
				return err
			}
			if err := h.tool.ApproveDeployment(ctx, reg.ID, deployment, into, lti.ByOperator); err != nil {
				return fmt.Errorf("lms approve: %w", err)
			}
			return p.report(asJSON, map[string]string{"id": string(reg.ID), "deployment": deployment}, "approved deployment %s of %s\n", deployment, reg.Issuer)
		}),
	}
}

// table prints rows in columns; head, if not empty, first.
func (p program) table(head string, n int, row func(i int) string) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	if head != "" {
		fmt.Fprintln(table, head)
	}
	for i := range n {
		fmt.Fprintln(table, row(i))
	}
	return table.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
