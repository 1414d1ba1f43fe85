package enginemongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/cairn-lms/cairn/engine"
)

// eventIndexes are those of business events, metrics, event sources and receipts.
var eventIndexes = []index{
	{"engine_enrolments", "engine_by_created", []string{"created_at", "_id"}, false},
	{"engine_events", "engine_by_received", []string{"received_at", "_id"}, false},
	{"engine_events", "engine_by_pending", []string{"pending_at", "_id"}, false},
	{"engine_events", "engine_by_who", []string{"people", "received_at", "_id"}, false},
	{"engine_metrics", "engine_by_metric", []string{"metric", "at", "_id"}, false},
	{"engine_metrics", "engine_by_person", []string{"person"}, false},
	{"engine_metrics", "engine_by_at", []string{"at"}, false},
	{"engine_receipts", "engine_by_expiry", []string{"expires_at"}, false},
}

// AddEvent keeps an event, at revision 1, unless it is there.
func (s *Store) AddEvent(ctx context.Context, ev engine.BusinessEvent) (bool, error) {
	const op = "add event"
	ev.Rev = 1
	fields, err := eventFields(op, ev)
	if err != nil {
		return false, err
	}
	if _, err := s.events.InsertOne(ctx, append(is("_id", ev.Key), fields...)); mongo.IsDuplicateKeyError(err) {
		return false, nil
	} else if err != nil {
		return false, fail(op, err)
	}
	return true, nil
}

// SaveEvent replaces the event at revision ev.Rev.
func (s *Store) SaveEvent(ctx context.Context, ev engine.BusinessEvent) error {
	const op = "save event"
	was := ev.Rev
	ev.Rev++
	fields, err := eventFields(op, ev)
	if err != nil {
		return err
	}
	return swap(ctx, op, s.events, ev.Key, was, fields)
}

func eventFields(op string, ev engine.BusinessEvent) (bson.D, error) {
	doc, err := encode(op, ev)
	if err != nil {
		return nil, err
	}
	people := bson.A{}
	for _, p := range ev.People {
		people = append(people, string(p))
	}
	return bson.D{{Key: "rev", Value: ev.Rev}, {Key: "received_at", Value: engine.Nanos(ev.ReceivedAt)}, {Key: "pending_at", Value: ev.PendingAt()},
		{Key: "people", Value: people}, {Key: "doc", Value: doc}}, nil
}

// Event finds one by its key.
func (s *Store) Event(ctx context.Context, key string) (engine.BusinessEvent, error) {
	return document[engine.BusinessEvent](ctx, "event", s.events, is("_id", key), nil)
}

// Events gives the log, latest first, from behind a place.
func (s *Store) Events(ctx context.Context, behind engine.EventPlace, limit int) ([]engine.BusinessEvent, error) {
	filter := bson.D{}
	if behind != (engine.EventPlace{}) {
		at := engine.Nanos(behind.At)
		filter = bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: "received_at", Value: bson.D{{Key: "$lt", Value: at}}}},
			bson.D{{Key: "received_at", Value: at}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: behind.Key}}}},
		}}}
	}
	return documents[engine.BusinessEvent](ctx, "events", s.events, filter, descending("received_at", "_id"), limit)
}

// EventsOf gives those about a person, latest first.
func (s *Store) EventsOf(ctx context.Context, p engine.PersonID, limit int) ([]engine.BusinessEvent, error) {
	return documents[engine.BusinessEvent](ctx, "events of a person", s.events, is("people", string(p)), descending("received_at", "_id"), limit)
}

// PendingEvents gives those that need a worker, earliest first.
func (s *Store) PendingEvents(ctx context.Context, until time.Time, limit int) ([]engine.BusinessEvent, error) {
	return documents[engine.BusinessEvent](ctx, "pending events", s.events,
		is("pending_at", bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: engine.Nanos(until)}}), ascending("pending_at", "_id"), limit)
}

// ForgetEvents removes those received before a time.
func (s *Store) ForgetEvents(ctx context.Context, before time.Time) (int, error) {
	return removeAll(ctx, "forget events", s.events, is("received_at", bson.D{{Key: "$lt", Value: engine.Nanos(before)}}))
}

// EraseEventsOf removes those about a person.
func (s *Store) EraseEventsOf(ctx context.Context, p engine.PersonID) (int, error) {
	return removeAll(ctx, "erase events", s.events, is("people", string(p)))
}

func removeAll(ctx context.Context, op string, c *mongo.Collection, filter bson.D) (int, error) {
	result, err := c.DeleteMany(ctx, filter)
	if err != nil {
		return 0, fail(op, err)
	}
	return int(result.DeletedCount), nil
}

// PutMetricValue keeps a value over what stood there.
func (s *Store) PutMetricValue(ctx context.Context, v engine.MetricValue) error {
	const op = "put metric value"
	doc, err := encode(op, v)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.metrics, v.ID, bson.D{{Key: "_id", Value: v.ID}, {Key: "metric", Value: engine.Key(string(v.Workflow), v.Metric)},
		{Key: "person", Value: string(v.Person)}, {Key: "at", Value: engine.Nanos(v.At)}, {Key: "doc", Value: doc}})
}

// MetricValues gives those of a metric, latest first.
func (s *Store) MetricValues(ctx context.Context, w engine.WorkflowID, metric string, limit int) ([]engine.MetricValue, error) {
	return documents[engine.MetricValue](ctx, "metric values", s.metrics, is("metric", engine.Key(string(w), metric)), descending("at", "_id"), limit)
}

// EraseMetricValuesOf removes a person's.
func (s *Store) EraseMetricValuesOf(ctx context.Context, p engine.PersonID) (int, error) {
	return removeAll(ctx, "erase metric values", s.metrics, is("person", string(p)))
}

// ForgetMetricValues removes those of before a time.
func (s *Store) ForgetMetricValues(ctx context.Context, before time.Time) (int, error) {
	return removeAll(ctx, "forget metric values", s.metrics, is("at", bson.D{{Key: "$lt", Value: engine.Nanos(before)}}))
}

// PutEventSource keeps a source over what stood there.
func (s *Store) PutEventSource(ctx context.Context, src engine.EventSource) error {
	const op = "put event source"
	doc, err := encode(op, src)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.sources, src.ID, bson.D{{Key: "_id", Value: src.ID}, {Key: "created_at", Value: engine.Nanos(src.CreatedAt)}, {Key: "doc", Value: doc}})
}

// EventSource finds one by id.
func (s *Store) EventSource(ctx context.Context, id string) (engine.EventSource, error) {
	return document[engine.EventSource](ctx, "event source", s.sources, is("_id", id), nil)
}

// EventSources gives all, oldest first.
func (s *Store) EventSources(ctx context.Context) ([]engine.EventSource, error) {
	return documents[engine.EventSource](ctx, "event sources", s.sources, bson.D{}, ascending("created_at", "_id"), 1000)
}

// AddReceipt keeps a receipt unless one stands that has not expired. An expired one gives way by compare-and-swap on its
// expiry.
func (s *Store) AddReceipt(ctx context.Context, r engine.Receipt, now time.Time) (engine.Receipt, bool, error) {
	const op = "add receipt"
	fields, err := receiptFields(op, r)
	if err != nil {
		return engine.Receipt{}, false, err
	}
	for range 3 {
		_, err = s.receipts.InsertOne(ctx, append(is("_id", r.Key), fields...))
		if err == nil {
			return r, true, nil
		}
		if !mongo.IsDuplicateKeyError(err) {
			return engine.Receipt{}, false, fail(op, err)
		}
		stands, err := document[engine.Receipt](ctx, op, s.receipts, is("_id", r.Key), nil)
		if errors.Is(err, engine.ErrNotFound) {
			continue // dropped meanwhile
		}
		if err != nil || stands.ExpiresAt.After(now) {
			return stands, false, err
		}
		swapped, err := s.receipts.UpdateOne(ctx, bson.D{{Key: "_id", Value: r.Key}, {Key: "expires_at", Value: engine.Nanos(stands.ExpiresAt)}},
			bson.D{{Key: "$set", Value: fields}})
		if err != nil {
			return engine.Receipt{}, false, fail(op, err)
		}
		if swapped.MatchedCount == 1 {
			return r, true, nil
		}
	}
	stands, err := document[engine.Receipt](ctx, op, s.receipts, is("_id", r.Key), nil)
	return stands, false, err
}

// SaveReceipt keeps a receipt over what stood there.
func (s *Store) SaveReceipt(ctx context.Context, r engine.Receipt) error {
	const op = "save receipt"
	fields, err := receiptFields(op, r)
	if err != nil {
		return err
	}
	return upsert(ctx, op, s.receipts, r.Key, append(is("_id", r.Key), fields...))
}

func receiptFields(op string, r engine.Receipt) (bson.D, error) {
	doc, err := encode(op, r)
	if err != nil {
		return nil, err
	}
	return bson.D{{Key: "expires_at", Value: engine.Nanos(r.ExpiresAt)}, {Key: "doc", Value: doc}}, nil
}

// DropReceipt removes one.
func (s *Store) DropReceipt(ctx context.Context, key string) error {
	_, err := removeAll(ctx, "drop receipt", s.receipts, is("_id", key))
	return err
}

// ForgetReceipts removes what expired.
func (s *Store) ForgetReceipts(ctx context.Context, before time.Time) (int, error) {
	return removeAll(ctx, "forget receipts", s.receipts, is("expires_at", bson.D{{Key: "$lt", Value: engine.Nanos(before)}}))
}

// openEvents opens the collections of events.
func (s *Store) openEvents(in func(name string) *mongo.Collection) {
	s.events, s.metrics, s.sources, s.receipts = in("engine_events"), in("engine_metrics"), in("engine_event_sources"), in("engine_receipts")
}
