package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func TestACoachSeesWhatWillBeSentAndHoldsItBack(t *testing.T) {
	w := newWorld(t)
	w.sam()
	tessa := w.tessa()
	person := tessa.base + "/board/people/" + string(w.enrolment("5").ID)
	for _, path := range []string{tessa.base + "/board/nudges", person + "/nudges"} {
		rev := w.enrolment("5").Rev
		page := tessa.get(path + "?do=hold_nudges&reason=x")
		page.has(t, http.StatusOK, "data-purpose=", "to Sam Sailor", "Read the text", `id="hold-nudges"`)
		page.hasNot(t, `id="held"`, "/r/")
		if w.enrolment("5").Rev != rev {
			t.Error("looking changed something")
		}
		tessa.post(path, url.Values{"do": {"hold_nudges"}, "reason": {" "}}).has(t, http.StatusUnprocessableEntity, `id="hold_nudges-reason-problem"`)
		tessa.post(path, url.Values{"do": {"nonsense"}}).has(t, http.StatusUnprocessableEntity)
		held := tessa.post(path, url.Values{"do": {"hold_nudges"}, "reason": {"fair <script>alert(1)</script>"}})
		held.has(t, http.StatusOK, `id="held"`, "waits: paused", "fair &lt;script&gt;", `id="release"`)
		held.hasNot(t, "<script>alert(1)")
		tessa.get(tessa.base+"/").has(t, http.StatusOK, "eminders", "paused")
		tessa.post(path, url.Values{"do": {"release_nudges"}}).has(t, http.StatusOK, `id="hold-nudges"`)
	}
	if acts := w.enrolment("5").Acts; len(acts) != 2 || acts[0].What != engine.ActHold || acts[1].What != engine.ActRelease || acts[0].By.Person == "" {
		t.Errorf("the history is %+v", acts)
	}
	tessa.get(person).has(t, http.StatusOK, "Paused reminders", "Let reminders go on", person+"/nudges")
	rival, sam := w.rival(), w.sam()
	for _, other := range []struct {
		name, path string
		get        func(string) page
		post       func(string, url.Values) page
	}{
		{"a rival", strings.Replace(person, tessa.base, rival.base, 1) + "/nudges", rival.get, rival.post},
		{"Sam", strings.Replace(person, tessa.base, sam.base, 1) + "/nudges", sam.get, sam.post},
		{"Sam, of the course", sam.base + "/board/nudges", sam.get, sam.post},
	} {
		other.get(other.path).has(t, http.StatusForbidden)
		other.post(other.path, url.Values{"do": {"hold_nudges"}, "reason": {"mine"}}).has(t, http.StatusForbidden)
	}
	if w.enrolment("5").NudgesHeld != nil {
		t.Error("somebody else held them back")
	}
}
