package web_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostileNames are names of files as an attacker would choose them, by what they aim at.
var hostileNames = map[string]string{
	"the page":             `"><img src=x onerror=alert(1)><script>alert(1).pdf`,
	"an attribute":         `x" onmouseover="alert(1).pdf`,
	"the headers":          "offer.pdf\"\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>",
	"the archive":          `..\..\..\etc/../../cron.d/evil.pdf`,
	"another disk":         `C:evil|con?*.pdf`,
	"the table":            `=cmd|' /C calc'!A0.pdf`,
	"the table, by spaces": "  =1+1.pdf",
	"the table, by width":  "＝1+1.pdf",
	"the document":         `) /OpenAction << /S /JavaScript /JS (app.alert\(1\)) >> (.pdf`,
	"the reader":           "gpj.\u202Efdp.exe.pdf",
	"the length":           strings.Repeat("ä", 4000) + ".pdf",
}

// withFile hands a file in and says where everybody who may see it finds it: learner, coach, reviewer, portfolio and
// whoever has a link to it.
func (w *world) withFile(f file) (sam *person, doors map[string]func() page) {
	w.t.Helper()
	sam, try := w.atTheTrial()
	sam.postFiles(try, url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"24 months."}}, f).has(w.t, http.StatusOK, `data-state="submitted"`)
	tessa, _ := w.launch(launchOf("3", "Tessa Teacher", "Instructor"))
	enrolment, sha, link, shown := string(w.enrolment("5").ID), w.handed("try").Files[0].SHA256, w.requestPath("try"), sam.shares(url.Values{"days": {"7"}})
	return sam, map[string]func() page{
		"learner":   func() page { return sam.get(sam.base + "/evidence/" + sha) },
		"coach":     func() page { return tessa.get(tessa.base + "/board/people/" + enrolment + "/evidence/" + sha) },
		"reviewer":  func() page { return w.stranger().get(link + "/evidence/" + sha) },
		"portfolio": func() page { return sam.get(sam.base + "/portfolio/" + enrolment + "/" + sha) },
		"link":      func() page { return w.stranger().get(shown + "/" + enrolment + "/" + sha) },
	}
}

// A file's name is text on every page, one value in a header, a plain name in an archive and no formula in a table.
func TestAFileNameIsOnlyANameWhereverItStands(t *testing.T) {
	for aim, name := range hostileNames {
		t.Run(aim, func(t *testing.T) {
			w := newWorld(t)
			sam, doors := w.withFile(file{name, "%PDF-1.7 the offer"})
			kept := w.handed("try").Files[0].Name
			if strings.ContainsAny(kept, "\r\n/\\\u202E") || len(kept) > 120 || !strings.HasSuffix(kept, ".pdf") && !strings.HasSuffix(kept, "script>") {
				t.Errorf("it is kept as %q", kept)
			}
			for door, open := range doors {
				got := open().has(t, http.StatusOK, "the offer")
				how, params, err := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
				if err != nil || how != "attachment" || params["filename"] != kept || got.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s gets %q", door, got.Header["Content-Disposition"])
				}
			}
			tessa, _ := w.launch(launchOf("3", "Tessa Teacher", "Instructor"))
			for where, p := range map[string]page{
				"step": sam.get(sam.base + "/steps/try"), "portfolio": sam.get(sam.base + "/portfolio"), "matrix": sam.get(sam.base + "/portfolio/matrix"),
				"review": w.stranger().get(w.requestPath("try")), "coach": tessa.get(tessa.base + "/board/people/" + string(w.enrolment("5").ID)),
				"link": w.stranger().get(sam.shares(url.Values{"days": {"7"}})),
			} {
				p.has(t, http.StatusOK)
				isText(t, where, p.text, kept)
			}

			table := sam.get(sam.base+"/portfolio/matrix.csv").has(t, http.StatusOK)
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.text, "\uFEFF"))).ReadAll()
			must(t, err)
			found := false
			for _, row := range rows {
				for _, cell := range row {
					found = found || strings.Contains(cell, kept)
					if trimmed := strings.TrimSpace(cell); trimmed != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(trimmed)[0]) {
						t.Errorf("a cell of the table is a formula: %q", cell)
					}
				}
			}
			if !found {
				t.Errorf("the table does not name it: %q", rows)
			}

			packed := sam.get(sam.base+"/portfolio/export.zip").has(t, http.StatusOK)
			archive, err := zip.NewReader(strings.NewReader(packed.text), int64(len(packed.text)))
			must(t, err)
			for _, f := range archive.File {
				if dir, base, ok := strings.Cut(f.Name, "/"); strings.ContainsAny(f.Name, "\\:<>\"|?*\r\n") || ok && (dir != "files" || strings.Contains(base, "/") || strings.HasPrefix(base, ".")) {
					t.Errorf("the archive holds %q", f.Name)
				}
				if f.Name == "index.html" {
					r, err := f.Open()
					must(t, err)
					index, err := io.ReadAll(r)
					must(t, err)
					isText(t, "archive", string(index), kept)
				}
			}
			printed := sam.get(sam.base+"/portfolio/export.pdf").has(t, http.StatusOK)
			for _, active := range []string{"/OpenAction", "/JavaScript", "/Launch", "/AA"} {
				if bytes.Contains([]byte(printed.text), []byte(active+" ")) {
					t.Errorf("the document acts: %s", active)
				}
			}
		})
	}
}

// isText tells whether a name stands on a page, and nowhere as anything but text or the value of an attribute.
func isText(t testing.TB, where, source, name string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	must(t, err)
	found := false
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			found = found || strings.Contains(n.Data, name)
		}
		for _, a := range n.Attr {
			found = found || strings.Contains(a.Val, name)
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: an element acts: %s=%q", where, a.Key, a.Val)
			}
		}
		if n.Type == html.ElementNode && n.Data == "script" && n.FirstChild != nil {
			t.Errorf("%s holds a script: %s", where, n.FirstChild.Data)
		}
	}
	if !found {
		t.Errorf("%s does not show %q", where, name)
	}
}

// gifScript is a picture that is a script too: all between its head and its end stands in a comment.
func gifScript(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	must(t, gif.Encode(&b, image.NewPaletted(image.Rect(0, 0, 0x2A2F, 1), color.Palette{color.Black, color.White}), nil)) // wide "/*"
	return strings.TrimSuffix(b.String(), ";") + "!\xFE\x12*/=1;alert(1)/*xxx\x00;*/alert('gif')//"
}

// What a file is, its bytes say; and whatever it is, it is never a page or a script of ours.
func TestADisguisedFileIsRefusedOrServedAsWhatItIs(t *testing.T) {
	const page = "<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`
	refused := map[string]file{
		"a page as a photo":                   {"photo.jpg", page},
		"a page as a document":                {"offer.pdf", page},
		"a page behind spaces":                {"offer.pdf", "\n\n   " + page},
		"a page by its name":                  {"offer.html", "plain words"},
		"a page by its name, in capitals":     {"OFFER.HTML", "plain words"},
		"a page whose name ends in a dot":     {"offer.html.", "plain words"},
		"a script":                            {"run.js", "alert(1)"},
		"a script whose name ends in a dot":   {"run.js.", "alert(1)"},
		"a script whose name ends in a space": {"run.js ", "alert(1)"},
		"a script whose name hides its end":   {"run.js\u200B", "alert(1)"},
		"a shell script as a note":            {"note.txt", "#!/bin/sh\nrm -rf /"},
		"a drawing that acts":                 {"logo.svg", drawing},
		"a drawing as XML":                    {"logo.png", `<?xml version="1.0"?>` + drawing},
		"a program as a photo":                {"photo.jpg", "MZ\x90\x00\x03\x00\x00\x00"},
		"a picture that is only its head":     {"photo.gif", "GIF89a/*alert(1)*/=1"},
		"a picture of 900 million pixels":     {"huge.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x75\x30\x00\x00\x75\x30\x08\x06\x00\x00\x00\x5f\x1c\xb7\x7d"},
	}
	w := newWorld(t)
	sam, try := w.atTheTrial()
	for what, f := range refused {
		answer := sam.postFiles(try, url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"24 months."}}, f)
		if answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(answer.text, `id="evidence-problem"`) {
			t.Errorf("%s is answered %d", what, answer.StatusCode)
		}
	}
	if have := w.state("5", "try"); have != "open" {
		t.Fatalf("the step is %s", have)
	}

	for what, c := range map[string]struct {
		file
		kind   string
		inline bool
	}{
		"a script as a photo":               {file{"photo.jpg", "alert(document.cookie)"}, "text/plain; charset=utf-8", false},
		"a drawing as a photo":              {file{"logo.png", drawing}, "text/plain; charset=utf-8", false},
		"a page in another encoding":        {file{"note.txt", "\xFF\xFE<\x00s\x00c\x00r\x00i\x00p\x00t\x00>\x00"}, "text/plain", false},
		"a document that is a page too":     {file{"offer.pdf", "%PDF-1.7\n" + page}, "application/pdf", false},
		"a song that is a script too":       {file{"song.mp3", "ID3=1;alert(1)" + strings.Repeat(" ", 512)}, "audio/mpeg", false},
		"an archive with a page in it":      {file{"pages.zip", "PK\x03\x04" + page}, "application/zip", false},
		"a picture that is a script too":    {file{"moving.gif", gifScript(t)}, "image/png", true},
		"a picture with words after it":     {file{"after.png", picture(t, 8, 8) + page}, "image/png", true},
		"a picture under a document's name": {file{"offer.pdf", picture(t, 8, 8)}, "image/png", true},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			_, doors := w.withFile(c.file)
			for door, open := range doors {
				got := open()
				how, _, _ := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
				if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != c.kind || (how == "inline") != c.inline || !c.inline && how != "attachment" {
					t.Errorf("%s gets %d %s %q", door, got.StatusCode, got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition"))
				}
				for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
					"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"} {
					if have := got.Header.Get(name); have != want {
						t.Errorf("%s: %s is %q, want %q", door, name, have, want)
					}
				}
				if c.inline && strings.Contains(got.text, "alert") {
					t.Errorf("%s gets a picture with a script in it", door)
				}
			}
		})
	}
}

// onlyReader hides the length of a body: it is sent in chunks.
type onlyReader struct{ io.Reader }

// What does not say how long it is, or says wrong, is cut off where it grows too long.
func TestAnUploadWithoutLengthIsCutOff(t *testing.T) {
	w := newWorld(t)
	sam, try := w.atTheTrial()
	chunked := func(path, kind string, body io.Reader) page {
		t.Helper()
		return sam.do(http.MethodPost, path, onlyReader{body}, http.Header{"Content-Type": {kind}})
	}
	words := url.Values{"do": {"submit"}, "answer.did": {"I asked first."}, "answer.result": {"24 months."}}
	for _, path := range []string{try, try + "/evidence"} {
		body, kind := multipartBody(t, words, file{"big.pdf", "%PDF-1.7" + strings.Repeat("x", 10<<20)})
		chunked(path, kind, body).has(t, http.StatusRequestEntityTooLarge)
		sam.get(try).has(t, http.StatusOK, "I asked first.") // words that came before it are kept
		many := url.Values{}
		for i := range 401 {
			many.Set(fmt.Sprint("field", i), "x")
		}
		body, kind = multipartBody(t, many)
		chunked(path, kind, body).has(t, http.StatusRequestEntityTooLarge)
		body, kind = multipartBody(t, url.Values{"answer.did": {strings.Repeat("x", 300<<10)}})
		chunked(path, kind, body).has(t, http.StatusRequestEntityTooLarge)
	}
	for _, path := range []string{try, try + "/skip", sam.base + "/log", sam.base + "/coach", sam.base + "/preferences"} {
		chunked(path, "application/x-www-form-urlencoded", strings.NewReader("reason="+strings.Repeat("x", 300<<10))).has(t, http.StatusRequestEntityTooLarge)
	}
	if e := w.enrolment("5"); e.Steps["try"].State != "open" || e.Steps["try"].Hand != "" {
		t.Errorf("something of it was handed in: %+v", e.Steps["try"])
	}
}
