package lrs

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/xapi"
)

// maxName bounds a stateId or profileId, in bytes.
const maxName = 2048

// documentParams are the parameters of a document resource.
type documentParams struct {
	id    DocumentID // Name "" if none was given
	since *int64     // of lists
}

// parseDocumentParams reads the query string strictly: what the resource needs is
// there, nothing else is, all once and valid.
func parseDocumentParams(raw string, of DocumentResource, v xapi.Version) (documentParams, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return documentParams{}, invalid("query", "the query string is not well-formed: "+err.Error())
	}
	p := documentParams{id: DocumentID{DocumentSet: DocumentSet{Resource: of}}}
	for name, list := range values {
		if len(list) != 1 {
			return p, invalid(name, "given more than once")
		}
		if err := p.set(name, list[0], v); err != nil {
			return p, err
		}
	}
	switch {
	case of != AgentProfileDocuments && p.id.Activity == "":
		return p, invalid("activityId", "is needed")
	case of != ActivityProfileDocuments && p.id.Agent == "":
		return p, invalid("agent", "is needed")
	case p.id.Name != "" && p.since != nil:
		return p, invalid("since", "asks for a list, but "+p.nameParam()+" for one document")
	}
	return p, nil
}

// nameParam is what the resource calls the name of a document.
func (p *documentParams) nameParam() string {
	if p.id.Resource == StateDocuments {
		return "stateId"
	}
	return "profileId"
}

func (p *documentParams) set(name, value string, v xapi.Version) error {
	of := p.id.Resource
	switch {
	case name == p.nameParam():
		if value == "" || len(value) > maxName || !utf8.ValidString(value) {
			return invalid(name, "expected a text of 1 to 2048 bytes of UTF-8")
		}
		p.id.Name = value
	case name == "activityId" && of != AgentProfileDocuments:
		if !xapi.ValidIRI(value) {
			return invalid(name, "expected an absolute IRI")
		}
		p.id.Activity = value
	case name == "agent" && of != ActivityProfileDocuments:
		a, err := xapi.ParseAgent(value, v)
		if err != nil {
			return under(name, err)
		}
		if p.id.Agent = a.Key(); p.id.Agent == "" {
			return invalid(name, "a group without an identifier has no documents")
		}
	case name == "registration" && of == StateDocuments:
		if !xapi.ValidUUID(value) {
			return invalid(name, "expected a UUID")
		}
		p.id.Registration = strings.ToLower(value)
	case name == "since":
		t, ok := xapi.ParseTimestamp(value)
		if !ok {
			return invalid(name, "expected an ISO 8601 date and time with zone (a + in a URL is written %2B)")
		}
		at := nanos(t)
		p.since = &at
	default:
		return invalid(name, "no such parameter; case matters")
	}
	return nil
}
