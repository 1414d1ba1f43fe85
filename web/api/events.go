package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
)

// eventView is one business event of the log.
type eventView struct {
	Key        string               `json:"key"`
	ID         string               `json:"id"`
	Source     string               `json:"source"`
	Type       string               `json:"type"`
	Time       time.Time            `json:"time"`
	ReceivedAt time.Time            `json:"received_at"`
	From       string               `json:"from" doc:"The key or source that brought it"`
	AppliedAt  time.Time            `json:"applied_at,omitzero" doc:"Left out: it waits for the sweep"`
	Attempts   int                  `json:"attempts,omitempty"`
	Note       string               `json:"note,omitempty" doc:"Why nothing came of it: nobody, several (people have the name), unheard (no workflow of theirs names it)"`
	Effects    []engine.EventEffect `json:"effects"`
	People     []engine.PersonID    `json:"people"`
	Subject    string               `json:"subject,omitempty" doc:"With the scope people/read"`
	Data       json.RawMessage      `json:"data,omitempty" doc:"With the scope people/read"`
}

func (c *call) viewEvent(ev engine.BusinessEvent) eventView {
	v := eventView{Key: ev.Key, ID: ev.ID, Source: ev.Source, Type: ev.Type, Time: ev.Time, ReceivedAt: ev.ReceivedAt, From: ev.From,
		AppliedAt: ev.AppliedAt, Attempts: ev.Attempts, Note: ev.Note, Effects: ev.Effects, People: ev.People}
	if c.may(lrs.ScopePeopleRead) {
		v.Subject, v.Data = ev.Subject, ev.Data
	}
	return v
}

// taken says what became of events that came in.
type taken struct {
	Events []takenEvent `json:"events" doc:"In the order they were sent"`
}

type takenEvent struct {
	Key       string `json:"key"`
	ID        string `json:"id"`
	Source    string `json:"source"`
	Duplicate bool   `json:"duplicate" doc:"It was there already: nothing changed"`
	Conflict  bool   `json:"conflict,omitempty" doc:"Another event of this sender with this source and id says something else: this one is not taken"`
}

// maxEvents bounds a request with events.
const maxEvents = 2 << 20

const sampleEvent = `{"specversion": "1.0", "id": "opp-4711", "source": "/crm/opportunities", "type": "crm.opportunity.created", "time": "2026-11-21T09:00:00Z", "datacontenttype": "application/json", "data": {"owner_email": "sam@example.org", "amount": 60000}}`

func eventRoutes() []route {
	post := func(c *call) (any, error) {
		events, err := DecodeEvents(c.Header, c.raw)
		if err != nil {
			return nil, err
		}
		kept, err := c.engine.TakeEvents(c.Context(), c.from, events)
		if err != nil {
			return nil, err
		}
		var reply taken
		for i, k := range kept {
			reply.Events = append(reply.Events, takenEvent{k.Key, events[i].ID, events[i].Source, k.Duplicate, k.Conflict})
		}
		if len(kept) == 1 && kept[0].Conflict {
			return nil, refuse(http.StatusConflict, "event", "another event of this sender has this source and id and says something else; give this one an id of its own")
		}
		return reply, nil
	}
	detail := "CloudEvents 1.0 in structured mode (" + mediaEvent + "), up to 100 in a batch (" + mediaBatch + "), or in binary mode (ce- headers). " +
		"Data has at most 64 KB. The same event again (by sender, source and id) changes nothing and is answered with 202 too. " +
		"If it says something else it is not taken: 409, or in a batch conflict."
	return []route{
		{method: "POST", path: "/api/events", id: "sendEvents", tag: "Events", summary: "Business events", detail: detail, scope: lrs.ScopeEventsWrite,
			media: mediaEvent, sample: sampleEvent, reply: taken{}, status: http.StatusAccepted, limit: maxEvents, do: post},
		{method: "POST", path: "/api/events/{source}", id: "sendSignedEvents", tag: "Events", summary: "Business events, signed by a source",
			detail: detail + " Signed by Standard Webhooks: webhook-id, webhook-timestamp (at most five minutes off) and webhook-signature. cairn events source add makes the source.",
			open:   true, media: mediaEvent, sample: sampleEvent, reply: taken{}, status: http.StatusAccepted, limit: maxEvents, do: func(c *call) (any, error) {
				if err := c.admitSource(); err != nil {
					return nil, err
				}
				return post(c)
			}},
		{method: "GET", path: "/api/v1/events", id: "listEvents", tag: "Events", summary: "The log of business events, latest first", scope: lrs.ScopeEventsRead,
			query: []param{{name: "person", doc: "A person's id: only events about them (no cursor)"}, limitParam, cursorParam}, reply: list[eventView]{}, do: listEvents},
		{method: "POST", path: "/api/v1/events/test", id: "testEvent", tag: "Events", summary: "What would this event do? Nothing is kept", detail: "Whom it is about, and their enrolments, are told with the scope people/read.", scope: lrs.ScopeEventsRead,
			media: mediaEvent, sample: sampleEvent, reply: testReport{}, limit: maxEvents, do: func(c *call) (any, error) {
				events, err := DecodeEvents(c.Header, c.raw)
				if err != nil {
					return nil, err
				}
				if len(events) != 1 {
					return nil, malformed(faults{{Detail: "one event at a time"}})
				}
				effects, note, err := c.engine.TestEvent(c.Context(), events[0])
				if !c.may(lrs.ScopePeopleRead) {
					for i := range effects {
						effects[i].Enrolment, effects[i].Person = "", ""
					}
				}
				return testReport{Effects: effects, Note: note}, err
			}},
		{method: "GET", path: "/api/v1/events/{event}", id: "showEvent", tag: "Events", summary: "One event with what it did", scope: lrs.ScopeEventsRead, reply: eventView{},
			do: func(c *call) (any, error) {
				ev, err := c.engine.Event(c.Context(), c.PathValue("event"))
				return c.viewEvent(ev), err
			}},
		{method: "POST", path: "/api/v1/events/{event}/replay", id: "replayEvent", tag: "Events", summary: "Apply a stored event once more",
			detail: "What it did to an enrolment already is not done again.", scope: lrs.ScopeEventsWrite, reply: eventView{}, do: func(c *call) (any, error) {
				ev, err := c.engine.ReplayEvent(c.Context(), c.PathValue("event"))
				return c.viewEvent(ev), err
			}},
	}
}

type testReport struct {
	Effects []engine.EventEffect `json:"effects"`
	Note    string               `json:"note,omitempty"`
}

func listEvents(c *call) (any, error) {
	page := all([]eventView{})
	if p := c.param("person"); p != "" {
		found, err := c.engine.EventsOf(c.Context(), engine.PersonID(p), c.limit())
		for _, ev := range found {
			page.Items = append(page.Items, c.viewEvent(ev))
		}
		return page, err
	}
	var behind engine.EventPlace
	parts, err := c.place(2)
	if err != nil {
		return nil, err
	}
	if parts != nil {
		if behind.At, err = c.unstamp(parts[0]); err != nil {
			return nil, err
		}
		behind.Key = parts[1]
	}
	found, err := c.engine.Events(c.Context(), behind, c.limit())
	if err != nil {
		return nil, err
	}
	for _, ev := range found {
		page.Items = append(page.Items, c.viewEvent(ev))
	}
	if n := len(found); n == c.limit() {
		page.Next = cursor(stamp(found[n-1].ReceivedAt), found[n-1].Key)
	}
	return page, nil
}
