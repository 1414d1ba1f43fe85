package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/web"
)

// lmsAdministrators shows or decides whether those who administer a platform may
// administer the tenant.
func (p program) lmsAdministrators() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "administrators", Usage: "show or decide whether a platform's administrators may administer the tenant here", ArgsUsage: "ID [on | off]",
		Description: "Moodle gives the role to site administrators: unless decided otherwise they may. Canvas gives it to everybody with any\n" +
			"role in an account, a sub-account's help desk too: unless decided otherwise they may not.",
		Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				reg, err := p.platform(ctx, h, c)
				if err != nil {
					return err
				}
				switch word := c.Args().Get(1); word {
				case "":
				case "on", "off":
					entry := web.AuditEntry{Act: "registration.admins-" + word, Tenant: reg.Tenant, Object: string(reg.ID), Detail: reg.Issuer + " " + reg.ClientID}
					if err := h.note(ctx, entry); err != nil {
						return err
					}
					if err := h.tool.SetAdminLaunches(ctx, reg.ID, word == "on"); err != nil {
						return err
					}
					if reg, err = p.platform(ctx, h, c); err != nil {
						return err
					}
				default:
					return errors.New("lms administrators: say on or off, or nothing to see how it is")
				}
				now := "off"
				if reg.LetsAdministratorsIn() {
					now = "on"
				}
				return p.report(asJSON, map[string]string{"id": string(reg.ID), "administrators": now}, "administrators of %s may administer tenant %s: %s\n", reg.Issuer, reg.Tenant, now)
			})
		},
	}
}
