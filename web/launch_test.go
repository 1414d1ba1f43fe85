package web_test

import (
	"net/http"
	"testing"

	"github.com/cairn-lms/cairn/lti"
)

func TestALaunchNamesItsWorkflowByParameterTargetOrNotAtAll(t *testing.T) {
	for name, change := range map[string]func(*lti.Launch){
		"the custom parameter": func(*lti.Launch) {},
		"the query of the target": func(l *lti.Launch) {
			delete(l.Custom, "workflow")
			l.TargetLinkURI = "https://cairn.example/lti/launch?workflow=trial"
		},
		"a variable the platform does not know, one there": func(l *lti.Launch) { l.Custom["workflow"] = "$Context.workflow" },
		"nothing, where there is one":                      func(l *lti.Launch) { delete(l.Custom, "workflow") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := launchOf("5", "Sam Sailor", "Learner")
			change(l)
			_, first := w.launch(l)
			first.has(t, http.StatusOK)
			if have := w.enrolment("5").Workflow; have != "trial" {
				t.Errorf("the workflow is %q", have)
			}
		})
	}
	w := newWorld(t)
	l := launchOf("5", "Sam Sailor", "Learner")
	l.Custom["workflow"] = "nonsense"
	_, first := w.launch(l)
	first.has(t, http.StatusNotFound)
}

// Mails lead back through the LMS, whichever it is.
func TestMailsLeadBackToThePlatformOfTheLaunch(t *testing.T) {
	for want, change := range map[string]func(*lti.Launch){
		issuer + "/mod/lti/view.php?l=7": func(*lti.Launch) {},
		issuer + "/courses/2/tools/7": func(l *lti.Launch) {
			l.ProductFamily = "other"
			l.Custom["relaunch_url"] = issuer + "/courses/2/tools/7"
		},
		issuer + "/courses/2": func(l *lti.Launch) { l.ProductFamily = ""; l.ReturnURL = issuer + "/courses/2" },
		issuer:                func(l *lti.Launch) { l.ProductFamily = "" },
		"https://school.lms.example/back": func(l *lti.Launch) {
			l.ProductFamily = ""
			l.ReturnURL = "https://school.lms.example/back"
			l.Custom["relaunch_url"] = "https://evil.example/"
		},
	} {
		w := newWorld(t)
		l := launchOf("5", "Sam Sailor", "Learner")
		change(l)
		w.launch(l)
		if have := w.enrolment("5").RelaunchURL; have != want {
			t.Errorf("mails lead to %q, want %q", have, want)
		}
	}
}
