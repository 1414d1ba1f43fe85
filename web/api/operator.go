package api

import (
	"context"
	"net/http"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// Operation is one operation as it is told to people.
type Operation struct {
	ID      string `json:"id"`
	Method  string `json:"method"`
	Path    string `json:"path"` // with {names}
	Summary string `json:"summary"`
}

// Operations are all operations, in the order of the description.
func (a *API) Operations() []Operation {
	out := make([]Operation, len(a.routes))
	for i, r := range a.routes {
		out[i] = Operation{r.id, r.method, r.path, r.summary}
	}
	return out
}

// operating marks requests of Operator in a context; nobody outside the process can.
type operating struct{}

// Operator serves the same operations to an operator's command, without a key and without a quota: for one tenant, with
// all scopes. Whoever can call it has the stores in hand already. Never mount it.
func (a *API) Operator(tenant string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operating{}, tenant)))
	})
}

// operator is how acts of Operator show in a history.
var operator = engine.Actor{System: "operator"}

// operates tells whether a call is the operator's.
func (c *call) operates() (tenant string, yes bool) {
	tenant, yes = c.Context().Value(operating{}).(string)
	return tenant, yes
}

// admitOperator lets the operator in.
func (a *API) admitOperator(c *call, tenant string) (err error) {
	c.key, c.from = lrs.Key{ID: "operator", Name: "operator", Tenant: tenant, Scopes: []string{lrs.ScopeAPI}}, "operator"
	c.engine, err = a.o.Engine(c.Context(), tenant)
	return err
}
