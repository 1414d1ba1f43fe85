package lrs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

const throughHeader = "X-Experience-API-Consistent-Through"

// consistentThrough tells, on every answer of the resource, up to when all
// statements are taken into account. A success tells it itself, before it reads or
// after it has written; serve adds it to what is none.
func (r *request) consistentThrough(w http.ResponseWriter) error {
	through, err := r.lrs.store.Through(r.Context(), r.lrs.o.Now)
	if err != nil {
		return err
	}
	setThrough(w, through)
	return nil
}

func setThrough(w http.ResponseWriter, through int64) {
	w.Header().Set(throughHeader, xapi.FormatTimestamp(time.Unix(0, through)))
}

func (r *request) mayWrite() error {
	if !r.key.may(ScopeAll, ScopeWrite) {
		return refuse(http.StatusForbidden, "the key lacks the scope "+ScopeWrite)
	}
	return nil
}

func (r *request) postStatements(w http.ResponseWriter) error {
	if err := r.mayWrite(); err != nil {
		return err
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("query", "the query string is not well-formed")
	}
	for name := range params {
		return invalid(name, "POST takes no parameters")
	}
	in, err := r.receive(w, func(data []byte) ([]*xapi.Statement, error) {
		return r.decoding.do(r.Context(), data, func(data []byte) ([]*xapi.Statement, error) { return xapi.DecodeList(data, r.version) })
	})
	if err != nil {
		return err
	}
	ids, err := r.store(in)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = []string{}
	}
	if err := r.consistentThrough(w); err != nil {
		return err
	}
	out, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, "application/json", out)
	return nil
}

func (r *request) putStatement(w http.ResponseWriter) error {
	if err := r.mayWrite(); err != nil {
		return err
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("query", "the query string is not well-formed")
	}
	for name, list := range params {
		if name != "statementId" || len(list) != 1 {
			return invalid(name, "PUT takes statementId, once")
		}
	}
	id := strings.ToLower(params.Get("statementId"))
	if !xapi.ValidUUID(id) {
		return invalid("statementId", "expected a UUID")
	}
	one := func(data []byte) ([]*xapi.Statement, error) {
		s, err := xapi.Decode(data, r.version)
		if err != nil {
			return nil, err
		}
		if s.ID != "" && s.ID != id {
			return nil, invalid("id", "differs from the parameter statementId")
		}
		s.ID = id
		return []*xapi.Statement{s}, nil
	}
	in, err := r.receive(w, func(data []byte) ([]*xapi.Statement, error) { return r.decoding.do(r.Context(), data, one) })
	if err != nil {
		return err
	}
	if _, err := r.store(in); err != nil {
		return err
	}
	if err := r.consistentThrough(w); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// store writes what was received, and says where in the request a conflict is.
func (r *request) store(in *intake) ([]string, error) {
	ids, err := r.lrs.write(r.Context(), r.authority(), in.statements, r.version, r.mayDefine(), in.came)
	var taken *takenError
	if errors.As(err, &taken) {
		path := "id"
		if in.list {
			n := slices.IndexFunc(in.statements, func(s *xapi.Statement) bool { return s.ID == taken.id })
			path = fmt.Sprintf("statements[%d].id", n)
		}
		return nil, &problem{http.StatusConflict, path, strings.TrimPrefix(err.Error(), "lrs: ")}
	}
	return ids, err
}

// mayDefine tells whether what the request says of activities counts. The
// statements are kept all the same.
func (r *request) mayDefine() bool { return r.key.may(ScopeAll, ScopeDefine) }

// mayRead narrows a query to what the key may see.
func (r *request) mayRead(q *Query) error {
	switch {
	case r.key.may(ScopeAll, ScopeAllRead, ScopeRead):
	case r.key.may(ScopeReadMine):
		q.mine = r.authority().Key()
	default:
		return refuse(http.StatusForbidden, "the key lacks the scope "+ScopeRead)
	}
	return nil
}

func (r *request) getStatements(w http.ResponseWriter) error {
	p, err := parseParams(r.URL.RawQuery, r.version)
	if err != nil {
		return err
	}
	if err := r.mayRead(&p.Query); err != nil {
		return err
	}
	p.Query.Languages = r.Header.Get("Accept-Language")
	if p.ID == "" {
		return r.page(w, p.Query)
	}
	if err := r.consistentThrough(w); err != nil {
		return err
	}
	row, err := r.lrs.row(r.Context(), p.ID, p.Voided)
	if err != nil {
		return err
	}
	if mine := p.Query.mine; mine != "" {
		if own, err := vouchedBy(row, mine); err != nil || !own {
			return cmp.Or(err, ErrNotFound)
		}
	}
	docs, err := r.lrs.present(r.Context(), []Row{row}, p.Query, r.version)
	if err != nil {
		return err
	}
	w.Header().Set("Last-Modified", time.Unix(0, row.Stored).UTC().Format(http.TimeFormat))
	a, _, err := r.attach(p.Query, []Row{row})
	if err != nil {
		return err
	}
	return r.answer(w, docs[0], a)
}

func (r *request) getMore(w http.ResponseWriter) error {
	if r.URL.RawQuery != "" {
		return invalid("more", "takes no parameters")
	}
	q, err := parseToken(r.below, r.version)
	if err != nil {
		return err
	}
	if err := r.mayRead(&q); err != nil {
		return err
	}
	q.Languages = r.Header.Get("Accept-Language")
	return r.page(w, q)
}

// page answers a query with a StatementResult.
func (r *request) page(w http.ResponseWriter, q Query) error {
	page, err := r.lrs.find(r.Context(), q)
	if err != nil {
		return err
	}
	setThrough(w, page.Through)
	docs, err := r.lrs.present(r.Context(), page.rows, q, r.version)
	if err != nil {
		return err
	}
	a, n, err := r.attach(q, page.rows[:len(docs)])
	if err != nil {
		return err
	}
	if docs = docs[:n]; n < len(page.rows) {
		r.lrs.end(&page, q, n)
	}
	size := len(page.More) + 64
	for _, doc := range docs {
		size += len(doc) + 1
	}
	body := append(make([]byte, 0, size), `{"statements":[`...)
	for i, doc := range docs {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, doc...)
	}
	body = append(strconv.AppendQuote(append(body, `],"more":`...), page.More), '}')
	return r.answer(w, body, a)
}

// write sends a whole answer with its length, which HEAD tells too.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}
