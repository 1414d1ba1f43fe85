package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lti"
)

// liveEvents prints where Canvas is to deliver its Live Events.
func (p program) liveEvents() *cli.Command {
	var keys string
	var asJSON bool
	return &cli.Command{
		Name:      "live-events",
		Usage:     "print the address for Canvas Live Events, by which Canvas tells of completed courses",
		ArgsUsage: "[REGISTRATION]",
		Description: "Without REGISTRATION, of the only one of the tenant. In Canvas: Admin > Data Services > Add; delivery method HTTPS\n" +
			"with \"Sign Payload\", message type Canvas, events course_completed, course_progress and enrollment_updated.\n" +
			"Canvas's cloud signs with keys that Instructure publishes; another Canvas names its own by -keys.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "keys", Usage: "URL of the key set that signs the events; \"default\" for that of Canvas's cloud", Destination: &keys},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withTenant(ctx, func(h *house) error {
				reg, err := h.registrationOf(ctx, p.cfg.tenant, c.Args().Slice())
				if err != nil {
					return err
				}
				if keys != "" {
					set := keys
					if set == "default" {
						set = ""
					}
					if err := h.tool.SetLiveEventKeys(ctx, reg.ID, set); err != nil {
						return err
					}
					reg.EventKeysURL = set
				}
				signed := reg.EventKeysURL
				if signed == "" {
					signed = lti.LiveEventKeys
				}
				url := h.tool.LiveEventsURL(reg.ID)
				return p.report(asJSON, map[string]string{"url": url, "keys": signed},
					"%s\n\nsigned with the keys of %s\nCanvas: Admin > Data Services > Add: HTTPS, Sign Payload, message type Canvas, events course_completed, course_progress, enrollment_updated.\n", url, signed)
			})
		},
	}
}

// registrationOf is the registration a command names, or the only one of the tenant.
func (h *house) registrationOf(ctx context.Context, tenant string, args []string) (lti.Registration, error) {
	if len(args) > 1 {
		return lti.Registration{}, errors.New("give one REGISTRATION")
	}
	all, err := h.tool.Registrations(ctx)
	if err != nil {
		return lti.Registration{}, err
	}
	var own []lti.Registration
	for _, reg := range all {
		if reg.Tenant == tenant && (len(args) == 0 || string(reg.ID) == args[0]) {
			own = append(own, reg)
		}
	}
	switch {
	case len(own) == 1:
		return own[0], nil
	case len(own) == 0:
		return lti.Registration{}, fmt.Errorf("tenant %s has no such registration; register in the LMS first (cairn lms invite)", tenant)
	}
	names := ""
	for _, reg := range own {
		names += fmt.Sprintf("\n  %s  %s (client id %s)", reg.ID, reg.Issuer, reg.ClientID)
	}
	return lti.Registration{}, errors.New("several platforms are registered; name one:" + names)
}
