package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

const institutionAdmin = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"

// ada is an administrator of our platform, in the board of a course.
func (o *office) ada() *person {
	o.t.Helper()
	launch := launchOf("10", "Ada Admin", "Instructor")
	launch.Roles = append(launch.Roles, institutionAdmin)
	launch.Registration = o.platform(o.ours.ID)
	launch.Deployment = lti.Deployment{Registration: o.ours.ID, ID: "1", Tenant: "main", Status: lti.StatusActive}
	p, board := o.launch(launch)
	board.has(o.t, http.StatusOK)
	return p
}

// administering is Ada, signed in to the administration by her launch.
func (o *office) administering() (board, office *person) {
	o.t.Helper()
	ada := o.ada()
	in, first := o.signIn(linkIn(o.t, ada.post(ada.base+"/admin", nil)))
	first.has(o.t, http.StatusOK, "client-main")
	return ada, in
}

func TestWhoCameFromAPlatformIsTurnedAwayOnceItIsSuspendedOrRemoved(t *testing.T) {
	for name, cutOff := range map[string]func(*office) error{
		"suspended":            func(o *office) error { return o.tool.SuspendRegistration(t.Context(), o.ours.ID, lti.ByOperator) },
		"removed":              func(o *office) error { return o.tool.RemoveRegistration(t.Context(), o.ours.ID, lti.ByOperator) },
		"deployment suspended": func(o *office) error { return o.tool.SuspendDeployment(t.Context(), o.ours.ID, "1", lti.ByOperator) },
		"deployment moved": func(o *office) error {
			return o.tool.MoveDeployment(t.Context(), o.ours.ID, "1", "acme")
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			board, in := o.administering()
			invited := regexp.MustCompile(`/lti/register\?code=[A-Za-z0-9_-]+`).FindString(in.post("/admin/install/invitation", nil).text)
			spare := linkIn(t, board.post(board.base+"/admin", nil)) // a door not yet opened
			sam := launchOf("5", "Sam Sailor", "Learner")
			sam.Deployment = lti.Deployment{ID: "1"}
			learner, _ := o.launch(sam)
			must(t, cutOff(o))

			board.get(board.base+"/").has(t, http.StatusForbidden, "not connected")
			learner.get(learner.base+"/").has(t, http.StatusForbidden, "not connected")
			board.post(board.base+"/admin", nil).has(t, http.StatusForbidden, "not connected")
			_, answer := o.signIn(spare)
			answer.has(t, http.StatusForbidden, "This link does not sign you in")
			o.stranger().get(invited+"&openid_configuration="+url.QueryEscape(o.lms.URL+"/config")).has(t, http.StatusForbidden, "suspended or removed since")
			before := o.acts()
			for path, form := range map[string]url.Values{
				"/admin/platforms/" + string(o.ours.ID) + "/change":      {"do": {"resume"}},
				"/admin/platforms/" + string(o.ours.ID) + "/deployments": {"do": {"approve"}, "deployment": {"1"}},
				"/admin/install/invitation":                              nil,
			} {
				in.post(path, form).has(t, http.StatusForbidden, "cairn admin link")
			}
			if after := o.acts(); after != before {
				t.Errorf("something was done:\n%s", strings.TrimPrefix(after, before))
			}
			o.admin("main").get("/admin/platforms").has(t, http.StatusOK) // who came by the command line is not concerned
		})
	}
}

func TestAWindowOpensForNobodyWhosePlatformWasSuspended(t *testing.T) {
	o := newOffice(t)
	p := &person{world: o.world, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	first := p.open(launchOf("5", "Sam Sailor", "Learner"))
	ticket := mustURL(t, first.Header.Get("Location")).Query().Get("ticket")
	must(t, o.tool.SuspendRegistration(t.Context(), o.ours.ID, lti.ByTenant))
	o.stranger().post("/open", url.Values{"ticket": {ticket}}).has(t, http.StatusForbidden, "not connected")
}

func TestOnlyAnOperatorLiftsAnOperatorsSuspension(t *testing.T) {
	o := newOffice(t)
	operator, own := o.admin(""), o.admin("main")
	at := "/admin/platforms/" + string(o.ours.ID)
	operator.post(at+"/change", url.Values{"do": {"suspend"}}).has(t, http.StatusOK, "Resume")
	own.get(at).has(t, http.StatusOK, `id="locked"`)
	own.get(at).hasNot(t, `value="resume"`, `value="remove"`)
	for _, form := range []url.Values{{"do": {"resume"}}, {"do": {"suspend"}}, {"do": {"resume"}}, {"do": {"remove"}, "confirm": {"yes"}}} {
		own.post(at+"/change", form)
		if reg := o.platform(o.ours.ID); reg.Status != lti.StatusSuspended {
			t.Fatalf("%v by the tenant: it is %s", form, reg.Status)
		}
	}
	own.post(at+"/change", url.Values{"do": {"resume"}}).has(t, http.StatusForbidden, "Only an operator")
	operator.post(at+"/change", url.Values{"do": {"resume"}}).has(t, http.StatusOK)
	own.post(at+"/change", url.Values{"do": {"suspend"}}).has(t, http.StatusOK, "Resume") // their own they lift
	own.post(at+"/change", url.Values{"do": {"resume"}}).has(t, http.StatusOK)
	if reg := o.platform(o.ours.ID); reg.Status != lti.StatusActive || reg.SuspendedBy != "" {
		t.Errorf("it is %s, by %q", reg.Status, reg.SuspendedBy)
	}

	operator.post(at+"/deployments", url.Values{"do": {"suspend"}, "deployment": {"1"}}).has(t, http.StatusOK)
	own.get(at).hasNot(t, `class="small-button" name="do" value="approve"`)
	own.post(at+"/deployments", url.Values{"do": {"approve"}, "deployment": {"1"}}).has(t, http.StatusForbidden, "Only an operator")
	operator.post(at+"/deployments", url.Values{"do": {"approve"}, "deployment": {"1"}}).has(t, http.StatusOK)
}

func TestATenantWithADeploymentOnlyNeitherApprovesItNorTestsWithOthersCourses(t *testing.T) {
	o := newOffice(t)
	m, err := o.platforms.AddDeployment(t.Context(), lti.Deployment{Registration: o.theirs.ID, ID: "m", Tenant: "main", Status: lti.StatusActive})
	must(t, err)
	guest, owner := o.admin("main"), o.admin("acme")
	at := "/admin/platforms/" + string(o.theirs.ID)
	status := func() string {
		all, err := o.tool.Deployments(t.Context(), o.theirs.ID)
		must(t, err)
		for _, d := range all {
			if d.ID == "m" {
				return d.Status
			}
		}
		return "gone"
	}
	guest.post(at+"/deployments", url.Values{"do": {"suspend"}, "deployment": {"m"}}).has(t, http.StatusOK)
	guest.get(at).hasNot(t, `value="approve"`)
	for _, was := range []string{lti.StatusSuspended, lti.StatusPending} {
		m, err = o.platforms.Deployment(t.Context(), o.theirs.ID, "m")
		must(t, err)
		m.Status, m.SuspendedBy = was, lti.ByTenant
		must(t, o.platforms.SaveDeployment(t.Context(), m))
		guest.post(at+"/deployments", url.Values{"do": {"approve"}, "deployment": {"m"}}).has(t, http.StatusForbidden)
		if have := status(); have != was {
			t.Fatalf("approved by a guest, it is %s", have)
		}
	}
	if answer := owner.post(at+"/deployments", url.Values{"do": {"approve"}, "deployment": {"m"}}); answer.StatusCode != http.StatusNotFound {
		t.Errorf("the owner, who sees only deployments of their own tenant, was answered %d", answer.StatusCode)
	}
	o.admin("").post(at+"/deployments", url.Values{"do": {"approve"}, "deployment": {"m"}}).has(t, http.StatusOK)
	if have := status(); have != lti.StatusActive {
		t.Fatalf("approved by the operator, it is %s", have)
	}
}

func TestAdministratorsOfCanvasAdministerNothingUnlessAnOperatorSaysSo(t *testing.T) {
	o := newOffice(t)
	p := o.admin("main")
	p.post("/admin/install/registration", url.Values{"preset": {"beta"}, "client_id": {"77"}, "deployments": {"1"}}).
		has(t, http.StatusOK, `data-admins="off"`, "Nobody who comes from the platform")
	regs, err := o.tool.Registrations(t.Context())
	must(t, err)
	canvas := regs[slices.IndexFunc(regs, func(reg lti.Registration) bool { return reg.ClientID == "77" })]
	at := "/admin/platforms/" + string(canvas.ID)
	launch := func() (*person, page) {
		l := launchOf("10", "Ada Admin", "Instructor")
		l.Roles, l.Registration = append(l.Roles, institutionAdmin), o.platform(canvas.ID)
		return o.launch(l)
	}
	ada, board := launch()
	board.hasNot(t, "to-admin")
	ada.post(ada.base+"/admin", nil).has(t, http.StatusForbidden)
	unset := launchOf("11", "Adam Admin", "Instructor") // before any workflow is there
	unset.Roles, unset.Registration, unset.Custom["workflow"] = append(unset.Roles, institutionAdmin), o.platform(canvas.ID), "nothing-here"
	_, setup := o.launch(unset)
	setup.has(t, http.StatusNotFound, `id="setup"`)
	setup.hasNot(t, "/admin/signin")
	p.get(at).hasNot(t, `id="admins-on"`)
	p.post(at+"/change", url.Values{"do": {"admins-on"}}).has(t, http.StatusForbidden)

	operator := o.admin("")
	operator.post(at+"/change", url.Values{"do": {"admins-on"}}).has(t, http.StatusOK, `data-admins="on"`, `id="admins-off"`)
	ada, board = launch()
	board.has(t, http.StatusOK, "to-admin")
	in, first := o.signIn(linkIn(t, ada.post(ada.base+"/admin", nil)))
	first.has(t, http.StatusOK, "client-main")
	operator.post(at+"/change", url.Values{"do": {"admins-off"}}).has(t, http.StatusOK)
	in.get("/admin/platforms").has(t, http.StatusForbidden, "cairn admin link") // at once
	ada.post(ada.base+"/admin", nil).has(t, http.StatusForbidden)
	ada.get(ada.base+"/").has(t, http.StatusOK) // a teacher still
}
