package lrs

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/cairn-lms/cairn/xapi"
)

// mayLook demands a scope that lets the key see activities and agents.
func (r *request) mayLook() error {
	if !r.key.may(ScopeAll, ScopeAllRead, ScopeDefine, ScopeRead, ScopeReadMine) {
		return refuse(http.StatusForbidden, "the key lacks the scope "+ScopeDefine)
	}
	return nil
}

// param is the only parameter of a resource.
func (r *request) param(name string) (string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", invalid("query", "the query string is not well-formed: "+err.Error())
	}
	for other, list := range values {
		switch {
		case other != name:
			return "", invalid(other, "no such parameter; case matters")
		case len(list) != 1:
			return "", invalid(name, "given more than once")
		}
	}
	if len(values) == 0 {
		return "", invalid(name, "is needed")
	}
	return values.Get(name), nil
}

// getActivity answers with an Activity and its canonical definition, in all
// languages; one that nobody has defined is its id alone (1.0.3 Part Three 2.5;
// 2.0 4.1.6.4).
func (r *request) getActivity(w http.ResponseWriter) error {
	if err := r.mayLook(); err != nil {
		return err
	}
	id, err := r.param("activityId")
	if err != nil {
		return err
	}
	if !xapi.ValidIRI(id) {
		return invalid("activityId", "expected an absolute IRI")
	}
	found, err := r.lrs.store.Definitions(r.Context(), []string{id})
	if err != nil {
		return err
	}
	out, err := json.Marshal(struct {
		ObjectType string          `json:"objectType"`
		ID         string          `json:"id"`
		Definition json.RawMessage `json:"definition,omitempty"`
	}{xapi.ObjectTypeActivity, id, found[id]})
	if err != nil {
		return err
	}
	write(w, http.StatusOK, "application/json", out)
	return nil
}
