package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/cmd/egress"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/mail"
	"github.com/cairn-lms/cairn/web"
)

// mailReports reads what a mail service reports, and tells Amazon SNS, which asks once, that we want to hear it.
func (h *house) mailReports(ctx context.Context, contentType string, body []byte) ([]engine.MailReport, error) {
	found, err := mail.ParseReports(contentType, body)
	if err != nil || found.Confirm == "" {
		return found.Reports, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, found.Confirm, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("confirm the subscription: %w", err)
	}
	response, err := egress.New(egress.Options{MaxBytes: 64 << 10}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("confirm the subscription: %w", err)
	}
	_ = response.Body.Close()
	h.log.Info("confirmed a subscription of Amazon SNS", "status", response.StatusCode)
	return nil, nil
}

// mail are the commands about mails that come back.
func (p program) mail() *cli.Command {
	return &cli.Command{Name: "mail", Usage: "mails that come back, and who reports it", Commands: []*cli.Command{p.mailHook(), p.mailClear()}}
}

func (p program) mailHook() *cli.Command {
	var all, asJSON bool
	return &cli.Command{
		Name: "hook", Usage: "print the address to which your mail service reports bounces and complaints",
		Description: "Amazon SES (by SNS), Postmark, Mailgun and SendGrid may post there as they are; a mail server may post delivery status\n" +
			"notifications (RFC 3464, message/rfc822); anything else JSON: {\"type\": \"bounce\" or \"complaint\", \"recipient\": …, \"permanent\": …}.\n" +
			"Whoever knows the address can stop mails: give it to the mail service only. It changes with the secret key.",
		Flags: append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "all", Usage: "for all tenants, which share one mail service", Destination: &all},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				tenant := p.cfg.tenant
				if all {
					tenant = web.EveryTenant
				}
				if err := h.note(ctx, web.AuditEntry{Act: "mail.hook", Tenant: p.cfg.tenant}); err != nil {
					return err
				}
				url := h.links.MailHook(tenant)
				return p.report(asJSON, map[string]string{"url": url}, "%s\n", url)
			})
		},
	}
}

func (p program) mailClear() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "clear", Usage: "let mails go again to an address that bounced or complained", ArgsUsage: "ADDRESS", Flags: p.channelFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("mail clear: give one ADDRESS")
			}
			return p.ofTenant(ctx, web.AuditEntry{Act: "mail.clear"}, func(service *engine.Service) error {
				n, err := service.ClearMailReports(ctx, c.Args().First())
				if err != nil {
					return err
				}
				return p.report(asJSON, map[string]int{"people": n}, "mails go again to %d people\n", n)
			})
		},
	}
}
