package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// route is one operation: how it is reached, what it needs, what it takes and gives, and what does it.
type route struct {
	method, path string // with {names}
	id           string // operationId
	tag          string
	summary      string
	detail       string
	scope        string
	open         bool // no key is needed
	query        []param
	body         any    // a value of the body's type; nil: none
	media        string // of a body that is not JSON; with sample
	sample       string // an example of the body
	reply        any    // a value of the answer's type; nil: 204
	produces     string // of an answer that is not JSON
	status       int    // of success; 0: 200, or 204 without reply
	once         bool   // takes an Idempotency-Key
	tagged       bool   // gives an ETag, and takes If-Match where it changes
	limit        int64  // bytes of the body; 0: maxBody
	do           func(c *call) (any, error)
}

// param is one query parameter.
type param struct {
	name, doc string
	enum      []string
	integer   bool
	required  bool
}

var (
	limitParam  = param{name: "limit", doc: "How many at most, 1 to 200; 50 if left out", integer: true}
	cursorParam = param{name: "cursor", doc: "Where the page begins: `next` of the page before"}
)

// routes is the API.
func routes() []route {
	return slices.Concat(metaRoutes(), workflowRoutes(), enrolmentRoutes(), coachRoutes(), stepRoutes(), personRoutes(), nudgeRoutes(), eventRoutes(), cohortRoutes(), enrolCohortRoutes(), gatherRoutes(), threadRoutes(), barrierRoutes(), queueRoutes(), heldNudgeRoutes())
}

// checkQuery refuses parameters that the operation does not know, or knows otherwise.
func (r *route) checkQuery(q *http.Request) error {
	var fs faults
	sent := q.URL.Query()
	if _, err := url.ParseQuery(q.URL.RawQuery); err != nil {
		return malformed(faults{{Pointer: "query", Detail: "is not well-formed"}})
	}
	for name, values := range sent {
		i := slices.IndexFunc(r.query, func(p param) bool { return p.name == name })
		switch {
		case i < 0:
			var names []string
			for _, p := range r.query {
				names = append(names, p.name)
			}
			better := "there are no parameters here"
			if len(names) > 0 {
				better = "there are " + strings.Join(names, ", ")
			}
			fs = append(fs, fault{Pointer: "query/" + clip(name), Detail: "there is no such parameter", Better: better})
		case len(values) > 1:
			fs = append(fs, fault{Pointer: "query/" + name, Detail: "stands there twice"})
		case len(values[0]) > 1000:
			fs = append(fs, fault{Pointer: "query/" + name, Detail: "is longer than 1000 characters"})
		case r.query[i].enum != nil && !slices.Contains(r.query[i].enum, values[0]):
			fs = append(fs, fault{Pointer: "query/" + name, Detail: "is none of " + strings.Join(r.query[i].enum, ", ")})
		case r.query[i].integer:
			if n, err := strconv.Atoi(values[0]); err != nil || n < 1 || name == "limit" && n > 200 {
				fs = append(fs, fault{Pointer: "query/" + name, Detail: "is no whole number in its bounds", Better: r.query[i].doc})
			}
		}
	}
	for _, p := range r.query {
		if p.required && sent.Get(p.name) == "" {
			fs = append(fs, fault{Pointer: "query/" + p.name, Detail: "is missing"})
		}
	}
	if len(fs) > 0 {
		return malformed(fs)
	}
	return nil
}

// limit is how many items a page has.
func (c *call) limit() int {
	n, err := strconv.Atoi(c.param("limit"))
	if err != nil {
		return 50
	}
	return n
}

func (c *call) param(name string) string { return c.URL.Query().Get(name) }

// list is a page of a list.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; left out on the last"`
}

// paged is any list.
type paged interface{ nextCursor() string }

func (l list[T]) nextCursor() string { return l.Next }

func all[T any](items []T) list[T] {
	if items == nil {
		items = []T{}
	}
	return list[T]{Items: items}
}
