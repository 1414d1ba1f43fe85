package lrs

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func FuzzUnfold(f *testing.F) {
	f.Add("method=PUT", "statementId=1&content=%7B%7D&Authorization=Basic+eDp5")
	f.Add("method=GET", "limit=1&agent=%7B%22mbox%22%3A%22mailto%3Aa%40b.c%22%7D&X-Experience-API-Version=1.0.3")
	f.Add("method=DELETE", "if-match=%22abc%22&Content-Length=0")
	f.Add("method=POST&x=1", "content=a&content=b")
	f.Add("method=HEAD", "a=%zz;b")
	f.Fuzz(func(t *testing.T, query, form string) {
		target := &url.URL{Path: "/xapi/statements", RawQuery: query}
		r, err := unfold(t.Context(), target, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form), true)
		if err != nil {
			if r != nil {
				t.Errorf("a request and %v", err)
			}
			return
		}
		params := r.URL.Query()
		if params.Has("content") || r.URL.Path != target.Path || target.RawQuery != query {
			t.Errorf("%q with %q is %v", query, form, r.URL)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Errorf("%d bytes of %d, %v", len(body), r.ContentLength, err)
		}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") && !strings.Contains(strings.ToLower(form), "content-type") {
			t.Error("the type of the form is that of its content")
		}
		for name, values := range r.Header {
			if len(values) != 1 || strings.ContainsAny(values[0], "\r\n") {
				t.Errorf("header %s is %q", name, values)
			}
		}
	})
}
