package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// mates are the others in somebody's group, by name.
func (c *crowd) mates(name string) string {
	c.t.Helper()
	e, err := c.store.Enrolment(c.t.Context(), c.ids[name])
	must(c.t, err)
	if e.Cohort == nil {
		return ""
	}
	var out []string
	for _, m := range e.Cohort.Mates {
		for other, id := range c.ids {
			if id == m.Enrolment {
				out = append(out, other)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (c *crowd) starts(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.joins(name)
		c.now = c.now.Add(time.Minute)
	}
	must(c.t, c.SetCourseStart(c.t.Context(), c.coach(), c.k, at(c.t, "2026-12-07 12:00"), ""))
	c.pass("2026-12-07 09:00")
}

func (c *crowd) grouped(want map[string]string) {
	c.t.Helper()
	for name, mates := range want {
		if got := c.mates(name); got != mates {
			c.t.Errorf("%s is with %q, want %q", name, got, mates)
		}
	}
}

func TestGroupsAreMadeAtCourseStartAndLateOnesJoinTheSmallest(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-12-07 12:00"), ""))
	c.pass("2026-12-01 12:00")
	c.grouped(map[string]string{"ann": ""})
	c.starts("bob", "cem", "dan", "eve")
	c.grouped(map[string]string{"ann": "bob eve", "bob": "ann eve", "cem": "dan", "dan": "cem", "eve": "ann bob"}) // by order of enrolment; left over: eve
	c.joins("fay")
	c.grouped(map[string]string{"cem": "dan fay", "fay": "cem dan", "ann": "bob eve"})
}

func TestAnAbsentPartnerIsDroppedAsThePairStepOpensAndWhoIsAloneJoinsAnother(t *testing.T) {
	c := newCrowd(t, monday)
	c.starts("ann", "bob", "cem", "dan")
	c.grouped(map[string]string{"ann": "bob", "cem": "dan"})
	c.leaves("bob")
	c.grouped(map[string]string{"ann": "bob"}) // nothing needs a partner yet
	c.does("alone", "cem", "dan")
	c.grouped(map[string]string{"cem": "dan"})
	c.does("alone", "ann")
	c.grouped(map[string]string{"ann": "cem dan", "bob": "", "cem": "ann dan"})
	people := map[engine.PersonID]bool{}
	for _, r := range c.at("ann", "seen").Requests {
		if r.Waiting() {
			people[r.Person] = true
		}
	}
	if people[c.who["bob"]] || !people[c.who["cem"]] || !people[c.who["dan"]] {
		t.Fatalf("ann's feedback is asked of %+v", c.at("ann", "seen").Requests)
	}
	c.now = at(t, "2026-12-08 09:00")
	c.joins("bob") // back: late ones join the smallest; the four of them are two pairs
	c.grouped(map[string]string{"ann": "bob", "bob": "ann", "cem": "dan", "dan": "cem"})
}

func TestAPartnerWhoIdledForTenWorkingDaysIsReplaced(t *testing.T) {
	c := newCrowd(t, monday)
	c.starts("ann", "bob", "cem", "dan")
	c.pass("2026-12-18 12:00")
	for _, name := range []string{"ann", "cem", "dan"} {
		must(t, c.Opened(t.Context(), c.who[name], c.ids[name], "alone"))
	}
	c.pass("2026-12-21 18:00")
	c.does("alone", "ann")
	c.grouped(map[string]string{"ann": "cem dan", "bob": "", "cem": "ann dan"})
}

func TestASoleMembersPeerIsTheCoach(t *testing.T) {
	c := newCrowd(t, monday)
	c.starts("ann")
	c.does("alone", "ann")
	c.grouped(map[string]string{"ann": ""})
	asked := c.at("ann", "seen").Requests
	if len(asked) != 1 || asked[0].Person != c.who["tessa"] || !asked[0].StandIn {
		t.Fatalf("asked: %+v", asked)
	}
	_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "pair", "Anybody?", "")
	must(t, err)
	pair := c.at("ann", "pair").Requests
	if len(pair) != 1 || pair[0].Purpose != engine.ForDiscuss || pair[0].Person != c.who["tessa"] {
		t.Fatalf("asked to write: %+v", pair)
	}
	must(t, c.Answer(t.Context(), c.ids["ann"], pair[0].ID, engine.Answer{Outcome: "response", Answers: engine.Answers{"text": {"I am."}}}))
	c.is("ann", "pair", engine.Done)
}

func TestAPeerStepIsDoneWhenAllPeersHaveAnsweredOrOneAtExpiry(t *testing.T) {
	c := newCrowd(t, monday)
	c.starts("ann", "bob", "cem")
	c.grouped(map[string]string{"ann": "bob cem"})
	c.does("alone", "ann", "bob")
	answer := func(of, by string) {
		t.Helper()
		requests := c.at(of, "seen").Requests
		i := slices.IndexFunc(requests, func(r engine.Request) bool { return r.Person == c.who[by] && r.Waiting() })
		if i < 0 {
			t.Fatalf("%s was not asked about %s: %+v", by, of, requests)
		}
		must(t, c.Answer(t.Context(), c.ids[of], requests[i].ID, engine.Answer{Outcome: "response", Answers: engine.Answers{"text": {"Well done, " + of}}}))
	}
	answer("ann", "bob")
	c.is("ann", "seen", engine.Open)
	answer("ann", "cem")
	c.is("ann", "seen", engine.Done)
	if got := len(c.at("ann", "seen").Reviews); got != 2 {
		t.Errorf("%d answers are kept", got)
	}
	answer("bob", "ann")
	c.pass("2027-02-01 12:00")
	c.is("bob", "seen", engine.Done)
}

func TestPeersShareOneThreadFromItsFirstOpening(t *testing.T) {
	c := newCrowd(t, monday)
	c.starts("ann", "bob", "cem", "dan")
	post := func(name, text string) error {
		c.now = c.now.Add(time.Second)
		_, err := c.Post(t.Context(), c.who[name], c.ids[name], "pair", text, "")
		return err
	}
	if err := post("ann", "Too early"); !errors.Is(err, engine.ErrConflict) {
		t.Fatalf("a post before any of the group is there: %v", err)
	}
	c.does("alone", "ann")
	must(t, post("ann", "I tried it."))
	must(t, post("ann", "I tried it.")) // a double click
	c.is("ann", "pair", engine.Open)    // one by `with` is wanted too
	must(t, post("bob", "So did I."))   // bob's step is locked, the thread is open
	c.is("ann", "pair", engine.Done)
	if err := post("cem", "Not mine"); !errors.Is(err, engine.ErrConflict) {
		t.Fatalf("somebody of another group: %v", err)
	}
	c.does("alone", "bob")
	c.is("bob", "pair", engine.Done)
	must(t, post("ann", "And later?")) // a settled step takes posts too
	v, err := c.Thread(t.Context(), engine.By(c.who["bob"]), c.ids["bob"], "pair", engine.PostRef{}, 2)
	must(t, err)
	if len(v.Posts) != 2 || v.Posts[0].Text != "And later?" || !v.More || v.Posts[1].Name != "bob" || !v.Posts[1].Mine {
		t.Fatalf("bob sees %+v", v)
	}
	v, err = c.Thread(t.Context(), engine.By(c.who["bob"]), c.ids["bob"], "pair", v.Before, 2)
	must(t, err)
	if len(v.Posts) != 1 || v.Posts[0].Text != "I tried it." || v.More {
		t.Fatalf("the next page: %+v", v)
	}
	if _, err := c.Thread(t.Context(), engine.By(c.who["cem"]), c.ids["bob"], "pair", engine.PostRef{}, 2); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("another learner reads: %v", err)
	}
	if got := [3]int{c.book.count("commented"), c.book.count("replied"), c.book.count("shared")}; got != [3]int{3, 0, 0} {
		t.Errorf("commented, replied, shared: %v", got)
	}
}

func TestADiscussionWithTheManagerGoesByLink(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	c.sweep()
	_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "ask", "May I?", "")
	must(t, err)
	c.is("ann", "ask", engine.Open)
	requests := c.at("ann", "ask").Requests
	if len(requests) != 1 || requests[0].Purpose != engine.ForDiscuss {
		t.Fatalf("Max was asked %+v", requests)
	}
	view, err := c.OpenRequest(t.Context(), c.ids["ann"], requests[0].ID)
	must(t, err)
	if view.Thread == nil || len(view.Thread.Posts) != 1 || len(view.Questions) != 1 || !slices.Equal(view.Outcomes, []string{"response"}) {
		t.Fatalf("Max sees %+v", view)
	}
	var short engine.FieldErrors
	if err := c.Answer(t.Context(), c.ids["ann"], requests[0].ID, engine.Answer{Outcome: "response"}); !errors.As(err, &short) {
		t.Fatalf("an empty answer: %v", err)
	}
	for range 2 {
		c.now = c.now.Add(time.Second)
		must(t, c.Answer(t.Context(), c.ids["ann"], requests[0].ID, engine.Answer{Outcome: "response", Answers: engine.Answers{"text": {"Of course."}}}))
	}
	c.is("ann", "ask", engine.Done)
	c.now = c.now.Add(time.Second)
	must(t, c.Answer(t.Context(), c.ids["ann"], requests[0].ID, engine.Answer{Outcome: "response", Answers: engine.Answers{"text": {"How did it go?"}}}))
	if v := c.stepOf("ann", "ask"); len(v.Thread.Posts) != 3 || v.Thread.Posts[0].Role != engine.Manager {
		t.Fatalf("ann sees %+v", v.Thread)
	}
}

func (c *crowd) stepOf(name string, step engine.StepID) *engine.StepView {
	c.t.Helper()
	v, err := c.StepView(c.t.Context(), c.ids[name], step, true)
	must(c.t, err)
	return v
}

func TestWhatIsSharedWithTheCohortIsSeenByAllAndFoundHelpfulOnce(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	c.pass("2026-11-23 11:00")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-11-23 12:00"), ""))
	p, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "tell", "My best trade", "")
	must(t, err)
	c.is("ann", "tell", engine.Done)
	c.is("bob", "tell", engine.Open)
	for range 2 {
		must(t, c.MarkHelpful(t.Context(), engine.By(c.who["bob"]), c.ids["bob"], p.ID))
	}
	if err := c.MarkHelpful(t.Context(), engine.By(c.who["ann"]), c.ids["ann"], p.ID); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("one's own post: %v", err)
	}
	c.now = c.now.Add(time.Second)
	_, err = c.Post(t.Context(), c.who["bob"], c.ids["bob"], "tell", "And how?", p.ID)
	must(t, err)
	v := c.stepOf("bob", "tell")
	if len(v.Thread.Posts) != 2 || len(v.Thread.Posts[1].Helpful) != 1 || !v.Thread.Posts[1].Found {
		t.Fatalf("bob sees %+v", v.Thread)
	}
	if err := c.HidePost(t.Context(), engine.By(c.who["bob"]), c.ids["bob"], p.ID, true); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("bob hides: %v", err)
	}
	author := engine.By(p.Author)
	must(t, c.HidePost(t.Context(), author, p.Enrolment, p.ID, true))
	must(t, c.HidePost(t.Context(), author, p.Enrolment, p.ID, false)) // one's own
	must(t, c.HidePost(t.Context(), c.coach(), c.ids["bob"], p.ID, true))
	must(t, c.HidePost(t.Context(), author, p.Enrolment, p.ID, true)) // it stays the coach's
	if err := c.HidePost(t.Context(), author, p.Enrolment, p.ID, false); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("the author shows what the coach hid: %v", err)
	}
	if v := c.stepOf("bob", "tell"); v.Thread.Posts[1].Text != "" {
		t.Errorf("hidden, and still there: %+v", v.Thread.Posts[1])
	}
	if got := [2]int{c.book.count("shared"), c.book.count("replied")}; got != [2]int{1, 1} {
		t.Errorf("shared, replied: %v", got)
	}
}

func TestPostsAreBounded(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann")
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, at(t, "2026-11-23 12:00"), ""))
	post := func(text string) string {
		_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "tell", text, "")
		var fields engine.FieldErrors
		if errors.As(err, &fields) {
			return fields[0].Key
		}
		must(t, err)
		return ""
	}
	if post("  ") != "error.required" || post(strings.Repeat("x", 8<<10+1)) != "error.too_long" {
		t.Error("an empty or an endless post was taken")
	}
	for i := range 50 {
		if key := post(strings.Repeat("x", i+1)); key != "" {
			t.Fatalf("post %d: %s", i, key)
		}
	}
	if post("one more") != "error.too_many_posts" {
		t.Error("the 51st post of a day was taken")
	}
	c.now = c.now.Add(24*time.Hour + time.Second)
	if key := post("one more"); key != "" {
		t.Errorf("the next day: %s", key)
	}
}

func TestTheCoachIsAskedAndAnswersAndBothAreTold(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	threads := func() int {
		t.Helper()
		open, err := c.OpenThreads(t.Context(), c.coach(), engine.Course{Issuer: lms, ID: "2"})
		must(t, err)
		return len(open)
	}
	_, err := c.AskCoach(t.Context(), c.who["ann"], c.ids["ann"], "What if they say no?")
	must(t, err)
	if threads() != 1 {
		t.Fatal("the coach sees no open thread")
	}
	if _, err := c.AnswerCoach(t.Context(), engine.By(c.who["bob"]), c.ids["ann"], "No idea", ""); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("bob answers: %v", err)
	}
	c.now = c.now.Add(time.Hour)
	_, err = c.AnswerCoach(t.Context(), c.coach(), c.ids["ann"], "Ask why.", "")
	must(t, err)
	c.sweep()
	if threads() != 0 {
		t.Error("answered, and still open")
	}
	for _, want := range []string{"tessa coach_asked ", "ann coach_answered "} {
		if !slices.Contains(c.post.told(), want) {
			t.Errorf("nobody was told %q: %v", want, c.post.told())
		}
	}
	v, err := c.CoachThread(t.Context(), engine.By(c.who["ann"]), c.ids["ann"], engine.PostRef{}, 0)
	must(t, err)
	if len(v.Posts) != 2 || v.Posts[0].Text != "Ask why." {
		t.Fatalf("ann sees %+v", v)
	}
	if _, err := c.CoachThread(t.Context(), engine.By(c.who["bob"]), c.ids["ann"], engine.PostRef{}, 0); !errors.Is(err, engine.ErrForbidden) {
		t.Fatalf("bob reads: %v", err)
	}
}
