package engine_test

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// Capabilities of docs/capabilities.md that no longer story shows.

const between = `
workflow: between
version: 1
title: Between people
goal: {outcome: People talk}
behaviours: [{id: talk, text: Talks, scale: [no, yes], target: 2, observers: [learner, manager]}]
roles:
  manager: {from: [launch.custom.manager_email], else: coach}
  peer: {from: [cohort], count: 2, else: coach}
  coach: {from: [launch.role.instructor]}
nudges: {default: none}
phases:
  - phase: before
    steps:
      - {id: brief, kind: briefing, title: How to help, by: manager, opens: enrolled, due: enrolled + 5wd, content: {aid: brief}, minutes: 5}
      - {id: talk, kind: conversation, title: Agree a goal, by: learner, with: manager, minutes: 15}
      - id: try
        kind: experiment
        title: Try it at work
        by: learner
        content: {aid: case}
        questions:
          - {id: deal, ask: In which real case?, type: text}
          - {id: result, ask: What came of it?, type: text}
        done: response
      - {id: seen-boss, kind: feedback, title: What did you see?, by: manager, about: try, rate: [talk]}
      - {id: seen-peer, kind: feedback, title: What did you see?, by: peer, about: try, rate: [talk]}
      - id: check
        kind: checkin
        title: Did you?
        by: learner
        log: talk
        questions:
          - {id: used, ask: Did you do it?, type: yesno}
          - {id: barrier, ask: What got in the way?, type: text, required: false}
        repeat: {until: "count(check.attempts) >= 2", every: 1wd, max: 3, at_max: {tell: coach}}
      - {id: work, kind: assignment, title: Hand in, by: learner, review: {by: peer, outcomes: [approve, return]}}
      - {id: round, kind: discuss, title: Round table, by: learner, with: cohort}
      - {id: page, kind: read, title: A page, by: learner, content: {url: "https://x.example/page"}}
      - {id: film, kind: watch, title: A film, by: learner, content: {file: media/film.mp4}}
      - {id: course, kind: elearning, title: The course, by: learner, content: {course: this}}
aids:
  - {id: brief, format: page, title: How to help, file: aids/brief.md}
  - {id: case, format: page, title: The case of Ada, file: aids/case.md}
`

// newBetween is a crowd in the workflow above, whose course has started.
func newBetween(t *testing.T, names ...string) *crowd {
	t.Helper()
	c := newCrowd(t, monday)
	files := fstest.MapFS{"aids/brief.md": {Data: []byte("Ask **one** question.")}, "aids/case.md": {Data: []byte("## Ada\n\n- What would you do?\n- What happened to you?")},
		"media/film.mp4": {Data: []byte("film")}}
	_, problems, err := c.ImportWorkflow(t.Context(), "between.yaml", []byte(between), files)
	if err != nil {
		t.Fatal(err, problems)
	}
	for _, name := range names {
		a := launchOf(name, "Europe/Berlin", maxed)
		a.Workflow = "between"
		e, err := c.Arrive(t.Context(), a)
		must(t, err)
		c.ids[name], c.who[name], c.k = e.ID, e.Learner, e.CohortKey()
		c.now = c.now.Add(time.Minute)
	}
	must(t, c.SetCourseStart(t.Context(), c.coach(), c.k, c.now, ""))
	c.pass("2026-11-24 10:00")
	c.id, c.sam = c.ids[names[0]], c.who[names[0]]
	return c
}

// asked is the request of a step that waits for somebody.
func (c *crowd) asked(name string, step engine.StepID, of engine.PersonID) engine.Request {
	c.t.Helper()
	requests := c.at(name, step).Requests
	i := slices.IndexFunc(requests, func(r engine.Request) bool { return r.Waiting() && (of == "" || r.Person == of) })
	if i < 0 {
		c.t.Fatalf("%s's step %s waits for nobody: %+v", name, step, requests)
	}
	return requests[i]
}

func (c *crowd) hands(name string, step engine.StepID, answers engine.Answers) {
	c.t.Helper()
	must(c.t, c.Submit(c.t.Context(), c.who[name], c.ids[name], step, engine.Submission{Answers: answers}))
}

func TestAConversationIsDoneOnceTheManagerConfirmsByLinkAndBothNotesStay(t *testing.T) {
	c := newBetween(t, "ann")
	c.hands("ann", "talk", engine.Answers{"text": {"We agreed on the Miller deal."}})
	if st := c.at("ann", "talk"); st.State == engine.Done || st.Hand == "" {
		t.Fatalf("after one side's word it is %s", st.State)
	}
	r := c.asked("ann", "talk", "")
	v, err := c.OpenRequest(t.Context(), c.id, r.ID)
	must(t, err)
	if r.Purpose != engine.ForConfirm || v.Reviewer.Email != "max@example.org" || v.Hand == nil || v.Hand.Answers[0].Value != "We agreed on the Miller deal." {
		t.Fatalf("Max is shown %+v", v)
	}
	must(t, c.Answer(t.Context(), c.id, r.ID, engine.Answer{Outcome: v.Outcomes[0], SHA256: v.SHA256, Comment: "I will sit in."}))
	c.is("ann", "talk", engine.Done)
	folder, err := c.Portfolio(t.Context(), c.sam, true)
	must(t, err)
	var notes []string
	for _, e := range folder.Entries {
		switch {
		case e.Step.ID == "talk" && e.Hand != nil:
			notes = append(notes, e.Hand.Answers[0].Value)
		case e.Step.ID == "talk" && e.Review != nil:
			notes = append(notes, e.Review.Comment)
		}
	}
	slices.Sort(notes)
	if !slices.Equal(notes, []string{"I will sit in.", "We agreed on the Miller deal."}) {
		t.Fatalf("the portfolio has %q", notes)
	}
}

func TestFeedbackIsAskedOfManagerAndPeersOnOneScreenWithTheReport(t *testing.T) {
	c := newBetween(t, "ann", "bob", "cem")
	c.hands("ann", "try", engine.Answers{"deal": {"The Miller deal"}, "result": {"They agreed"}})
	answer := func(step engine.StepID, who engine.PersonID) {
		t.Helper()
		r := c.asked("ann", step, who)
		v, err := c.OpenRequest(t.Context(), c.id, r.ID)
		must(t, err)
		if v.HandStep == nil || v.HandStep.ID != "try" || v.Hand == nil || len(v.Hand.Answers) != 2 || len(v.Questions) == 0 || len(v.Rate) != 1 || !slices.Equal(v.Outcomes, []string{engine.OutcomeResponse}) {
			t.Fatalf("%s: the screen has %+v", step, v)
		}
		must(t, c.Answer(t.Context(), c.id, r.ID, engine.Answer{Outcome: engine.OutcomeResponse, Answers: engine.Answers{"text": {"Well done"}}, Ratings: map[engine.BehaviourID]int{"talk": 2}}))
	}
	answer("seen-boss", "")
	c.is("ann", "seen-boss", engine.Done)
	answer("seen-peer", c.who["bob"])
	c.is("ann", "seen-peer", engine.Open)
	answer("seen-peer", c.who["cem"])
	c.is("ann", "seen-peer", engine.Done)
}

func TestABriefingIsReadByLinkAndItsAcknowledgementIsRecorded(t *testing.T) {
	c := newBetween(t, "ann")
	r := c.asked("ann", "brief", "")
	v, err := c.OpenRequest(t.Context(), c.id, r.ID)
	must(t, err)
	if v.Content != "Ask **one** question." || !slices.Equal(v.Outcomes, []string{engine.OutcomeAcknowledged}) {
		t.Fatalf("the manager is shown %q and asked for %v", v.Content, v.Outcomes)
	}
	for range 2 {
		must(t, c.Answer(t.Context(), c.id, r.ID, engine.Answer{Outcome: engine.OutcomeAcknowledged}))
	}
	c.is("ann", "brief", engine.Done)
	c.sweep()
	if n := c.book.count("acknowledge"); n != 1 {
		t.Errorf("%d acknowledgements in %v", n, c.book.verbs())
	}
}

func TestACheckInIsTwoTapsAndANoIsNoUse(t *testing.T) {
	c := newBetween(t, "ann")
	if v := c.step("check"); len(v.Questions) != 2 || v.Questions[0].Type != "yesno" || v.Questions[1].Required || v.MinWords != 0 || v.MinFiles != 0 {
		t.Fatalf("it asks %+v", v.Questions)
	}
	c.hands("ann", "check", engine.Answers{"used": {"no"}, "barrier": {"No time"}})
	uses := func() int {
		t.Helper()
		e, err := c.store.Enrolment(t.Context(), c.id)
		must(t, err)
		return e.Uses["talk"]
	}
	if n := uses(); n != 0 {
		t.Fatalf("a no counts as %d uses", n)
	}
	c.pass("2026-11-26 10:00")
	c.hands("ann", "check", engine.Answers{"used": {"yes"}})
	if n := uses(); n != 1 {
		t.Fatalf("a yes counts as %d uses", n)
	}
}

func TestTheReportOfAnExperimentNamesTheRealCase(t *testing.T) {
	c := newBetween(t, "ann")
	if err := c.Submit(t.Context(), c.sam, c.id, "try", engine.Submission{Answers: engine.Answers{"result": {"Good"}}}); err == nil {
		t.Fatal("a report without a case was taken")
	}
	c.hands("ann", "try", engine.Answers{"deal": {"The Miller deal"}, "result": {"Good"}})
	folder, err := c.Portfolio(t.Context(), c.sam, true)
	must(t, err)
	if len(folder.Entries) != 1 || folder.Entries[0].Hand.Answers[0].Value != "The Miller deal" {
		t.Fatalf("the portfolio has %+v", folder.Entries)
	}
}

func TestAPageAFilmAnAidWithQuestionsAndTheCourseCanBeAttached(t *testing.T) {
	c := newBetween(t, "ann")
	if v := c.step("page"); v.URL != "https://x.example/page" {
		t.Errorf("the page is at %q", v.URL)
	}
	if v := c.step("film"); v.Step.Content.File != "media/film.mp4" {
		t.Errorf("the film is %+v", v.Step.Content)
	}
	if v := c.step("try"); v.Aid == nil || v.Content != "## Ada\n\n- What would you do?\n- What happened to you?" || len(v.Questions) != 2 {
		t.Errorf("the case study is %q with %d questions", v.Content, len(v.Questions))
	}
	if v := c.step("course"); v.Act != engine.ActLMS || v.State.State != engine.Open {
		t.Errorf("the course is %s, to be done by %q", v.State.State, v.Act)
	}
}

func TestAnAssignmentIsReviewedByEveryPeer(t *testing.T) {
	c := newBetween(t, "ann", "bob", "cem")
	must(t, c.Submit(t.Context(), c.sam, c.id, "work", experiment("a plan")))
	for _, name := range []string{"bob", "cem"} {
		c.is("ann", "work", engine.Submitted)
		r := c.asked("ann", "work", c.who[name])
		v, err := c.OpenRequest(t.Context(), c.id, r.ID)
		must(t, err)
		must(t, c.Answer(t.Context(), c.id, r.ID, engine.Answer{Outcome: engine.OutcomeApprove, SHA256: v.SHA256}))
	}
	c.is("ann", "work", engine.Done)
}

func TestADiscussionWithTheCohortWantsAWordOfSomebodyElse(t *testing.T) {
	c := newBetween(t, "ann", "bob")
	_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "round", "What do you think?", "")
	must(t, err)
	c.sweep()
	c.is("ann", "round", engine.Open)
	c.now = c.now.Add(time.Minute)
	_, err = c.Post(t.Context(), c.who["bob"], c.ids["bob"], "round", "I like it.", "")
	must(t, err)
	c.sweep()
	c.is("ann", "round", engine.Done)
	c.is("bob", "round", engine.Done)
}

func TestAPausedMemberHoldsNobodyUpAtAGate(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	c.does("prepare", "ann")
	c.is("ann", "gate", engine.Locked)
	must(t, c.Pause(t.Context(), c.coach(), c.ids["bob"], time.Time{}, "leave"))
	c.sweep()
	c.is("ann", "gate", engine.Open)
}

func TestAGateOpensAtItsDueThoughSomebodyIsNotReady(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob")
	c.does("prepare", "ann")
	c.pass("2027-01-22 16:59")
	c.is("ann", "gate", engine.Locked)
	c.pass("2027-01-22 17:00")
	c.is("ann", "gate", engine.Open)
	c.is("bob", "gate", engine.Locked)
}

func TestAPartOfACohortThatIsSplitOffHasAGateAndAStartOfItsOwn(t *testing.T) {
	c := newCrowd(t, monday)
	c.joins("ann", "bob", "cem")
	c.does("prepare", "ann", "bob")
	if err := c.SplitCohort(t.Context(), engine.By(c.who["ann"]), "north", c.ids["cem"]); err == nil {
		t.Fatal("a learner split the cohort")
	}
	must(t, c.SplitCohort(t.Context(), c.coach(), "north", c.ids["cem"]))
	c.is("ann", "gate", engine.Open) // cem is not waited for any more
	north := c.k
	north.Label = "north"
	must(t, c.SetCourseStart(t.Context(), c.coach(), north, at(t, "2026-12-14 12:00"), ""))
	for name, want := range map[string]bool{"ann": false, "cem": true} {
		e, err := c.store.Enrolment(t.Context(), c.ids[name])
		must(t, err)
		if got := !e.Anchors[engine.AnchorCourseStart].IsZero(); got != want {
			t.Errorf("%s has a start: %v, want %v", name, got, want)
		}
	}
	must(t, c.SplitCohort(t.Context(), c.coach(), "", c.ids["cem"]))
	if v, err := c.Cohort(t.Context(), c.coach(), c.k); err != nil || v.Members != 3 {
		t.Errorf("taken back: %+v, %v", v, err)
	}
}

func TestACoachOffersAVersionToTheirOwnLearnersOnly(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	_, _, err := h.ImportWorkflow(ctx, "versioned.yaml", []byte(versions(1)), nil)
	must(t, err)
	h.arrive("versioned", maxed)
	other := arrival("versioned", maxed)
	other.Subject, other.Name, other.Email, other.Course.ID = "6", "Kim", "kim@example.org", "3"
	kim, err := h.Arrive(ctx, other)
	must(t, err)
	tessa, err := h.ArriveStaff(ctx, engine.StaffArrival{Issuer: lms, Subject: "9", Email: "tessa@example.org", Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	_, _, err = h.ImportWorkflow(ctx, "versioned.yaml", []byte(versions(2)), nil)
	must(t, err)
	report, err := h.OfferVersion(ctx, engine.By(tessa.ID), "versioned", 2)
	must(t, err)
	if report != (engine.OfferReport{Moved: 1}) {
		t.Errorf("the offer reports %+v", report)
	}
	if e, err := h.Enrolment(ctx, kim.ID); err != nil || e.Version != 1 {
		t.Errorf("the learner of another course is on version %d (%v)", e.Version, err)
	}
}
