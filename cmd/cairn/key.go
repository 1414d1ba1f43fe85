package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web"
)

func (p program) key() *cli.Command {
	return &cli.Command{
		Name: "key", Usage: "keys of the record store and of the API",
		Commands: []*cli.Command{p.keyCreate(), p.keyList(), p.keyRevoke()},
	}
}

func (p program) keyCreate() *cli.Command {
	var name, scopes, expires string
	var asJSON bool
	return &cli.Command{
		Name:  "create",
		Usage: "make a key for a reporting tool or an LMS; its secret is shown once",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "name", Usage: "what the key is for", Required: true, Destination: &name},
			&cli.StringFlag{Name: "scopes", Usage: "comma-separated: " + strings.Join(lrs.Scopes(), ", "), Value: "all", Destination: &scopes},
			&cli.StringFlag{Name: "expires", Usage: "last day (UTC) as 2027-06-30, or days from now as 90d (default: never)", Destination: &expires},
			&cli.StringSliceFlag{Name: "origin", Usage: "web origin whose pages may use the key, as https://reports.example.org; give it again for more"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				until, err := parseExpiry(expires, h.now())
				if err != nil {
					return err
				}
				if err := h.note(ctx, web.AuditEntry{Act: "key.create", Tenant: p.cfg.tenant, Object: name, Detail: scopes}); err != nil {
					return err
				}
				credential, err := lrs.CreateKey(ctx, h.stores.keys, lrs.Key{
					Tenant: p.cfg.tenant, Name: name, Scopes: splitList(scopes), Origins: c.StringSlice("origin"), ExpiresAt: until,
				}, h.now())
				if err != nil {
					return err
				}
				endpoint := h.cfg.publicURL + "/xapi"
				return p.report(asJSON, map[string]string{"endpoint": endpoint, "key": credential.ID, "secret": credential.Secret},
					"endpoint  %s\nkey       %s\nsecret    %s\n\nThe secret is not shown again.\n", endpoint, credential.ID, credential.Secret)
			})
		},
	}
}

// parseExpiry reads when a key ends: never (""), some days from now, or at the end
// of a day.
func parseExpiry(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no end is no error
	}
	at, err := time.Parse(time.DateOnly, text)
	if err == nil {
		at = at.AddDate(0, 0, 1)
		return &at, nil
	}
	days, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(days)
	if !ok || err != nil || n < 1 || n > 36500 {
		return nil, fmt.Errorf("-expires %q: give a day, as 2027-06-30, or a number of days, as 90d", text)
	}
	at = now.UTC().AddDate(0, 0, n)
	return &at, nil
}

// listedKey is a key as it is listed: nothing of its secret.
type listedKey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	State   string     `json:"state"` // good, expired, revoked
	Scopes  []string   `json:"scopes"`
	Origins []string   `json:"origins"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"`
	Revoked *time.Time `json:"revoked"`
	Used    *time.Time `json:"last_used"`
}

func (p program) keyList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:  "list",
		Usage: "list the keys of a tenant, the revoked ones too: statements name them",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				keys, err := h.stores.keys.Keys(ctx, p.cfg.tenant)
				if err != nil {
					return err
				}
				list := make([]listedKey, len(keys))
				for i, k := range keys {
					list[i] = listed(k, h.now())
				}
				if asJSON {
					return p.printJSON(list)
				}
				return p.printKeys(list)
			})
		},
	}
}

func listed(k lrs.Key, now time.Time) listedKey {
	l := listedKey{
		ID: k.ID, Name: k.Name, State: "good", Scopes: k.Scopes, Origins: append([]string{}, k.Origins...),
		Created: k.CreatedAt, Expires: k.ExpiresAt, Revoked: k.RevokedAt, Used: k.UsedAt,
	}
	switch {
	case k.RevokedAt != nil:
		l.State = "revoked"
	case !k.Good(now):
		l.State = "expired"
	}
	return l
}

func (p program) printKeys(list []listedKey) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tSTATE\tSCOPES\tORIGINS\tCREATED\tEXPIRES\tLAST USED")
	day := func(t *time.Time) string {
		if t == nil {
			return "never"
		}
		return t.UTC().Format("2006-01-02 15:04")
	}
	for _, k := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.State, strings.Join(k.Scopes, ","), strings.Join(k.Origins, ","),
			day(&k.Created), day(k.Expires), day(k.Used))
	}
	return table.Flush()
}

func (p program) keyRevoke() *cli.Command {
	return &cli.Command{
		Name:      "revoke",
		Usage:     "end a key at once and for good; what it wrote stays",
		ArgsUsage: "ID",
		Flags:     append(p.flags.stores(), p.flags.forTenant()),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("key revoke: give one ID, as cairn key list shows it")
			}
			return p.withHouse(ctx, func(h *house) error {
				id := c.Args().First()
				if err := h.note(ctx, web.AuditEntry{Act: "key.revoke", Tenant: p.cfg.tenant, Object: id}); err != nil {
					return err
				}
				err := h.stores.keys.RevokeKey(ctx, p.cfg.tenant, id, h.now())
				if errors.Is(err, lrs.ErrNotFound) {
					return fmt.Errorf("key revoke: tenant %s has no key %q", p.cfg.tenant, id)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "revoked %s\n", id)
				return err
			})
		},
	}
}
