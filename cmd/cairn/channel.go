package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

// channelURL is the variable that may hold the URL of a channel, which is a secret; with _FILE it names a file.
const channelURL = "CAIRN_CHANNEL_URL"

// channel are the commands about places in chat tools that take messages.
func (p program) channel() *cli.Command {
	return &cli.Command{
		Name: "channel", Usage: "places in chat tools (Slack, Teams, your own bot) that take nudges",
		Commands: []*cli.Command{p.channelAdd(), p.channelList(), p.channelTest(), p.channelRemove()},
	}
}

// listedChannel is an endpoint as it is listed: nothing of its secrets.
type listedChannel struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Host     string `json:"host"`
	Who      string `json:"who"`
	Workflow string `json:"workflow,omitempty"`
	Course   string `json:"course,omitempty"`
	State    string `json:"state"` // on, or why not
	Secret   string `json:"secret,omitempty"`
}

func listChannel(e engine.Endpoint) listedChannel {
	var who []string
	for _, r := range e.Who {
		who = append(who, string(r))
	}
	state := "on"
	if !e.DisabledAt.IsZero() {
		state = "off: " + e.Reason
	}
	return listedChannel{Name: e.Name, Kind: string(e.Kind), Host: e.Host, Who: strings.Join(who, ","), Workflow: string(e.Workflow), Course: e.Course, State: state}
}

func (p program) channelAdd() *cli.Command {
	var asJSON bool
	var kind, workflow, issuer, course, who, file string
	return &cli.Command{
		Name: "add", Usage: "make a channel known, or replace it; workflows use it where their nudges.channels has chat", ArgsUsage: "NAME",
		Description: "The URL is read from -url-file, else from " + channelURL + " or the file that " + channelURL + "_FILE names, else from standard input;\n" +
			"never from the command line, where others on the machine could read it. It is sealed before it is kept.\n" +
			"Everybody in a Slack or Teams channel sees the name of whom a message is for and the title of the step. Requests with a\n" +
			"personal link never go there. A generic channel gets signed JSON (Standard Webhooks); its secret is shown once.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "kind", Usage: "slack, teams or generic", Required: true, Destination: &kind},
			&cli.StringFlag{Name: "who", Usage: "whom it reaches, comma-separated: learner, manager, coach", Required: true, Destination: &who},
			&cli.StringFlag{Name: "workflow", Usage: "only for this workflow (default: all)", Destination: &workflow},
			&cli.StringFlag{Name: "issuer", Usage: "with -course: the LMS", Destination: &issuer},
			&cli.StringFlag{Name: "course", Usage: "only in this course (default: all)", Destination: &course},
			&cli.StringFlag{Name: "url-file", Usage: "file with the URL", Destination: &file},
			&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			name, err := channelNamed(c)
			if err != nil {
				return err
			}
			url, err := p.readSecret(c, file, "URL", channelURL)
			if err != nil {
				return fmt.Errorf("channel add: %w", err)
			}
			e := engine.Endpoint{Name: name, Kind: engine.EndpointKind(kind), Workflow: engine.WorkflowID(workflow), Issuer: issuer, Course: course}
			e.URL = strings.TrimSpace(url)
			for _, role := range splitList(who) {
				e.Who = append(e.Who, engine.Role(role))
			}
			return p.ofTenant(ctx, web.AuditEntry{Act: "channel.add", Object: name}, func(service *engine.Service) error {
				added, err := service.AddEndpoint(ctx, e)
				if err != nil {
					return err
				}
				shown := listChannel(added)
				shown.Secret = added.Secret
				if added.Secret == "" {
					return p.report(asJSON, shown, "added %s\n", name)
				}
				return p.report(asJSON, shown, "added %s\nsecret  %s\n\nThe secret is not shown again.\n", name, added.Secret)
			})
		},
	}
}

func (p program) channelList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "list", Usage: "list the channels of a tenant; their URLs are never shown", Flags: p.channelFlags(&asJSON),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.ofTenant(ctx, web.AuditEntry{}, func(service *engine.Service) error {
				all, err := service.Endpoints(ctx)
				if err != nil {
					return err
				}
				list := make([]listedChannel, 0, len(all))
				for _, e := range all {
					list = append(list, listChannel(e))
				}
				if asJSON {
					return p.printJSON(list)
				}
				return p.table("NAME\tKIND\tHOST\tWHO\tWORKFLOW\tCOURSE\tSTATE", len(list), func(i int) string {
					e := list[i]
					return strings.Join([]string{e.Name, e.Kind, e.Host, e.Who, e.Workflow, e.Course, e.State}, "\t")
				})
			})
		},
	}
}

func (p program) channelTest() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "test", Usage: "send a test message; a channel that takes it is on again", ArgsUsage: "NAME", Flags: p.channelFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			name, err := channelNamed(c)
			if err != nil {
				return err
			}
			return p.ofTenant(ctx, web.AuditEntry{Act: "channel.test", Object: name}, func(service *engine.Service) error {
				if err := service.TestEndpoint(ctx, name); err != nil {
					return err
				}
				return p.report(asJSON, map[string]string{"name": name, "result": "taken"}, "%s took the message\n", name)
			})
		},
	}
}

func (p program) channelRemove() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "remove", Usage: "forget a channel; what is planned goes by another", ArgsUsage: "NAME", Flags: p.channelFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			name, err := channelNamed(c)
			if err != nil {
				return err
			}
			return p.ofTenant(ctx, web.AuditEntry{Act: "channel.remove", Object: name}, func(service *engine.Service) error {
				if err := service.RemoveEndpoint(ctx, name); err != nil {
					return err
				}
				return p.report(asJSON, map[string]string{"name": name}, "removed %s\n", name)
			})
		},
	}
}

// ofTenant does something with the engine of the tenant; an act is noted first.
func (p program) ofTenant(ctx context.Context, act web.AuditEntry, do func(*engine.Service) error) error {
	return p.withEngine(ctx, act, func(_ *house, service *engine.Service) error { return do(service) })
}

func (p program) channelFlags(asJSON *bool) []cli.Flag {
	return append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: asJSON})
}

func channelNamed(c *cli.Command) (string, error) {
	if c.Args().Len() != 1 || c.Args().First() == "" {
		return "", errors.New("channel " + c.Name + ": give one NAME")
	}
	return c.Args().First(), nil
}
