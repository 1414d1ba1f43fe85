package web_test

import (
	"net/http"
	"testing"
)

func TestACoachSeesWhoIsWhereAndSaysTheCourseIsDone(t *testing.T) {
	w := newWorld(t)
	tessa, empty := w.launch(launchOf("9", "Tessa Teacher", "Instructor"))
	empty.has(t, http.StatusOK, "Nobody has started yet")
	w.toTheTrial()
	board := tessa.get(tessa.base + "/")
	e := w.enrolment("5")
	action := tessa.base + "/board/" + string(e.ID) + "/completed"
	board.has(t, http.StatusOK, `id="board"`, "Sam Sailor", "2 of 3", "1 learner", action)
	tessa.get(action).has(t, http.StatusMethodNotAllowed)
	tessa.post(action, nil).has(t, http.StatusOK, "Completed")
	if w.enrolment("5").Anchors["course_completed"].IsZero() {
		t.Error("the course is not completed")
	}
	tessa.get(tessa.base+"/").hasNot(t, action)

	// A teacher of another course sees nobody of this one and can do nothing here.
	elsewhere := launchOf("10", "Other Teacher", "Instructor")
	elsewhere.Course.ID = "3"
	other, page := w.launch(elsewhere)
	page.has(t, http.StatusOK, "Nobody has started yet")
	other.post(other.base+"/board/"+string(e.ID)+"/completed", nil).has(t, http.StatusForbidden)
	// Nor do a coach's pages open for a learner's work.
	tessa.get(tessa.base+"/steps/try").has(t, http.StatusForbidden)
}

func TestAnAdministratorSeesTheBoardAndAMentorIsToldWhatComes(t *testing.T) {
	w := newWorld(t)
	admin := launchOf("11", "Ada Admin", "x")
	admin.Roles = []string{"http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"}
	_, page := w.launch(admin)
	page.has(t, http.StatusOK, "Who is where")
	_, page = w.launch(launchOf("12", "Max Manager", "Mentor"))
	page.has(t, http.StatusOK, "Nothing to do here", "e-mail")
}
