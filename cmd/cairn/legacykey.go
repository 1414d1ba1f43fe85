package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/web"
)

// legacySecret is the variable that may hold the secret of an LTI 1.1 key; with
// _FILE it names a file, as for every secret.
const legacySecret = "CAIRN_LEGACY_SECRET"

// legacyKey are the commands about LTI 1.1 consumer keys, by which launches prove
// what the person was called before the platform moved to LTI 1.3.
func (p program) legacyKey() *cli.Command {
	return &cli.Command{
		Name: "legacy-key", Usage: "LTI 1.1 consumer keys, by which a platform that moved to LTI 1.3 proves who people were before",
		Commands: []*cli.Command{p.legacyKeyAdd(), p.legacyKeyList(), p.legacyKeyRemove()},
	}
}

func (p program) legacyKeyAdd() *cli.Command {
	var asJSON bool
	var file string
	return &cli.Command{
		Name: "add", Usage: "make a consumer key and its shared secret known, or replace the secret", ArgsUsage: "KEY",
		Description: "The secret is read from -secret-file, else from " + legacySecret + " or the file that " + legacySecret + "_FILE names, else from\n" +
			"standard input; never from the command line, where others on the machine could read it.",
		Flags: p.lmsFlags(&asJSON, &cli.StringFlag{Name: "secret-file", Usage: "file with the shared secret", Destination: &file}),
		Action: func(ctx context.Context, c *cli.Command) error {
			key, err := legacyKeyNamed(c)
			if err != nil {
				return err
			}
			secret, err := p.readSecret(c, file, "secret", legacySecret)
			if err != nil {
				return fmt.Errorf("lms legacy-key add: %w", err)
			}
			return p.withHouse(ctx, func(h *house) error {
				if err := h.note(ctx, web.AuditEntry{Act: "legacy_key.add", Tenant: p.cfg.tenant, Object: key}); err != nil {
					return err
				}
				if err := h.tool.AddLegacyKey(ctx, p.cfg.tenant, key, secret); err != nil {
					return err
				}
				return p.report(asJSON, map[string]string{"consumer_key": key, "tenant": p.cfg.tenant}, "added %s\n", key)
			})
		},
	}
}

func (p program) legacyKeyList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "list", Usage: "list the consumer keys of a tenant; their secrets are never shown", Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				keys, err := h.tool.LegacyKeys(ctx, p.cfg.tenant)
				if err != nil {
					return err
				}
				if asJSON {
					return p.printJSON(append([]string{}, keys...))
				}
				return p.table("CONSUMER KEY", len(keys), func(i int) string { return keys[i] })
			})
		},
	}
}

func (p program) legacyKeyRemove() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "remove", Usage: "forget a consumer key; what it has proven stays", ArgsUsage: "KEY", Flags: p.lmsFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			key, err := legacyKeyNamed(c)
			if err != nil {
				return err
			}
			return p.withHouse(ctx, func(h *house) error {
				if err := h.note(ctx, web.AuditEntry{Act: "legacy_key.remove", Tenant: p.cfg.tenant, Object: key}); err != nil {
					return err
				}
				if err := h.tool.RemoveLegacyKey(ctx, p.cfg.tenant, key); err != nil {
					return err
				}
				return p.report(asJSON, map[string]string{"consumer_key": key, "tenant": p.cfg.tenant}, "removed %s\n", key)
			})
		},
	}
}

// legacyKeyNamed is the consumer key a command is about.
func legacyKeyNamed(c *cli.Command) (string, error) {
	if c.Args().Len() != 1 || c.Args().First() == "" {
		return "", errors.New("lms legacy-key " + c.Name + ": give one consumer KEY")
	}
	return c.Args().First(), nil
}
