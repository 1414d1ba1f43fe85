package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

// maxWorkflowFile bounds a workflow definition (and each of its aids).
const maxWorkflowFile = 1 << 20

// admin makes the way into the administration area: a link instead of a password.
func (p program) admin() *cli.Command {
	var asJSON bool
	link := &cli.Command{
		Name:  "link",
		Usage: "make an address that signs one administrator in, once, within fifteen minutes",
		Description: "With -tenant the administrator sees that tenant alone, without it the whole installation.\n" +
			"Give the address to nobody else: whoever opens it first is signed in, for eight hours.",
		Flags: append(p.flags.stores(), p.flags.text("tenant", "", "tenant to administer (default: the whole installation)", &p.cfg.tenant),
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withHouse(ctx, func(h *house) error {
				if err := h.note(ctx, web.AuditEntry{Act: "link.make", Tenant: p.cfg.tenant}); err != nil {
					return err
				}
				var url string
				var err error
				if p.cfg.tenant == "" {
					url, err = h.site.OperatorLink(ctx)
				} else {
					url, err = h.site.AdminLink(ctx, p.cfg.tenant)
				}
				if err != nil {
					return err
				}
				return p.report(asJSON, map[string]string{"url": url, "tenant": p.cfg.tenant}, "%s\n", url)
			})
		},
	}
	return &cli.Command{Name: "admin", Usage: "the administration area", Commands: []*cli.Command{link}}
}

// note writes what a command is about to do to the log of administrators' acts.
func (h *house) note(ctx context.Context, e web.AuditEntry) error {
	e.By, e.Operator = web.ByCommand, true
	return h.site.Note(ctx, e)
}

// withHouse runs one command of the admin in a house of its own. The tenant that the command is for, if it is for one,
// has to be there.
func (p program) withHouse(ctx context.Context, do func(*house) error) error {
	h, err := p.house(ctx)
	if err != nil {
		return err
	}
	if p.cfg.tenant != "" {
		err = h.knownTenant(ctx, "tenant", p.cfg.tenant)
	}
	if err == nil {
		err = do(h)
	}
	return errors.Join(err, h.Close())
}

// report prints what a command did, as JSON or in words.
func (p program) report(asJSON bool, report any, words string, values ...any) error {
	if asJSON {
		return p.printJSON(report)
	}
	_, err := fmt.Fprintf(p.stdout, words, values...)
	return err
}

func (p program) printJSON(v any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// readBounded reads a file of at most maxWorkflowFile bytes.
func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxWorkflowFile+1))
	if err == nil && len(data) > maxWorkflowFile {
		err = fmt.Errorf("%s: larger than %d bytes: %w", file, maxWorkflowFile, engine.ErrInvalid)
	}
	return data, err
}

func splitList(text string) []string {
	var out []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
