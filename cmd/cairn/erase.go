package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

func (p program) erase() *cli.Command {
	var actor string
	var pseudonymise, yes, asJSON bool
	return &cli.Command{
		Name:  "erase",
		Usage: "remove a person from the record store; without -yes only say what that would do",
		Description: "The person is named by the identifier that statements have:\n" +
			"  -actor mailto:ada@example.org            a mailbox (its SHA-1 is erased too)\n" +
			"  -actor sha1:f427…                        the SHA-1 of a mailbox with its mailto:\n" +
			"  -actor https://ada.example.org/          an OpenID\n" +
			"  -actor \"https://lms.example.org 4711\"    an account: home page, a space, name\n" +
			"  -actor '{\"account\":{…}}'                 an agent as JSON\n" +
			"Statements of the person are removed; in statements of others a pseudonym stands in. With -pseudonymise the\n" +
			"person's own statements stay too, under the pseudonym. Neither can be undone, and old exports and backups\n" +
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
			return p.withRecords(ctx, func(_ *house, r *rooms) error {
				bar := p.progress("looked at")
				report, err := r.lrs.Erase(ctx, lrs.Erasure{Agent: agent, Pseudonymise: pseudonymise, DryRun: !yes, Progress: bar.add})
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

func (p program) printErasure(r lrs.ErasureReport) error {
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
		_, err = fmt.Fprintln(p.stdout, "Enrolments, people and messages of the workflows are not reached yet: see docs/privacy.md.")
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
