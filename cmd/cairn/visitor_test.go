package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// visitor is a person with a browser that keeps cookies, follows redirects and
// submits forms, but runs no scripts: every page must work for them.
type visitor struct {
	t    testing.TB
	http *http.Client
	page document
}

// document is what a visitor was last shown.
type document struct {
	url    *url.URL
	status int
	header http.Header
	body   string
	root   *html.Node
}

func newVisitor(t testing.TB) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, http: &http.Client{Jar: strictJar{jar}, Timeout: 30 * time.Second}}
}

// get opens an address, relative to the page shown.
func (v *visitor) get(address string) *document {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.resolve(address), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(request)
}

func (v *visitor) resolve(address string) string {
	v.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		v.t.Fatal(err)
	}
	if v.page.url != nil {
		u = v.page.url.ResolveReference(u)
	}
	return u.String()
}

func (v *visitor) do(request *http.Request) *document {
	v.t.Helper()
	if v.page.url != nil && request.Method == http.MethodPost {
		request.Header.Set("Origin", v.page.url.Scheme+"://"+v.page.url.Host)
		site := "same-origin"
		if request.URL.Host != v.page.url.Host {
			site = "cross-site"
		}
		request.Header.Set("Sec-Fetch-Site", site)
	}
	response, err := v.http.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		v.t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	v.page = document{url: response.Request.URL, status: response.StatusCode, header: response.Header, body: string(body), root: root}
	return &v.page
}

// upload is a file put into a form.
type upload struct{ field, name, content string }

// submit sends the form that holds (or is) the element with the given id, with
// its own hidden fields and defaults, then these fields and files.
func (v *visitor) submit(id string, fields url.Values, files ...upload) *document {
	v.t.Helper()
	element := v.page.find(id)
	if element == nil {
		v.t.Fatalf("%s shows nothing with id %q:\n%s", v.page.url, id, v.page.text())
	}
	form := element
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if form == nil {
		v.t.Fatalf("#%s on %s is in no form", id, v.page.url)
	}
	values := defaults(form)
	if element != form && attr(element, "name") != "" {
		values.Set(attr(element, "name"), attr(element, "value"))
	}
	for name, given := range fields {
		values[name] = given
	}
	action := attr(form, "action")
	if override := attr(element, "formaction"); override != "" && element != form {
		action = override
	}
	return v.send(form, action, values, files)
}

// posts sends fields to an address, as a form of the page shown would.
func (v *visitor) posts(address string, fields url.Values) *document {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.resolve(address), strings.NewReader(fields.Encode()))
	must(v.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(request)
}

// follow submits the page's only form, as its script would have done.
func (v *visitor) follow() *document {
	v.t.Helper()
	form := find(v.page.root, func(n *html.Node) bool { return n.Data == "form" })
	if form == nil {
		v.t.Fatalf("%s has no form to follow:\n%s", v.page.url, v.page.text())
	}
	return v.send(form, attr(form, "action"), defaults(form), nil)
}

func (v *visitor) send(form *html.Node, action string, values url.Values, files []upload) *document {
	v.t.Helper()
	target := v.resolve(action)
	if !strings.EqualFold(attr(form, "method"), "post") {
		return v.get(target + "?" + values.Encode())
	}
	contentType, body := "application/x-www-form-urlencoded", values.Encode()
	if attr(form, "enctype") == "multipart/form-data" {
		var buffer bytes.Buffer
		w := multipart.NewWriter(&buffer)
		for name, all := range values {
			for _, value := range all {
				must(v.t, w.WriteField(name, value))
			}
		}
		for _, file := range files {
			part, err := w.CreateFormFile(file.field, file.name)
			must(v.t, err)
			_, err = part.Write([]byte(file.content))
			must(v.t, err)
		}
		must(v.t, w.Close())
		contentType, body = w.FormDataContentType(), buffer.String()
	}
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, target, strings.NewReader(body))
	must(v.t, err)
	request.Header.Set("Content-Type", contentType)
	return v.do(request)
}

// defaults are the values a browser would send untouched.
func defaults(form *html.Node) url.Values {
	values := url.Values{}
	each(form, func(n *html.Node) {
		name := attr(n, "name")
		switch {
		case name == "" || has(n, "disabled"):
		case n.Data == "textarea":
			values.Add(name, text(n))
		case n.Data == "input" && slices.Contains([]string{"submit", "button", "file", "image"}, attr(n, "type")):
		case n.Data == "input" && slices.Contains([]string{"radio", "checkbox"}, attr(n, "type")) && !has(n, "checked"):
		case n.Data == "input":
			values.Add(name, attr(n, "value"))
		}
	})
	return values
}

// find is the element with an id, or nil.
func (p *document) find(id string) *html.Node {
	return find(p.root, func(n *html.Node) bool { return attr(n, "id") == id })
}

// text is what the page says, without markup.
func (p *document) text() string { return strings.Join(strings.Fields(text(p.root)), " ") }

// says fails unless the page holds every phrase.
func (v *visitor) sees(phrases ...string) {
	v.t.Helper()
	for _, phrase := range phrases {
		if !strings.Contains(v.page.text(), phrase) {
			v.t.Fatalf("%s (%d) does not say %q:\n%s", v.page.url, v.page.status, phrase, v.page.text())
		}
	}
}

// link is the address of the first link for which ok is true.
func (p *document) link(ok func(href string) bool) string {
	a := find(p.root, func(n *html.Node) bool { return n.Data == "a" && ok(attr(n, "href")) })
	if a == nil {
		return ""
	}
	return attr(a, "href")
}

func find(n *html.Node, ok func(*html.Node) bool) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && ok(d) {
			return d
		}
	}
	return nil
}

func each(n *html.Node, do func(*html.Node)) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode {
			do(d)
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			fmt.Fprint(&b, d.Data)
			if d.Parent.Data != "span" && d.Parent.Data != "textarea" {
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(name, content string) error { return os.WriteFile(name, []byte(content), 0o600) }
