package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// CloudEvent is a business event as its sender tells it, by CloudEvents 1.0. Id, Source and Type are required; Time zero
// is the time it came in.
type CloudEvent struct {
	ID      string          `json:"id"`
	Source  string          `json:"source"` // who says so, a URI reference; with ID what makes the event one of its sender
	Type    string          `json:"type"`
	Subject string          `json:"subject,omitempty"` // whom or what it is about, see Service.TakeEvents
	Time    time.Time       `json:"time,omitzero"`
	Data    json.RawMessage `json:"data,omitempty"` // JSON
}

// The bounds of events.
const (
	MaxEventData  = 64 << 10 // bytes of JSON
	MaxEventBatch = 100
	maxEventName  = 1000 // bytes of an id, a source and a subject
	eventLife     = 90 * 24 * time.Hour
)

// check tells what is wrong with an event. pointer names the attribute.
func (ev CloudEvent) check() error {
	for _, a := range []struct {
		name, value string
		required    bool
	}{{"id", ev.ID, true}, {"source", ev.Source, true}, {"type", ev.Type, true}, {"subject", ev.Subject, false}} {
		switch {
		case a.required && a.value == "":
			return fmt.Errorf("event: %s is missing: %w", a.name, ErrInvalid)
		case len(a.value) > maxEventName || !utf8.ValidString(a.value) || strings.ContainsFunc(a.value, unicode.IsControl):
			return fmt.Errorf("event: %s is longer than %d bytes or no line of text: %w", a.name, maxEventName, ErrInvalid)
		}
	}
	if !isEventType(ev.Type) {
		return fmt.Errorf("event: type %q is not of letters, digits, dots, - and _ (at most %d): %w", clip(ev.Type, 60), maxEventType, ErrInvalid)
	}
	if len(ev.Data) > MaxEventData {
		return fmt.Errorf("event: data has more than %d bytes: %w", MaxEventData, ErrInvalid)
	}
	if len(ev.Data) > 0 && !json.Valid(ev.Data) {
		return fmt.Errorf("event: data is no JSON: %w", ErrInvalid)
	}
	return nil
}

// BusinessEvent is a CloudEvent as it is kept, with what came of it. It is forgotten after 90 days, and with any person
// it is about.
type BusinessEvent struct {
	CloudEvent
	Key        string        `json:"key"` // derived from From, source and id: the same event again is the same document
	Rev        int64         `json:"rev"` // 0 before AddEvent; stored documents start at 1
	From       string        `json:"from"`
	ReceivedAt time.Time     `json:"received_at"`
	AppliedAt  time.Time     `json:"applied_at,omitzero"`
	RetryAt    time.Time     `json:"retry_at,omitzero"` // not before, while it is not applied
	Attempts   int           `json:"attempts,omitempty"`
	LastError  string        `json:"last_error,omitempty"`
	People     []PersonID    `json:"people,omitempty"` // whom its names lead to, as far as we know them
	Effects    []EventEffect `json:"effects,omitempty"`
	Note       string        `json:"note,omitempty"` // why nothing came of it: nobody, several, nothing
}

// EventEffect is one thing that an event did to an enrolment.
type EventEffect struct {
	Enrolment EnrolmentID `json:"enrolment"`
	Person    PersonID    `json:"person,omitempty"`
	Workflow  WorkflowID  `json:"workflow"`
	Effect    string      `json:"effect"` // anchor, done, prompt, capped, opens, metric
	Name      string      `json:"name"`   // of the anchor, step, prompt or metric
}

// Why nothing came of an event.
const (
	EventAboutNobody  = "nobody"  // nobody we know
	EventAboutSeveral = "several" // a name that several people have
	EventUnheard      = "unheard" // nobody it is about is enrolled in a workflow that names it
)

// EventKey is the Key of an event: from is who brought it, the key or source. What others call the same is another event.
func EventKey(from, source, id string) string { return derivedID("event", from, source, id) }

// same tells whether an event says the same as another. A time that is not said is any.
func (ev CloudEvent) same(o CloudEvent) bool {
	if ev.Type != o.Type || ev.Subject != o.Subject || !ev.Time.IsZero() && !ev.Time.UTC().Truncate(time.Millisecond).Equal(o.Time) {
		return false
	}
	var a, b bytes.Buffer
	return bytes.Equal(ev.Data, o.Data) || json.Compact(&a, ev.Data) == nil && json.Compact(&b, o.Data) == nil && bytes.Equal(a.Bytes(), b.Bytes())
}

// PendingAt is when an event needs a worker; 0: never again.
func (ev BusinessEvent) PendingAt() int64 {
	if !ev.AppliedAt.IsZero() {
		return 0
	}
	return max(Nanos(ev.RetryAt), Nanos(ev.ReceivedAt), 1)
}

// EventPlace is a place in the log of events.
type EventPlace struct {
	At  time.Time
	Key string
}

// EventStore keeps business events.
type EventStore interface {
	// AddEvent stores ev with Rev 1 and tells that it did; an existing Key: false, untouched.
	AddEvent(ctx context.Context, ev BusinessEvent) (bool, error)
	// SaveEvent replaces the document whose Rev is ev.Rev and stores it with Rev+1.
	SaveEvent(ctx context.Context, ev BusinessEvent) error
	Event(ctx context.Context, key string) (BusinessEvent, error)
	// Events lists the log, latest received first (and highest Key among equals), from behind a place; the zero place is
	// before the latest.
	Events(ctx context.Context, behind EventPlace, limit int) ([]BusinessEvent, error)
	// EventsOf lists those that name a person in People, latest received first.
	EventsOf(ctx context.Context, p PersonID, limit int) ([]BusinessEvent, error)
	// PendingEvents lists those with a PendingAt that is set and not after until, earliest first.
	PendingEvents(ctx context.Context, until time.Time, limit int) ([]BusinessEvent, error)
	// ForgetEvents removes those received before a time and says how many.
	ForgetEvents(ctx context.Context, before time.Time) (int, error)
	// EraseEventsOf removes those that name a person in People and says how many.
	EraseEventsOf(ctx context.Context, p PersonID) (int, error)
}
