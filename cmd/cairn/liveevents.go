package main

import (
	"cmp"
	"context"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

// liveEvents prints where Canvas is to deliver its Live Events.
func (p program) liveEvents() *cli.Command {
	var keys string
	var asJSON bool
	return &cli.Command{
		Name:      "live-events",
		Usage:     "print the address for Canvas Live Events, by which Canvas tells of completed courses",
		ArgsUsage: platformArgument,
		Description: "In Canvas: Admin > Data Services > Add; delivery method HTTPS with \"Sign Payload\", message type Canvas, events\n" +
			"course_completed, course_progress and enrollment_updated.\n" +
			"Canvas's cloud signs with keys that Instructure publishes; another Canvas names its own by -keys.",
		Flags: p.lmsFlags(&asJSON,
			&cli.StringFlag{Name: "keys", Usage: "URL of the key set that signs the events; \"default\" for that of Canvas's cloud", Destination: &keys}),
		Action: p.onPlatform(func(ctx context.Context, h *house, reg lti.Registration) error {
			if keys != "" {
				set := keys
				if set == "default" {
					set = ""
				}
				entry := web.AuditEntry{Act: "registration.live_events", Tenant: reg.Tenant, Object: string(reg.ID), Detail: cmp.Or(set, lti.LiveEventKeys)}
				if err := h.note(ctx, entry); err != nil {
					return err
				}
				if err := h.tool.SetLiveEventKeys(ctx, reg.ID, set); err != nil {
					return err
				}
				reg.EventKeysURL = set
			}
			signed, url := cmp.Or(reg.EventKeysURL, lti.LiveEventKeys), h.tool.LiveEventsURL(reg.ID)
			return p.report(asJSON, map[string]string{"url": url, "keys": signed},
				"%s\n\nsigned with the keys of %s\nCanvas: Admin > Data Services > Add: HTTPS, Sign Payload, message type Canvas, events course_completed, course_progress, enrollment_updated.\n", url, signed)
		}),
	}
}
