package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

// lmsAdministrators shows or decides whether those who administer a platform may
// administer the tenant.
func (p program) lmsAdministrators() *cli.Command {
	var asJSON bool
	var decided string
	return &cli.Command{
		Name: "administrators", Usage: "show or decide whether a platform's administrators may administer the tenant here", ArgsUsage: platformArgument,
		Description: "Moodle gives the role to site administrators: unless decided otherwise they may. Canvas gives it to everybody with any\n" +
			"role in an account, a sub-account's help desk too: unless decided otherwise they may not.",
		Flags: p.lmsFlags(&asJSON, &cli.StringFlag{Name: "let-in", Usage: "decide it: on or off", Destination: &decided}),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			switch decided {
			case "":
			case "on", "off":
				entry := web.AuditEntry{Act: "registration.admins-" + decided, Tenant: reg.Tenant, Object: string(reg.ID), Detail: reg.Issuer + " " + reg.ClientID}
				if err := h.note(ctx, entry); err != nil {
					return err
				}
				if err := h.tool.SetAdminLaunches(ctx, reg.ID, decided == "on"); err != nil {
					return err
				}
				var err error
				if reg, err = h.tool.Registration(ctx, reg.ID); err != nil {
					return err
				}
			default:
				return errors.New("lms administrators: -let-in is on or off; without it you see how it is")
			}
			now := "off"
			if reg.LetsAdministratorsIn() {
				now = "on"
			}
			return p.report(asJSON, map[string]string{"id": string(reg.ID), "administrators": now}, "administrators of %s may administer tenant %s: %s\n", reg.Issuer, reg.Tenant, now)
		}),
	}
}
