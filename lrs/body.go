package lrs

import (
	"errors"
	"io"
	"net/http"
	"os"
)

// readBody reads a request body, whole and bounded, before anything is done.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &tooLarge):
		return nil, err
	}
	return nil, unread(err, "send less at a time")
}

// unread is the answer to a request whose body could not be read, with what to do if
// that took too long.
func unread(err error, advice string) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &problem{http.StatusRequestTimeout, wholeBody, "the body took too long; " + advice}
	}
	return &problem{http.StatusBadRequest, wholeBody, "the body could not be read"}
}
