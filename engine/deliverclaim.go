package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// putOff lets a message wait until at. It may still travel inside another's mail before.
func (d *delivery) putOff(ctx context.Context, m Message, at time.Time) error {
	if at.After(d.s.now()) {
		d.count("held", "")
	}
	m.State, m.DueAt, m.ClaimedUntil = MessageWaiting, at, time.Time{}
	m, err := d.save(ctx, m)
	delete(d.done, m.ID)
	return err
}

func (d *delivery) claim(ctx context.Context, m Message) (Message, error) {
	m.State, m.ClaimedUntil, m.Attempts = MessageSending, d.s.o.Wall().Add(claimTime), m.Attempts+1
	return d.save(ctx, m)
}

// save stores a message and returns it as stored.
func (d *delivery) save(ctx context.Context, m Message) (Message, error) {
	m.ClaimedUntil = m.ClaimedUntil.UTC()
	if err := d.s.o.Store.SaveMessage(ctx, m); err != nil {
		return m, err
	}
	m.Rev++
	d.done[m.ID] = true
	if i := slices.IndexFunc(d.all, func(x Message) bool { return x.ID == m.ID }); i >= 0 {
		d.all[i] = m
	}
	return m, nil
}

func (d *delivery) drop(ctx context.Context, m Message, reason string) error {
	d.count("dropped", reason)
	m.State, m.DroppedReason = MessageDropped, reason
	_, err := d.save(ctx, m)
	return err
}

// failed notes a failure to send: later again, or never.
func (d *delivery) failed(ctx context.Context, m Message, failure error) error {
	var retry *RetryError
	m.LastError, m.ClaimedUntil = clip(failure.Error(), 300), time.Time{}
	if again := errors.As(failure, &retry) || errors.Is(failure, context.DeadlineExceeded) || errors.Is(failure, context.Canceled); again && !d.hopeless(m) {
		after := min(backoff(m.Attempts), maxPause)
		if retry != nil {
			after = max(after, retry.After)
		}
		m.State, m.DueAt = MessageWaiting, d.s.now().Add(after)
	} else {
		m.State = MessageFailed
		d.count("failed", m.Purpose)
		d.s.o.Log.Error("give up a message", "message", m.ID, "purpose", m.Purpose, "attempts", m.Attempts)
		d.s.Bury(ctx, DeadMessage, string(m.ID), m.Purpose, m.Attempts, failure)
	}
	_, err := d.save(ctx, m)
	return errors.Join(fmt.Errorf("send: %w", failure), err)
}

// hopeless tells whether a message has been tried often and for long. What is too late to matter was dropped before.
func (d *delivery) hopeless(m Message) bool {
	return m.Attempts >= minAttempts && d.s.now().Sub(m.PlannedAt) > giveUpAfter
}

// finish records that a message was sent, then says so.
func (d *delivery) finish(ctx context.Context, w *Workflow, e *Enrolment, f Facts, m Message) error {
	var batch []xapi.Statement
	for _, o := range notifiedStatement(w, e, f, m) {
		st, err := xapi.DecodeStored(o.JSON)
		if err != nil {
			return err
		}
		batch = append(batch, *st)
	}
	if len(batch) > 0 {
		if err := d.s.o.Recorder.Record(ctx, batch); refused(err) {
			d.s.o.Log.Error("the record store refuses what tells of a mail", "message", m.ID, "error", err)
		} else if err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	m.State = MessageSent
	_, err := d.save(ctx, m)
	return err
}
