package lrs

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// intake is what one request brings to be stored: its statements and the digests
// of the bytes that came with them.
type intake struct {
	version    xapi.Version
	blobs      Blobs
	statements []*xapi.Statement
	list       bool                  // they came as one
	declared   []declared            // in order
	wanted     map[string][]declared // the same by digest, lower case
	came       map[string]bool       // digests, lower case
}

// declared is a place in a statement where an attachment is declared.
type declared struct {
	xapi.Attachment
	statement *xapi.Statement
	path      string
	signs     bool // it is the statement's signature
}

// What bounds the attachments that one statement declares.
const (
	maxAttachments = 1_000
	maxSignatures  = 10
)

// receive reads the statements of a request, which decode makes of JSON, and
// keeps the bytes that came with them. When it returns without an error all of
// them may be stored; until then only blobs are.
func (r *request) receive(w http.ResponseWriter, decode func(data []byte) ([]*xapi.Statement, error)) (*intake, error) {
	in := &intake{version: r.version, blobs: r.lrs.o.Blobs, wanted: map[string][]declared{}, came: map[string]bool{}}
	read := func(data []byte) error {
		list, err := decode(data)
		if err != nil {
			return err
		}
		many := bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("["))
		for i, s := range list {
			var large *xapi.Error
			if errors.As(r.lrs.fits(s), &large) {
				p := &problem{status: http.StatusRequestEntityTooLarge, reason: large.Reason}
				if many {
					p.path = fmt.Sprintf("statements[%d]", i)
				}
				return p
			}
		}
		return in.declare(list, many)
	}
	typ, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && typ == "application/json":
		var data []byte
		if data, err = readBody(w, r.Request, r.maxBody); err == nil {
			err = read(data)
		}
	case err == nil && typ == "multipart/mixed":
		err = r.upload(w, params["boundary"], in, read)
	default:
		err = &problem{http.StatusBadRequest, "Content-Type", "expected application/json, or multipart/mixed with a boundary"}
	}
	if err != nil {
		return nil, ofBody(err)
	}
	return in, in.complete()
}

// ofBody is an error about what was sent: one that names no place is about the
// body as a whole.
func ofBody(err error) error {
	var wrong *xapi.Error
	var tooLarge *http.MaxBytesError
	var p *problem
	switch {
	case errors.As(err, &wrong) && wrong.Path == "":
		return invalid(wholeBody, wrong.Reason)
	case errors.As(err, &tooLarge):
		return &problem{http.StatusRequestEntityTooLarge, wholeBody, fmt.Sprintf("larger than the %d bytes this server takes; send fewer statements at a time", tooLarge.Limit)}
	case errors.Is(err, xapi.ErrTooMany):
		return &problem{http.StatusRequestEntityTooLarge, wholeBody, strings.TrimPrefix(err.Error(), "xapi: ")}
	case errors.As(err, &p) && p.path == "" && p.status < http.StatusInternalServerError:
		return &problem{p.status, wholeBody, p.reason}
	}
	return err
}

// wholeBody is the path of an error about all that was sent.
const wholeBody = "body"

// upload reads a multipart body.
func (r *request) upload(w http.ResponseWriter, boundary string, in *intake, read func(data []byte) error) error {
	if r.ContentLength > r.maxUpload {
		return bodyError(&http.MaxBytesError{Limit: r.maxUpload})
	}
	body := patientReader{http.MaxBytesReader(w, r.Body, r.maxUpload), newPatience(w)}
	return takeApart(body, boundary, r.maxBody, read, func(path, sha2 string, bytes io.Reader) error {
		return in.keep(r.Context(), path, strings.ToLower(sha2), bytes)
	})
}

// declare notes what the statements declare, and judges what can be judged
// without the bytes. A list is named in errors, a single statement is not.
func (in *intake) declare(statements []*xapi.Statement, list bool) error {
	in.statements, in.list = statements, list
	for i, s := range statements {
		prefix := ""
		if list {
			prefix = fmt.Sprintf("statements[%d].", i)
		}
		if len(attachments(s)) > maxAttachments {
			return invalid(prefix+"attachments", fmt.Sprintf("a statement has at most %d attachments here", maxAttachments))
		}
		signatures := 0
		for j, a := range s.Attachments {
			d := declared{a, s, fmt.Sprintf("%sattachments[%d]", prefix, j), a.UsageType == xapi.UsageSignature}
			if d.signs {
				if signatures++; signatures > maxSignatures {
					return invalid(d.path, fmt.Sprintf("a statement has at most %d signatures here", maxSignatures))
				}
				if typ, _, err := mime.ParseMediaType(a.ContentType); err != nil || typ != "application/octet-stream" {
					return invalid(d.path+".contentType", "a signature is application/octet-stream")
				}
			}
			in.want(d)
		}
		if s.Object.Sub != nil {
			for j, a := range s.Object.Sub.Attachments {
				in.want(declared{a, s, fmt.Sprintf("%sobject.attachments[%d]", prefix, j), false})
			}
		}
	}
	return nil
}

func (in *intake) want(d declared) {
	sha2 := strings.ToLower(d.SHA2)
	in.declared = append(in.declared, d)
	in.wanted[sha2] = append(in.wanted[sha2], d)
}

// keep puts the bytes of one part where attachments are. The length that is
// declared is not held against them: the digest says all, and the specification
// does not make it a reason to refuse.
func (in *intake) keep(ctx context.Context, path, sha2 string, r io.Reader) error {
	places := in.wanted[sha2]
	if len(places) == 0 {
		return &problem{http.StatusBadRequest, path + "." + hashHeader, "no statement declares an attachment with this sha2"}
	}
	var err error
	again := in.came[sha2] // which should not be, and does no harm
	if again {
		err = compare(sha2, r)
	} else {
		_, err = in.blobs.Put(ctx, sha2, r)
	}
	switch {
	case errors.Is(err, ErrDigest):
		return &problem{http.StatusBadRequest, path, fmt.Sprintf("its bytes have another SHA-2 digest than %s says", hashHeader)}
	case errors.Is(err, errNoBlobs):
		return refuse(http.StatusNotImplemented, "attachments are not taken here; give their fileUrl")
	case err != nil:
		return fmt.Errorf("lrs: keep attachment: %w", err)
	case again:
		return nil
	}
	in.came[sha2] = true
	return in.verify(ctx, sha2, places)
}

// compare reads bytes that are there already, if they are of this digest.
func compare(sha2 string, r io.Reader) error {
	digest, err := NewDigest(sha2)
	if err == nil {
		_, err = io.Copy(digest, r)
	}
	if err == nil && hex.EncodeToString(digest.Sum(nil)) != sha2 {
		err = ErrDigest
	}
	return err
}

// complete demands the bytes of every attachment that cannot be had elsewhere. A
// signature always comes along: it could not be judged otherwise.
func (in *intake) complete() error {
	links, of := 0, (*xapi.Statement)(nil)
	for _, d := range in.declared {
		if d.statement != of {
			links, of = 0, d.statement
		}
		came, signature := in.came[lower(d.Attachment)], d.UsageType == xapi.UsageSignature
		if d.FileURL != "" && !signature {
			if links++; came && links > maxLinked {
				return invalid(d.path, fmt.Sprintf("bytes may come for the first %d attachments with a fileUrl only", maxLinked))
			}
		}
		switch {
		case came:
		case signature:
			return invalid(d.path, "a signature comes with its statement, as a part of a multipart/mixed request")
		case d.FileURL == "":
			return invalid(d.path, "has neither a fileUrl nor its bytes in the request")
		}
	}
	return nil
}
