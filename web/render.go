package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/text"
	"github.com/cairn-lms/cairn/web/ui"
)

// view is what every template gets: the words, the reader's clock, and Body, the
// page's own data. Inside range and with, say $.T.
type view struct {
	*text.Messages
	Page      string // which one: "home" is page_home.html
	TitleKey  string // of the message that titles the window
	TitleArgs []any
	Now       time.Time
	Zone      string // IANA; empty: UTC
	Base      string // "/s/<handle>", or empty outside a session
	RequestID string
	Failed    bool               // a form came back with problems
	Rated     []engine.Behaviour // what reviewers on this page rated, in the order of the workflow
	Reader    engine.PersonID    // of a reviewer's page
	DevClock  bool
	Admin     *adminNav // of the administration's pages
	Back      string    // where the clock returns to
	Framed    bool      // the browser says that this page is in a frame, and a window of its own can be had
	Here      string    // the page's own address, to come back to
	Owner     string    // whose session it is, for what the browser keeps of their typing
	Frames    []string  // origins that frame this page and are told its height
	Body      any

	assets *assets
	zips   bool // the browser unpacks gzip
}

// Title is the title of the window; one whose form came back says so first.
func (v *view) Title() string {
	title := v.T(v.TitleKey, v.TitleArgs...)
	if v.Failed {
		return v.T("page.form.title", "title", title)
	}
	return title
}

// Asset is the address of one of our files.
func (v *view) Asset(name string) string { return v.assets.url(name) }

// With is the same view of something else, for a template inside a template.
func (v *view) With(body any) *view {
	w := *v
	w.Body = body
	return &w
}

// RatedBy is the same view of an answer in which these behaviours were rated.
func (v *view) RatedBy(rated []engine.Behaviour, body any) *view {
	w := v.With(body)
	w.Rated = rated
	return w
}

// When says an instant as people do.
func (v *view) When(t time.Time) string { return v.Moment(t, v.Now, v.Zone) }

// Name is how a person is called where the platform kept the name to itself.
func (v *view) Name(p engine.Person) string {
	if p.Name != "" {
		return p.Name
	}
	return v.T("page.nameless")
}

// Role is how the reader speaks of a role, at the start of a sentence: to learners
// it is their manager, to reviewers the learner's.
func (v *view) Role(role engine.Role) string {
	if v.Reader != "" {
		return v.T("page.role_of." + string(role))
	}
	return v.T("page.role." + string(role))
}

// Reviewer is how the reader is told who answered: by name, and a learner whose
// platform gave no name by role rather than by address.
func (v *view) Reviewer(r engine.ReviewView) string {
	if r.Name == "" || v.Base != "" && strings.Contains(r.Name, "@") {
		return v.Role(r.Role)
	}
	return r.Name
}

// Points are the points a reviewer chose, in words. Reviewers see their own
// alone: what others chose must not sway them.
func (v *view) Points(r engine.ReviewView) []chosenPoint {
	if v.Base == "" && r.By != v.Reader {
		return nil
	}
	return pointsOf(v.Rated, r.Ratings)
}

// Asked is who was asked, in the same way.
func (v *view) Asked(p engine.Person, role engine.Role) string {
	if p.Name == "" || strings.Contains(p.Name, "@") {
		return v.Role(role)
	}
	return p.Name
}

// In is the reader's language of an authored text.
func (v *view) In(t engine.Text) string { return t.In(v.Language()) }

// pages are the templates: each page with the layout and the parts, put together when it is first drawn, because most
// processes draw few of them, and workers none.
type pages struct {
	byName map[string]func() (*template.Template, error)
}

func loadPages() (*pages, error) {
	shared, err := template.New("").Funcs(template.FuncMap{"markdown": markdown, "paragraphs": paragraphs, "size": fileSize, "pair": pair}).
		ParseFS(ui.Files, "templates/layout.html", "templates/part_*.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	names, err := fs.Glob(ui.Files, "templates/page_*.html")
	if err != nil {
		return nil, err
	}
	p := &pages{byName: make(map[string]func() (*template.Template, error), len(names))}
	for _, name := range names {
		p.byName[strings.TrimSuffix(strings.TrimPrefix(path.Base(name), "page_"), ".html")] = sync.OnceValues(func() (*template.Template, error) {
			own, err := shared.Clone()
			if err != nil {
				return nil, err
			}
			return own.ParseFS(ui.Files, name)
		})
	}
	return p, nil
}

// execute writes one template of a page: "layout" is the page itself.
func (p *pages) execute(w io.Writer, page, part string, v *view) error {
	load, ok := p.byName[page]
	if !ok {
		return fmt.Errorf("no page %q", page)
	}
	t, err := load()
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	return t.ExecuteTemplate(w, part, v)
}

// view makes the view of a request. The language is the session's, else the
// browser's.
func (s *Site) view(r *http.Request) *view {
	v := &view{assets: s.assets, zips: takesGzip(r), Now: s.now(), RequestID: traceOf(r.Context()).id, TitleKey: "page.title"}
	locale := r.Header.Get("Accept-Language")
	if session := traceOf(r.Context()).session; session != nil {
		v.Zone = session.Zone
		v.Base = "/s/" + session.Handle
		v.Frames = session.Ancestors
		v.Owner = ownerOf(session)
		v.Framed, v.Here = framed(r) && (session.Role == RoleLearner || session.Role == RoleStaff), r.URL.Path
		if session.Locale != "" {
			locale = session.Locale
		}
		if s.o.DevClock != nil {
			v.DevClock, v.Back = true, r.URL.Path
			if r.Method != http.MethodGet {
				v.Back = v.Base + "/"
			}
		}
	}
	v.Messages = text.Catalogue(locale)
	return v
}

// titled sets the title of the window.
func (v *view) titled(key string, args ...any) *view {
	v.TitleKey, v.TitleArgs = key, args
	return v
}

// speak changes the language, where it is known better than by the browser.
func (v *view) speak(locale string) *view {
	if locale != "" {
		v.Messages = text.Catalogue(locale)
	}
	return v
}

// draw renders a page whole before the first byte leaves, so that a failing
// template is an error page and never half a page.
func (s *Site) draw(w http.ResponseWriter, status int, page string, v *view, body any) error {
	v.Page = page
	v.Body, v.Failed = body, status == http.StatusUnprocessableEntity && page != "error"
	var b bytes.Buffer
	if err := s.pages.execute(&b, page, "layout", v); err != nil {
		return fmt.Errorf("web: draw %s: %w", page, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := s.packer.pack(w.Header(), &b, v.zips); err != nil {
		return fmt.Errorf("web: draw %s: %w", page, err)
	}
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader has gone; there is nobody to tell
	return nil
}

// pair hands two things to a template inside a template.
func pair(a, b any) []any { return []any{a, b} }

// paragraphs splits what a person wrote at its line breaks; the template escapes.
func paragraphs(s string) []string {
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// fileSize says a size in the unit people use.
func fileSize(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	default:
		return fmt.Sprintf("%d B", n)
	}
}
