package lrs

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
)

// documentMethods are the methods of a document resource:
//
//	GET     with a name one document, without the names of all
//	PUT     puts a document in its place
//	POST    merges a JSON object into the one that is there
//	DELETE  with a name one document, without (states only) all of the set
//
// One document comes and goes with its ETag, and If-Match and If-None-Match tell
// which one is meant. What a PUT may do without them is in bareFor.
func documentMethods(of DocumentResource) map[string]method {
	return map[string]method{
		http.MethodGet:    func(r *request, w http.ResponseWriter) error { return r.getDocument(w, of) },
		http.MethodPut:    func(r *request, w http.ResponseWriter) error { return r.writeDocument(w, of) },
		http.MethodPost:   func(r *request, w http.ResponseWriter) error { return r.writeDocument(w, of) },
		http.MethodDelete: func(r *request, w http.ResponseWriter) error { return r.deleteDocument(w, of) },
	}
}

// mayDocument demands the scope of the resource.
func (r *request) mayDocument(of DocumentResource, more ...string) error {
	scope := ScopeProfile
	if of == StateDocuments {
		scope = ScopeState
	}
	if !r.key.may(append(more, ScopeAll, scope)...) {
		return refuse(http.StatusForbidden, "the key lacks the scope "+scope)
	}
	return nil
}

func (r *request) getDocument(w http.ResponseWriter, of DocumentResource) error {
	if err := r.mayDocument(of, ScopeAllRead); err != nil {
		return err
	}
	p, err := parseDocumentParams(r.URL.RawQuery, of, r.version)
	if err != nil {
		return err
	}
	if p.id.Name == "" {
		return r.documentNames(w, p)
	}
	pre, err := parsePrecondition(r.Header)
	if err != nil {
		return err
	}
	d, err := r.lrs.store.Document(r.Context(), p.id)
	if errors.Is(err, ErrNotFound) {
		if !pre.holds(nil) {
			return errPrecondition
		}
		return refuse(http.StatusNotFound, "no such document")
	}
	if err != nil {
		return err
	}
	tell(w, &d)
	switch {
	case pre.match != nil && !pre.match.name(&d, false):
		return errPrecondition
	case !pre.holds(&d):
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'") // it may be a page, and is not ours
	write(w, http.StatusOK, d.Type, d.Body)
	return nil
}

// tell names the version of a document in the headers of an answer.
func tell(w http.ResponseWriter, d *Document) {
	w.Header().Set("ETag", d.ETag())
	w.Header().Set("Last-Modified", modified(d.Updated))
}

func (r *request) documentNames(w http.ResponseWriter, p documentParams) error {
	since := int64(math.MinInt64)
	if p.since != nil {
		since = *p.since
	}
	list, err := r.lrs.store.DocumentNames(r.Context(), p.id.DocumentSet, since)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, d := range list {
		names[i] = d.Name
		w.Header().Set("Last-Modified", modified(d.Updated)) // the last one's stays
	}
	out, err := json.Marshal(names)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, "application/json", out)
	return nil
}

// changing reads what all changes of documents need.
func (r *request) changing(of DocumentResource) (documentParams, precondition, error) {
	if err := r.mayDocument(of); err != nil {
		return documentParams{}, precondition{}, err
	}
	p, err := parseDocumentParams(r.URL.RawQuery, of, r.version)
	if err != nil {
		return p, precondition{}, err
	}
	if p.since != nil {
		return p, precondition{}, invalid("since", r.Method+" does not take it")
	}
	if many := r.Method == http.MethodDelete && of == StateDocuments; p.id.Name == "" && !many {
		return p, precondition{}, invalid(p.nameParam(), "is needed")
	}
	pre, err := parsePrecondition(r.Header)
	return p, pre, err
}

func (r *request) writeDocument(w http.ResponseWriter, of DocumentResource) error {
	p, pre, err := r.changing(of)
	if err != nil {
		return err
	}
	d := Document{Type: r.Header.Get("Content-Type")}
	if d.Type == "" {
		d.Type = "application/octet-stream"
	}
	most := min(r.maxBody, r.lrs.o.MaxDocument)
	var tooLarge *http.MaxBytesError
	if d.Body, err = readBody(w, r.Request, most); errors.As(err, &tooLarge) {
		err = tooLargeDocument(most)
	}
	if err != nil {
		return err
	}
	change := posting(d, pre, most)
	if r.Method == http.MethodPut {
		change = putting(d, pre, bareFor(of, r.version))
	}
	now, err := r.lrs.change(r.Context(), p.id, change)
	if err != nil {
		return err
	}
	tell(w, now)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (r *request) deleteDocument(w http.ResponseWriter, of DocumentResource) error {
	p, pre, err := r.changing(of)
	switch {
	case err != nil:
	case p.id.Name != "":
		_, err = r.lrs.change(r.Context(), p.id, deleting(pre))
	case pre.given():
		err = refuse(http.StatusBadRequest, "If-Match and If-None-Match are about one document, and a DELETE without stateId is not")
	default:
		err = r.lrs.store.DeleteDocuments(r.Context(), p.id.DocumentSet)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func tooLargeDocument(most int64) error {
	return &problem{http.StatusRequestEntityTooLarge, wholeBody, fmt.Sprintf("a document has at most %d bytes here", most)}
}
