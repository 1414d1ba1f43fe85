package embedded

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed mailbox
var mailFiles embed.FS

// mailPages are the mailbox's parsed templates.
type mailPages struct {
	list, mail, none *template.Template
	static           fs.FS
}

func newMailPages() (*mailPages, error) {
	funcs := template.FuncMap{"linked": linked, "when": when}
	parse := func(name string) (*template.Template, error) {
		return template.New(name).Funcs(funcs).ParseFS(mailFiles, "mailbox/layout.html", "mailbox/"+name)
	}
	var p mailPages
	var err error
	for name, t := range map[string]**template.Template{"list.html": &p.list, "mail.html": &p.mail, "none.html": &p.none} {
		if *t, err = parse(name); err != nil {
			return nil, fmt.Errorf("embedded: mailbox pages: %w", err)
		}
	}
	if p.static, err = fs.Sub(mailFiles, "mailbox"); err != nil {
		return nil, fmt.Errorf("embedded: mailbox pages: %w", err)
	}
	return &p, nil
}

// routes is the mailbox's web server; nothing on it changes anything.
//
//	GET /                   the mails, newest first
//	GET /mails/{n}          one mail
//	GET /mails/{n}/html     its HTML part, for the frame
//	GET /api/mails          all of them as JSON, oldest first; ?to=address, ?after=n
//	GET /api/last           the number of the newest
func (m *Mailbox) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.listPage)
	mux.HandleFunc("GET /mails/{n}", m.mailPage)
	mux.HandleFunc("GET /mails/{n}/html", m.htmlPart)
	mux.HandleFunc("GET /api/mails", m.listJSON)
	mux.HandleFunc("GET /api/last", m.lastJSON)
	for _, name := range []string{"style.css", "list.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, m.pages.static, name) })
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { m.notFound(w) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // links in mails carry secrets
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		mux.ServeHTTP(w, r)
	})
}

func (m *Mailbox) render(w http.ResponseWriter, status int, t *template.Template, data any) {
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, "layout", data); err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

// listShown bounds the list page.
const listShown = 500

func (m *Mailbox) listPage(w http.ResponseWriter, _ *http.Request) {
	mails := m.Mails()
	slices.Reverse(mails)
	var last int64
	if len(mails) > 0 {
		last = mails[0].N
	}
	m.render(w, http.StatusOK, m.pages.list, map[string]any{
		"Title": "Mailbox", "Mails": mails[:min(listShown, len(mails))], "Total": len(mails), "Last": last,
		"Script": true, "SMTP": m.smtpAddr,
	})
}

// asked finds the mail that the path names.
func (m *Mailbox) asked(r *http.Request) (Mail, bool) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil {
		return Mail{}, false
	}
	return m.mail(n)
}

func (m *Mailbox) notFound(w http.ResponseWriter) {
	m.render(w, http.StatusNotFound, m.pages.none, map[string]any{"Title": "Not found"})
}

func (m *Mailbox) mailPage(w http.ResponseWriter, r *http.Request) {
	mail, ok := m.asked(r)
	if !ok {
		m.notFound(w)
		return
	}
	title := mail.Subject
	if title == "" {
		title = "(no subject)"
	}
	m.render(w, http.StatusOK, m.pages.mail, map[string]any{"Title": title, "Mail": mail})
}

// htmlPart serves a mail's HTML for the frame on its page: no scripts, nothing
// loaded, and every link in a new tab.
func (m *Mailbox) htmlPart(w http.ResponseWriter, r *http.Request) {
	mail, ok := m.asked(r)
	if !ok || mail.HTML == "" {
		m.notFound(w)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html><base target=\"_blank\">%s", mail.HTML)
}

func (m *Mailbox) listJSON(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, _ := strconv.ParseInt(q.Get("after"), 10, 64) // nonsense means all
	mails := slices.DeleteFunc(m.Mails(), func(mail Mail) bool {
		return mail.N <= after || (q.Has("to") && !slices.Contains(mail.To, q.Get("to")))
	})
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(append([]Mail{}, mails...)) // a broken line is the reader's
}

func (m *Mailbox) lastJSON(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	last := m.last
	m.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int64{"last": last})
}

var urls = regexp.MustCompile(`https?://[^\s<>"']+`)

// when is the date of a mail as its sender wrote it, or else when it came.
func when(m Mail) string {
	at := m.At
	for _, value := range m.Headers["Date"] {
		if date, err := mail.ParseDate(value); err == nil {
			at = date
		}
	}
	return at.Format("Mon 2 Jan 2006, 15:04 MST")
}

// linked turns the addresses in a plain text into links.
func linked(text string) template.HTML {
	var b strings.Builder
	at := 0
	for _, span := range urls.FindAllStringIndex(text, -1) {
		end := span[0] + len(strings.TrimRight(text[span[0]:span[1]], ".,;:!?)]"))
		b.WriteString(template.HTMLEscapeString(text[at:span[0]]))
		escaped := template.HTMLEscapeString(text[span[0]:end])
		b.WriteString(`<a href="` + escaped + `" target="_blank" rel="noopener">` + escaped + `</a>`)
		at = end
	}
	b.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(b.String()) //nolint:gosec // every piece is escaped above
}
