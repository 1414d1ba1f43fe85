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
// shows or changes belongs to it.
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
		p.lmsDeployments(), p.lmsApprove(), p.lmsAdministrators(), p.lmsRotateKey(), p.lmsTest(), p.lmsFailures(), p.frames(), p.liveEvents(),
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
			return p.withTenant(ctx, func(h *house) error {
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
			return p.withTenant(ctx, func(h *house) error {
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

// platform finds a registration of the tenant by its id.
func (p program) platform(ctx context.Context, h *house, c *cli.Command) (lti.Registration, error) {
	if c.Args().Len() < 1 {
		return lti.Registration{}, fmt.Errorf("lms %s: give the ID of a platform, as cairn lms list shows it", c.Name)
	}
	id := lti.RegistrationID(c.Args().First())
	reg, err := h.tool.Registration(ctx, id)
	if errors.Is(err, lti.ErrNotFound) || err == nil && reg.Tenant != p.cfg.tenant {
		return lti.Registration{}, fmt.Errorf("lms %s: tenant %s has no platform %q", c.Name, p.cfg.tenant, id)
	}
	return reg, err
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
		Name: "show", Usage: "show what is known of a platform", ArgsUsage: "ID", Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				reg, err := p.platform(ctx, h, c)
				if err != nil {
					return err
				}
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
			})
		},
	}
}

// lmsChange is a command that does one thing to one platform.
func (p program) lmsChange(name, usage string, do func(context.Context, *lti.Tool, lti.RegistrationID) error) *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "ID", Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				reg, err := p.platform(ctx, h, c)
				if err != nil {
					return err
				}
				entry := web.AuditEntry{Act: "registration." + name, Tenant: reg.Tenant, Object: string(reg.ID), Detail: reg.Issuer + " " + reg.ClientID}
				if err := h.note(ctx, entry); err != nil {
					return err
				}
				if err := do(ctx, h.tool, reg.ID); err != nil {
					return fmt.Errorf("lms %s: %w", name, err)
				}
				return p.report(asJSON, map[string]string{"id": string(reg.ID), "done": name}, "%s: done for %s (%s)\n", name, reg.ID, reg.Issuer)
			})
		},
	}
}

func (p program) lmsDeployments() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "deployments", Usage: "list the deployments of a platform; those that wait for approval too", ArgsUsage: "ID", Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				reg, err := p.platform(ctx, h, c)
				if err != nil {
					return err
				}
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
			})
		},
	}
}

func (p program) lmsApprove() *cli.Command {
	var asJSON bool
	var into string
	return &cli.Command{
		Name: "approve", Usage: "let a deployment of a platform launch", ArgsUsage: "ID DEPLOYMENT",
		Flags: p.lmsFlags(&asJSON, &cli.StringFlag{Name: "into", Usage: "tenant that the deployment is for (default: as it is)", Destination: &into}),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				reg, err := p.platform(ctx, h, c)
				if err != nil {
					return err
				}
				if c.Args().Len() != 2 {
					return errors.New("lms approve: give the ID of a platform and a DEPLOYMENT of it, as cairn lms deployments shows it")
				}
				if into != "" {
					if _, err := h.stores.site.Tenant(ctx, into); err != nil {
						return fmt.Errorf("-into %s: %w", into, err)
					}
				}
				deployment := c.Args().Get(1)
				if err := h.note(ctx, web.AuditEntry{Act: "deployment.approve", Tenant: reg.Tenant, Object: string(reg.ID), Detail: deployment}); err != nil {
					return err
				}
				if err := h.tool.ApproveDeployment(ctx, reg.ID, deployment, into, lti.ByOperator); err != nil {
					return fmt.Errorf("lms approve: %w", err)
				}
				return p.report(asJSON, map[string]string{"id": string(reg.ID), "deployment": deployment}, "approved deployment %s of %s\n", deployment, reg.Issuer)
			})
		},
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
