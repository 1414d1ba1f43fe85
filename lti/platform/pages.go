package platform

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed templates static
var files embed.FS

// maxPageBody bounds what a browser posts to us.
const maxPageBody = 256 << 10

// pages are the parsed templates, by name.
type pages struct {
	byName map[string]*template.Template
	static fs.FS
}

func newPages() (*pages, error) {
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("platform: pages: %w", err)
	}
	entries, err := fs.ReadDir(files, "templates")
	if err != nil {
		return nil, fmt.Errorf("platform: pages: %w", err)
	}
	ps := &pages{byName: map[string]*template.Template{}, static: static}
	funcs := template.FuncMap{"points": points, "percent": percent}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "layout" {
			continue
		}
		t, err := template.New(name).Funcs(funcs).ParseFS(files, "templates/layout.html", "templates/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("platform: pages: %w", err)
		}
		ps.byName[name] = t
	}
	return ps, nil
}

// points writes a score without needless zeros.
func points(f float64) string {
	return strconv.FormatFloat(float64(int64(f*100+0.5))/100, 'f', -1, 64)
}

func percent(given, maximum float64) int {
	if maximum <= 0 {
		return 0
	}
	return int(given/maximum*100 + 0.5)
}

// field is a hidden form field.
type field struct{ Name, Value string }

// routes is the whole platform. Pages that act on the world refuse POSTs from
// other origins; what tools and their forms call proves itself.
func (p *Platform) routes() http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /{$}", p.homePage)
	own.HandleFunc("GET /login/index.php", p.signInPage)
	own.HandleFunc("POST /login/index.php", p.signIn)
	own.HandleFunc("POST /login/logout.php", p.signOut)
	own.HandleFunc("GET /course/view.php", p.coursePage)
	own.HandleFunc("POST /course/completed", p.completed)
	own.HandleFunc("GET /user/index.php", p.rosterPage)
	own.HandleFunc("GET /grade/report/index.php", p.gradebookPage)
	own.HandleFunc("GET /course/modedit.php", p.addActivityPage)
	own.HandleFunc("POST /course/modedit.php", p.addActivity)
	own.HandleFunc("GET /admin/tools", p.toolsPage)
	own.HandleFunc("POST /admin/tools/register", p.beginRegistration)
	own.HandleFunc("POST /admin/tools/activate", p.activateTool)
	own.HandleFunc("POST /clock/advance", p.advanceClock)
	own.HandleFunc("GET /mod/lti/view.php", p.activityPage)
	own.HandleFunc("GET /mod/lti/launch.php", p.launchPage)
	own.HandleFunc("GET /mod/lti/storage.php", p.storageFrame)
	own.HandleFunc("GET /mod/lti/return.php", p.returnPage)
	own.HandleFunc("POST /mod/lti/contentitem.php", p.pickContent)
	own.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(p.pages.static)))
	own.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.errorPage(w, r, http.StatusNotFound, "There is no such page")
	})
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.errorPage(w, r, http.StatusForbidden, "This form was sent from another site")
	}))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /mod/lti/auth.php", p.authorize)
	mux.HandleFunc("POST /mod/lti/auth.php", p.authorize)
	mux.HandleFunc("GET /mod/lti/elsewhere.php", p.elsewherePage)
	mux.HandleFunc("GET "+keySetPath, p.keySet)
	mux.HandleFunc("POST /mod/lti/token.php", p.token)
	mux.HandleFunc(servicesPath+"/", p.services)
	mux.HandleFunc("POST /mod/lti/contentitem_return.php", p.contentReturn)
	mux.HandleFunc("GET "+configurationPath, p.configuration)
	mux.HandleFunc("POST "+registrationPath, p.register)
	mux.Handle("/", p.canonical(guard.Handler(own)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Content-Security-Policy", p.policy())
		r.Body = http.MaxBytesReader(w, r.Body, max(maxPageBody, maxServiceBody))
		if p.down(r.URL.Path) {
			http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// canonical brings people who came by another name (127.0.0.1 for localhost)
// to the issuer's, because the session lives there; Moodle does the same.
func (p *Platform) canonical(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && !strings.HasSuffix(p.issuer, "://"+r.Host) {
			http.Redirect(w, r, p.issuer+r.URL.RequestURI(), http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy: nothing but our own files, and the
// registered tools in frames and as the target of forms.
func (p *Platform) policy(more ...string) string {
	origins := append([]string{"'self'", p.issuer}, more...)
	p.view(func(w *world) {
		for _, t := range w.Tools {
			for _, s := range append([]string{t.LoginURL, t.TargetLinkURI, t.DeepLinkURL}, t.RedirectURIs...) {
				if o := originOf(s); o != "" && !slices.Contains(origins, o) {
					origins = append(origins, o)
				}
			}
		}
	})
	if v := p.storage(); v != nil && v.Elsewhere != "" {
		origins = append(origins, p.elsewhere())
	}
	list := strings.Join(origins, " ")
	return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'; " +
		"frame-src " + list + "; form-action " + list
}

// render writes a page: data plus what the layout needs.
func (p *Platform) render(w http.ResponseWriter, r *http.Request, status int, name string, data map[string]any) {
	if data == nil {
		data = map[string]any{}
	}
	user, _, ok := p.signedIn(r)
	data["Site"], data["SignedIn"], data["User"], data["Here"] = siteName, ok, user, r.URL.RequestURI()
	if r.Method != http.MethodGet {
		data["Here"] = "/"
	}
	p.view(func(wd *world) { data["Course"] = wd.Course })
	data["Teaches"], data["Admin"] = user.teaches(), user.Role == RoleAdmin
	data["Reviews"] = p.Quirks().SubmissionReview && user.reviews()
	if bare, _ := data["Bare"].(bool); !bare {
		data["Storage"] = p.storage()
	}
	if p.o.Clock != nil {
		data["Clock"] = p.localTime(user, p.time()).Format("Mon 2 January 2006, 15:04 MST")
	}
	var buf bytes.Buffer
	if err := p.pages.byName[name].ExecuteTemplate(&buf, "layout", data); err != nil {
		p.log.Error("render page", "page", name, "error", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

// localTime shows a time as the person's zone has it.
func (p *Platform) localTime(u User, t time.Time) time.Time {
	if loc, err := time.LoadLocation(u.Zone); err == nil && u.Zone != "" {
		return t.In(loc)
	}
	return t.UTC()
}

// postForm answers with a form that posts itself, or by its button without
// scripts.
func (p *Platform) postForm(w http.ResponseWriter, r *http.Request, name, action string, fields []field, title string) {
	p.render(w, r, http.StatusOK, "post", map[string]any{
		"Title": title, "Name": name, "Action": action, "Fields": fields, "Bare": true,
	})
}

func (p *Platform) errorPage(w http.ResponseWriter, r *http.Request, status int, message string) {
	p.render(w, r, status, "error", map[string]any{"Title": "Error", "Message": message, "Status": status})
}

// fail is for what should not happen: the reason goes to the log only.
func (p *Platform) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errFull) {
		p.errorPage(w, r, http.StatusInsufficientStorage, "This demo campus is full")
		return
	}
	p.log.Error("request failed", "path", r.URL.Path, "error", err)
	p.errorPage(w, r, http.StatusInternalServerError, "Something went wrong here; the log says what")
}

// localPath takes a path of ours to go back to, or "/" for anything else.
func localPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
		return "/"
	}
	return s
}
