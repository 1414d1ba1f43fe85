package main

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

// frames shows or replaces the further origins that may frame Cairn.
func (p program) frames() *cli.Command {
	var asJSON, none bool
	return &cli.Command{
		Name:      "frames",
		Usage:     "show or replace the further origins whose pages may show Cairn in a frame",
		ArgsUsage: platformArgument,
		Description: "The platform's own address and the way back that it signs in a launch may do so anyway. Name origins here only if\n" +
			"the browser refuses the frame (\"refused to connect\") because people see the platform under another address.",
		Flags: p.lmsFlags(&asJSON,
			&cli.StringSliceFlag{Name: "origin", Usage: "in place of those named before, as https://school.example.org; give it again for more"},
			&cli.BoolFlag{Name: "none", Usage: "name no further origin any more", Destination: &none}),
		Action: func(ctx context.Context, c *cli.Command) error {
			origins := c.StringSlice("origin")
			if none && len(origins) > 0 {
				return errors.New("lms frames: give -origin or -none, not both")
			}
			return p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
				if none || len(origins) > 0 {
					entry := web.AuditEntry{Act: "registration.frames", Tenant: reg.Tenant, Object: string(reg.ID), Detail: strings.Join(origins, " ")}
					if err := h.note(ctx, entry); err != nil {
						return err
					}
					if err := h.tool.SetFrames(ctx, reg.ID, origins); err != nil {
						return err
					}
					var err error
					if reg, err = h.tool.Registration(ctx, reg.ID); err != nil {
						return err
					}
				}
				list := strings.Join(reg.Frames, "\n")
				if list == "" {
					list = "none besides the platform's own"
				}
				return p.report(asJSON, map[string]any{"registration": reg.ID, "frames": append([]string{}, reg.Frames...)}, "%s\n", list)
			})(ctx, c)
		},
	}
}
