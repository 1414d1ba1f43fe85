package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

var formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"[^>]* id="request-form"`)

// Who stops the messages in the chat reads that, and goes on getting mails.
func TestTheChatIsLeftByItsOwnLinkAndMailsGoOn(t *testing.T) {
	w := newWorld(t)
	w.sam()
	sam := w.enrolment("5").Learner
	path := strings.TrimPrefix(w.links.Unsubscribe("main", sam, engine.ChannelChat), w.url)
	off := func() map[string]bool {
		wishes, err := w.service.Preferences(t.Context(), sam)
		must(t, err)
		return wishes.Off
	}
	asked := w.stranger().get(path)
	asked.has(t, http.StatusOK, `id="unsubscribe"`, "Stop these messages in the chat?", "in the chat tool")
	asked.hasNot(t, "e-mail")
	if off()[engine.ChannelChat] {
		t.Fatal("looking was enough")
	}
	for range 2 { // twice is once
		done := w.stranger().post(path, nil)
		done.has(t, http.StatusOK, "No more messages in the chat")
		done.hasNot(t, "e-mail")
	}
	if have := off(); !have[engine.ChannelChat] || have[engine.ChannelEmail] {
		t.Errorf("stopped are %v", have)
	}
}

// A reviewer's mail names itself by ?n= in its link: looking, by them or by a scanner, opens nothing; their answer does,
// once, and somebody else's message is not opened by it.
func TestAReviewersMailIsOpenedByTheirAnswerAndNotByALook(t *testing.T) {
	w := newWorld(t)
	w.toTheTrial()
	e := w.enrolment("5")
	request := e.Steps["try"].Requests[0]
	_, err := w.service.Sweep(t.Context(), "test")
	must(t, err)
	told, err := w.store.MessagesTo(t.Context(), request.Person, 10)
	must(t, err)
	if len(told) == 0 {
		t.Fatal("Max was told nothing")
	}
	message := told[0]
	if message.SentAt.IsZero() { // nobody mails in this world: as if it had gone out
		message.SentAt = w.clock.Now()
		must(t, w.store.SaveMessage(t.Context(), message))
	}
	opened := func() bool {
		m, err := w.store.Message(t.Context(), message.ID)
		must(t, err)
		return !m.OpenedAt.IsZero()
	}
	link := strings.TrimPrefix(w.links.Nudge("main", message.ID, w.links.Request("main", e.ID, request.ID)), w.url)
	if !strings.Contains(link, "?n=") {
		t.Fatalf("the link is %s", link)
	}
	max := w.stranger()
	page := max.get(link)
	max.get(strings.Split(link, "?")[0]+"?n=forged").has(t, http.StatusOK, `id="request-form"`)
	if opened() {
		t.Fatal("a look opened it")
	}
	action := formAction.FindStringSubmatch(page.text)
	if action == nil {
		t.Fatal("no form on the page")
	}
	form := url.Values{"outcome": {"approve"}, "rating.trade": {"3"}, "sha256": {page.shown(t)}}
	max.post(strings.ReplaceAll(action[1], "&amp;", "&"), form).has(t, http.StatusOK, `id="answered"`)
	if !opened() {
		t.Error("the answer did not open it")
	}
	max.post(strings.ReplaceAll(action[1], "&amp;", "&"), form) // once more
	_, err = w.service.Sweep(t.Context(), "test")
	must(t, err)
	if n := strings.Count(w.recorded(), `"id":"http://activitystrea.ms/open"`); n != 1 {
		t.Errorf("it is recorded %d times", n)
	}
}
