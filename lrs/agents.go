package lrs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/cairn-lms/cairn/xapi"
)

// Person is what is known of an agent: its identifier as a list of one, and the
// names it goes by (1.0.3 Part Three 2.4; 2.0 4.1.6.3).
type Person struct {
	ObjectType  string         `json:"objectType"` // "Person"
	Name        []string       `json:"name"`
	Mbox        []string       `json:"mbox,omitempty"`
	MboxSHA1Sum []string       `json:"mbox_sha1sum,omitempty"`
	OpenID      []string       `json:"openid,omitempty"`
	Account     []xapi.Account `json:"account,omitempty"`
}

const (
	namesFrom = 100 // newest statements that are searched for names
	maxNames  = 10
)

// getPerson answers with the Person an agent is. Names are those in statements
// that the key may read.
func (r *request) getPerson(w http.ResponseWriter) error {
	if err := r.mayLook(); err != nil {
		return err
	}
	value, err := r.param("agent")
	if err != nil {
		return err
	}
	a, err := xapi.ParseAgent(value, r.version)
	if err != nil {
		return under("agent", err)
	}
	if a.IsGroup() {
		return invalid("agent.objectType", "expected Agent: a group is no person")
	}
	names := []string{}
	q := Query{Agent: &a, RelatedAgents: true, Limit: namesFrom}
	if r.mayRead(&q) == nil { // define alone reads no statements, and so no names
		if names, err = r.lrs.names(r.Context(), q); err != nil {
			return err
		}
	}
	p := Person{ObjectType: "Person", Name: names}
	switch {
	case a.Account != nil:
		p.Account = []xapi.Account{*a.Account}
	case a.Mbox != "":
		p.Mbox = []string{a.Mbox}
	case a.MboxSHA1Sum != "":
		p.MboxSHA1Sum = []string{a.MboxSHA1Sum}
	default:
		p.OpenID = []string{a.OpenID}
	}
	out, err := json.Marshal(p)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, "application/json", out)
	return nil
}

// names are what the newest statements the query finds call its agent, the latest
// name first.
func (l *LRS) names(ctx context.Context, q Query) ([]string, error) {
	page, err := l.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, row := range page.rows {
		s, err := xapi.DecodeStored(row.Doc)
		if err != nil {
			return nil, fmt.Errorf("lrs: names in statement %s: %w", row.ID, err)
		}
		for a := range s.Agents() {
			if len(names) < maxNames && a.Name != "" && a.Key() == q.Agent.Key() && !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	return names, nil
}
