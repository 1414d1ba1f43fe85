package platform

import (
	"net/http"
	"strings"
)

// addActivityPage lets a teacher choose a tool, and then in the tool what to add.
//
//	GET /course/modedit.php
func (p *Platform) addActivityPage(w http.ResponseWriter, r *http.Request) {
	if _, _, ok := p.teacher(w, r); !ok {
		return
	}
	p.render(w, r, http.StatusOK, "modedit", map[string]any{"Title": "Add an activity", "Tools": p.Tools()})
}

// addActivity adds an activity by hand: a title and custom parameters, one
// name=value a line, as Moodle's form has them.
func (p *Platform) addActivity(w http.ResponseWriter, r *http.Request) {
	if _, _, ok := p.teacher(w, r); !ok {
		return
	}
	l := ResourceLink{
		ClientID: r.PostFormValue("tool"), Title: strings.TrimSpace(r.PostFormValue("title")), Custom: map[string]string{},
		Ungraded: r.PostFormValue("graded") == "", AfterCompletion: r.PostFormValue("after") != "",
	}
	for line := range strings.Lines(r.PostFormValue("custom")) {
		if k, v, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) != "" && len(l.Custom) < 100 {
			l.Custom[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	var known bool
	p.view(func(wd *world) { _, known = wd.tool(l.ClientID) })
	if !known || len(l.Title) > 255 {
		p.errorPage(w, r, http.StatusBadRequest, "Choose a tool and a title of at most 255 characters")
		return
	}
	l, err := p.AddResourceLink(r.Context(), l)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/course/view.php?id="+l.CourseID+"&notice=added", http.StatusSeeOther)
}

// toolsPage is the administrator's list of tools.
func (p *Platform) toolsPage(w http.ResponseWriter, r *http.Request) {
	if !p.admin(w, r) {
		return
	}
	data := map[string]any{"Title": "External tools", "Tools": p.Tools(), "Issuer": p.issuer}
	data["Notice"], data["NoticeBad"] = notice(r.URL.Query().Get("notice"))
	p.render(w, r, http.StatusOK, "tools", data)
}

// beginRegistration opens the tool's registration page in an iframe.
//
//	POST /admin/tools/register  url=…
func (p *Platform) beginRegistration(w http.ResponseWriter, r *http.Request) {
	if !p.admin(w, r) {
		return
	}
	full, _, err := p.inviteTool(strings.TrimSpace(r.PostFormValue("url")))
	if err != nil {
		p.errorPage(w, r, http.StatusBadRequest, "The registration URL must be a full http(s) URL")
		return
	}
	w.Header().Set("Content-Security-Policy", p.policy(originOf(full)))
	p.render(w, r, http.StatusOK, "registering", map[string]any{"Title": "Registering a tool", "URL": full})
}

// activateTool lets a pending tool work.
//
//	POST /admin/tools/activate  tool=CLIENT
func (p *Platform) activateTool(w http.ResponseWriter, r *http.Request) {
	if !p.admin(w, r) {
		return
	}
	if _, err := p.activate(r.PostFormValue("tool")); err != nil {
		p.errorPage(w, r, http.StatusNotFound, "There is no such tool")
		return
	}
	http.Redirect(w, r, "/admin/tools?notice=activated", http.StatusSeeOther)
}

// admin lets administrators pass and answers everyone else.
func (p *Platform) admin(w http.ResponseWriter, r *http.Request) bool {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return false
	}
	if user.Role != RoleAdmin {
		p.errorPage(w, r, http.StatusForbidden, "Only administrators manage tools")
		return false
	}
	return true
}
