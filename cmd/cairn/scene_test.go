package main

import (
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti/platform"
)

// scene is a school in which so much has happened that every page can be seen in
// each of its states: learners who just came, are at it, late, sent back, through or
// gone; whoever they ask; staff, designers and administrators. Each page is what a
// browser without scripts was sent.
type scene struct {
	*school
	service *engine.Service
	store   engine.Store
	every   platform.ResourceLink // the activity whose workflow has every kind of step
	shots   []shot
}

// shot is a page as it was sent.
type shot struct {
	name   string // "home", or "home-late" for another state; unique
	page   string // its template
	status int
	header http.Header
	body   string
	jar    http.CookieJar // of who saw it, for what the page shows further
}

// steps are those of the scene's workflow that learners do.
func (s *scene) steps() []engine.StepID {
	workflow, err := s.service.Workflow(s.t.Context(), "scene", 0)
	must(s.t, err)
	var ids []engine.StepID
	for _, step := range workflow.Steps() {
		if step.ForLearner() {
			ids = append(ids, step.ID)
		}
	}
	return ids
}

// newScene plays it all.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{school: newSchool(t, "")}
	r, err := s.h.rooms(t.Context(), "main")
	must(t, err)
	s.service, s.store = r.engine, r.store
	folder := filepath.Join("testdata", "scene")
	source, err := os.ReadFile(filepath.Join(folder, "scene.yaml"))
	must(t, err)
	_, problems, err := s.service.ImportWorkflow(t.Context(), "scene.yaml", source, os.DirFS(folder))
	must(t, err)
	if problems.Refused() {
		t.Fatal(problems)
	}
	s.every = s.place(t, map[string]string{"workflow": "scene"}, func(l *platform.ResourceLink) { l.Title = "Negotiate without giving margin away" })
	for _, u := range []platform.User{
		{ID: "21", Username: "dora", Given: "Dora", Family: "Doing", Email: "dora@example.org", ManagerEmail: "max@example.org", Zone: "Europe/Berlin"},
		{ID: "22", Username: "lara", Given: "Lara", Family: "Later", Email: "lara@example.org", ManagerEmail: "max@example.org", Zone: "Europe/Berlin"},
		{ID: "23", Username: "stan", Given: "Stan", Family: "Stopped", Email: "stan@example.org", ManagerEmail: "max@example.org", Zone: "Europe/Berlin"},
		{ID: "24", Username: "nora", Given: "Nora", Family: "Nobody", Email: "nora@example.org", Zone: "Europe/Berlin"},
		{ID: "25", Username: "cora", Given: "Cora", Family: "Complete", Email: "cora@example.org", ManagerEmail: "max@example.org", Zone: "Europe/Berlin"},
		{ID: "26", Username: "rima", Given: "Rima", Family: "Right-to-Left", Email: "rima@example.org", ManagerEmail: "max@example.org", Zone: "Asia/Amman", Locale: "ar-XB"},
		{ID: "27", Username: "gerd", Given: "Gerd", Family: "Größenwahn-Schiffahrtsgesellschaft", Email: "gerd@example.org", ManagerEmail: "max@example.org", Zone: "Europe/Vienna", Locale: "de"},
	} {
		must(t, s.lms.AddUser(u))
	}
	tessa := s.launches("tessa", s.every) // staff are known before learners ask for a coach
	s.learners()
	s.reviewers()
	s.staff(tessa)
	s.designers()
	s.administrators()
	s.doors()
	return s
}

// shoot keeps what the visitor was just shown.
func (s *scene) shoot(name string, v *visitor) {
	s.t.Helper()
	page := ""
	if body := find(v.page.root, func(n *html.Node) bool { return n.Data == "body" }); body != nil {
		page = attr(body, "data-page")
	}
	if page == "" {
		s.t.Errorf("%s is no page of ours (%d at %s):\n%.400s", name, v.page.status, v.page.url, v.page.body)
		return
	}
	if slices.ContainsFunc(s.shots, func(other shot) bool { return other.name == name }) {
		s.t.Errorf("two pages are called %s", name)
	}
	s.shots = append(s.shots, shot{name: name, page: page, status: v.page.status, header: v.page.header, body: v.page.body, jar: v.http.Jar})
}

// shootNew keeps what the visitor was just shown under its template's name, once.
func (s *scene) shootNew(v *visitor) {
	s.t.Helper()
	body := find(v.page.root, func(n *html.Node) bool { return n.Data == "body" })
	if body != nil && !slices.ContainsFunc(s.shots, func(other shot) bool { return other.page == attr(body, "data-page") }) {
		s.shoot(attr(body, "data-page"), v)
	}
}

// wanders follows the links below an address, a few of each sort, and keeps one page
// of each template that nobody has shown yet.
func (s *scene) wanders(v *visitor, from string) {
	s.t.Helper()
	seen, sorts := map[string]bool{from: true}, map[string]int{}
	for next := []string{from}; len(next) > 0 && len(seen) < 300; next = next[1:] {
		v.get(s.demo.Tool.URL + next[0])
		if !strings.HasPrefix(v.page.header.Get("Content-Type"), "text/html") || v.page.status >= 400 {
			continue
		}
		s.shootNew(v)
		each(v.page.root, func(n *html.Node) {
			to, _, _ := strings.Cut(attr(n, "href"), "#")
			to = strings.TrimPrefix(to, s.demo.Tool.URL)
			if n.Data != "a" || !strings.HasPrefix(to, strings.TrimSuffix(from, "/")+"/") || has(n, "download") || seen[to] {
				return
			}
			seen[to] = true
			where, query, _ := strings.Cut(to, "?")
			sort := ids.ReplaceAllString(path.Dir(where), "*") + " " + parameters.ReplaceAllString(query, "=")
			if path.Base(path.Dir(where)) != "steps" { // steps are alike, and many
				sort += ids.ReplaceAllString(path.Base(where), "*")
			}
			if sorts[sort]++; sorts[sort] <= 4 {
				next = append(next, to)
			}
		})
	}
}

var (
	ids        = regexp.MustCompile(`[0-9a-f-]{36}|[0-9a-f]{64}`)
	parameters = regexp.MustCompile(`=[^&]*`)
)

// see opens a page of the visitor's session and keeps it.
func (s *scene) see(name string, v *visitor, path string) {
	s.t.Helper()
	v.get(path)
	s.shoot(name, v)
}

// base is "/s/<handle>" of the page shown.
func base(v *visitor) string {
	parts := strings.SplitN(v.page.url.Path, "/", 4)
	if len(parts) < 3 || parts[1] != "s" {
		v.t.Fatalf("%s is in no session", v.page.url)
	}
	return "/s/" + parts[2]
}

// enrolment of a user of the LMS in the workflow of every kind.
func (s *scene) enrolment(user string) *engine.Enrolment {
	s.t.Helper()
	p, err := s.store.PersonByAccount(s.t.Context(), s.lms.URL(), user)
	must(s.t, err)
	all, err := s.store.EnrolmentsOf(s.t.Context(), p.ID)
	must(s.t, err)
	i := slices.IndexFunc(all, func(e *engine.Enrolment) bool { return e.Workflow == "scene" })
	if i < 0 {
		s.t.Fatalf("user %s is not in the scene's workflow", user)
	}
	return all[i]
}

// sweep lets what is due happen.
func (s *scene) sweep() {
	s.t.Helper()
	for range 3 {
		_, err := s.service.Sweep(s.t.Context(), "scene")
		must(s.t, err)
	}
}

// pass moves the clock by whole days, one by one.
func (s *scene) pass(days int) {
	s.t.Helper()
	for range days {
		must(s.t, s.clock.Advance(24*time.Hour))
		s.sweep()
	}
}

const someProse = "I asked for a longer contract before I lowered the price. They laughed, then agreed to two years."

// handsIn does one step as its page asks, and tells whether the page asked for anything.
func (s *scene) handsIn(v *visitor, base string, step engine.StepID) bool {
	s.t.Helper()
	v.get(base + "/steps/" + string(step))
	switch {
	case v.page.find("mark-done") != nil:
		v.submit("mark-done", nil)
	case v.page.find("submit") != nil:
		values := s.rated(v, "4", someProse)
		each(v.page.root, func(n *html.Node) {
			name := attr(n, "name")
			switch {
			case n.Data != "input" || name == "":
			case attr(n, "type") == "number":
				values.Set(name, "12")
			case attr(n, "type") == "checkbox" && values.Get(name) == "":
				values.Set(name, attr(n, "value"))
			}
		})
		if v.page.find("links") != nil {
			values.Set("links", "https://wiki.example/our-offer")
		}
		var files []upload
		if find(v.page.root, func(n *html.Node) bool { return attr(n, "type") == "file" }) != nil {
			files = append(files, upload{"evidence", "notes from the call.txt", "They asked for 5 %. I asked for two years."}, upload{"evidence", "board.png", tinyPNG})
		}
		v.submit("submit", values, files...)
	case v.page.find("post") != nil:
		for range 2 {
			v.submit("post", url.Values{"text": {"Ask for the reference call early. It costs them nothing."}})
		}
	default:
		return false
	}
	s.ok(v)
	return true
}

// answers lets Max, or the coach, answer a request by link.
func (s *scene) answersRequest(link, button, point string) {
	s.t.Helper()
	v := newVisitor(s.t)
	v.get(link)
	if v.page.find(button) == nil {
		s.t.Fatalf("%s has no #%s:\n%s", link, button, v.page.text())
	}
	v.submit(button, s.rated(v, point, "What did they say when you asked?"))
	s.ok(v)
}

// link is the address of a request about a step, if somebody is asked.
func (s *scene) requestLink(user string, step engine.StepID) string {
	s.t.Helper()
	e := s.enrolment(user)
	for _, r := range e.Steps[step].Requests {
		if r.Waiting() {
			return s.h.links.Request("main", e.ID, r.ID)
		}
	}
	return ""
}

// learners plays what learners do, and keeps their pages.
func (s *scene) learners() {
	for _, who := range []string{"dora", "lara", "stan", "cora"} {
		s.launches(who, s.every)
	}
	dora := s.launches("dora", s.every)
	home := base(dora)
	for _, step := range s.steps() {
		s.handsIn(dora, home, step)
	}
	s.sweep()
	for _, step := range s.steps() {
		s.see("step-"+string(step)+"-handed-in", dora, home+"/steps/"+string(step))
	}
	s.see("home-waiting", dora, home+"/")
	s.see("portfolio", dora, home+"/portfolio")
	s.sharesPortfolio(dora, home)
	s.answersRequest(s.requestLink("21", "try"), "return", "2")
	s.answersRequest(s.requestLink("21", "practise"), "approve", "4")
	s.see("step-try-returned", dora, home+"/steps/try")
	s.see("home-returned", dora, home+"/")

	stan := s.launches("stan", s.every)
	must(s.t, s.service.Unenrol(s.t.Context(), engine.Actor{System: "cli"}, s.enrolment("23").ID, "moved on"))
	s.see("home-stopped", stan, base(stan)+"/")

	cora := s.launches("cora", s.link) // the small workflow, to its end
	for _, step := range []engine.StepID{"read-trades", "reflect"} {
		s.handsIn(cora, base(cora), step)
	}
	s.see("home-small", cora, base(cora)+"/")
	s.pass(16)
	lara := s.launches("lara", s.every)
	s.see("home-late", lara, base(lara)+"/")
	for _, step := range []engine.StepID{"read", "survey", "call", "try"} {
		s.see("step-"+string(step)+"-late", lara, base(lara)+"/steps/"+string(step))
	}

	sam := s.launches("sam", s.every)
	s.see("home", sam, base(sam)+"/")
	for _, step := range s.steps() {
		s.see("step-"+string(step), sam, base(sam)+"/steps/"+string(step))
	}
	sam.get(base(sam) + "/steps/reflect")
	sam.submit("submit", s.answers(sam, "Short."))
	s.shoot("step-reflect-problem", sam)
	sam.get(base(sam) + "/steps/read")
	sam.submit("skip-step", url.Values{"reason": {""}})
	s.shoot("step-read-no-reason", sam)
	s.see("preferences", sam, base(sam)+"/preferences")
	s.see("portfolio-empty", sam, base(sam)+"/portfolio")
	s.wanders(sam, base(sam)+"/")
	s.wanders(dora, home+"/")
	dora.posts(home+"/window", url.Values{"to": {"/"}})
	s.shoot("ownwindow", dora)
	dora.posts(home+"/portfolio/links", url.Values{"days": {"30"}, "label": {"For my next review"}})
	if at := strings.Index(dora.page.body, s.demo.Tool.URL+"/p/"); at >= 0 {
		link, _, _ := strings.Cut(dora.page.body[at:], "\"")
		guest := newVisitor(s.t)
		guest.get(link)
		s.shoot("shared", guest)
		guest.get(s.h.links.Share("main", "withdrawn"))
		s.shoot("unshared", guest)
	} else {
		s.t.Errorf("no link to the portfolio:\n%s", dora.page.text())
	}
	s.see("error-not-found", sam, base(sam)+"/steps/nothing")

	nora := s.launches("nora", s.every)
	s.see("home-nobody", nora, base(nora)+"/")
	s.see("people", nora, base(nora)+"/people/manager")
	s.see("step-try-nobody", nora, base(nora)+"/steps/try")

	for who, name := range map[string]string{"rima": "rtl", "gerd": "german"} {
		v := s.launches(who, s.every)
		s.see("home-"+name, v, base(v)+"/")
		for _, step := range []engine.StepID{"read", "quiz", "survey", "try", "plan"} {
			s.see("step-"+string(step)+"-"+name, v, base(v)+"/steps/"+string(step))
		}
		s.see("preferences-"+name, v, base(v)+"/preferences")
	}
}

// sharesPortfolio shows what hangs from a portfolio, and what others see by its link, while it works and after.
func (s *scene) sharesPortfolio(v *visitor, home string) {
	s.t.Helper()
	s.see("portfolio-matrix", v, home+"/portfolio/matrix")
	s.see("portfolio-none", v, home+"/portfolio?kind=signoff")
	s.see("portfolio-links", v, home+"/portfolio/links")
	v.submit("make-link", url.Values{"label": {"Application to the academy"}, "days": {"30"}})
	s.shoot("portfolio-links-made", v)
	address := attr(v.page.find("address"), "value")
	v.get(home + "/portfolio/links")
	other := newVisitor(s.t)
	other.get(address)
	s.shoot("portfolio-shared", other)
	learner := s.enrolment("21").Learner
	links, err := s.service.PortfolioLinks(s.t.Context(), learner)
	must(s.t, err)
	must(s.t, s.service.RevokePortfolioLink(s.t.Context(), learner, links[0].ID))
	other.get(address)
	s.shoot("portfolio-unshared", other)
}

// reviewers are asked, by link; and from the gradebook.
func (s *scene) reviewers() {
	max := newVisitor(s.t)
	for _, step := range []engine.StepID{"survey-mgr", "briefing", "goal", "talk", "assignment", "feedback", "signoff", "try", "practise"} {
		for _, user := range []string{"21", "5"} {
			if link := s.requestLink(user, step); link != "" {
				max.get(link)
				s.shoot("request-"+string(step), max)
				s.wanders(max, strings.TrimPrefix(link, s.demo.Tool.URL))
				break
			}
		}
	}
	link := s.requestLink("5", "survey-mgr")
	max.get(link)
	max.submit("submit", nil)
	s.shoot("request-problem", max)
	s.answersRequest(link, "submit", "3")
	max.get(link)
	s.shoot("request-answered", max)
	if gone := s.enrolment("22"); gone != nil { // Lara's manager was asked three weeks ago
		for _, st := range gone.Steps {
			for _, r := range st.Requests {
				if !r.Waiting() {
					max.get(s.h.links.Request("main", gone.ID, r.ID))
					s.shoot("request-"+r.Outcome+"-"+string(r.Step), max)
				}
			}
		}
	}
	max.get(s.demo.Tool.URL + "/r/forged")
	s.shoot("error-link", max)
	manager, err := s.service.Person(s.t.Context(), s.enrolment("5").Steps["briefing"].Requests[0].Person)
	must(s.t, err)
	for name, made := range map[string]time.Time{"waitlist": s.clock.Now(), "waitlist-old": s.clock.Now().Add(-90 * 24 * time.Hour)} {
		max.get(s.h.links.Waitlist("main", manager.ID, manager.Waitlists, made))
		s.shoot(name, max)
	}
	person, err := s.store.PersonByAccount(s.t.Context(), s.lms.URL(), "5")
	must(s.t, err)
	leave := s.h.links.Unsubscribe("main", person.ID, "email")
	max.get(leave)
	s.shoot("leave", max)
	max.submit("unsubscribe", nil)
	s.shoot("leave-done", max)
	s.shoot("visitor", s.launches("max", s.every))
}

// staff see the course.
func (s *scene) staff(tessa *visitor) {
	home := base(tessa)
	s.see("board", tessa, home+"/")
	for _, step := range []string{"read", "try", "call"} {
		s.see("stepboard-"+step, tessa, home+"/board/steps/scene/"+step)
	}
	s.wanders(tessa, home+"/")
	tessa.get(home + "/board/several")
	tessa.submit("several", url.Values{"do": {"completed"}})
	s.shoot("several-nobody", tessa)
	tessa.submit("several", url.Values{"do": {"completed"}, "enrolment": {string(s.enrolment("5").ID)}})
	s.shoot("several-confirm", tessa)
	s.see("error-forbidden", tessa, home+"/preferences/none")
	empty := s.place(s.t, map[string]string{"workflow": "nothing-of-the-kind"})
	for _, who := range []string{"tessa", "sam"} {
		v := newVisitor(s.t)
		s.toLaunch(v, who, empty)
		s.shoot("setup-"+who, v)
	}
	absent := s.place(s.t, map[string]string{"workflow": "scene", "step": "gone"})
	v := newVisitor(s.t)
	s.toLaunch(v, "sam", absent)
	s.shoot("absent", v)
	ada := s.launches("ada", s.every)
	ada.get(base(ada) + "/")
	ada.submit("to-admin", nil)
	s.shoot("toadmin", ada)
}

// toLaunch opens an activity and goes on until a page of ours that asks nothing.
func (s *scene) toLaunch(v *visitor, who string, link platform.ResourceLink) {
	s.t.Helper()
	s.signIn(v, who)
	v.get(s.lms.URL() + "/mod/lti/launch.php?id=" + link.ID)
	for range 6 {
		if strings.Contains(v.page.url.Path, "/s/") || v.page.status >= 300 {
			return
		}
		v.follow()
	}
}

// designers pick what to place.
func (s *scene) designers() {
	v := newVisitor(s.t)
	s.picker(v, "signin-tessa")
	s.shoot("pick", v)
	home := base(v)
	s.see("pick-none", v, home+"/pick?q=nothing-of-the-kind&do=search")
	s.see("pick-problem", v, home+"/pick?do=next")
	s.see("place", v, home+"/pick?do=next&item="+url.QueryEscape("whole/scene")+"&item=portfolio")
	v.submit("place", nil)
	s.shoot("handback", v)
}

// administrators connect platforms.
func (s *scene) administrators() {
	v := newVisitor(s.t)
	v.get(s.demo.Tool.URL + "/admin/signin")
	s.shoot("admin-signin-closed", v)
	link, err := s.h.site.OperatorLink(s.t.Context())
	must(s.t, err)
	v.get(link)
	s.shoot("admin-signin", v)
	v.follow()
	for _, page := range []string{"install", "failures", "audit"} {
		s.see("admin-"+page, v, s.demo.Tool.URL+"/admin/"+page)
	}
	s.see("admin-platforms", v, s.demo.Tool.URL+"/admin/platforms")
	if one := v.page.link(func(href string) bool { return strings.HasPrefix(href, "/admin/platforms/") }); one != "" {
		s.see("admin-platform", v, one)
	}
	v.get(s.demo.Tool.URL + "/admin/install")
	v.submit("make-invitation", nil)
	s.shoot("admin-install-made", v)
}

// doors are the pages around launches and registrations.
func (s *scene) doors() {
	v := newVisitor(s.t)
	v.get(s.demo.Tool.URL + "/")
	s.shoot("front", v)
	v.get(s.demo.Tool.URL + "/nothing")
	s.shoot("error-no-page", v)

	// Launches that cookies cannot bind: some ask the storage of the platform.
	for _, target := range []string{"_parent", ""} {
		s.lms.SetQuirks(platform.Quirks{StorageTarget: target})
		sam := newVisitor(s.t)
		s.signIn(sam, "sam")
		sam.http.Jar = only{sam.http.Jar, s.lms.URL()}
		sam.get(s.lms.URL() + "/mod/lti/launch.php?id=" + s.every.ID)
		for range 8 {
			if strings.HasPrefix(sam.page.url.String(), s.demo.Tool.URL) {
				s.shootNew(sam)
			}
			if next := sam.page.link(func(href string) bool { return strings.HasPrefix(href, s.lms.URL()+"/mod/lti/auth") }); next != "" {
				sam.get(next)
			} else if find(sam.page.root, func(n *html.Node) bool { return n.Data == "form" }) != nil {
				sam.follow()
			}
		}
	}
	s.lms.SetQuirks(platform.Quirks{})

	// A frame in which no cookie is kept.
	var arrival string
	late := newVisitor(s.t)
	late.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Query().Has("ticket") {
			arrival = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	s.toLaunch(late, "sofia", s.every)
	blocked := newVisitor(s.t)
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, arrival, nil)
	must(s.t, err)
	request.Header.Set("Sec-Fetch-Dest", "iframe")
	blocked.do(request)
	s.shoot("blocked", blocked)

	ada := newVisitor(s.t)
	s.signIn(ada, "ada")
	invitation, err := s.h.tool.Invite(s.t.Context(), "main")
	must(s.t, err)
	ada.get(s.lms.URL() + "/admin/tools")
	ada.submit("registration-url", url.Values{"url": {invitation}})
	if frame := ada.page.find("registration-frame"); frame != nil {
		ada.get(attr(frame, "src"))
		s.shoot("registered", ada)
	} else {
		s.t.Errorf("no registration:\n%s", ada.page.text())
	}

	// The gradebook sends staff to one learner.
	s.lms.SetQuirks(platform.Quirks{SubmissionReview: true})
	tessa := newVisitor(s.t)
	s.signIn(tessa, "tessa")
	for user, name := range map[string]string{"21": "reviewed", "24": "reviewed-little"} {
		tessa.get(s.lms.URL() + "/grade/report/index.php")
		review := tessa.page.link(func(href string) bool {
			return strings.Contains(href, "id="+s.every.ID+"&") && strings.Contains(href, "for="+user+"&")
		})
		tessa.get(review)
		for range 5 {
			if strings.Contains(tessa.page.url.Path, "/s/") || tessa.page.status >= 400 {
				break
			}
			tessa.follow()
		}
		s.shoot(name+"-request", tessa)
		s.see(name, tessa, base(tessa)+"/")
	}
	s.lms.SetQuirks(platform.Quirks{})
}

// only is a jar that keeps the cookies of one site.
type only struct {
	http.CookieJar
	site string
}

func (o only) Cookies(u *url.URL) []*http.Cookie {
	if !strings.HasPrefix(o.site, u.Scheme+"://"+u.Host) {
		return nil
	}
	return o.CookieJar.Cookies(u)
}

func (o only) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if strings.HasPrefix(o.site, u.Scheme+"://"+u.Host) {
		o.CookieJar.SetCookies(u, cookies)
	}
}

// tinyPNG is a picture of two pixels.
const tinyPNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
