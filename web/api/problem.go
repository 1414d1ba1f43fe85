package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// problem is an answer that is no success, by RFC 9457. It is an error too.
type problem struct {
	Type     string `json:"type" doc:"urn:cairn:problem: and a word that stays the same"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty" doc:"What is wrong in this case, and what would be right"`
	Instance string `json:"instance,omitempty" doc:"The id of the request, as the server's log has it"`
	Errors   faults `json:"errors,omitempty"`

	retry string // Retry-After
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// fault is one place that is wrong.
type fault struct {
	Pointer string `json:"pointer,omitempty" doc:"JSON pointer into the body, or the path in a workflow definition"`
	Detail  string `json:"detail"`
	Better  string `json:"better,omitempty" doc:"What would be right"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`

	offset int
}

type faults []fault

// maxFaults bounds what one request is told.
const maxFaults = 50

// placed fills in lines and columns.
func (fs faults) placed(data []byte) faults {
	for i := range fs {
		before := data[:min(max(fs[i].offset, 0), len(data))]
		fs[i].Line = 1 + bytes.Count(before, []byte("\n"))
		fs[i].Column = len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	}
	return fs
}

// escape is a name in a JSON pointer.
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func refuse(status int, kind, detail string) *problem {
	return &problem{Type: "urn:cairn:problem:" + kind, Title: titles[kind], Status: status, Detail: detail}
}

// titles of the problems there are.
var titles = map[string]string{
	"unauthorized": "A key is needed", "scope": "The key may not do this", "not-found": "There is no such thing", "invalid": "The request is not valid",
	"conflict": "It does not fit the present state", "stale": "It has changed meanwhile", "too-large": "The request is too large",
	"too-many": "Too many requests", "media-type": "The media type is not known here", "method": "The method is not known here",
	"forbidden": "It is not allowed", "unavailable": "Not now", "internal": "The server failed", "idempotency": "The idempotency key was used",
	"signature": "The signature does not fit",
}

func malformed(fs faults) *problem {
	p := refuse(http.StatusBadRequest, "invalid", "")
	p.Errors = fs
	if len(fs) > 0 {
		p.Detail = strings.TrimPrefix(fs[0].Pointer+": "+fs[0].Detail, ": ")
	}
	return p
}

// classify is the one table of errors. What is not in it is ours to mend.
func classify(err error) *problem {
	var p *problem
	var tooLarge *http.MaxBytesError
	var definition engine.Problems
	var fields engine.FieldErrors
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("at most %d bytes are taken here", tooLarge.Limit))
	case errors.As(err, &definition):
		p = malformed(faultsOf(definition))
		p.Status = http.StatusUnprocessableEntity
		return p
	case errors.As(err, &fields):
		p = refuse(http.StatusUnprocessableEntity, "invalid", "what was handed in falls short")
		for _, f := range fields {
			p.Errors = append(p.Errors, fault{Pointer: f.Field, Detail: detailOf(f)})
		}
		return p
	case errors.Is(err, engine.ErrStale):
		return refuse(http.StatusPreconditionFailed, "stale", "read it again and decide anew")
	case errors.Is(err, engine.ErrNotFound):
		return refuse(http.StatusNotFound, "not-found", told(err))
	case errors.Is(err, engine.ErrForbidden):
		return refuse(http.StatusForbidden, "forbidden", told(err))
	case errors.Is(err, engine.ErrInvalid):
		return refuse(http.StatusUnprocessableEntity, "invalid", told(err))
	case errors.Is(err, engine.ErrConflict):
		return refuse(http.StatusConflict, "conflict", told(err))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusServiceUnavailable, "unavailable", "try again")
	}
	return refuse(http.StatusInternalServerError, "internal", "try again; the log has more under the request's id")
}

func faultsOf(ps engine.Problems) faults {
	var fs faults
	for _, p := range ps {
		if !p.Warning && len(fs) < maxFaults {
			fs = append(fs, fault{Pointer: p.Path, Detail: p.What, Better: p.Better, Line: p.Line, Column: p.Column})
		}
	}
	return fs
}

// detailOf is a shortcoming of a hand-in: its key, with what it names.
func detailOf(f engine.FieldError) string {
	if len(f.Args) == 0 {
		return f.Key
	}
	args, _ := json.Marshal(f.Args) // small values always marshal
	return f.Key + " " + string(args)
}

// told is what an error says, without where it is stored.
func told(err error) string {
	return strings.NewReplacer("enginesqlite: ", "", "enginemongo: ", "").Replace(err.Error())
}
