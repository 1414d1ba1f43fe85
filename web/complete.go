package web

import (
	"context"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// The launch parameters by which other sources name the person and the course, and
// those by which a launch itself tells that the course is completed.
const (
	paramView          = "view"
	viewFinish         = "finish"
	paramUsername      = "username"
	paramCanvasUser    = "canvas_user_id"
	paramCanvasAccount = "canvas_root_account_id"
	paramCanvasState   = "canvas_enrolment_state"
)

// customOf is a launch parameter, unless the platform did not know its variable.
func customOf(l *lti.Launch, name string) string {
	if value := l.Custom[name]; !strings.HasPrefix(value, "$") {
		return value
	}
	return ""
}

// namesOf are the further names that a launch gives the person: the id that the
// platform had for them in its LTI 1.1 days, if that is proven, and what the launch
// parameters say, that is the user name where Moodle signs none by itself, and those
// that Canvas's events have, its own id of the user below the root account by GUID and
// by id. Whoever makes a link may write anything there, so the engine takes no name
// that is somebody else's.
func namesOf(l *lti.Launch) []engine.Identity {
	var names []engine.Identity
	if m := l.Migrated; m != nil && m.Verified && m.UserID != "" {
		names = append(names, engine.ByAccount(l.Issuer, m.UserID))
	}
	if name := customOf(l, paramUsername); name != "" && l.Username == "" {
		names = append(names, engine.ByAccount(l.Issuer, name))
	}
	user := customOf(l, paramCanvasUser)
	if engine.CanvasID(user) == "" {
		return names
	}
	for _, account := range []string{l.PlatformGUID, engine.CanvasID(customOf(l, paramCanvasAccount))} {
		if account != "" {
			names = append(names, engine.ByCanvas(string(l.Registration.ID), account, user))
		}
	}
	return names
}

// completes takes a learner's launch that says by itself that the course is
// completed: that of a "finish" link, which the teacher lets only finishers see, and
// one from an enrolment that Canvas has concluded.
func completes(ctx context.Context, service *engine.Service, l *lti.Launch) error {
	if l.IsPreview() {
		return nil
	}
	said := engine.Completion{
		Who: engine.ByAccount(l.Issuer, l.Subject), Course: engine.CourseName{ID: courseOf(l).ID}, Ref: l.ResourceLink.ID, Polled: true,
	}
	if customOf(l, paramView) == viewFinish {
		said.Source = engine.SourceFinish
		if err := service.Complete(ctx, said); err != nil {
			return err
		}
	}
	if slices.Contains([]string{"completed", "concluded"}, strings.ToLower(customOf(l, paramCanvasState))) {
		said.Source = engine.SourceCanvasState
		return service.Complete(ctx, said)
	}
	return nil
}
