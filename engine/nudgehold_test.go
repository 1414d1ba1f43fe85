package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/mail"
)

var theCourse = engine.Course{Issuer: lms, ID: "2"}

func TestHeldNudgesAreNotSentAndStepsGoOn(t *testing.T) {
	for _, whole := range []bool{false, true} {
		h, tessa := standing(t)
		h.pass("2026-06-05 06:00")
		before, inbox := len(h.post.sent()), len(h.inbox())
		hold := func(by engine.Actor, reason string) error {
			if whole {
				return h.HoldCourseNudges(t.Context(), by, theCourse, reason)
			}
			return h.HoldNudges(t.Context(), by, h.id, reason)
		}
		release := func(by engine.Actor) error {
			if whole {
				return h.ReleaseCourseNudges(t.Context(), by, theCourse)
			}
			return h.ReleaseNudges(t.Context(), by, h.id)
		}
		if err := hold(engine.By(h.sam), "I say so"); !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("the learner holds them: %v", err)
		}
		if err := hold(tessa, "  "); !errors.As(err, new(engine.FieldErrors)) {
			t.Errorf("without a reason: %v", err)
		}
		must(t, hold(tessa, "fair week"))
		must(t, hold(tessa, "again"))
		h.pass("2026-06-09 12:00")
		for _, m := range h.post.sent()[before:] {
			if m.Message.IsNudge() {
				t.Errorf("whole %t: %s went to %s", whole, m.Message.Purpose, m.To.Name)
			}
		}
		if all := h.inbox(); len(all) != inbox {
			t.Errorf("whole %t: in the inbox are %v", whole, all)
		}
		if st := h.state("call").State; st != engine.Open {
			t.Errorf("whole %t: the step that opens meanwhile is %s", whole, st)
		}
		acts := h.enrolment().Acts
		if whole {
			on, err := h.CourseNudges(t.Context(), tessa, theCourse)
			must(t, err)
			if on.Held == nil || on.Held.Reason != "fair week" {
				t.Errorf("the course says %+v", on)
			}
			acts = on.Acts
		}
		if len(acts) != 1 || acts[0].What != engine.ActHold || acts[0].Reason != "fair week" || acts[0].By != tessa {
			t.Errorf("whole %t: the history is %+v", whole, acts)
		}
		if err := release(engine.By(h.sam)); !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("the learner releases them: %v", err)
		}
		must(t, release(tessa))
		must(t, release(tessa))
		h.pass("2026-06-09 14:00")
		told := func(m engine.Mail) bool {
			return m.Message.Purpose == engine.PurposeStepLate && m.Message.Step == "first"
		}
		if !slices.ContainsFunc(h.post.sent(), func(m engine.Mail) bool { return told(m) || slices.ContainsFunc(m.Also, told) }) {
			t.Errorf("whole %t: what waited was not sent: %v", whole, h.post.told())
		}
		if slices.ContainsFunc(h.post.sent(), func(m engine.Mail) bool { return m.Message.Purpose == engine.PurposeStepDue && m.To.ID == h.sam }) {
			t.Errorf("whole %t: what is late was announced as due: %v", whole, h.post.told())
		}
	}
}

// What the preview says is what comes, if nobody does anything.
func TestTheNextNudgesAreForeseenAsTheyCome(t *testing.T) {
	h, tessa := standing(t)
	h.options.Wording = mail.Wording{}
	h.Service = engine.New(h.options)
	sent, rev := len(h.post.sent()), h.enrolment().Rev
	plan, err := h.PreviewNudges(t.Context(), tessa, h.id)
	must(t, err)
	course, err := h.PreviewCourseNudges(t.Context(), tessa, theCourse, 0)
	must(t, err)
	if len(h.post.sent()) != sent || h.enrolment().Rev != rev {
		t.Error("looking ahead sent or stored something")
	}
	if len(course.Mails) != len(plan.Mails) || course.Count != 1 || course.People != 1 {
		t.Errorf("the course's preview has %d of %d mails, of %d learners", len(course.Mails), len(plan.Mails), course.Count)
	}
	var want, have []string
	for _, m := range plan.Mails {
		if m.Subject == "" || m.Text == "" || strings.Contains(m.Text, "/r/") {
			t.Errorf("%s to %s says %q, %q", m.Purpose, m.To.Name, m.Subject, m.Text)
		}
		if m.Channel == engine.ChannelEmail {
			want = append(want, m.At.Format("01-02 15:04 ")+string(m.To.ID)+" "+m.Purpose)
		}
	}
	h.pass("2026-06-15 09:05")
	for i, m := range h.post.sent()[sent:] {
		have = append(have, h.post.times[sent+i].Format("01-02 15:04 ")+string(m.To.ID)+" "+m.Message.Purpose)
	}
	slices.Sort(want)
	slices.Sort(have)
	if len(have) < 4 || !slices.Equal(want, have) {
		t.Errorf("foreseen was\n%s\nand there came\n%s", strings.Join(want, "\n"), strings.Join(have, "\n"))
	}
	if _, err := h.PreviewNudges(t.Context(), engine.By(h.sam), h.id); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("the learner looks ahead: %v", err)
	}
}

func TestAPreviewSaysThatNudgesAreHeld(t *testing.T) {
	h, tessa := standing(t)
	must(t, h.HoldCourseNudges(t.Context(), tessa, theCourse, "fair week"))
	plan, err := h.PreviewNudges(t.Context(), tessa, h.id)
	must(t, err)
	if len(plan.Mails) == 0 {
		t.Fatal("nothing is foreseen")
	}
	for _, m := range plan.Mails {
		if nudge := (engine.Message{Purpose: m.Purpose}).IsNudge(); m.Held != nudge {
			t.Errorf("%s: held %t", m.Purpose, m.Held)
		}
	}
}
