package web

import (
	"errors"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/upload"
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
	var refused *upload.Refused
	if !errors.As(err, &refused) {
		return engine.FieldError{}, false
	}
	return engine.FieldError{Field: "files", Key: refusedFile[refused.Why], Args: map[string]any{"name": refused.Name}}, true
}

// refusedFile says why a file is not taken.
var refusedFile = map[string]string{
	upload.Kind: "page.form.file_type", upload.Empty: "page.form.file_empty", upload.HEIC: "page.form.file_heic",
	upload.Broken: "page.form.file_picture", upload.TooWide: "page.form.file_pixels",
}
