package web_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestEachRoleArrivesWhereItBelongs(t *testing.T) {
	const context = "http://purl.imsglobal.org/vocab/lis/v2/membership"
	const board, home, visitor = "Who is where", "Sam Sailor", "Nothing to do here"
	for name, c := range map[string]struct {
		roles []string
		shows string
	}{
		"a learner":                             {[]string{context + "#Learner"}, home},
		"no role at all":                        {nil, home},
		"an instructor":                         {[]string{context + "#Instructor"}, board},
		"an assistant with the role above it":   {[]string{context + "#Instructor", context + "/Instructor#TeachingAssistant"}, board},
		"an assistant by the sub-role alone":    {[]string{context + "/Instructor#TeachingAssistant"}, board},
		"an assistant by the name alone":        {[]string{context + "#TeachingAssistant"}, board},
		"a designer":                            {[]string{context + "#ContentDeveloper"}, board},
		"a designer who learns here":            {[]string{context + "#ContentDeveloper", context + "#Learner"}, home},
		"a manager":                             {[]string{context + "#Manager"}, visitor},
		"a manager who learns here":             {[]string{context + "#Manager", context + "#Learner"}, home},
		"a mentor":                              {[]string{context + "#Mentor"}, visitor},
		"a mentor who learns here":              {[]string{context + "#Mentor", context + "#Learner"}, home},
		"an administrator of the course":        {[]string{context + "#Administrator"}, board},
		"a teacher of the institution, no more": {[]string{"http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor", context + "#Learner"}, home},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := launchOf("5", "Sam Sailor", "x")
			l.Roles = c.roles
			_, first := w.launch(l)
			first.has(t, http.StatusOK, c.shows)
			who, err := w.store.PersonByAccount(t.Context(), issuer, "5")
			must(t, err)
			_, err = w.store.FindEnrolment(t.Context(), "trial", who.ID, engine.Course{Issuer: issuer, ID: "2"})
			if enrolled := !errors.Is(err, engine.ErrNotFound); enrolled != (c.shows == home) {
				t.Errorf("enrolled: %v (%v)", enrolled, err)
			}
		})
	}
}

func TestADesignerDecidesNothingAboutLearners(t *testing.T) {
	w := newWorld(t)
	w.sam()
	dana, board := w.launch(launchOf("13", "Dana Designer", "ContentDeveloper"))
	action := dana.base + "/board/" + string(w.enrolment("5").ID) + "/completed"
	board.has(t, http.StatusOK, "Sam Sailor")
	board.hasNot(t, action)
	dana.post(action, nil).has(t, http.StatusForbidden)
}
