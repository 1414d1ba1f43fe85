package web

import (
	"errors"

	"github.com/cairn-lms/cairn/engine"
)

// fieldErrors finds what a form falls short of.
func fieldErrors(err error) (engine.FieldErrors, bool) {
	var many engine.FieldErrors
	if errors.As(err, &many) && len(many) > 0 {
		return many, true
	}
	var one engine.FieldError
	if errors.As(err, &one) {
		return engine.FieldErrors{one}, true
	}
	return nil, false
}

// fileProblem finds a file that is not taken.
func fileProblem(err error) (engine.FieldError, bool) {
	var kind *errFileType
	if errors.As(err, &kind) {
		return engine.FieldError{Field: "files", Key: "page.form.file_type", Args: map[string]any{"name": kind.Name}}, true
	}
	var empty *errFileEmpty
	if errors.As(err, &empty) {
		return engine.FieldError{Field: "files", Key: "page.form.file_empty", Args: map[string]any{"name": empty.Name}}, true
	}
	return engine.FieldError{}, false
}
