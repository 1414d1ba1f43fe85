package lrs

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// statementParams are the parameters of GET /statements.
type statementParams struct {
	ID     string // statementId, or voidedStatementId if Voided
	Voided bool
	Query  Query // when ID is ""; else its Format and Attachments count
}

// invalid is an error about the query parameter name.
func invalid(name, reason string) error { return &xapi.Error{Path: name, Reason: reason} }

// parseParams reads the query string strictly: every parameter is known, in its
// right case, given once, and valid as the value of a statement would be.
func parseParams(raw string, v xapi.Version) (statementParams, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return statementParams{}, invalid("query", "the query string is not well-formed: "+err.Error())
	}
	var p statementParams
	single, several := 0, false
	for name, list := range values {
		if len(list) != 1 {
			return p, invalid(name, "given more than once")
		}
		if err := p.set(name, list[0], v); err != nil {
			return p, err
		}
		switch name {
		case "statementId", "voidedStatementId":
			single++
		case "format", "attachments":
		default:
			several = true
		}
	}
	switch {
	case single > 1:
		return p, invalid("statementId", "cannot be combined with voidedStatementId")
	case single == 1 && several:
		return p, invalid("statementId", "can be combined with format and attachments only")
	}
	if p.ID == "" {
		return p, p.Query.fits()
	}
	return p, nil
}

func (p *statementParams) set(name, value string, v xapi.Version) error {
	q := &p.Query
	switch name {
	case "statementId", "voidedStatementId":
		if !xapi.ValidUUID(value) {
			return invalid(name, "expected a UUID")
		}
		p.ID, p.Voided = strings.ToLower(value), name == "voidedStatementId"
	case "agent":
		a, err := xapi.ParseAgent(value, v)
		if err != nil {
			return under(name, err)
		}
		if a.Key() == "" {
			return invalid(name, "a group without an identifier cannot be asked for")
		}
		q.Agent = &a
	case "verb", "activity":
		if !xapi.ValidIRI(value) {
			return invalid(name, "expected an absolute IRI")
		}
		if name == "verb" {
			q.Verb = value
		} else {
			q.Activity = value
		}
	case "registration":
		if !xapi.ValidUUID(value) {
			return invalid(name, "expected a UUID")
		}
		q.Registration = strings.ToLower(value)
	case "since", "until":
		t, ok := xapi.ParseTimestamp(value)
		if !ok {
			return invalid(name, "expected an ISO 8601 date and time with zone (a + in a URL is written %2B)")
		}
		if name == "since" {
			q.Since = &t
		} else {
			q.Until = &t
		}
	case "limit":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return invalid(name, "expected a number, 0 or more")
		}
		q.Limit = int(n)
	case "related_agents":
		return boolean(name, value, &q.RelatedAgents)
	case "related_activities":
		return boolean(name, value, &q.RelatedActivities)
	case "ascending":
		return boolean(name, value, &q.Ascending)
	case "attachments":
		return boolean(name, value, &q.Attachments)
	case "format":
		switch f := Format(value); f {
		case FormatExact, FormatIDs, FormatCanonical:
			q.Format = f
		default:
			return invalid(name, "expected exact, ids or canonical")
		}
	default:
		return invalid(name, "no such parameter; case matters")
	}
	return nil
}

func boolean(name, value string, to *bool) error {
	if value != "true" && value != "false" {
		return invalid(name, "expected true or false")
	}
	*to = value == "true"
	return nil
}

// under puts name before the path of an *xapi.Error.
func under(name string, err error) error {
	var e *xapi.Error
	if errors.As(err, &e) {
		path := name
		if e.Path != "" {
			path += "." + e.Path
		}
		return &xapi.Error{Path: path, Reason: e.Reason}
	}
	return err
}
