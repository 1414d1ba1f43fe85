package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestAWithdrawnLinkToADiscussionShowsAndTakesNothing(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "ask", "Max, may I?", "")
	must(t, err)
	r := c.at("ann", "ask").Requests[0]
	_, err = c.Arrive(t.Context(), launchOf("ann", "Europe/Berlin", map[string]string{"manager_email": "nora@example.org"})) // a new manager
	must(t, err)
	if got := c.at("ann", "ask").Requests[0]; got.Outcome != engine.OutcomeWithdrawn {
		t.Fatalf("Max's request is %+v", got)
	}
	v, err := c.OpenRequest(t.Context(), c.ids["ann"], r.ID)
	must(t, err)
	if v.Thread != nil || !v.Closed || v.Answered {
		t.Errorf("Max still sees %+v (closed: %v)", v.Thread, v.Closed)
	}
	if err := c.Answer(t.Context(), c.ids["ann"], r.ID, engine.Answer{Outcome: "response", Answers: engine.Answers{"text": {"Sure."}}}); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("Max still writes: %v", err)
	}
	if _, err := c.Thread(t.Context(), engine.By(r.Person), c.ids["ann"], "ask", engine.PostRef{}, 9); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("Max still reads: %v", err)
	}
	if _, err := c.PostAs(t.Context(), engine.By(r.Person), c.ids["ann"], "ask", "Sure.", ""); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("Max still posts: %v", err)
	}
}

func TestWhoHasWrittenInADiscussionMayGoOnThoughAnotherTookOver(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	r := c.at("ann", "ask").Requests[0]
	say := func(text string) error {
		c.now = c.now.Add(time.Second)
		return c.Answer(t.Context(), c.ids["ann"], r.ID, engine.Answer{Outcome: "response", Answers: engine.Answers{"text": {text}}})
	}
	must(t, say("Go ahead."))
	_, err := c.Arrive(t.Context(), launchOf("ann", "Europe/Berlin", map[string]string{"manager_email": "nora@example.org"}))
	must(t, err)
	must(t, say("And tell me."))
	v, err := c.OpenRequest(t.Context(), c.ids["ann"], r.ID)
	must(t, err)
	if v.Thread == nil || len(v.Thread.Posts) != 2 || v.Closed {
		t.Fatalf("Max sees %+v", v)
	}
}

func TestTheSameWordsDaysLaterAreAnotherPostAndADoubleClickIsNot(t *testing.T) {
	c := newCrowd(t, "2026-11-23 10:04")
	c.joins("ann")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-11-23 12:00"), ""))
	post := func(want int) {
		t.Helper()
		_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "tell", "It worked!", "")
		must(t, err)
		if got := len(c.stepOf("ann", "tell").Thread.Posts); got != want {
			t.Fatalf("%d posts, want %d", got, want)
		}
	}
	post(1)
	post(1)
	c.now = c.now.Add(2 * time.Minute)
	post(1)
	c.now = c.now.Add(3 * 24 * time.Hour)
	post(2)
	if n := c.book.count("shared"); n != 2 {
		t.Errorf("%d statements that something was shared", n)
	}
}
