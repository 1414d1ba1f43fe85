package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web/api"
)

func TestAStepHasTheRevisionThatItsActsTake(t *testing.T) {
	w := newWorld(t)
	step := "/api/v1/enrolments/" + string(w.sam.ID) + "/steps/plan"
	tag := w.get(step).want(t, 200).Header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	after := w.as(w.all, "POST", step+"/opened", "{}", "If-Match", tag).want(t, 200).Header.Get("ETag")
	if after == "" || after == tag {
		t.Errorf("ETag %s became %s", tag, after)
	}
	w.as(w.all, "PUT", step+"/draft", `{"answers": {"when": ["a"]}}`, "If-Match", tag).want(t, 412)
	w.as(w.all, "PUT", step+"/draft", `{"answers": {"when": ["a"]}}`, "If-Match", after).want(t, 200)
	if a := w.as(w.all, "PUT", step+"/draft", `{"answers": {}, "comment": "lost"}`); a.StatusCode < 400 {
		t.Errorf("a comment of a draft is dropped without a word: %d", a.StatusCode)
	}
}

func TestIfMatchIsRefusedWhereNothingHasARevision(t *testing.T) {
	w := newWorld(t)
	w.as(w.all, "POST", "/api/v1/people/"+string(w.sam.Learner)+"/inbox/read", `{"all": true}`, "If-Match", `"1"`).want(t, 400)
}

func TestAUseNeedsNoKey(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/enrolments/" + string(w.sam.ID) + "/uses"
	for range 2 {
		w.post(path, `{"behaviour": "trade", "note": "asked for a longer contract"}`).want(t, 200)
		w.post(path, `{"behaviour": "trade", "key": "same"}`).want(t, 200)
	}
	e, err := w.engine.Enrolment(t.Context(), w.sam.ID)
	must(t, err)
	if e.Uses["trade"] != 3 {
		t.Errorf("%d uses, want 3", e.Uses["trade"])
	}
}

func TestNobodyIsErasedUnderAnUnknownID(t *testing.T) {
	w := newWorld(t)
	w.post("/api/v1/people/nobody/erase", `{"really": true}`).want(t, 404)
	w.post("/api/v1/people/"+string(w.sam.Learner)+"/erase", `{"really": true}`).want(t, 200)
}

func TestAnInboxIsReadAsAWholeOnlyIfThatIsSaid(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/people/" + string(w.sam.Learner) + "/inbox/read"
	for _, body := range []string{`{}`, `{"messages": []}`, `{"messages": ["x"], "all": true}`} {
		if a := w.post(path, body); a.StatusCode != 400 && a.StatusCode != 422 {
			t.Errorf("%s: %d", body, a.StatusCode)
		}
	}
	w.post(path, `{"all": true}`).want(t, 204)
}

func TestForgedEventsCostTheSourceNothing(t *testing.T) {
	w := newWorld(t)
	src, err := w.engine.AddEventSource(t.Context(), "CRM", 2)
	must(t, err)
	path, secret := "/api/events/"+api.SourceName("main", src), api.SourceSecret(w.secret, "main", src)
	send := func(secret string) answer {
		h := http.Header{}
		api.Sign(h, secret, "m", w.now, []byte(event()))
		return w.as(lrs.Credential{}, "POST", path, event(), "Content-Type", structured, "Webhook-Id", "m", "Webhook-Timestamp", h.Get("Webhook-Timestamp"), "Webhook-Signature", h.Get("Webhook-Signature"))
	}
	forged := "whsec_" + strings.Repeat("A", 44)
	for range 10 {
		send(forged).want(t, 401)
	}
	send(secret).want(t, 202)
	for range 50 {
		send(forged).want(t, 401)
	}
	if a := send(forged).want(t, 429); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	send(secret).want(t, 202)
	w.advance(time.Minute)
	send(forged).want(t, 401)
}

func TestActingInThePlaceOfOthersNeedsAScopeOfItsOwnAndShows(t *testing.T) {
	w := newWorld(t)
	path := "/api/v1/enrolments/" + string(w.sam.ID)
	coach, other := w.key(lrs.ScopeEnrolmentsRead, lrs.ScopeEnrolmentsWrite), w.key(lrs.ScopeEnrolmentsRead, lrs.ScopeEnrolmentsAct)
	e, err := w.engine.Enrolment(t.Context(), w.sam.ID)
	must(t, err)
	if len(e.Steps["view"].Requests) == 0 {
		t.Fatal("nobody is asked")
	}
	request := path + "/requests/" + string(e.Steps["view"].Requests[0].ID) + "/answer"
	for target, body := range map[string]string{
		path + "/steps/plan/hand-in":  `{"answers": {"when": ["a buyer asks"], "then": ["I ask back"]}}`,
		path + "/steps/quote/confirm": `{}`,
		path + "/uses":                `{"behaviour": "trade"}`,
		path + "/people/name":         `{"role": "manager", "email": "kim@example.org"}`,
		path + "/coach-thread":        `{"text": "Is that a gift?"}`,
		path + "/posts/none/helpful":  `{"person": "none"}`,
		request:                       `{"outcome": "response", "ratings": {"trade": 2}}`,
	} {
		w.as(coach, "POST", target, body).want(t, 403)
		if a := w.as(other, "POST", target, body); a.StatusCode == 403 && strings.Contains(a.text, "scope") {
			t.Errorf("%s: %d %s", target, a.StatusCode, a.text)
		}
	}
	w.as(other, "POST", path+"/pause", `{}`).want(t, 403)
	w.as(coach, "POST", path+"/pause", `{"reason": "ill"}`).want(t, 200)
	e, err = w.engine.Enrolment(t.Context(), w.sam.ID)
	must(t, err)
	if r := e.Steps["view"].Reviews; len(r) != 1 || r[0].Via != "api:"+other.ID {
		t.Errorf("the answer does not say that it came by the key: %+v", r)
	}
	if last := e.Acts[len(e.Acts)-1]; last.By.System != "api:"+coach.ID {
		t.Errorf("the history names %q", last.By.System)
	}
}
