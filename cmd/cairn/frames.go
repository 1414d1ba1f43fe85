package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/web"
)

// frames shows or replaces the further origins that may frame Cairn.
func (p program) frames() *cli.Command {
	var name string
	var asJSON bool
	return &cli.Command{
		Name:      "frames",
		Usage:     "show or replace the further origins whose pages may show Cairn in a frame",
		ArgsUsage: "[ORIGIN … | none]",
		Description: "The platform's own address and the way back that it signs in a launch may do so anyway. Name origins here only if\n" +
			"the browser refuses the frame (\"refused to connect\") because people see the platform under another address.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "registration", Usage: "which platform; not needed where there is one", Destination: &name},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withTenant(ctx, func(h *house) error {
				var which []string
				if name != "" {
					which = []string{name}
				}
				reg, err := h.registrationOf(ctx, p.cfg.tenant, which)
				if err != nil {
					return err
				}
				if origins := c.Args().Slice(); len(origins) > 0 {
					if len(origins) == 1 && origins[0] == "none" {
						origins = nil
					}
					entry := web.AuditEntry{Act: "registration.frames", Tenant: reg.Tenant, Object: string(reg.ID), Detail: strings.Join(origins, " ")}
					if err := h.note(ctx, entry); err != nil {
						return err
					}
					if err := h.tool.SetFrames(ctx, reg.ID, origins); err != nil {
						return err
					}
					if reg, err = h.tool.Registration(ctx, reg.ID); err != nil {
						return err
					}
				}
				list := strings.Join(reg.Frames, "\n")
				if list == "" {
					list = "none besides the platform's own"
				}
				return p.report(asJSON, map[string]any{"registration": reg.ID, "frames": append([]string{}, reg.Frames...)}, "%s\n", list)
			})
		},
	}
}
