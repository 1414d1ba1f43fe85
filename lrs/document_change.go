package lrs

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// defaultDocument bounds a document; maxDocument is what fits into one document
// of MongoDB, which ends at 16 MiB, with its name.
const (
	defaultDocument = 8 << 20
	maxDocument     = 14 << 20
)

// documentChange is what a request makes of a document: see ChangeDocument.
type documentChange func(old *Document) (*Document, error)

// change applies c and returns the document that is there then, if any.
func (l *LRS) change(ctx context.Context, id DocumentID, c documentChange) (*Document, error) {
	var out *Document
	err := l.store.ChangeDocument(ctx, id, func(old *Document) (*Document, error) {
		d, err := c(old)
		if err != nil {
			return nil, err
		}
		if d != nil {
			d.Updated = l.o.Now().UnixNano()
			if old != nil {
				d.Updated = max(d.Updated, old.Updated+1) // clocks may go back
			}
		}
		out = d
		return d, nil
	})
	return out, err
}

var errPrecondition = &problem{http.StatusPreconditionFailed, "", "the document is not the one that If-Match or If-None-Match asks for; get it again"}

// bare is what a PUT may do that demands nothing of the document.
type bare struct {
	make, replace bool
}

// bareFor is what the versions allow: in 1.0.3 all with states and nothing with
// profiles (Part Three 2.3, 3.1), in 2.0 to make a document (4.1.4).
func bareFor(of DocumentResource, v xapi.Version) bare {
	if v == xapi.V103 {
		return bare{make: of == StateDocuments, replace: of == StateDocuments}
	}
	return bare{make: true}
}

// putting replaces the document, or makes it.
func putting(d Document, p precondition, may bare) documentChange {
	return func(old *Document) (*Document, error) {
		switch {
		case !p.holds(old):
			return nil, errPrecondition
		case p.given():
		case old != nil && !may.replace:
			return nil, &problem{http.StatusConflict, "", "there is a document already: get it, then send its ETag as If-Match to replace it"}
		case old == nil && !may.make:
			return nil, &problem{http.StatusBadRequest, "If-None-Match", "a PUT of a profile needs If-None-Match: * to make one, or If-Match to replace one"}
		}
		return &d, nil
	}
}

// posting merges the JSON object into the one that is there, or makes the
// document. No result is larger than most.
func posting(d Document, p precondition, most int64) documentChange {
	sent := isJSON(d.Type)
	var with []property
	var wrong error
	if sent {
		with, wrong = properties(d.Body) // once, though the change may run several times
	}
	return func(old *Document) (*Document, error) {
		switch {
		case !p.holds(old):
			return nil, errPrecondition
		case errors.Is(wrong, errManyProperties):
			return nil, &problem{http.StatusRequestEntityTooLarge, wholeBody, wrong.Error()}
		case wrong != nil:
			return nil, &problem{http.StatusBadRequest, wholeBody, "it is not a JSON object, though its Content-Type says JSON"}
		}
		if old == nil {
			return &d, nil
		}
		switch {
		case !sent:
			return nil, &problem{http.StatusBadRequest, "Content-Type", "there is a document already, and only application/json is merged into one; use PUT to replace it"}
		case !isJSON(old.Type):
			return nil, refuse(http.StatusBadRequest, "the document that is there is not application/json: nothing can be merged into it; use PUT to replace it")
		}
		body, err := mergeJSON(old.Body, with)
		if errors.Is(err, errManyProperties) {
			return nil, &problem{http.StatusRequestEntityTooLarge, wholeBody, err.Error() + "; use PUT to replace it"}
		}
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the document that is there is not a JSON object: nothing can be merged into it; use PUT to replace it")
		}
		if int64(len(body)) > most {
			return nil, tooLargeDocument(most)
		}
		return &Document{Type: d.Type, Body: body}, nil
	}
}

// deleting removes the document.
func deleting(p precondition) documentChange {
	return func(old *Document) (*Document, error) {
		if !p.holds(old) {
			return nil, errPrecondition
		}
		return nil, nil //nolint:nilnil // no document
	}
}

func isJSON(contentType string) bool {
	typ, _, err := mime.ParseMediaType(contentType)
	return err == nil && typ == "application/json"
}

// modified is the time of a document as headers have it.
func modified(updated int64) string { return time.Unix(0, updated).UTC().Format(http.TimeFormat) }
