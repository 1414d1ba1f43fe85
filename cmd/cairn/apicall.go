package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/web"
)

// api carries out one operation of the JSON API in this process, as the operator.
func (p program) api() *cli.Command {
	var given, media string
	var asJSON bool
	return &cli.Command{
		Name: "api", Usage: "list the operations of the JSON API, or carry one out as the operator", ArgsUsage: "[METHOD PATH]",
		Description: "Works on the stores, without a server and without a key: what docs/api.md says of an operation holds here too.\n" +
			"cairn api GET /api/v1/enrolments\n" +
			"cairn api POST /api/v1/cohort/gates -body @gate.json",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "body", Usage: "the body: JSON, or @ and a file that has it", Destination: &given},
			&cli.StringFlag{Name: "media", Usage: "media type of a body that is not JSON, as text/csv", Value: "application/json", Destination: &media},
			&cli.BoolFlag{Name: "json", Usage: "list the operations as JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			method, path := strings.ToUpper(c.Args().Get(0)), c.Args().Get(1)
			if n := c.Args().Len(); n != 0 && n != 2 {
				return errors.New("api: give METHOD and PATH, as GET /api/v1/enrolments; without them, the operations are listed")
			}
			return p.withHouse(ctx, func(h *house) error {
				if path == "" {
					list := h.api.Operations()
					if asJSON {
						return p.printJSON(list)
					}
					return p.table("OPERATION\tMETHOD\tPATH\tWHAT", len(list), func(i int) string {
						return list[i].ID + "\t" + list[i].Method + "\t" + list[i].Path + "\t" + list[i].Summary
					})
				}
				body := []byte(given)
				if file, isFile := strings.CutPrefix(given, "@"); isFile {
					var err error
					if body, err = readBounded(file); err != nil {
						return fmt.Errorf("api: %w", err)
					}
				}
				return p.callAPI(ctx, h, method, path, media, body)
			})
		},
	}
}

func (p program) callAPI(ctx context.Context, h *house, method, path, media string, body []byte) error {
	target, err := url.ParseRequestURI(path)
	if err != nil || !strings.HasPrefix(target.Path, "/api/") {
		return fmt.Errorf("api: %q is no path of the API: they begin with /api/, and cairn api lists them", path)
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", media)
	}
	if method != http.MethodGet && method != http.MethodHead {
		if err := h.note(ctx, web.AuditEntry{Act: "api", Tenant: p.cfg.tenant, Object: method + " " + target.Path}); err != nil {
			return err
		}
	}
	reply := &apiReply{header: http.Header{}, status: http.StatusOK}
	h.api.Operator(p.cfg.tenant).ServeHTTP(reply, r)
	if reply.status >= http.StatusBadRequest {
		return fmt.Errorf("api: %s %s: %w", method, target.Path, reply.refusal())
	}
	out := reply.body.Bytes()
	if strings.HasPrefix(reply.header.Get("Content-Type"), "application/json") {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, bytes.TrimSpace(out), "", "  "); err != nil {
			return fmt.Errorf("api: %w", err)
		}
		pretty.WriteByte('\n')
		out = pretty.Bytes()
	}
	_, err = p.stdout.Write(out)
	return err
}

// apiReply holds an answer of the API.
type apiReply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *apiReply) Header() http.Header         { return a.header }
func (a *apiReply) WriteHeader(status int)      { a.status = status }
func (a *apiReply) Write(p []byte) (int, error) { return a.body.Write(p) }

// refusal is what a problem says, with each place that is wrong.
func (a *apiReply) refusal() error {
	var problem struct {
		Title, Detail string
		Errors        []struct{ Pointer, Detail, Better string }
	}
	if err := json.Unmarshal(a.body.Bytes(), &problem); err != nil || problem.Title == "" {
		return fmt.Errorf("refused with status %d", a.status)
	}
	text := problem.Title
	if problem.Detail != "" && len(problem.Errors) == 0 {
		text += ": " + problem.Detail
	}
	for _, e := range problem.Errors {
		text += "\n  " + strings.TrimPrefix(e.Pointer+": ", ": ") + e.Detail
		if e.Better != "" {
			text += "; " + e.Better
		}
	}
	return fmt.Errorf("%s (status %d)", text, a.status)
}
