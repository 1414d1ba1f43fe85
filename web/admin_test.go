package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/cmd/egress"
	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/lti/ltisqlite"
	"github.com/cairn-lms/cairn/web"
)

// office is a site with a real tool, and two platforms of two tenants.
type office struct {
	*world
	tool         *lti.Tool
	platforms    lti.Store
	ours, theirs lti.Registration
	lms          *httptest.Server
	courses      lti.Courses
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{world: newWorld(t)}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	store, err := ltisqlite.New(t.Context(), db)
	must(t, err)
	o.platforms = store
	o.courses = store
	o.tool, err = lti.New(store, lti.Options{
		PublicURL: o.url, Secret: []byte(strings.Repeat("s", 32)), Now: o.clock.Now, Pages: o.site, OnLaunch: o.site.Launched,
		Client: egress.New(egress.Options{AllowPrivate: true}), AllowPrivate: true, CustomParameters: map[string]string{"zone": "$Person.address.timezone"},
	})
	must(t, err)
	o.site.Mount(o.tool, nil)
	router := mux.NewRouter()
	o.tool.Routes(router)
	o.mux.Handle("/lti/", router)
	o.mux.Handle("/admin/", o.site.Handler()) // routed anew: now there is a tool
	o.lms = httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(o.lms.Close)
	for _, tenant := range []string{"main", "acme"} {
		_, err := o.web.EnsureTenant(t.Context(), web.Tenant{Name: tenant, IRIBase: iris, CreatedAt: o.clock.Now()})
		must(t, err)
	}
	register := func(tenant, client string) lti.Registration {
		reg, err := o.tool.Register(t.Context(), lti.Registration{
			Issuer: o.lms.URL, ClientID: client, AuthURL: o.lms.URL + "/auth", TokenURL: o.lms.URL + "/token", JWKSURL: o.lms.URL + "/jwks", Tenant: tenant,
		}, "1")
		must(t, err)
		return reg
	}
	o.ours, o.theirs = register("main", "client-main"), register("acme", "client-acme")
	must(t, o.tool.SetAdminLaunches(t.Context(), o.ours.ID, true))
	o.ours = o.platform(o.ours.ID)
	o.reg = &o.ours
	return o
}

// platform is a registration as it stands.
func (o *office) platform(id lti.RegistrationID) lti.Registration {
	o.t.Helper()
	regs, err := o.tool.Registrations(o.t.Context())
	must(o.t, err)
	i := slices.IndexFunc(regs, func(reg lti.Registration) bool { return reg.ID == id })
	if i < 0 {
		return lti.Registration{Status: "gone"}
	}
	return regs[i]
}

// admin signs in by a new link: of a tenant, or with "" as the operator.
func (o *office) admin(tenant string) *person {
	o.t.Helper()
	link, err := o.adminLink(tenant)
	must(o.t, err)
	p, answer := o.signIn(link)
	answer.has(o.t, http.StatusOK, "Platforms")
	return p
}

func (o *office) adminLink(tenant string) (string, error) {
	if tenant == "" {
		return o.site.OperatorLink(o.t.Context())
	}
	return o.site.AdminLink(o.t.Context(), tenant)
}

func (o *office) signIn(link string) (*person, page) {
	o.t.Helper()
	jar, err := cookiejar.New(nil)
	must(o.t, err)
	p := &person{world: o.world, client: &http.Client{Jar: jar}}
	u, err := url.Parse(link)
	must(o.t, err)
	return p, p.post("/admin/signin", url.Values{"ticket": {u.Query().Get("ticket")}})
}

func (o *office) acts() string {
	o.t.Helper()
	entries, err := o.web.Audit(o.t.Context(), "", true, 100)
	must(o.t, err)
	var b strings.Builder
	for _, e := range entries {
		line, _ := json.Marshal(e)
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

func TestTheAdministrationIsClosedToEverybodyElse(t *testing.T) {
	o := newOffice(t)
	for _, path := range []string{"/admin/", "/admin/install", "/admin/platforms", "/admin/platforms/" + string(o.ours.ID), "/admin/failures", "/admin/audit"} {
		answer := o.stranger().get(path)
		answer.has(t, http.StatusForbidden, "cairn admin link")
		if strings.Contains(answer.text, o.lms.URL) {
			t.Errorf("%s tells a stranger of a platform", path)
		}
	}
	for _, path := range []string{"/admin/install/invitation", "/admin/install/canvas", "/admin/install/registration",
		"/admin/platforms/" + string(o.ours.ID) + "/change", "/admin/platforms/" + string(o.ours.ID) + "/tests"} {
		if answer := o.stranger().post(path, url.Values{"do": {"suspend"}}); answer.StatusCode != http.StatusForbidden {
			t.Errorf("POST %s answered a stranger %d", path, answer.StatusCode)
		}
	}
	if acts := o.acts(); acts != "" {
		t.Errorf("strangers did something: %s", acts)
	}
}

func TestASignInLinkWorksOnceForAQuarterOfAnHourAndLookingUsesNothingUp(t *testing.T) {
	o := newOffice(t)
	link, err := o.site.AdminLink(t.Context(), "main")
	must(t, err)
	path := strings.TrimPrefix(link, o.url)
	for range 3 { // mail scanners look
		o.stranger().get(path).has(t, http.StatusOK, "Sign in")
	}
	_, first := o.signIn(link)
	first.has(t, http.StatusOK, "Platforms")
	_, second := o.signIn(link)
	second.has(t, http.StatusForbidden, "This link does not sign you in")

	late, err := o.site.AdminLink(t.Context(), "main")
	must(t, err)
	must(t, o.clock.Advance(15*time.Minute))
	_, answer := o.signIn(late)
	answer.has(t, http.StatusForbidden, "This link does not sign you in")
}

func TestAnAdministratorsSessionEndsByTheClockAndByTheButton(t *testing.T) {
	o := newOffice(t)
	p := o.admin("")
	cookies := p.client.Jar.Cookies(mustURL(t, o.url))
	p.post("/admin/signout", nil).has(t, http.StatusOK, "cairn admin link")
	stolen := &person{world: o.world, client: &http.Client{}}
	for _, c := range cookies {
		answer := stolen.do(http.MethodGet, "/admin/platforms", nil, http.Header{"Cookie": {c.Name + "=" + c.Value}})
		answer.has(t, http.StatusForbidden, "cairn admin link")
	}
	p = o.admin("")
	must(t, o.clock.Advance(8*time.Hour))
	p.get("/admin/platforms").has(t, http.StatusForbidden, "cairn admin link")
}

func TestATenantsAdministratorSeesAndChangesTheirOwnTenantOnly(t *testing.T) {
	o := newOffice(t)
	p := o.admin("main")
	list := p.get("/admin/platforms")
	list.has(t, http.StatusOK, "client-main")
	if strings.Contains(list.text, "client-acme") {
		t.Error("the list shows another tenant's platform")
	}
	theirs := "/admin/platforms/" + string(o.theirs.ID)
	for _, answer := range []page{
		p.get(theirs), p.post(theirs+"/change", url.Values{"do": {"suspend"}}), p.post(theirs+"/tests", nil),
		p.post(theirs+"/change", url.Values{"do": {"remove"}, "confirm": {"yes"}}),
		p.post(theirs+"/deployments", url.Values{"do": {"suspend"}, "deployment": {"1"}}),
	} {
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s answered %d", answer.Request.Method, answer.Request.URL.Path, answer.StatusCode)
		}
	}
	for _, path := range []string{"/admin/install/invitation", "/admin/install/canvas", "/admin/install/registration"} {
		if answer := p.post(path, url.Values{"tenant": {"acme"}}); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s for another tenant answered %d", path, answer.StatusCode)
		}
	}
	if answer := p.post("/admin/platforms/"+string(o.ours.ID)+"/deployments", url.Values{"do": {"move"}, "deployment": {"1"}, "tenant": {"acme"}}); answer.StatusCode != http.StatusForbidden {
		t.Errorf("moving a deployment answered %d", answer.StatusCode)
	}
	o.admin("").get("/admin/platforms").has(t, http.StatusOK, "client-main", "client-acme")
	if log := p.get("/admin/audit"); strings.Contains(log.text, "acme") {
		t.Error("the log shows another tenant's acts")
	}
}

func TestAnAdministratorSuspendsResumesApprovesAndRemovesAndEachActIsNoted(t *testing.T) {
	o := newOffice(t)
	p, at := o.admin("main"), "/admin/platforms/"+string(o.ours.ID)
	status := func() string {
		regs, err := o.tool.Registrations(t.Context())
		must(t, err)
		for _, reg := range regs {
			if reg.ID == o.ours.ID {
				return reg.Status
			}
		}
		return "gone"
	}
	p.post(at+"/change", url.Values{"do": {"suspend"}}).has(t, http.StatusOK, "Suspended", "Resume")
	if status() != lti.StatusSuspended {
		t.Fatalf("after suspend it is %s", status())
	}
	p.post(at+"/change", url.Values{"do": {"resume"}}).has(t, http.StatusOK, "Active")
	p.post(at+"/deployments", url.Values{"do": {"suspend"}, "deployment": {"1"}}).has(t, http.StatusOK, "Approve")
	p.post(at+"/deployments", url.Values{"do": {"approve"}, "deployment": {"1"}}).has(t, http.StatusOK)
	p.post(at+"/change", url.Values{"do": {"auto"}}).has(t, http.StatusOK, `value="auto" checked`)
	p.post(at+"/change", url.Values{"do": {"rotate"}}).has(t, http.StatusOK)
	p.post(at+"/change", url.Values{"do": {"rotate"}}).has(t, http.StatusConflict) // one is under way
	if answer := p.post(at+"/change", url.Values{"do": {"remove"}}); answer.StatusCode != http.StatusUnprocessableEntity || status() == "gone" {
		t.Fatalf("removing without saying so answered %d", answer.StatusCode)
	}
	p.post(at+"/change", url.Values{"do": {"remove"}, "confirm": {"yes"}}).has(t, http.StatusOK, "No LMS is connected yet")
	if status() != "gone" {
		t.Fatalf("after remove it is %s", status())
	}
	acts := o.acts()
	for _, act := range strings.Fields("signin registration.suspend registration.resume deployment.suspend deployment.approve registration.auto registration.rotate registration.remove") {
		if !strings.Contains(acts, `"act":"`+act+`"`) {
			t.Errorf("%s is not in the log:\n%s", act, acts)
		}
	}
	p.get("/admin/audit").has(t, http.StatusOK, "Suspended a platform", "One-time link")
}

func TestTheInstallPageGivesAddressesAndTakesARegistration(t *testing.T) {
	o := newOffice(t)
	p := o.admin("main")
	p.get("/admin/install").has(t, http.StatusOK, "Add LTI Advantage", "Activate", "Initiate login URL", "Public keyset", "zone=$Person.address.timezone",
		"By Client ID", o.url+"/lti/login", o.url+"/lti/jwks", o.url+"/lti/launch")
	made := p.post("/admin/install/invitation", nil)
	made.has(t, http.StatusOK, o.url+"/lti/register?code=")
	canvas := p.post("/admin/install/canvas", nil)
	found := regexp.MustCompile(`value="([^"]+/lti/canvas\.json\?code=[^"]+)"`).FindStringSubmatch(canvas.text)
	if found == nil {
		t.Fatalf("no address for Canvas:\n%s", canvas.text)
	}
	o.stranger().get(strings.TrimPrefix(found[1], o.url)).has(t, http.StatusOK, `"public_jwk_url"`, "course_navigation")

	wrong := p.post("/admin/install/registration", url.Values{"client_id": {"two words"}, "auth_url": {"ftp://x"}})
	wrong.has(t, http.StatusUnprocessableEntity, `href="#client_id"`, `href="#auth_url"`, `href="#issuer"`, "two words")
	taken := p.post("/admin/install/registration", url.Values{"issuer": {o.ours.Issuer}, "client_id": {o.ours.ClientID},
		"auth_url": {"https://a.example/1"}, "token_url": {"https://a.example/2"}, "jwks_url": {"https://a.example/3"}})
	taken.has(t, http.StatusUnprocessableEntity, "registered already")
	p.post("/admin/install/registration", url.Values{"issuer": {o.ours.Issuer}, "client_id": {"of-my-own"},
		"auth_url": {"https://a.example/1"}, "token_url": {"https://a.example/2"}, "jwks_url": {"https://a.example/3"}}).
		has(t, http.StatusUnprocessableEntity, `href="#jwks_url"`, "another address of its keys")
	p.post("/admin/install/registration", url.Values{"preset": {"beta"}, "client_id": {"10000000000001"}, "deployments": {"7 8"}}).
		has(t, http.StatusOK, "https://canvas.beta.instructure.com", "https://sso.beta.canvaslms.com/api/lti/security/jwks", "10000000000001")
	p.post("/admin/install/registration", url.Values{"preset": {"selfhosted"}, "client_id": {"3"}, "host": {"canvas.example.edu/x"}}).
		has(t, http.StatusUnprocessableEntity, `href="#host"`)
	p.post("/admin/install/registration", url.Values{"preset": {"selfhosted"}, "client_id": {"3"}, "host": {"canvas.example.edu"}}).
		has(t, http.StatusOK, "https://canvas.example.edu/api/lti/authorize_redirect")
}

func TestRefusedLaunchesAreShownWithTheirReasonAndWhatToDo(t *testing.T) {
	o := newOffice(t)
	stranger := o.stranger()
	stranger.get("/lti/login?" + url.Values{"iss": {"https://unknown.example"}, "login_hint": {"5"}, "target_link_uri": {o.url + "/lti/launch"}}.Encode())
	stranger.get("/lti/login?" + url.Values{"iss": {o.ours.Issuer}, "client_id": {"client-main"}, "login_hint": {"5"}, "target_link_uri": {"https://evil.example/"}}.Encode())
	o.admin("").get("/admin/failures").has(t, http.StatusOK, "unknown_issuer", "https://unknown.example", "target_off_origin", "Nobody has registered this platform")
	own := o.admin("main").get("/admin/failures")
	own.has(t, http.StatusOK, "target_off_origin")
	if strings.Contains(own.text, "unknown_issuer") {
		t.Error("what belongs to nobody is shown to a tenant's administrator")
	}
	if other := o.admin("acme").get("/admin/failures"); strings.Contains(other.text, "target_off_origin") {
		t.Error("another tenant's refusals are shown")
	}
	o.admin("main").get("/admin/platforms/"+string(o.ours.ID)).has(t, http.StatusOK, "target_off_origin")
}

func TestSelfTestsAreRunByAButtonAndSaidInPlainWords(t *testing.T) {
	o := newOffice(t)
	answer := o.admin("main").post("/admin/platforms/"+string(o.ours.ID)+"/tests", nil)
	answer.has(t, http.StatusOK, `data-check="keys" data-state="fail" data-cause="keys_status"`, "answers, but with an error")
}

func TestAnAdministratorOfTheLMSGoesToTheirOwnTenantAndNobodyElseDoes(t *testing.T) {
	o := newOffice(t)
	teacher, board := o.launch(launchOf("8", "Tina Teacher", "Instructor"))
	if strings.Contains(board.text, "to-admin") {
		t.Error("a teacher is offered the administration")
	}
	if answer := teacher.post(teacher.base+"/admin", nil); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a teacher was answered %d", answer.StatusCode)
	}
	sam := o.sam()
	if answer := sam.post(sam.base+"/admin", nil); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a learner was answered %d", answer.StatusCode)
	}
	course := launchOf("9", "Carl Course", "Administrator") // of one course
	if carl, board := o.launch(course); strings.Contains(board.text, "to-admin") || carl.post(carl.base+"/admin", nil).StatusCode != http.StatusForbidden {
		t.Error("an administrator of one course is let in")
	}
	launch := launchOf("10", "Ada Admin", "Instructor")
	launch.Roles = append(launch.Roles, "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator")
	ada, board := o.launch(launch)
	board.has(t, http.StatusOK, "to-admin")
	in, first := o.signIn(linkIn(t, ada.post(ada.base+"/admin", nil)))
	first.has(t, http.StatusOK, "client-main")
	if strings.Contains(first.text, "client-acme") {
		t.Error("she sees another tenant")
	}
	if acts := o.acts(); !strings.Contains(acts, `"by":"launch"`) || strings.Contains(acts, "Ada") {
		t.Errorf("the log says %s", acts)
	}
	in.get("/admin/install").has(t, http.StatusOK, "Add LTI Advantage")
}

// linkIn is the way into the administration on a page.
func linkIn(t testing.TB, p page) string {
	t.Helper()
	found := regexp.MustCompile(`id="open-admin" href="([^"]+/admin/signin\?ticket=[A-Z0-9]+)" target="_blank"`).FindStringSubmatch(p.text)
	if found == nil {
		t.Fatalf("no way into the administration (%d):\n%s", p.StatusCode, p.text)
	}
	return found[1]
}

func TestAnAdministratorFindsTheWayBeforeAnyWorkflowIsThere(t *testing.T) {
	o := newOffice(t)
	unset := func(subject, name string, roles ...string) page {
		l := launchOf(subject, name, "Instructor")
		l.Custom["workflow"] = "nothing-here"
		l.Roles = append(l.Roles, roles...)
		_, answer := o.launch(l)
		return answer
	}
	if teacher := unset("8", "Tina Teacher"); teacher.StatusCode != http.StatusNotFound || strings.Contains(teacher.text, "open-admin") {
		t.Errorf("a teacher is offered the administration: %d", teacher.StatusCode)
	}
	ada := unset("10", "Ada Admin", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator")
	ada.has(t, http.StatusNotFound, `id="setup"`)
	_, first := o.signIn(linkIn(t, ada))
	first.has(t, http.StatusOK, "client-main")
	if strings.Contains(first.text, "client-acme") {
		t.Error("she sees another tenant")
	}
	if acts := o.acts(); !strings.Contains(acts, `"by":"launch"`) {
		t.Errorf("the log says %s", acts)
	}
}

// A session or ticket that lost its tenant, in the store or by an older version,
// opens nothing.
func TestAnAdministratorWithoutATenantIsNoOperator(t *testing.T) {
	o := newOffice(t)
	p := o.admin("main")
	for _, c := range p.client.Jar.Cookies(mustURL(t, o.url)) {
		sum := sha256.Sum256([]byte(c.Value))
		session, err := o.web.Session(t.Context(), hex.EncodeToString(sum[:]))
		must(t, err)
		session.Tenant = ""
		must(t, o.web.DeleteSession(t.Context(), session.IDHash))
		must(t, o.web.PutSession(t.Context(), session))
	}
	p.get("/admin/platforms").has(t, http.StatusForbidden, "cairn admin link")
	if link, err := o.site.AdminLink(t.Context(), ""); err == nil {
		t.Errorf("a link for no tenant was made: %s", link)
	}
}

func TestATicketOfOneKindOpensNoDoorOfTheOther(t *testing.T) {
	o := newOffice(t)
	link, err := o.site.OperatorLink(t.Context())
	must(t, err)
	if answer := o.stranger().post("/open", url.Values{"ticket": {mustURL(t, link).Query().Get("ticket")}}); answer.StatusCode != http.StatusForbidden {
		t.Errorf("an administrator's ticket opened a learner's window: %d", answer.StatusCode)
	}
	sam := o.sam()
	for _, c := range sam.client.Jar.Cookies(mustURL(t, o.url)) {
		answer := o.stranger().do(http.MethodGet, "/admin/platforms", nil, http.Header{"Cookie": {"cairn-admin=" + c.Value, "__Host-cairn-admin=" + c.Value}})
		answer.has(t, http.StatusForbidden, "cairn admin link")
	}
}

func TestAnotherSiteCannotMakeAnAdministratorAct(t *testing.T) {
	o := newOffice(t)
	p := o.admin("")
	answer := p.do(http.MethodPost, "/admin/platforms/"+string(o.ours.ID)+"/change", strings.NewReader("do=suspend"),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}})
	if answer.StatusCode != http.StatusForbidden || strings.Contains(o.acts(), "registration.suspend") {
		t.Errorf("answered %d; acts:\n%s", answer.StatusCode, o.acts())
	}
	first := p.get("/admin/platforms")
	if policy := first.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
}
