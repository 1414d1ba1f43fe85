package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web"
	"github.com/cairn-lms/cairn/xapi"
)

func (p program) erase() *cli.Command {
	var actor string
	var pseudonymise, yes, asJSON bool
	return &cli.Command{
		Name:  "erase",
		Usage: "remove a person from the record store and the workflows; without -yes only say what that would do",
		Description: "The person is named by the identifier that statements have:\n" +
			"  -actor mailto:ada@example.org            a mailbox (its SHA-1 is erased too)\n" +
			"  -actor sha1:f427…                        the SHA-1 of a mailbox with its mailto:\n" +
			"  -actor https://ada.example.org/          an OpenID\n" +
			"  -actor \"https://lms.example.org 4711\"    an account: home page, a space, name\n" +
			"  -actor '{\"account\":{…}}'                 an agent as JSON\n" +
			"Statements of the person are removed; in statements of others a pseudonym stands in. With -pseudonymise the\n" +
			"person's own statements stay too, under the pseudonym. What the workflows know of the person is removed either\n" +
			"way, and with it statements under the person's other names, as far as the workflows know these. Nothing of it\n" +
			"can be undone, and old exports and backups\n" +
			"still hold what was erased. docs/privacy.md says it all.",
		Flags: append(p.flags.stores(), p.flags.forTenant(),
			&cli.StringFlag{Name: "actor", Usage: "who", Required: true, Destination: &actor},
			&cli.BoolFlag{Name: "pseudonymise", Usage: "keep the person's statements under a pseudonym", Destination: &pseudonymise},
			&cli.BoolFlag{Name: "yes", Usage: "do it; it cannot be undone", Destination: &yes},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, c *cli.Command) error {
			agent, err := parseActor(actor)
			if err != nil {
				return err
			}
			if c.Args().Len() > 0 {
				return errors.New(`erase takes no arguments; put quotes around an account: -actor "https://lms.example.org 4711"`)
			}
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				if yes { // who it is stays unsaid: nothing of the person is to be left
					entry := web.AuditEntry{Act: "erase", Tenant: p.cfg.tenant}
					if pseudonymise {
						entry.Detail = "-pseudonymise"
					}
					if err := h.note(ctx, entry); err != nil {
						return err
					}
				}
				bar := p.progress("looked at")
				report, err := r.erase(ctx, lrs.Erasure{Agent: agent, Pseudonymise: pseudonymise, DryRun: !yes, Progress: bar.add})
				bar.end()
				if err != nil {
					return fmt.Errorf("%w; run it again to complete it", err)
				}
				if asJSON {
					return p.printJSON(report)
				}
				return p.printErasure(report)
			})
		},
	}
}

// personErasure is what an erasure did in the record store, under all names of the
// person, and in the workflows.
type personErasure struct {
	lrs.ErasureReport
	OtherNames int                  `json:"other_names"` // of the person, under which statements were looked for too
	Workflows  engine.PersonErasure `json:"workflows"`
}

// erase removes a person: from the workflows after the record store, as they know
// the other names by which statements may name them, and one that broke off must
// find these again.
func (r *rooms) erase(ctx context.Context, e lrs.Erasure) (personErasure, error) {
	var report personErasure
	who := identityOf(e.Agent)
	agents := []xapi.Agent{e.Agent}
	if who != (engine.Identity{}) {
		dry, err := r.engine.ErasePerson(ctx, operator(), who, true)
		if err != nil {
			return report, err
		}
		for _, p := range dry.PersonIDs {
			dry.Identities = append(dry.Identities, r.engine.ByPerson(p))
		}
		for _, name := range dry.Identities {
			if a, ok := agentOf(name); ok && !slices.ContainsFunc(agents, func(b xapi.Agent) bool { return a.Key() == b.Key() }) {
				agents = append(agents, a)
			}
		}
	}
	report.OtherNames = len(agents) - 1
	records := func() error {
		for _, agent := range agents {
			e.Agent = agent
			one, err := r.lrs.Erase(ctx, e)
			if err != nil {
				return err
			}
			report.add(one)
		}
		return nil
	}
	if err := records(); err != nil || who == (engine.Identity{}) {
		return report, err
	}
	var err error
	if report.Workflows, err = r.engine.ErasePerson(ctx, operator(), who, e.DryRun); err != nil || e.DryRun {
		return report, err
	}
	return report, records() // what the workflows said meanwhile
}

// add counts one more erasure.
func (r *personErasure) add(one lrs.ErasureReport) {
	sum := &r.ErasureReport
	if sum.Pseudonym == "" {
		sum.Pseudonym = one.Pseudonym
	}
	sum.DryRun = one.DryRun
	sum.Actor, sum.Object, sum.Mentioned, sum.Voided = sum.Actor+one.Actor, sum.Object+one.Object, sum.Mentioned+one.Mentioned, sum.Voided+one.Voided
	sum.Removed, sum.Rewritten, sum.States, sum.Profiles = sum.Removed+one.Removed, sum.Rewritten+one.Rewritten, sum.States+one.States, sum.Profiles+one.Profiles
	sum.Signatures, sum.Attachments, sum.Bytes, sum.Waiting = sum.Signatures+one.Signatures, sum.Attachments+one.Attachments, sum.Bytes+one.Bytes, sum.Waiting+one.Waiting
}

// identityOf is the name by which the workflows know an agent; the zero Identity if
// by none (a SHA-1, an OpenID).
func identityOf(a xapi.Agent) engine.Identity {
	switch {
	case a.Account != nil:
		return engine.ByAccount(a.Account.HomePage, a.Account.Name)
	case a.Mbox != "":
		return engine.ByEmail(strings.TrimPrefix(a.Mbox, "mailto:"))
	}
	return engine.Identity{}
}

// agentOf is a name of the workflows as statements have it.
func agentOf(n engine.Identity) (xapi.Agent, bool) {
	if n == engine.ByEmail(n.Name) {
		return xapi.Agent{Mbox: "mailto:" + n.Name}, true
	}
	return xapi.AccountAgent(n.Issuer, n.Name), strings.HasPrefix(n.Issuer, "https://") || strings.HasPrefix(n.Issuer, "http://")
}

func (p program) printErasure(r personErasure) error {
	head := "Erased."
	if r.DryRun {
		head = "Dry run: nothing was changed. This would be done with -yes:"
	}
	_, err := fmt.Fprintf(p.stdout, `%s
statements as actor        %d
statements as object       %d
statements that mention    %d
  voided among them        %d
statements removed         %d
statements rewritten       %d
signatures dropped         %d
attachments removed        %d (%d bytes)
states                     %d
agent profiles             %d
`, head, r.Actor, r.Object, r.Mentioned, r.Voided, r.Removed, r.Rewritten, r.Signatures, r.Attachments, r.Bytes, r.States, r.Profiles)
	if err == nil && r.Waiting > 0 {
		_, err = fmt.Fprintf(p.stdout, "attachments waiting        %d (they came within the hour; the worker removes them)\n", r.Waiting)
	}
	if err == nil && r.Pseudonym != "" && !r.DryRun {
		_, err = fmt.Fprintf(p.stdout, "pseudonym                  %s\n", r.Pseudonym)
	}
	if err == nil {
		w := r.Workflows
		_, err = fmt.Fprintf(p.stdout, `other names looked for     %d
people of the workflows    %d
enrolments                 %d
written in them            %d
files                      %d
messages                   %d
posts                      %d
events and metrics         %d
completions                %d
names                      %d
roster entries             %d
roles in courses           %d
texts about courses        %d (a name taken out)
enrolments of others       %d (%d reviews stay under no name)
`, r.OtherNames, w.People, w.Enrolments, w.Written, w.Files, w.Messages, w.Posts, w.Events, w.Completions, w.Names, w.Roster, w.Staff, w.Courses, w.Others, w.Reviews)
	}
	return err
}

var sha1Hex = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)

// parseActor reads who is meant, in one of the forms of the help.
func parseActor(text string) (xapi.Agent, error) {
	text = strings.TrimSpace(text)
	agent := xapi.Agent{}
	homePage, name, two := strings.Cut(text, " ")
	switch {
	case strings.HasPrefix(text, "{"):
		return checkedActor(text)
	case strings.HasPrefix(strings.ToLower(text), "mailto:") && !two:
		agent.Mbox = "mailto:" + text[len("mailto:"):]
	case strings.HasPrefix(text, "sha1:"):
		agent.MboxSHA1Sum = strings.TrimPrefix(text, "sha1:")
	case sha1Hex.MatchString(text):
		agent.MboxSHA1Sum = text
	case two:
		agent.Account = &xapi.Account{HomePage: homePage, Name: strings.TrimSpace(name)}
	case strings.Contains(text, "://"):
		agent.OpenID = text
	case strings.Contains(text, "@"):
		return agent, errors.New("-actor: put mailto: before a mailbox")
	default:
		return agent, errors.New(`-actor: give mailto:…, sha1:…, an OpenID (https://…), an account ("https://lms.example.org 4711") or an agent as JSON`)
	}
	data, err := json.Marshal(agent)
	if err != nil {
		return agent, err
	}
	return checkedActor(string(data))
}

func checkedActor(data string) (xapi.Agent, error) {
	agent, err := xapi.ParseAgent(data, xapi.V200)
	if err != nil {
		return agent, fmt.Errorf("-actor: %w", err)
	}
	if agent.Key() == "" {
		return agent, errors.New("-actor: the agent has no identifier (mbox, mbox_sha1sum, openid or account)")
	}
	return agent, nil
}
