package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/web/api"
)

// events are the commands about business events.
func (p program) events() *cli.Command {
	return &cli.Command{
		Name: "events", Usage: "business events of a CRM, a help desk …: who may send them, what came, what they do",
		Commands: []*cli.Command{
			{Name: "source", Usage: "systems that send signed events", Commands: []*cli.Command{p.sourceAdd(), p.sourceList(), p.sourceTurn(), p.sourceRevoke()}},
			p.eventsList(), p.eventsReplay(), p.eventsTest(),
		},
	}
}

// withEngine runs one command of the admin on the tenant's engine. An act is noted first; looking is none.
func (p program) withEngine(ctx context.Context, act web.AuditEntry, do func(h *house, s *engine.Service) error) error {
	return p.withHouse(ctx, func(h *house) error {
		if act.Act != "" {
			act.Tenant = p.cfg.tenant
			if err := h.note(ctx, act); err != nil {
				return err
			}
		}
		s, err := h.engine(ctx, p.cfg.tenant)
		if err != nil {
			return err
		}
		return do(h, s)
	})
}

// eventFlags are what the commands of business events and metrics take.
func (p program) eventFlags(asJSON *bool, more ...cli.Flag) []cli.Flag {
	return append(append(p.flags.stores(), p.flags.forTenant(), &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: asJSON}), more...)
}

// sourceSecret is the secret of a source, made from the installation's.
func (p program) sourceSecret(h *house, src engine.EventSource) (map[string]string, error) {
	secret, err := h.cfg.secretKey()
	if err != nil {
		return nil, err
	}
	return map[string]string{"id": src.ID, "name": src.Name, "url": h.cfg.publicURL + "/api/events/" + api.SourceName(p.cfg.tenant, src),
		"secret": api.SourceSecret(secret, p.cfg.tenant, src)}, nil
}

const sourceText = "id      %s\nurl     %s\nsecret  %s\n\nSign by Standard Webhooks; docs/events.md shows how.\n"

func (p program) sourceAdd() *cli.Command {
	var name string
	var perMinute int
	var asJSON bool
	return &cli.Command{
		Name: "add", Usage: "make a source of signed events, and print its address and secret",
		Flags: p.eventFlags(&asJSON,
			&cli.StringFlag{Name: "name", Usage: "what sends them", Required: true, Destination: &name},
			&cli.IntFlag{Name: "per-minute", Usage: "requests it may send a minute", Value: 600, Destination: &perMinute}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withEngine(ctx, web.AuditEntry{Act: "event_source.add", Detail: name}, func(h *house, s *engine.Service) error {
				src, err := s.AddEventSource(ctx, name, perMinute)
				if err != nil {
					return err
				}
				return p.printSource(h, src, asJSON)
			})
		},
	}
}

func (p program) printSource(h *house, src engine.EventSource, asJSON bool) error {
	out, err := p.sourceSecret(h, src)
	if err != nil {
		return err
	}
	return p.report(asJSON, out, sourceText, out["id"], out["url"], out["secret"])
}

// listedSource is a source as it is listed: nothing of its secret. The names are a contract with scripts.
type listedSource struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	PerMinute int       `json:"per_minute"`
	Created   time.Time `json:"created"`
	State     string    `json:"state"` // good, revoked
}

func (p program) sourceList() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "list", Usage: "list the sources; their secrets are never shown", Flags: p.eventFlags(&asJSON),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withEngine(ctx, web.AuditEntry{}, func(_ *house, s *engine.Service) error {
				all, err := s.EventSources(ctx)
				if err != nil {
					return err
				}
				list := make([]listedSource, 0, len(all))
				for _, src := range all {
					listed := listedSource{src.ID, src.Name, src.PerMinute, src.CreatedAt, "good"}
					if !src.RevokedAt.IsZero() {
						listed.State = "revoked"
					}
					list = append(list, listed)
				}
				if asJSON {
					return p.printJSON(list)
				}
				return p.table("ID\tNAME\tPER MINUTE\tCREATED\tSTATE", len(list), func(i int) string {
					l := list[i]
					return fmt.Sprintf("%s\t%s\t%d\t%s\t%s", l.ID, l.Name, l.PerMinute, l.Created.Format(time.DateOnly), l.State)
				})
			})
		},
	}
}

// onSource is a command that does something to one source.
func (p program) onSource(name, usage string, do func(ctx context.Context, h *house, s *engine.Service, id string, asJSON bool) error) *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "ID", Flags: p.eventFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return fmt.Errorf("events source %s: give one ID, as cairn events source list shows it", name)
			}
			id := c.Args().First()
			return p.withEngine(ctx, web.AuditEntry{Act: "event_source." + name, Object: id}, func(h *house, s *engine.Service) error {
				err := do(ctx, h, s, id, asJSON)
				if errors.Is(err, engine.ErrNotFound) {
					return fmt.Errorf("events source %s: there is no source %q; see cairn events source list", name, id)
				}
				return err
			})
		},
	}
}

func (p program) sourceTurn() *cli.Command {
	return p.onSource("turn", "give a source another secret; the old one ends at once", func(ctx context.Context, h *house, s *engine.Service, id string, asJSON bool) error {
		src, err := s.TurnEventSource(ctx, id)
		if err != nil {
			return err
		}
		return p.printSource(h, src, asJSON)
	})
}

func (p program) sourceRevoke() *cli.Command {
	return p.onSource("revoke", "end a source at once and for good; what it sent stays", func(ctx context.Context, _ *house, s *engine.Service, id string, asJSON bool) error {
		if err := s.RevokeEventSource(ctx, id); err != nil {
			return err
		}
		return p.report(asJSON, map[string]string{"id": id, "state": "revoked"}, "revoked %s\n", id)
	})
}

func (p program) eventsList() *cli.Command {
	var limit int
	var asJSON bool
	return &cli.Command{
		Name: "ls", Usage: "the log of events, latest first, with what each did",
		Flags: p.eventFlags(&asJSON, &cli.IntFlag{Name: "limit", Usage: "how many at most", Value: 50, Destination: &limit}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withEngine(ctx, web.AuditEntry{}, func(_ *house, s *engine.Service) error {
				all, err := s.Events(ctx, engine.EventPlace{}, limit)
				if err != nil {
					return err
				}
				if asJSON {
					for _, ev := range all {
						ev.Subject, ev.Data = "", nil // whom it is about stays out of terminals and logs
						if err := p.printJSON(ev); err != nil {
							return err
						}
					}
					return nil
				}
				table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "KEY\tRECEIVED\tTYPE\tSTATE\tEFFECTS")
				for _, ev := range all {
					state := "applied"
					if ev.AppliedAt.IsZero() {
						state = "waiting"
					} else if ev.Note != "" {
						state = ev.Note
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", ev.Key, ev.ReceivedAt.Format("2006-01-02 15:04:05"), ev.Type, state, effectWords(ev.Effects))
				}
				return table.Flush()
			})
		},
	}
}

func effectWords(effects []engine.EventEffect) string {
	words := make([]string, 0, len(effects))
	for _, e := range effects {
		words = append(words, e.Effect+" "+e.Name)
	}
	return strings.Join(words, ", ")
}

func (p program) eventsReplay() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "replay", Usage: "apply stored events once more; what they did already is not done again", ArgsUsage: "KEY…",
		Flags: p.eventFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			keys := c.Args().Slice()
			if len(keys) == 0 {
				return errors.New("events replay: give at least one KEY, as cairn events ls shows it")
			}
			return p.withEngine(ctx, web.AuditEntry{Act: "event.replay", Object: keys[0], Detail: fmt.Sprintf("%d events", len(keys))}, func(_ *house, s *engine.Service) error {
				for _, key := range keys {
					ev, err := s.ReplayEvent(ctx, key)
					if errors.Is(err, engine.ErrNotFound) {
						return fmt.Errorf("events replay: there is no event %q; see cairn events ls", key)
					}
					if err != nil {
						return err
					}
					if err := p.report(asJSON, didEvent{key, ev.Type, ev.Note, effectsOf(ev.Effects)}, "%s %s: %s\n", key, ev.Type, effectWords(ev.Effects)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// didEvent is what an event did, or would do. The names are a contract with scripts.
type didEvent struct {
	Key     string               `json:"key,omitempty"`
	Type    string               `json:"type"`
	Note    string               `json:"note,omitempty"` // why nothing: nobody, several, unheard
	Effects []engine.EventEffect `json:"effects"`
}

func effectsOf(effects []engine.EventEffect) []engine.EventEffect {
	return append([]engine.EventEffect{}, effects...)
}

func (p program) eventsTest() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "test", Usage: "say what an event would do; nothing is kept", ArgsUsage: "FILE", Description: "FILE holds one CloudEvent as JSON.",
		Flags: p.eventFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("events test: give one FILE")
			}
			body, err := readBounded(c.Args().First())
			if err != nil {
				return err
			}
			events, err := api.DecodeEvents(http.Header{"Content-Type": {"application/cloudevents+json"}}, body)
			if err != nil {
				return fmt.Errorf("events test: %s: %w", c.Args().First(), err)
			}
			return p.withEngine(ctx, web.AuditEntry{}, func(_ *house, s *engine.Service) error {
				effects, note, err := s.TestEvent(ctx, events[0])
				if err != nil {
					return err
				}
				if asJSON {
					return p.printJSON(didEvent{"", events[0].Type, note, effectsOf(effects)})
				}
				if len(effects) == 0 {
					_, err = fmt.Fprintf(p.stdout, "nothing: %s\n", map[string]string{engine.EventAboutNobody: "it is about nobody we know", engine.EventAboutSeveral: "several people have that name", engine.EventUnheard: "no workflow of theirs names such an event, or its conditions do not hold"}[note])
					return err
				}
				for _, e := range effects {
					fmt.Fprintf(p.stdout, "%s %s in %s, enrolment %s\n", e.Effect, e.Name, e.Workflow, e.Enrolment)
				}
				return nil
			})
		},
	}
}
