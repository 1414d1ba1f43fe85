package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// How sources other than statements and launches tell that a course was completed;
// docs/course-completion.md has them all.

// liveEvent is lti.Options.OnLiveEvent: a Canvas Live Event names the person and the
// course by Canvas's own ids, which launches have taught the engine. A registration
// may serve several tenants; only the one whose learner it is can match.
func (h *house) liveEvent(ctx context.Context, e lti.LiveEvent) error {
	account := e.Account
	if account == "" {
		account = engine.CanvasID(e.AccountID)
	}
	who := engine.ByCanvas(string(e.Registration.ID), account, e.User)
	if who == (engine.Identity{}) || engine.CanvasID(e.Course) == "" {
		return nil // no ids of Canvas: nobody could ever be meant
	}
	var errs []error
	for _, tenant := range e.Tenants {
		service, err := h.engine(ctx, tenant)
		if err == nil {
			err = service.Complete(ctx, engine.Completion{
				Who: who, Course: engine.CourseName{Canvas: engine.CanvasID(e.Course)}, Source: engine.SourceCanvasEvent, At: e.At, Ref: e.ID,
			})
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("live event: tenant %s: %w", tenant, err))
		}
	}
	return errors.Join(errs...)
}
