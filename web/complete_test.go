package web_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

func (w *world) completedBy(subject string) []engine.Source {
	w.t.Helper()
	return w.enrolment(subject).CompletedBy()
}

func TestALearnersLaunchOfAFinishLinkCompletesTheCourse(t *testing.T) {
	for name, before := range map[string]bool{"as the first launch": false, "after others": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if before {
				w.sam()
			}
			finish := launchOf("5", "Sam Sailor", "Learner")
			finish.ResourceLink.ID, finish.Custom["view"] = "99", "finish"
			_, page := w.launch(finish)
			page.has(t, http.StatusOK)
			w.launch(finish)
			e := w.enrolment("5")
			if by := e.CompletedBy(); len(by) != 1 || by[0] != engine.SourceFinish || e.Completions[0].Ref != "99" {
				t.Fatalf("completed by %+v", e.Completions)
			}
		})
	}
}

func TestAFinishLinkCompletesNothingForTeachersAndPreviews(t *testing.T) {
	w := newWorld(t)
	w.sam()
	teacher := launchOf("9", "Tessa Teacher", "Instructor")
	teacher.Custom["view"] = "finish"
	w.launch(teacher)
	preview := launchOf("8", "Student View", "Learner")
	preview.Roles = append(preview.Roles, "http://purl.imsglobal.org/vocab/lti/system/person#TestUser")
	preview.Custom["view"] = "finish"
	w.launch(preview)
	for _, subject := range []string{"5", "8"} {
		if by := w.completedBy(subject); len(by) > 0 {
			t.Errorf("%s completed the course by %v", subject, by)
		}
	}
}

func TestALaunchFromAConcludedCanvasEnrolmentCompletesTheCourse(t *testing.T) {
	for state, want := range map[string]int{"completed": 1, "Concluded": 1, "active": 0, "$Canvas.enrollment.enrollmentState": 0, "": 0} {
		w := newWorld(t)
		l := launchOf("5", "Sam Sailor", "Learner")
		l.Custom["canvas_enrolment_state"] = state
		w.launch(l)
		if by := w.completedBy("5"); len(by) != want {
			t.Errorf("state %q: completed by %v", state, by)
		}
	}
}

func TestALaunchTeachesTheNamesThatSourcesUse(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*lti.Launch)
		who    engine.Identity
		course engine.CourseName
	}{
		"Moodle's user name":           {func(l *lti.Launch) { l.Username = "student1" }, engine.ByAccount(issuer, "student1"), engine.CourseName{Object: issuer + "/course/view.php?id=2"}},
		"the user name as a parameter": {func(l *lti.Launch) { l.Custom["username"] = "student1" }, engine.ByAccount(issuer, "student1"), engine.CourseName{Object: issuer + "/course/view.php?id=2"}},
		"the address":                  {func(*lti.Launch) {}, engine.ByEmail("sam@example.org"), engine.CourseName{Object: issuer + "/course/view.php?id=2"}},
		"Canvas's ids": {func(l *lti.Launch) {
			l.PlatformGUID = "guid.canvas"
			l.Custom["canvas_user_id"], l.Custom["canvas_course_id"], l.Custom["canvas_root_account_id"] = "123", "565", "1"
		}, engine.ByCanvas("reg", "guid.canvas", "21070000000000123"), engine.CourseName{Canvas: "21070000000000565"}},
		"Canvas's ids without a GUID": {func(l *lti.Launch) {
			l.Custom["canvas_user_id"], l.Custom["canvas_course_id"], l.Custom["canvas_root_account_id"] = "123", "565", "1"
		}, engine.ByCanvas("reg", "1", "123"), engine.CourseName{Canvas: "565"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := launchOf("5", "Sam Sailor", "Learner")
			test.change(l)
			w.launch(l)
			must(t, w.service.Complete(t.Context(), engine.Completion{Who: test.who, Course: test.course, Source: engine.SourceStatement, At: w.clock.Now()}))
			if by := w.completedBy("5"); len(by) != 1 {
				t.Errorf("completed by %v", by)
			}
		})
	}
}

func TestAnUnresolvedVariableTeachesNoName(t *testing.T) {
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Custom["username"], l.Custom["canvas_user_id"] = "$User.username", "$Canvas.user.id"
	w.launch(l)
	p, err := w.store.PersonByAccount(t.Context(), issuer, "5")
	must(t, err)
	if len(p.Names) != 1 || p.Names[0] != engine.ByEmail("sam@example.org") {
		t.Errorf("names: %v", p.Names)
	}
}

func TestTheBoardSaysByWhatTheCourseIsCompleted(t *testing.T) {
	w := newWorld(t)
	w.sam()
	tessa, _ := w.launch(launchOf("9", "Tessa Teacher", "Instructor"))
	tessa.post(tessa.base+"/board/"+string(w.enrolment("5").ID)+"/completed", url.Values{})
	must(t, w.service.Complete(t.Context(), engine.Completion{
		Who: engine.ByAccount(issuer, "5"), Course: engine.CourseName{ID: "2"}, Source: engine.SourceFollowUp, At: w.clock.Now().Add(-time.Hour), Polled: true,
	}))
	tessa.get(tessa.base+"/").has(t, http.StatusOK, `data-source="coach"`, "Marked by a teacher", `data-source="follow_up"`)
	german := launchOf("9", "Tessa Teacher", "Instructor")
	german.Locale = "de"
	_, page := w.launch(german)
	page.has(t, http.StatusOK, "Von der Lehrkraft vermerkt", "Der Abschluss-Link ist offen")
}
