package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/mail"
	"github.com/cairn-lms/cairn/web"
)

func withReports(o *web.Options) {
	o.MailReports = func(_ context.Context, kind string, body []byte) ([]engine.MailReport, error) {
		r, err := mail.ParseReports(kind, body)
		return r.Reports, err
	}
}

// reached is Sam with the first announcement in the inbox.
func reached(t testing.TB, w *world) (*person, engine.MessageID) {
	t.Helper()
	sam := w.sam()
	who := w.enrolment("5").Learner
	must(t, w.service.Unsubscribe(t.Context(), who, "email"))
	_, err := w.service.Sweep(t.Context(), "test")
	must(t, err)
	in, err := w.service.Inbox(t.Context(), who, engine.Paging{})
	must(t, err)
	if len(in.Items) != 1 {
		t.Fatalf("the inbox is %+v", in)
	}
	return sam, in.Items[0].Message.ID
}

func TestHomeShowsTheInboxAndTheNoticeUntilTheyArePutAway(t *testing.T) {
	w := newWorld(t)
	sam, _ := reached(t, w)
	home := sam.get(sam.base + "/")
	home.has(t, http.StatusOK, `id="inbox"`, "Ready: ", `id="preferences"`)
	sam.post(sam.base+"/inbox/read", nil).hasNot(t, `id="inbox"`)
	if strings.Contains(home.text, `id="discloses"`) {
		home.has(t, http.StatusOK, `id="disclosed"`)
	}
	sam.post(sam.base+"/disclosed", nil).hasNot(t, `id="disclosed"`)
	if w.enrolment("5").NoticedAt.IsZero() {
		t.Error("the notice was not put away")
	}
}

func TestAPersonSaysHowToBeReached(t *testing.T) {
	w := newWorld(t)
	sam := w.sam()
	sam.get(sam.base+"/preferences").has(t, http.StatusOK, `id="preferences-form"`, `name="email" value="on" checked`)
	form := url.Values{"chat": {"on"}, "quiet_from": {"20:00"}, "quiet_to": {"08:00"}, "holiday_from": {"2026-12-24"}, "holiday_until": {"2027-01-06"}, "zone": {"Europe/Vienna"}, "locale": {"de"}}
	sam.post(sam.base+"/preferences", form).has(t, http.StatusOK, `id="saved"`, `value="20:00"`, `value="Europe/Vienna"`)
	wishes, err := w.service.Preferences(t.Context(), w.enrolment("5").Learner)
	must(t, err)
	if wishes.Quiet != (engine.Quiet{From: 1200, To: 480}) || wishes.Holiday.Until != "2027-01-06" || !wishes.Off["email"] || wishes.Off["chat"] {
		t.Errorf("kept: %+v", wishes)
	}
	form.Set("quiet_to", "25:00")
	form.Set("zone", "Mars")
	sam.post(sam.base+"/preferences", form).has(t, http.StatusUnprocessableEntity, "20:00")
	w.stranger().get(sam.base+"/preferences").has(t, http.StatusForbidden)
}

func TestALinkInAMailLeadsToTheLMSAndOnlyTheLaunchAfterItCounts(t *testing.T) {
	w := newWorld(t)
	sam, id := reached(t, w)
	link := strings.TrimPrefix(w.links.Nudge("main", id, issuer+"/x"), w.url)
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	scanner := &person{world: w, client: &http.Client{CheckRedirect: stop}}
	if answer := scanner.get(link); answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), issuer) {
		t.Fatalf("the link leads to %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	opened := func() bool {
		m, err := w.store.Message(t.Context(), id)
		must(t, err)
		return !m.OpenedAt.IsZero()
	}
	if opened() {
		t.Fatal("a scanner opened it")
	}
	follow := *sam.client
	follow.CheckRedirect = stop
	(&person{world: w, client: &follow}).get(link)
	sam.open(launchOf("5", "Sam Sailor", "Learner"))
	if !opened() {
		t.Error("the launch after it was not noted")
	}
	w.stranger().get("/n/forged").has(t, http.StatusNotFound)
}

func TestAMailServiceReportsBounces(t *testing.T) {
	w := newWorld(t, withReports)
	w.sam()
	hook := strings.TrimPrefix(w.links.MailHook("main"), w.url)
	post := func(path, body string) page {
		return w.stranger().do(http.MethodPost, path, strings.NewReader(body), http.Header{"Content-Type": {"application/json"}, "Sec-Fetch-Site": {"cross-site"}})
	}
	stopped := func() bool {
		p, err := w.service.Person(t.Context(), w.enrolment("5").Learner)
		must(t, err)
		return p.MailStopped()
	}
	post(hook, `{"what":1}`).has(t, http.StatusUnprocessableEntity)
	post("/hooks/mail/forged", `{"type":"bounce","recipient":"sam@example.org"}`).has(t, http.StatusNotFound)
	w.stranger().get(hook).has(t, http.StatusMethodNotAllowed)
	post(hook, strings.Repeat(" ", 2<<20)).has(t, http.StatusRequestEntityTooLarge)
	if stopped() {
		t.Fatal("stopped by nothing")
	}
	every := strings.TrimPrefix(w.links.MailHook(web.EveryTenant), w.url)
	_, err := w.web.EnsureTenant(t.Context(), web.Tenant{Name: "main", IRIBase: iris, CreatedAt: w.clock.Now()})
	must(t, err)
	post(every, `{"RecordType":"Bounce","Type":"HardBounce","Email":"Sam@example.org"}`).has(t, http.StatusNoContent)
	if !stopped() {
		t.Error("a hard bounce stopped nothing")
	}
	if strings.Contains(w.log.String(), "sam@example.org") {
		t.Error("the address is in the log")
	}
	full := 0
	for range 700 {
		if post(hook, `[]`).StatusCode == http.StatusTooManyRequests {
			full++
		}
	}
	if full == 0 || full > 110 {
		t.Errorf("%d of 700 calls were too many", full)
	}
	must(t, w.clock.Advance(time.Minute))
	post(hook, `[]`).has(t, http.StatusNoContent)
}
