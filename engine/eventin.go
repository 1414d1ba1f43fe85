package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cairn-lms/cairn/xapi"
)

// eventTime is how long TakeEvents applies what it stored before it leaves the rest to the sweep (real time).
const eventTime = 5 * time.Second

// TakenEvent says what became of one event.
type TakenEvent struct {
	Key       string
	Duplicate bool // it was there already
	Conflict  bool // ... and said something else: this one is not taken
}

// TakeEvents stores business events and applies them to the enrolments they are about. from names the key or source that
// brought them. All are stored before any is applied; what is stored is never lost: what is not applied at once, the
// sweep applies. The same event again (by from, source and id) changes nothing.
//
// Whom an event is about says the place that the workflow's prompt, metric or event pattern names as `who`, else the
// subject: an e-mail address (mailto: or bare) by which a launch made a person known, an account as issuer|subject, or
// a person's id (urn:uuid: or bare). A name that several people have is about nobody.
func (s *Service) TakeEvents(ctx context.Context, from string, events []CloudEvent) ([]TakenEvent, error) {
	if len(events) == 0 || len(events) > MaxEventBatch {
		return nil, fmt.Errorf("take events: 1 to %d at a time: %w", MaxEventBatch, ErrInvalid)
	}
	for i, ev := range events {
		if err := ev.check(); err != nil {
			return nil, fmt.Errorf("take events: [%d]: %w", i, err)
		}
	}
	taken := make([]TakenEvent, len(events))
	var fresh []BusinessEvent
	for i, ev := range events {
		kept := BusinessEvent{CloudEvent: ev, Key: EventKey(from, ev.Source, ev.ID), From: clip(from, 200), ReceivedAt: s.now()}
		if kept.Time.IsZero() {
			kept.Time = kept.ReceivedAt
		}
		kept.Time = kept.Time.UTC().Truncate(time.Millisecond)
		added, err := s.o.Store.AddEvent(ctx, kept)
		if err != nil {
			return nil, fmt.Errorf("take events: %w", err)
		}
		taken[i] = TakenEvent{Key: kept.Key, Duplicate: !added}
		if added {
			kept.Rev = 1
			fresh = append(fresh, kept)
			continue
		}
		stands, err := s.o.Store.Event(ctx, kept.Key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("take events: %w", err)
		}
		taken[i].Conflict = err == nil && !ev.same(stands.CloudEvent)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventTime)
	defer cancel()
	for _, ev := range fresh {
		if ctx.Err() != nil {
			break // the sweep does the rest
		}
		if err := s.applyEvent(ctx, ev); err != nil {
			s.o.Log.Warn("an event waits for the sweep", "event", ev.Key, "type", ev.Type, "error", err)
		}
	}
	return taken, nil
}

// applyEvent applies a stored event and marks it. One that fails is tried again later; applying twice changes nothing.
func (s *Service) applyEvent(ctx context.Context, ev BusinessEvent) error {
	effects, people, note, failure := s.hear(ctx, ev, false)
	if failure != nil {
		if ctx.Err() != nil {
			return failure
		}
		ev.Attempts++
		ev.LastError, ev.RetryAt = clip(failure.Error(), 300), s.now().Add(min(backoff(ev.Attempts), time.Hour))
	} else {
		ev.AppliedAt, ev.RetryAt, ev.LastError = s.now(), time.Time{}, ""
	}
	for _, e := range effects {
		if !slices.Contains(ev.Effects, e) && len(ev.Effects) < 200 {
			ev.Effects = append(ev.Effects, e)
		}
	}
	ev.People, ev.Note = people, note
	if len(ev.Effects) > 0 {
		ev.Note = ""
	}
	if err := s.o.Store.SaveEvent(ctx, ev); err != nil && !errors.Is(err, ErrConflict) { // a conflict: another worker did the same
		return errors.Join(failure, fmt.Errorf("mark event %s: %w", ev.Key, err))
	}
	return failure
}

// hear applies an event to all enrolments it is about; dry only says what that would do. people are all that its names lead
// to, heard or not.
func (s *Service) hear(ctx context.Context, ev BusinessEvent, dry bool) (effects []EventEffect, people []PersonID, note string, err error) {
	found, people, note, err := s.peopleOf(ctx, ev)
	if err != nil {
		return nil, nil, "", err
	}
	data := decodeData(ev.Data)
	var errs []error
	for _, p := range slices.Sorted(maps.Keys(found)) {
		enrolments, err := s.o.Store.EnrolmentsOf(ctx, p)
		if err != nil {
			return effects, people, "", fmt.Errorf("load enrolments: %w", err)
		}
		measured := map[WorkflowID]bool{}
		for _, e := range enrolments {
			w, err := s.Workflow(ctx, e.Workflow, e.Version)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if !w.hears(ev.Type) || e.Preview {
				continue
			}
			var did []EventEffect
			h := heardEvent{id: ev.Key, typ: ev.Type, at: ev.Time, data: data, about: map[string]bool{}, shown: shownElsewhere(enrolments, e), did: &did}
			about := false
			for _, place := range w.places(ev.Type) {
				h.about[place] = slices.Contains(found[p], ev.at(place, data))
				about = about || h.about[place]
			}
			if !about {
				continue
			}
			if err := s.apply(ctx, e, h, dry); err != nil {
				errs = append(errs, fmt.Errorf("enrolment %s: %w", e.ID, err))
				continue
			}
			effects = append(effects, did...)
			if !measured[w.ID] {
				if measured[w.ID], err = s.measure(ctx, w, p, h, dry); err != nil {
					errs = append(errs, err)
				} else if measured[w.ID] {
					effects = append(effects, EventEffect{Enrolment: e.ID, Person: p, Workflow: w.ID, Effect: "metric", Name: w.Goal.Metric.ID})
				}
			}
		}
	}
	if len(found) > 0 && len(effects) == 0 {
		note = EventUnheard
	}
	return effects, people, note, errors.Join(errs...)
}

// apply tells an enrolment of an event; dry does not save. The enrolment in the list is replaced by what it became, so
// that the next one of the person knows of the prompts it showed.
func (s *Service) apply(ctx context.Context, e *Enrolment, h heardEvent, dry bool) error {
	if !dry {
		changed, err := s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return h, nil })
		if err == nil {
			e.Prompts = changed.Prompts
		}
		return err
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	f, err := s.facts(ctx, w, e)
	if err != nil {
		return err
	}
	would, err := decide(w, e, f, h, s.now())
	if err != nil {
		return err
	}
	for _, of := range w.order {
		was, is := e.Steps[of.ID], would.Steps[of.ID]
		if is != nil && is.State == Open && (was == nil || was.State != Open || was.Attempt != is.Attempt) {
			*h.did = append(*h.did, EventEffect{Enrolment: e.ID, Person: e.Learner, Workflow: w.ID, Effect: "opens", Name: string(of.ID)})
		}
	}
	e.Prompts = would.Prompts
	return nil
}

// shownElsewhere is when the prompts of an enrolment's workflow were last shown in the person's other enrolments in it.
func shownElsewhere(all []*Enrolment, e *Enrolment) map[string]time.Time {
	last := map[string]time.Time{}
	for _, other := range all {
		if other.ID == e.ID || other.Workflow != e.Workflow {
			continue
		}
		for _, p := range other.Prompts {
			if p.At.After(last[p.Prompt]) {
				last[p.Prompt] = p.At
			}
		}
	}
	return last
}

// at is what stands in a place of the event; "": the subject.
func (ev BusinessEvent) at(place string, data any) string {
	if place == "" {
		return ev.Subject
	}
	s, _ := dataAt(data, strings.TrimPrefix(place, eventData)).(string)
	return s
}

// maxNames bounds the names of people that are looked up for one event.
const maxNames = 200

// peopleOf finds everybody an event could be about, with the names in it that lead to them: the subject, what stands in
// the places that workflows name, and whatever else in the data looks like a name. Which of them counts, each workflow
// says itself; older versions may name other places. all are those too whose name several people have.
func (s *Service) peopleOf(ctx context.Context, ev BusinessEvent) (found map[PersonID][]string, all []PersonID, note string, err error) {
	data := decodeData(ev.Data)
	names := []string{ev.Subject}
	latest, err := s.Workflows(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	for _, w := range latest {
		for _, place := range w.places(ev.Type) {
			names = append(names, ev.at(place, data))
		}
	}
	names = stringsIn(data, names)
	found, note = map[PersonID][]string{}, EventAboutNobody
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] || len(seen) >= maxNames || !looksLikePerson(name) {
			continue
		}
		seen[name] = true
		people, err := s.peopleCalled(ctx, name)
		if err != nil {
			return nil, nil, "", err
		}
		all = append(all, people...)
		switch len(people) {
		case 0:
		case 1:
			found[people[0]] = append(found[people[0]], name)
		default:
			note = EventAboutSeveral
		}
	}
	slices.Sort(all)
	return found, slices.Compact(all), note, nil
}

// stringsIn appends all texts of a JSON value.
func stringsIn(data any, out []string) []string {
	switch v := data.(type) {
	case string:
		return append(out, v)
	case []any:
		for _, one := range v {
			out = stringsIn(one, out)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = stringsIn(v[key], out)
		}
	}
	return out
}

// looksLikePerson tells whether a text can be the name of a person, as peopleCalled reads it.
func looksLikePerson(s string) bool {
	return len(s) >= 3 && len(s) <= 1024 && (strings.ContainsAny(s, "@|") || uuid.Validate(strings.TrimPrefix(s, "urn:uuid:")) == nil)
}

// nameIn reads a name: an e-mail address or an account as issuer|subject, which are an Identity, or a person's id.
func nameIn(name string) (Identity, PersonID) {
	issuer, subject, account := strings.Cut(name, "|")
	switch {
	case account:
		return ByAccount(issuer, subject), ""
	case strings.Contains(name, "@"):
		return ByEmail(strings.TrimPrefix(name, "mailto:")), ""
	}
	return Identity{}, PersonID(strings.TrimPrefix(name, "urn:uuid:"))
}

// peopleCalled are the people behind a name: an e-mail address, an account as issuer|subject, or a person's id.
func (s *Service) peopleCalled(ctx context.Context, name string) ([]PersonID, error) {
	id, person := nameIn(name)
	if person != "" {
		p, err := s.o.Store.Person(ctx, person)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("find person: %w", err)
		}
		return []PersonID{p.ID}, nil
	}
	if !id.usable() {
		return nil, nil
	}
	known, err := s.known(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []PersonID
	for _, p := range known {
		out = append(out, p.ID)
	}
	return out, nil
}

// TestEvent says what an event would do now. Nothing is stored and nothing changes.
func (s *Service) TestEvent(ctx context.Context, ev CloudEvent) ([]EventEffect, string, error) {
	if err := ev.check(); err != nil {
		return nil, "", fmt.Errorf("test event: %w", err)
	}
	kept := BusinessEvent{CloudEvent: ev, Key: EventKey("", ev.Source, ev.ID), ReceivedAt: s.now()}
	effects, _, note, err := s.hear(ctx, kept, true)
	if len(effects) > 0 {
		note = ""
	}
	return effects, note, err
}

// ReplayEvent applies a stored event once more, as after a change of who is enrolled or of what a workflow hears. What it
// did to an enrolment already is not done again.
func (s *Service) ReplayEvent(ctx context.Context, key string) (BusinessEvent, error) {
	ev, err := s.o.Store.Event(ctx, key)
	if err != nil {
		return ev, fmt.Errorf("replay event: %w", err)
	}
	if err := s.applyEvent(ctx, ev); err != nil {
		return ev, fmt.Errorf("replay event: %w", err)
	}
	return s.o.Store.Event(ctx, key)
}

// Event is one event of the log.
func (s *Service) Event(ctx context.Context, key string) (BusinessEvent, error) {
	ev, err := s.o.Store.Event(ctx, key)
	if err != nil {
		return ev, fmt.Errorf("load event: %w", err)
	}
	return ev, nil
}

// Events is the log of business events, latest received first, from behind a place (zero: from the latest).
func (s *Service) Events(ctx context.Context, behind EventPlace, limit int) ([]BusinessEvent, error) {
	all, err := s.o.Store.Events(ctx, behind, limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return all, nil
}

// EventsOf are the events about a person, latest first.
func (s *Service) EventsOf(ctx context.Context, p PersonID, limit int) ([]BusinessEvent, error) {
	all, err := s.o.Store.EventsOf(ctx, p, limit)
	if err != nil {
		return nil, fmt.Errorf("list events of person %s: %w", p, err)
	}
	return all, nil
}

// ForgetEvents forgets events after 90 days, metric values after five years and receipts that have expired, and says how
// many.
func (s *Service) ForgetEvents(ctx context.Context) (int, error) {
	n, err := s.o.Store.ForgetEvents(ctx, s.now().Add(-eventLife))
	if err != nil {
		return n, fmt.Errorf("forget events: %w", err)
	}
	values, err := s.o.Store.ForgetMetricValues(ctx, s.now().Add(-metricLife))
	if err != nil {
		return n, fmt.Errorf("forget metric values: %w", err)
	}
	receipts, err := s.o.Store.ForgetReceipts(ctx, s.o.Wall())
	if err != nil {
		return n + values, fmt.Errorf("forget receipts: %w", err)
	}
	return n + values + receipts, nil
}

// events applies what was stored and not applied.
func (w *sweep) events(ctx context.Context) {
	pending, err := w.s.o.Store.PendingEvents(ctx, w.s.now(), 5*sweepBatch)
	w.note(err)
	for _, ev := range pending {
		if ctx.Err() != nil {
			return
		}
		if err := w.s.applyEvent(ctx, ev); err != nil {
			w.note(fmt.Errorf("apply event %s: %w", ev.Key, err))
			continue
		}
		w.report.Events++
	}
}

// hearStatement tells an enrolment of a statement of its learner, as the event xapi.statement.
func (s *Service) hearStatement(ctx context.Context, e *Enrolment, st *xapi.Statement) error {
	if e.Preview || e.State == Stopped || st.ID == "" {
		return nil
	}
	w, err := s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil || !w.hears(EventStatement) {
		return err
	}
	data := map[string]any{"verb": st.Verb.ID, "object": st.Object.Activity.ID}
	if def := st.Object.Activity.Definition; def != nil && def.Type != "" {
		data["type"] = def.Type
	}
	if r := st.Result; r != nil {
		if r.Score != nil && r.Score.Scaled != nil {
			data["score"] = *r.Score.Scaled
		}
		if r.Success != nil {
			data["success"] = *r.Success
		}
		if r.Completion != nil {
			data["completion"] = *r.Completion
		}
	}
	return s.apply(ctx, e, heardEvent{id: st.ID, typ: EventStatement, at: st.Timestamp, data: data}, false)
}

// PeopleCalled are the people behind a name: an e-mail address by which a launch made them known, an account as
// issuer|subject, or a person's id.
func (s *Service) PeopleCalled(ctx context.Context, name string) ([]Person, error) {
	ids, err := s.peopleCalled(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []Person
	for _, id := range ids {
		p, err := s.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// MessagesTo are the messages to a person, planned and sent, latest due first.
func (s *Service) MessagesTo(ctx context.Context, p PersonID, limit int) ([]Message, error) {
	found, err := s.o.Store.MessagesTo(ctx, p, limit)
	if err != nil {
		return nil, fmt.Errorf("list messages to %s: %w", p, err)
	}
	return found, nil
}
