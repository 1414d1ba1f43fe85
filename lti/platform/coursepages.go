package platform

import (
	"errors"
	"net/http"
	"slices"
	"time"
)

// homePage is the dashboard; whoever is not signed in signs in first.
func (p *Platform) homePage(w http.ResponseWriter, r *http.Request) {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInPage(w, r)
		return
	}
	var done bool
	p.view(func(wd *world) { _, done = wd.Completed[user.ID] })
	p.render(w, r, http.StatusOK, "home", map[string]any{
		"Title": "Dashboard", "Completed": done, "What": whatIs(user.Role), "Learner": user.gradable(),
	})
}

// activityView is an activity as a person sees it.
type activityView struct {
	ResourceLink
	ToolName string
	Open     bool   // it may be opened now
	Why      string // if not
}

// activities are the course's activities as the person sees them.
func (p *Platform) activities(u User) []activityView {
	var views []activityView
	p.view(func(w *world) {
		for _, l := range w.Links {
			t, _ := w.tool(l.ClientID)
			v := activityView{ResourceLink: l, ToolName: t.Name, Open: true}
			switch {
			case !t.Active:
				v.Open, v.Why = false, "The tool is pending: an administrator has to activate it."
			case !w.visible(u, l):
				v.Open, v.Why = false, "Opens once you have completed the course."
			}
			views = append(views, v)
		}
	})
	return views
}

// notices are what a redirect may ask a page to say, by key.
func notice(key string) (text string, bad bool) {
	switch key {
	case "completed":
		return "Course completed. The learning record store has been told.", false
	case "completed-alone":
		return "Course completed. No learning record store is connected, so nobody was told.", true
	case "completed-unsent":
		return "Course completed, but the learning record store did not take the statement. Send it again when it is back.", true
	case "added":
		return "The activity is in the course.", false
	case "activated":
		return "The tool is active.", false
	default:
		return "", false
	}
}

// coursePage shows the course with its first open activity in an iframe.
//
//	GET /course/view.php?id=2
func (p *Platform) coursePage(w http.ResponseWriter, r *http.Request) {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return
	}
	var course Course
	var at time.Time
	var done bool
	p.view(func(wd *world) { course = wd.Course; at, done = wd.Completed[user.ID] })
	if r.URL.Query().Get("id") != course.ID {
		p.errorPage(w, r, http.StatusNotFound, "There is no such course")
		return
	}
	views := p.activities(user)
	data := map[string]any{
		"Title": course.Title, "Activities": views, "Learner": user.gradable(), "Completed": done, "CanEdit": user.teaches(),
	}
	if done {
		data["CompletedAt"] = p.localTime(user, at).Format("Monday 2 January 2006, 15:04")
	}
	if i := slices.IndexFunc(views, func(v activityView) bool { return v.Open }); i >= 0 {
		data["Shown"] = views[i]
		data["Others"] = slices.Delete(slices.Clone(views), i, i+1)
	} else {
		data["Others"] = views
	}
	data["Notice"], data["NoticeBad"] = notice(r.URL.Query().Get("notice"))
	p.render(w, r, http.StatusOK, "course", data)
}

// activityPage is one activity; e-mails link here.
//
//	GET /mod/lti/view.php?l=LINK
func (p *Platform) activityPage(w http.ResponseWriter, r *http.Request) {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return
	}
	id := r.URL.Query().Get("l")
	if id == "" {
		id = r.URL.Query().Get("id")
	}
	for _, v := range p.activities(user) {
		if v.ID == id {
			p.render(w, r, http.StatusOK, "activity", map[string]any{"Title": v.Title, "Shown": v})
			return
		}
	}
	p.errorPage(w, r, http.StatusNotFound, "There is no such activity")
}

// returnPage is where a tool sends people back to; it shows the tool's words.
//
//	GET /mod/lti/return.php?…[&lti_msg=|&lti_errormsg=]
func (p *Platform) returnPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.render(w, r, http.StatusOK, "return", map[string]any{
		"Title": "Back on " + siteName, "Message": q.Get("lti_msg"), "Error": q.Get("lti_errormsg"), "Bare": true,
	})
}

// completed is the learner's button.
func (p *Platform) completed(w http.ResponseWriter, r *http.Request) {
	user, _, ok := p.signedIn(r)
	if !ok {
		p.signInFirst(w, r)
		return
	}
	if !user.gradable() {
		p.errorPage(w, r, http.StatusForbidden, "Only learners complete the course")
		return
	}
	key := "completed"
	err := p.CompleteCourse(r.Context(), user.ID)
	switch {
	case errors.Is(err, ErrNoLRS):
		key = "completed-alone"
	case err != nil:
		p.log.Warn("course completion not sent", "user", user.ID, "error", err)
		key = "completed-unsent"
	}
	var course Course
	p.view(func(wd *world) { course = wd.Course })
	http.Redirect(w, r, "/course/view.php?id="+course.ID+"&notice="+key, http.StatusSeeOther)
}

// advanceClock moves the development clock.
//
//	POST /clock/advance  by=day|week
func (p *Platform) advanceClock(w http.ResponseWriter, r *http.Request) {
	days := map[string]int{"day": 1, "week": 7}[r.PostFormValue("by")]
	if p.o.Clock == nil || days == 0 {
		p.errorPage(w, r, http.StatusNotFound, "There is no clock to move")
		return
	}
	if err := p.o.Clock.Advance(time.Duration(days) * 24 * time.Hour); err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, localPath(r.PostFormValue("back")), http.StatusSeeOther)
}
