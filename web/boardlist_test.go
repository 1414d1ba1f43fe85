package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
	"github.com/cairn-lms/cairn/web"
)

// listed is the course list as the LMS has it: Sam and Kim in group a, so many others in group b.
func (w *world) listed(others int) {
	w.t.Helper()
	members := []engine.RosterMember{
		{Subject: "5", Name: "Sam Sailor", Learner: true, Groups: []string{"a"}},
		{Subject: "6", Name: "Kim Keel", Learner: true, Groups: []string{"a"}},
		{Subject: "9", Name: "Tessa Teacher", Learner: true}, // Moodle lists its non-editing teachers so
	}
	for i := range others {
		members = append(members, engine.RosterMember{Subject: fmt.Sprintf("other-%04d", i), Name: fmt.Sprintf("Other %04d", i), Learner: true, Groups: []string{"b"}})
	}
	_, err := w.service.SyncRoster(w.t.Context(), engine.Course{Issuer: issuer, ID: "2"}, engine.RosterReading{Members: members, Complete: true, At: w.clock.Now()})
	must(w.t, err)
}

func TestTheBoardShowsWhoIsOnTheCourseListAndHasNotCome(t *testing.T) {
	w := newWorld(t)
	w.sam()
	w.listed(130)
	_, board := w.launch(launchOf("9", "Tessa Teacher", "Instructor"))
	board.has(t, http.StatusOK, "Who is where", "131 have not opened it yet", "<li>Kim Keel</li>", "and 31 more")
	board.hasNot(t, "<li>Sam Sailor</li>", "<li>Tessa Teacher</li>", `name="group"`)
	if n := strings.Count(board.text, "<li>Other "); n != 99 {
		t.Errorf("%d others are named", n)
	}
	// Learners see none of it.
	sam := w.sam()
	sam.get(sam.base+"/").hasNot(t, "Kim Keel")
}

func TestTheBoardCanBeReadByGroup(t *testing.T) {
	w := newWorld(t, func(o *web.Options) {
		o.Groups = func(_ context.Context, course lti.CourseKey) ([]lti.Group, error) {
			if course.Course != "2" || course.Registration != "reg" {
				return nil, fmt.Errorf("groups of %+v", course)
			}
			return []lti.Group{{ID: "a", Name: "Mornings"}, {ID: "b", Name: "Evenings <b>"}}, nil
		}
	})
	w.sam()
	w.listed(2)
	tessa, board := w.launch(launchOf("9", "Tessa Teacher", "Instructor"))
	board.has(t, http.StatusOK, `<select id="group" name="group">`, `<option value="a">Mornings`, "Evenings &lt;b&gt;", "Sam Sailor", "Kim Keel", "Other 0001")
	mornings := tessa.get(tessa.base + "/?group=a")
	mornings.has(t, http.StatusOK, `<option value="a" selected>`, "Sam Sailor", "<li>Kim Keel</li>", "1 has not opened it yet")
	mornings.hasNot(t, "Other 0001")
	evenings := tessa.get(tessa.base + "/?group=b")
	evenings.has(t, http.StatusOK, "Nobody of this group has started yet", "<li>Other 0001</li>")
	evenings.hasNot(t, "Sam Sailor", "Kim Keel")
	tessa.get(tessa.base+"/?group=nonsense").has(t, http.StatusOK, "Sam Sailor", "Other 0001")
}

func TestTheBoardSaysThatTheLMSRefusedAGrade(t *testing.T) {
	for cause, want := range map[string]string{
		"not_gradable": "Are they still a student of the course?", "gone": "gradebook column is gone", "": "It is sent again", "<b>": "It is sent again",
	} {
		w := newWorld(t)
		w.sam()
		e := w.enrolment("5")
		e.GradeRefused = &engine.OutGrade{Score: 40, Max: 100, Cause: cause}
		must(t, w.store.SaveEnrolment(t.Context(), e))
		_, board := w.launch(launchOf("9", "Tessa Teacher", "Instructor"))
		board.has(t, http.StatusOK, "The LMS did not take the grade", want)
	}
}
