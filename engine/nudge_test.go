package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func TestNothingIsEscalatedThatWasNotDisclosed(t *testing.T) {
	for _, shown := range []bool{true, false} {
		h := newHouse(t, monday)
		h.arrive("first-steps", maxed)
		if !shown { // as whom a roster enrolled: never launched
			e, err := h.store.Enrolment(t.Context(), h.id)
			must(t, err)
			e.DisclosedAt, e.LaunchedAt = time.Time{}, time.Time{}
			must(t, h.store.SaveEnrolment(t.Context(), e))
		}
		h.pass("2026-12-04 12:00")
		told := slices.ContainsFunc(h.post.told(), func(s string) bool { return strings.HasPrefix(s, "max ask_for_help") })
		if told != shown || (h.book.count("escalated") > 0) != shown {
			t.Errorf("shown %t: mails %v, %d statements of escalation", shown, h.post.told(), h.book.count("escalated"))
		}
		if !shown {
			all, err := h.store.MessagesTo(t.Context(), h.maxID(), 10)
			must(t, err)
			if len(all) == 0 || all[0].DroppedReason != "the escalation was not disclosed" {
				t.Errorf("the messages to Max: %+v", all)
			}
		}
	}
}

func TestALearnerSeesWhoIsToldAndPutsTheNoticeAway(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	v, err := h.Disclosure(t.Context(), h.sam, h.id)
	must(t, err)
	if !slices.Equal(v.Roles, []engine.Role{engine.Manager}) || len(v.People) != 1 || v.After != (engine.Duration{N: 4, Unit: "wd"}) || v.Seen {
		t.Errorf("it discloses %+v", v)
	}
	must(t, h.Disclosed(t.Context(), h.sam, h.id))
	must(t, h.Disclosed(t.Context(), h.sam, h.id))
	if v, _ = h.Disclosure(t.Context(), h.sam, h.id); !v.Seen {
		t.Error("the notice is not put away")
	}
	if err := h.Disclosed(t.Context(), "somebody", h.id); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else: %v", err)
	}
}

func TestPreferencesHoldForWhatIsPlannedAlready(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 08:00", oneStep("nudges: {channels: [lms, email]}"))
	must(t, h.SavePreferences(t.Context(), h.sam, engine.Preferences{Quiet: engine.Quiet{From: 8 * 60, To: 14 * 60}, Holiday: engine.Holiday{From: "2026-11-23", Until: "2026-11-23"}}, nil))
	h.pass("2026-11-24 13:59")
	if len(h.post.sent()) != 0 || len(h.inbox()) != 0 {
		t.Fatalf("sent in quiet hours: %v", h.post.told())
	}
	h.pass("2026-11-24 14:01")
	if len(h.post.sent()) != 1 || !h.post.times[0].Equal(at(t, "2026-11-24 14:00")) {
		t.Fatalf("sent %v at %v", h.post.told(), h.post.times)
	}
}

func TestHoursThatNeverMeetLeaveTheInbox(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 08:00", oneStep("nudges: {channels: [lms, email]}"))
	must(t, h.SavePreferences(t.Context(), h.sam, engine.Preferences{Quiet: engine.Quiet{From: 8 * 60, To: 19 * 60}}, nil))
	h.pass("2026-11-23 12:00")
	if len(h.post.sent()) != 0 || len(h.inbox()) != 1 {
		t.Errorf("mails %v, inbox %v", h.post.told(), h.inbox())
	}
}

func TestAChosenZoneAndLanguageSurviveTheNextLaunch(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 08:00", oneStep(""))
	must(t, h.SavePreferences(t.Context(), h.sam, engine.Preferences{Zone: "America/New_York", Locale: "de"}, nil))
	h.arrive("one", maxed)
	p, err := h.Person(t.Context(), h.sam)
	must(t, err)
	if p.Zone != "America/New_York" || p.Locale != "de" {
		t.Errorf("Sam lives in %s and reads %s", p.Zone, p.Locale)
	}
	var bad engine.FieldErrors
	for _, wrong := range []engine.Preferences{{Zone: "Mars"}, {Locale: "!"}, {Quiet: engine.Quiet{From: -1, To: 5}}, {Holiday: engine.Holiday{From: "2026-12-24", Until: "2026-12-01"}}, {Holiday: engine.Holiday{From: "x"}}} {
		if err := h.SavePreferences(t.Context(), h.sam, wrong, nil); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if err := h.SavePreferences(t.Context(), h.sam, engine.Preferences{}, map[string]bool{"lms": true}); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("the inbox was switched off: %v", err)
	}
}

func TestCapsHoldOverAllWorkflowsAndTheExcessJoinsTheNext(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 08:00", oneStep("nudges: {channels: [lms, email], cap: {day: 1, week: 2}, bundle: 1h}"))
	first := h.id
	source := strings.ReplaceAll(oneStep("nudges: {channels: [lms, email], cap: {day: 1, week: 2}, bundle: 1h}"), "workflow: one", "workflow: two")
	h.now = at(t, "2026-11-23 11:00")
	h.sweep() // the first announcement is out
	_, _, err := h.ImportWorkflow(t.Context(), "two.yaml", []byte(source), nil)
	must(t, err)
	h.arrive("two", maxed)
	h.pass("2026-12-07 17:00")
	days := map[string]int{}
	carried := 0
	for i, m := range h.post.sent() {
		if m.To.ID != h.sam {
			continue
		}
		days[h.post.times[i].In(h.post.times[i].Location()).Format(time.DateOnly)]++
		carried += 1 + len(m.Also)
		var week int
		for _, other := range h.post.times[:i+1] {
			if h.post.times[i].Sub(other) < 7*24*time.Hour {
				week++
			}
		}
		if week > 2+countOthers(h, i) {
			t.Errorf("%d in the week before %s", week, h.post.times[i])
		}
	}
	for day, n := range days {
		if n > 1 {
			t.Errorf("%d mails on %s", n, day)
		}
	}
	if len(h.inbox()) == 0 || first == h.id || carried < 3 {
		t.Errorf("%d matters went out: %v", carried, h.post.told())
	}
}

// countOthers are the mails up to i that went to somebody else.
func countOthers(h *house, i int) (n int) {
	for _, m := range h.post.sent()[:i+1] {
		if m.To.ID != h.sam {
			n++
		}
	}
	return n
}

func TestWhoDoesAStepWithTheLearnerHearsThatItIsOpen(t *testing.T) {
	source := strings.Replace(oneStep(""), "kind: read, title: Read it, by: learner", "kind: discuss, title: Talk, by: learner, with: manager", 1)
	source = strings.Replace(source, "minutes: 4}", "done: {all: [response, confirmed]}, minutes: 4}", 1)
	h, _ := withWorkflow(t, monday, source)
	h.pass("2026-11-23 12:00")
	if got := h.post.told(); !slices.Contains(got, "max step_with read") || !slices.Contains(got, "sam step_open read") {
		t.Errorf("mails: %v", got)
	}
}

func TestAnOpenedNudgeIsRecordedOnceAndAReturnIsCounted(t *testing.T) {
	h, _ := withWorkflow(t, "2026-11-23 08:00", oneStep(""))
	h.pass("2026-11-23 12:00")
	m := h.post.sent()[0].Message
	if err := h.NudgeOpened(t.Context(), "somebody", m.ID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("somebody else opened it: %v", err)
	}
	to, err := h.NudgeTarget(t.Context(), m.ID)
	must(t, err)
	if !strings.Contains(to, "view.php") {
		t.Errorf("it leads to %q", to)
	}
	h.arrive("one", maxed)
	must(t, h.NudgeOpened(t.Context(), h.sam, m.ID))
	h.now = h.now.Add(time.Hour)
	must(t, h.NudgeOpened(t.Context(), h.sam, m.ID))
	if n := h.book.count("open"); n != 1 {
		t.Errorf("%d statements: %v", n, h.book.verbs())
	}
	counts, err := h.ComeBack(t.Context(), engine.Actor{System: "test"}, engine.Course{Issuer: lms, ID: "2"})
	must(t, err)
	if got := counts[""]; got != (engine.ComeBack{Sent: 1, Opened: 1, Back: 1}) {
		t.Errorf("it counts %+v", got)
	}
	if _, err := h.ComeBack(t.Context(), engine.By(h.sam), engine.Course{Issuer: lms, ID: "2"}); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("Sam may see it: %v", err)
	}
}

func TestWhoIsAskedForAPostOrAWordOnALearnersStepIsReminded(t *testing.T) {
	h := newHouse(t, monday)
	whole(t, h, "with", "standards: []", `{id: talk, kind: discuss, title: Talk, by: learner, with: manager, due: open + 5wd}`,
		`{id: call, kind: event, title: Call, by: learner, with: manager, at: "2026-11-24 at 10:00", done: attended}`)
	h.arrive("with", maxed)
	h.pass("2026-12-07 12:00")
	told := h.post.told()
	for _, want := range []string{"max discuss_request talk", "max step_due talk", "max step_late talk", "max attend_request call", "max step_late call"} {
		if !slices.Contains(told, want) {
			t.Errorf("no %q in %q", want, told)
		}
	}
}
