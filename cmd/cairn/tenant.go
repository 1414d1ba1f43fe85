package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/web"
)

// tenant are the commands about tenants: each has a database of its own. A tenant comes to be by tenant add and in no
// other way, but for main, which the first start makes; a name that is typed wrong makes nothing.
func (p program) tenant() *cli.Command {
	return &cli.Command{Name: "tenant", Usage: "customers or schools that share this installation and nothing else", Commands: []*cli.Command{p.tenantAdd(), p.tenantList()}}
}

// listedTenant is a tenant as the commands print it. The names are a contract with scripts.
type listedTenant struct {
	Name    string    `json:"name"`
	IRIBase string    `json:"iri_base"`
	Created time.Time `json:"created"`
}

func (p program) tenantAdd() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "add", Usage: "make a tenant; one that is there stays as it is", ArgsUsage: "NAME",
		Description: "The public URL of today begins the tenant's IRIs for good, also when the public URL changes.",
		Flags:       append(p.flags.stores(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			name := c.Args().First()
			if c.Args().Len() != 1 || !isTenantName(name) {
				return fmt.Errorf("tenant add: give one NAME: %s", tenantNames)
			}
			return p.withHouse(ctx, func(h *house) error {
				if err := h.note(ctx, web.AuditEntry{Act: "tenant.add", Tenant: name}); err != nil {
					return err
				}
				if err := h.ensureTenant(ctx, name); err != nil {
					return err
				}
				made, err := h.stores.site.Tenant(ctx, name)
				if err != nil {
					return fmt.Errorf("tenant add: %w", err)
				}
				return p.report(asJSON, listedTenant{made.Name, made.IRIBase, made.CreatedAt}, "%s is there; commands take -tenant %s\n", name, name)
			})
		},
	}
}

func (p program) tenantList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "list", Usage: "list the tenants", Flags: append(p.flags.stores(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				all, err := h.stores.site.Tenants(ctx)
				if err != nil {
					return fmt.Errorf("tenant list: %w", err)
				}
				list := make([]listedTenant, 0, len(all))
				for _, t := range all {
					list = append(list, listedTenant{t.Name, t.IRIBase, t.CreatedAt})
				}
				if asJSON {
					return p.printJSON(list)
				}
				return p.table("NAME\tIRI BASE\tCREATED", len(list), func(i int) string {
					return list[i].Name + "\t" + list[i].IRIBase + "\t" + list[i].Created.UTC().Format(time.DateOnly)
				})
			})
		},
	}
}

// knownTenant refuses a tenant that there is not, in the words of the flag.
func (h *house) knownTenant(ctx context.Context, flag, name string) error {
	_, err := h.stores.site.Tenant(ctx, name)
	if !errors.Is(err, web.ErrNotFound) {
		return err
	}
	names, err := h.tenantNames(ctx)
	if err != nil {
		return fmt.Errorf("list the tenants: %w", err)
	}
	const shown = 10
	there := strings.Join(names[:min(len(names), shown)], ", ")
	if len(names) > shown {
		there += fmt.Sprintf(" and %d more (cairn tenant list)", len(names)-shown)
	}
	return fmt.Errorf("-%s %s: there is no such tenant; there is %s; cairn tenant add %s makes it", flag, name, there, name)
}
