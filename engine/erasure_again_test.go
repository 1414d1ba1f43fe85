package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// falters is a store of which one removal fails.
type falters struct {
	engine.Store
	left int // removals until it
}

func (f *falters) may() error {
	f.left--
	if f.left == 0 {
		return errors.New("the store is away")
	}
	return nil
}

func falter[T any](f *falters, do func() (T, error)) (T, error) {
	if err := f.may(); err != nil {
		var none T
		return none, err
	}
	return do()
}

func (f *falters) DeleteEnrolment(ctx context.Context, id engine.EnrolmentID) error {
	return errors.Join(f.may(), f.Store.DeleteEnrolment(ctx, id)) // done, and not told
}

func (f *falters) DeleteMessages(ctx context.Context, to engine.PersonID, of engine.EnrolmentID) (int, error) {
	return falter(f, func() (int, error) { return f.Store.DeleteMessages(ctx, to, of) })
}

func (f *falters) BlobUsed(ctx context.Context, sha string, besides engine.EnrolmentID) (bool, error) {
	return falter(f, func() (bool, error) { return f.Store.BlobUsed(ctx, sha, besides) })
}

func (f *falters) DeleteThread(ctx context.Context, thread engine.ThreadID) (int, error) {
	return falter(f, func() (int, error) { return f.Store.DeleteThread(ctx, thread) })
}

func (f *falters) DeleteSignals(ctx context.Context, n engine.Identity) (int, error) {
	return falter(f, func() (int, error) { return f.Store.DeleteSignals(ctx, n) })
}

func (f *falters) DeleteAliases(ctx context.Context, n engine.Identity) (int, error) {
	return falter(f, func() (int, error) { return f.Store.DeleteAliases(ctx, n) })
}

func (f *falters) DeleteRosterEntries(ctx context.Context, n engine.Identity) (int, error) {
	return falter(f, func() (int, error) { return f.Store.DeleteRosterEntries(ctx, n) })
}

func (f *falters) EraseEventsOf(ctx context.Context, p engine.PersonID) (int, error) {
	return falter(f, func() (int, error) { return f.Store.EraseEventsOf(ctx, p) })
}

func (f *falters) SavePerson(ctx context.Context, p engine.Person) error {
	_, err := falter(f, func() (int, error) { return 0, f.Store.SavePerson(ctx, p) })
	return err
}

// written is a learner of whom everything is known that an erasure removes.
func written(t *testing.T) (h *house, sha string) {
	t.Helper()
	h = newHouse(t, "2026-06-01 09:00")
	ctx := t.Context()
	h.teaches(strings.ReplaceAll(pauseWorkflow, "kind: reflect, title: First, by: learner, due: open + 5wd, done: response,", "kind: assignment, title: First, by: learner, due: open + 5wd, done: {evidence: 1},"))
	tessa := h.coach()
	h.arrive("pausing", map[string]string{"manager_email": "max@example.org"})
	h.reads(engine.RosterMember{Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Learner: true})
	must(t, h.Submit(ctx, h.sam, h.id, "first", engine.Submission{Answers: engine.Answers{"q": {"So."}}, Files: []engine.Upload{{Name: "a", Data: []byte("only Sam's")}}}))
	_, err := h.AskCoach(ctx, h.sam, h.id, "What if I fail?")
	must(t, err)
	_, err = h.AnswerCoach(ctx, engine.By(tessa), h.id, "You will not fail, Sam.", "")
	must(t, err)
	h.completes()
	h.takes(engine.CloudEvent{ID: "1", Source: "/crm", Type: "never.heard", Subject: "sam@example.org"})
	list, err := h.store.Contributions(ctx, h.id)
	must(t, err)
	return h, list[0].Files[0].SHA256
}

func TestAnErasureThatBrokeOffIsCompletedByRunningItAgain(t *testing.T) {
	broke := 0
	for k := 1; ; k++ {
		done := false
		t.Run(fmt.Sprint("at removal ", k), func(t *testing.T) {
			h, sha := written(t)
			ctx := t.Context()
			store := &falters{Store: h.store, left: k}
			o := h.options
			o.Store = store
			if _, err := engine.New(o).ErasePerson(ctx, operator, engine.ByEmail("sam@example.org"), false); err == nil {
				done = true
			}
			_, err := h.ErasePerson(ctx, operator, engine.ByEmail("sam@example.org"), false)
			must(t, err)
			if _, err := h.store.Enrolment(ctx, h.id); !errors.Is(err, engine.ErrNotFound) {
				t.Errorf("the enrolment is there: %v", err)
			}
			if _, err := h.store.Blob(ctx, sha); !errors.Is(err, engine.ErrNotFound) {
				t.Errorf("the file is there: %v", err)
			}
			p, err := h.Person(ctx, h.sam)
			must(t, err)
			if p.Name != engine.ErasedName || p.Email != "" {
				t.Errorf("%+v", p)
			}
			max, err := h.store.PersonByEmail(ctx, "max@example.org")
			must(t, err)
			for _, to := range []engine.PersonID{h.sam, max.ID} {
				if mails, err := h.MessagesTo(ctx, to, 10); err != nil || len(mails) != 0 {
					t.Errorf("messages: %v %+v", err, mails)
				}
			}
			if posts, err := h.store.PostsIn(ctx, engine.ThreadID(engine.Key("coach", string(h.id))), engine.PostRef{}, 10); err != nil || len(posts) != 0 {
				t.Errorf("posts: %v %+v", err, posts)
			}
			if signals, err := h.store.SignalsOf(ctx, lms, "5"); err != nil || len(signals) != 0 {
				t.Errorf("completions: %v %v", err, signals)
			}
			if aliases, err := h.store.AliasesOf(ctx, engine.ByEmail("sam@example.org")); err != nil || len(aliases) != 0 {
				t.Errorf("names: %v %v", err, aliases)
			}
			if log, err := h.Events(ctx, engine.EventPlace{}, 10); err != nil || len(log) != 0 {
				t.Errorf("events: %v %+v", err, log)
			}
			if roster, err := h.Roster(ctx, course()); err != nil || len(roster) != 0 {
				t.Errorf("roster: %v %v", err, roster)
			}
		})
		if done || t.Failed() {
			break
		}
		broke++
	}
	if broke < 8 {
		t.Errorf("broke off at %d removals only", broke)
	}
}

func TestAnErasureTakesEventsThatNoWorkflowHeardAndThatWait(t *testing.T) {
	h := crmHouse(t)
	ctx := t.Context()
	send := func(s *engine.Service, id, typ, subject, data string) {
		t.Helper()
		_, err := s.TakeEvents(ctx, "test", []engine.CloudEvent{{ID: id, Source: "/crm", Type: typ, Subject: subject, Data: json.RawMessage(data)}})
		must(t, err)
	}
	send(h.Service, "unheard", "nobody.hears", "mailto:Sam@example.org", "")
	send(h.Service, "in data", "nobody.hears", "", `{"deal":{"team":["`+lms+`|5"]}}`)
	send(h.Service, "by id", "nobody.hears", "urn:uuid:"+string(h.sam), "")
	send(h.Service, "other", "nobody.hears", "ada@example.org", "")
	o := h.options
	o.Store = &stumbling{Store: h.store, fails: 1}
	send(engine.New(o), "waits", "desk.ticket", "sam@example.org", `{"kind":"complaint"}`)
	if ev, err := h.Event(ctx, engine.EventKey("test", "/crm", "unheard")); err != nil || len(ev.People) != 1 || ev.People[0] != h.sam {
		t.Errorf("an event that nobody heard is about %v, %v", ev.People, err)
	}
	dry, err := h.ErasePerson(ctx, operator, engine.ByEmail("sam@example.org"), true)
	must(t, err)
	report, err := h.ErasePerson(ctx, operator, engine.ByEmail("sam@example.org"), false)
	must(t, err)
	if dry.Events != 4 || report.Events != 4 {
		t.Errorf("%d events would go, %d went", dry.Events, report.Events)
	}
	h.sweep()
	log, err := h.Events(ctx, engine.EventPlace{}, 10)
	must(t, err)
	if len(log) != 1 || log[0].ID != "other" {
		t.Errorf("left: %+v", log)
	}
}

func TestEnrollingWhoIsKnownDoesNotChangeTheirNameAndAddress(t *testing.T) {
	h := newHouse(t, "2026-11-23 09:00")
	h.arrive("first-steps", maxed)
	h.reads(engine.RosterMember{Subject: "8", Name: "Rosa", Email: "rosa@example.org", Learner: true})
	for subject, want := range map[string]string{"5": "sam@example.org", "8": "rosa@example.org"} {
		e, err := h.Enrol(t.Context(), engine.Actor{System: "key:1"}, engine.Enrolling{Workflow: "negotiation-skills", Course: course(), Subject: subject, Name: "Evil", Email: "evil@example.com"})
		must(t, err)
		if p, err := h.Person(t.Context(), e.Learner); err != nil || p.Email != want || p.Name == "Evil" {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func TestSettledDeadLettersDoNotStandBeforeTheOthers(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	e := h.arrive("first-steps", maxed)
	for i := range engine.MaxDeadLetters + 5 {
		must(t, h.store.PutDeadLetter(ctx, engine.DeadLetter{ID: fmt.Sprint("message-gone", i), Kind: engine.DeadMessage, Of: fmt.Sprint("gone", i), DeadAt: h.now}))
	}
	e.GradeRefused = &engine.OutGrade{Score: 1}
	must(t, h.store.SaveEnrolment(ctx, e))
	h.now = h.now.Add(1)
	h.Bury(ctx, engine.DeadGrade, string(e.ID), "", 1, nil)
	if kinds, _ := letters(t, h.Service); len(kinds) != 1 || kinds[0] != engine.DeadGrade {
		t.Errorf("dead letters %q", kinds)
	}
	if kept, err := h.store.DeadLetters(ctx, 10); err != nil || len(kept) != 1 {
		t.Errorf("%d are kept, %v", len(kept), err)
	}
	_, err := h.ErasePerson(ctx, operator, engine.ByEmail("sam@example.org"), false)
	must(t, err)
	if kept, err := h.store.DeadLetters(ctx, 10); err != nil || len(kept) != 0 {
		t.Errorf("%d are kept of somebody who was erased, %v", len(kept), err)
	}
}

func TestPreferencesThatDoNotNameAChannelLeaveItAsItIs(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	must(t, h.Unsubscribe(t.Context(), h.sam, engine.ChannelEmail))
	for _, c := range []struct {
		off  map[string]bool
		want bool
	}{{nil, true}, {map[string]bool{"chat": true}, true}, {map[string]bool{"email": false}, false}} {
		must(t, h.SavePreferences(t.Context(), h.sam, engine.Preferences{}, c.off))
		if w, err := h.Preferences(t.Context(), h.sam); err != nil || w.Off["email"] != c.want {
			t.Errorf("%v: %v, %v", c.off, w.Off, err)
		}
	}
}

func TestAnEventIsOneOnlyForItsSender(t *testing.T) {
	h := crmHouse(t)
	ctx := t.Context()
	ev := engine.CloudEvent{ID: "1", Source: "/crm", Type: "desk.ticket", Subject: "sam@example.org", Data: []byte(`{"kind": "complaint"}`)}
	other := ev
	other.Subject = "ada@example.org"
	spaced := ev
	spaced.Data = []byte(`{"kind":"complaint"}`)
	for _, c := range []struct {
		from                string
		ev                  engine.CloudEvent
		duplicate, conflict bool
	}{{"key:evil", other, false, false}, {"key:crm", ev, false, false}, {"key:crm", spaced, true, false}, {"key:crm", other, true, true}} {
		taken, err := h.TakeEvents(ctx, c.from, []engine.CloudEvent{c.ev})
		must(t, err)
		if taken[0].Duplicate != c.duplicate || taken[0].Conflict != c.conflict {
			t.Errorf("%s %s: %+v", c.from, c.ev.Subject, taken[0])
		}
	}
	if len(h.prompts()) != 1 {
		t.Error("another's event took the place of the one about Sam")
	}
}
