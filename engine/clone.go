package engine

import (
	"bytes"
	"maps"
	"slices"
	"time"
)

// A decision works on a copy, and is saved only if it changed something. Both are written by hand, field by field, as
// they are most of what a decision costs otherwise; clone_test.go fails when a field is forgotten here.

// clone is a copy that shares nothing with e.
func (e *Enrolment) clone() *Enrolment {
	c := *e
	c.Custom = maps.Clone(e.Custom)
	c.Anchors = maps.Clone(e.Anchors)
	c.AnchorSource = maps.Clone(e.AnchorSource)
	c.Completions = slices.Clone(e.Completions)
	c.Steps = cloneSteps(e.Steps)
	c.Roles = cloneMap(e.Roles, slices.Clone[[]Assignment])
	c.Named = maps.Clone(e.Named)
	c.Silent = maps.Clone(e.Silent)
	c.Achieved = maps.Clone(e.Achieved)
	c.Uses = maps.Clone(e.Uses)
	c.Heard = slices.Clone(e.Heard)
	c.Prompts = slices.Clone(e.Prompts)
	c.UseLog = e.UseLog.clone()
	c.Gaps = slices.Clone(e.Gaps)
	c.Statements = cloneSlice(e.Statements, OutStatement.clone)
	c.Messages = cloneSlice(e.Messages, Message.clone)
	c.Grade = clonePtr(e.Grade)
	c.Parked = cloneSlice(e.Parked, OutStatement.clone)
	c.GradeRefused = clonePtr(e.GradeRefused)
	c.Cohort = e.Cohort.clone()
	c.Asked = clonePtr(e.Asked)
	c.Unreachable = maps.Clone(e.Unreachable)
	c.NudgesHeld = clonePtr(e.NudgesHeld)
	c.Pauses = slices.Clone(e.Pauses)
	c.Acts = slices.Clone(e.Acts)
	c.Appointed = cloneMap(e.Appointed, slices.Clone[[]Assignment])
	c.Nobody = slices.Clone(e.Nobody)
	c.Forwards = slices.Clone(e.Forwards)
	return &c
}

// cloneSteps puts all copies into one piece of memory: a decision has use for all of them or none.
func cloneSteps(steps map[StepID]*StepState) map[StepID]*StepState {
	if steps == nil {
		return nil
	}
	c, room := make(map[StepID]*StepState, len(steps)), make([]StepState, len(steps))
	for id, st := range steps {
		if st == nil {
			c[id] = nil
			continue
		}
		st.cloneTo(&room[0])
		c[id], room = &room[0], room[1:]
	}
	return c
}

func (st *StepState) cloneTo(c *StepState) {
	*c = *st
	c.Ratings = maps.Clone(st.Ratings)
	c.Score = clonePtr(st.Score)
	c.Reviews = cloneSlice(st.Reviews, Review.clone)
	c.Requests = slices.Clone(st.Requests)
	c.NudgesPlanned = maps.Clone(st.NudgesPlanned)
	c.Event = clonePtr(st.Event)
	c.Talk = clonePtr(st.Talk)
	c.Snoozed = clonePtr(st.Snoozed)
	c.Heard = maps.Clone(st.Heard)
	st.cloneAttempts(c)
}

func (r Review) clone() Review {
	r.Ratings, r.Grade = maps.Clone(r.Ratings), clonePtr(r.Grade)
	return r
}

func (o OutStatement) clone() OutStatement {
	o.JSON = bytes.Clone(o.JSON)
	return o
}

func (m Message) clone() Message {
	m.Text = maps.Clone(m.Text)
	m.Carried = slices.Clone(m.Carried)
	m.Sent = slices.Clone(m.Sent)
	return m
}

// same tells whether a decision changed nothing but the time it was made. What is empty and what is missing are the
// same, as they are in the store.
func same(a, b *Enrolment) bool {
	return a.UseLog.same(b.UseLog) && slices.Equal(a.Gaps, b.Gaps) && a.ID == b.ID && a.Rev == b.Rev && a.Workflow == b.Workflow && a.Version == b.Version && a.RegistrationID == b.RegistrationID &&
		a.Learner == b.Learner && a.Course == b.Course && a.DeploymentID == b.DeploymentID && a.ResourceLinkID == b.ResourceLinkID &&
		a.LineItem == b.LineItem && a.LineItemsURL == b.LineItemsURL && a.RelaunchURL == b.RelaunchURL && a.Preview == b.Preview &&
		maps.Equal(a.Custom, b.Custom) &&
		a.Arm == b.Arm && a.DisclosedAt.Equal(b.DisclosedAt) && a.NoticedAt.Equal(b.NoticedAt) && maps.Equal(a.Unreachable, b.Unreachable) && a.NudgesHeld.same(b.NudgesHeld) &&
		a.State == b.State && maps.EqualFunc(a.Anchors, b.Anchors, time.Time.Equal) && maps.Equal(a.AnchorSource, b.AnchorSource) &&
		slices.EqualFunc(a.Completions, b.Completions, CompletionNote.same) &&
		maps.EqualFunc(a.Steps, b.Steps, (*StepState).same) &&
		maps.EqualFunc(a.Roles, b.Roles, slices.Equal[[]Assignment]) &&
		maps.Equal(a.Named, b.Named) && maps.Equal(a.Silent, b.Silent) && maps.Equal(a.Achieved, b.Achieved) && maps.Equal(a.Uses, b.Uses) &&
		slices.Equal(a.Heard, b.Heard) && slices.EqualFunc(a.Prompts, b.Prompts, PromptShown.same) &&
		a.WakeAt.Equal(b.WakeAt) &&
		slices.EqualFunc(a.Statements, b.Statements, OutStatement.same) && slices.EqualFunc(a.Messages, b.Messages, Message.same) &&
		a.Grade.same(b.Grade) && slices.EqualFunc(a.Parked, b.Parked, OutStatement.same) &&
		a.GradeSent == b.GradeSent && a.GradeComplete == b.GradeComplete && a.GradeRefused.same(b.GradeRefused) && a.Progress == b.Progress &&
		a.CreatedAt.Equal(b.CreatedAt) && a.CompletedAt.Equal(b.CompletedAt) && a.LaunchedAt.Equal(b.LaunchedAt) && a.LeftAt.Equal(b.LeftAt) &&
		a.Cohort.same(b.Cohort) && a.Asked.same(b.Asked) &&
		slices.EqualFunc(a.Pauses, b.Pauses, Pause.same) && slices.EqualFunc(a.Acts, b.Acts, Act.same) &&
		maps.EqualFunc(a.Appointed, b.Appointed, slices.Equal[[]Assignment]) && a.Tally == b.Tally && slices.Equal(a.Nobody, b.Nobody) && a.NotCompleted.Equal(b.NotCompleted) &&
		slices.EqualFunc(a.Forwards, b.Forwards, Forward.same)
}

func (st *StepState) same(o *StepState) bool {
	if st == nil || o == nil {
		return st == o
	}
	return st.sameAttempts(o) && st.State == o.State && st.OpensAt.Equal(o.OpensAt) && st.OpenedAt.Equal(o.OpenedAt) && st.DueAt.Equal(o.DueAt) &&
		st.SubmittedAt.Equal(o.SubmittedAt) && st.ReturnedAt.Equal(o.ReturnedAt) && st.DoneAt.Equal(o.DoneAt) && st.SettledAt.Equal(o.SettledAt) &&
		st.Attempt == o.Attempt && st.Hands == o.Hands && st.Misses == o.Misses &&
		st.Hand == o.Hand && st.HandSHA256 == o.HandSHA256 && st.HandWords == o.HandWords && st.HandFiles == o.HandFiles &&
		maps.Equal(st.Ratings, o.Ratings) && st.RatedAt.Equal(o.RatedAt) && samePtr(st.Score, o.Score) &&
		st.Viewed.Equal(o.Viewed) && st.Initialized.Equal(o.Initialized) && st.Acknowledged.Equal(o.Acknowledged) &&
		st.Confirmed.Equal(o.Confirmed) && st.Approved.Equal(o.Approved) && st.Remembered.Equal(o.Remembered) &&
		st.AskAgainAt.Equal(o.AskAgainAt) && st.AskedAt.Equal(o.AskedAt) && st.ElseAt.Equal(o.ElseAt) &&
		st.Rounds == o.Rounds && st.SignedSHA256 == o.SignedSHA256 &&
		slices.EqualFunc(st.Reviews, o.Reviews, Review.same) && slices.EqualFunc(st.Requests, o.Requests, Request.same) &&
		maps.Equal(st.NudgesPlanned, o.NudgesPlanned) && st.SkippedReason == o.SkippedReason && st.SkippedBy == o.SkippedBy &&
		st.Event.same(o.Event) && st.Talk.same(o.Talk) && st.Snoozed.same(o.Snoozed) && maps.EqualFunc(st.Heard, o.Heard, time.Time.Equal) &&
		st.Admitted.Equal(o.Admitted) && st.DueSet == o.DueSet && st.HaltedIn == o.HaltedIn
}

func (p PromptShown) same(o PromptShown) bool {
	return p.ID == o.ID && p.Prompt == o.Prompt && p.Event == o.Event && p.At.Equal(o.At) && p.DismissedAt.Equal(o.DismissedAt) &&
		p.AnsweredAt.Equal(o.AnsweredAt) && p.Used == o.Used && p.Followed == o.Followed
}

func (p Pause) same(o Pause) bool {
	return p.From.Equal(o.From) && p.Until.Equal(o.Until) && p.End.Equal(o.End) && p.By == o.By && p.Reason == o.Reason && p.Left == o.Left
}

func (a Act) same(o Act) bool {
	return a.By == o.By && a.What == o.What && a.Step == o.Step && a.Role == o.Role && a.Person == o.Person && a.At.Equal(o.At) &&
		a.For.Equal(o.For) && a.Reason == o.Reason
}

func (n CompletionNote) same(o CompletionNote) bool {
	return n.Source == o.Source && n.At.Equal(o.At) && n.Ref == o.Ref && n.Seen.Equal(o.Seen)
}

func (r Review) same(o Review) bool {
	return r.Request == o.Request && r.By == o.By && r.Role == o.Role && r.Outcome == o.Outcome && maps.Equal(r.Ratings, o.Ratings) &&
		r.Comment == o.Comment && r.Attempt == o.Attempt && samePtr(r.Grade, o.Grade) && r.Written == o.Written && r.At.Equal(o.At) && r.SHA256 == o.SHA256 && r.StandIn == o.StandIn && r.Via == o.Via
}

func (r Request) same(o Request) bool {
	return r.ID == o.ID && r.Step == o.Step && r.Purpose == o.Purpose && r.Person == o.Person && r.Role == o.Role && r.StandIn == o.StandIn &&
		r.AskedAt.Equal(o.AskedAt) && r.DueAt.Equal(o.DueAt) && r.ExpiresAt.Equal(o.ExpiresAt) && r.AnsweredAt.Equal(o.AnsweredAt) &&
		r.Outcome == o.Outcome && r.SHA256 == o.SHA256 && r.Revived == o.Revived
}

func (o OutStatement) same(p OutStatement) bool { return o.ID == p.ID && bytes.Equal(o.JSON, p.JSON) }

func (m Message) same(o Message) bool {
	return slices.EqualFunc(m.Sent, o.Sent, ChannelSent.same) && m.Escalate == o.Escalate && m.About == o.About &&
		m.ReadAt.Equal(o.ReadAt) && m.OpenedAt.Equal(o.OpenedAt) && m.BackAt.Equal(o.BackAt) &&
		m.ID == o.ID && m.Rev == o.Rev && m.To == o.To && m.Enrolment == o.Enrolment && m.Step == o.Step && m.Attempt == o.Attempt &&
		m.Hands == o.Hands && m.Request == o.Request && m.Purpose == o.Purpose && m.Policy == o.Policy && m.Prompt == o.Prompt && maps.Equal(m.Text, o.Text) &&
		m.DueAt.Equal(o.DueAt) && m.PlannedAt.Equal(o.PlannedAt) && m.State == o.State && m.ClaimedUntil.Equal(o.ClaimedUntil) &&
		m.SentAt.Equal(o.SentAt) && m.Bundled == o.Bundled && slices.Equal(m.Carried, o.Carried) && m.Attempts == o.Attempts &&
		m.LastError == o.LastError && m.DroppedReason == o.DroppedReason
}

func (c ChannelSent) same(o ChannelSent) bool {
	return c.Channel == o.Channel && c.At.Equal(o.At) && c.Error == o.Error
}

func (g *OutGrade) same(o *OutGrade) bool {
	if g == nil || o == nil {
		return g == o
	}
	return g.Score == o.Score && g.Max == o.Max && g.Complete == o.Complete && g.At.Equal(o.At) && g.Comment == o.Comment &&
		g.Attempts == o.Attempts && g.RetryAt.Equal(o.RetryAt) && g.Cause == o.Cause && g.Title == o.Title
}

func cloneMap[K comparable, V any](m map[K]V, clone func(V) V) map[K]V {
	if m == nil {
		return nil
	}
	c := make(map[K]V, len(m))
	for k, v := range m {
		c[k] = clone(v)
	}
	return c
}

func cloneSlice[T any](s []T, clone func(T) T) []T {
	if s == nil {
		return nil
	}
	c := make([]T, len(s))
	for i, v := range s {
		c[i] = clone(v)
	}
	return c
}

func clonePtr[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

func samePtr[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
