package xapi_test

import (
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

func TestAPayloadIsTheStatementWithoutItsSignatures(t *testing.T) {
	const (
		act       = `"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b/v"},"object":{"id":"http://a.b/o"}`
		id        = `"id":"00000000-0000-4000-8000-00000000000a"`
		file      = `{"usageType":"http://a.b/u","display":{},"contentType":"text/plain","length":1,"sha2":"ab"}`
		signature = `{"usageType":"` + xapi.UsageSignature + `","display":{},"contentType":"application/octet-stream","length":1,"sha2":"cd"}`
	)
	for _, c := range []struct {
		statement, payload string
		same               bool
	}{
		{`{` + act + `,"attachments":[` + signature + `]}`, `{` + act + `}`, true},
		{`{` + act + `,"attachments":[` + signature + `]}`, `{` + act + `,"attachments":[]}`, true},
		{`{` + act + `,"attachments":[` + signature + `,` + signature + `]}`, `{` + act + `,"attachments":[` + signature + `]}`, true},
		{`{` + act + `,"attachments":[` + file + `,` + signature + `]}`, `{` + act + `,"attachments":[` + file + `]}`, true},
		{`{` + act + `,"attachments":[` + file + `,` + signature + `]}`, `{` + act + `}`, false},
		{`{` + act + `,"attachments":[` + signature + `]}`, `{` + act + `,"attachments":[` + file + `]}`, false},
		{`{` + id + `,` + act + `}`, `{` + act + `}`, false},
		{`{` + act + `}`, `{` + id + `,` + act + `}`, true}, // PUT: the id came as a parameter
		{`{` + act + `}`, `{` + strings.Replace(id, "a\"", "b\"", 1) + `,` + act + `}`, false},
		{`{` + act + `,"version":"1.0.0"}`, `{` + act + `,"version":"1.0.3"}`, true},
		{`{` + act + `}`, `[]`, false}, {`{` + act + `}`, ``, false}, {`{` + act + `}`, `{` + act + `}x`, false}, {`{` + act + `}`, `{` + act + `,"attachments":7}`, false},
	} {
		s := &xapi.Statement{ID: "00000000-0000-4000-8000-00000000000a", Raw: []byte(c.statement)}
		if got := xapi.SameSigned(s, []byte(c.payload), xapi.V103); got != c.same {
			t.Errorf("%s\nsigned as\n%s: %v, want %v", c.statement, c.payload, got, c.same)
		}
	}
}
