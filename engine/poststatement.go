package engine

import (
	"context"
	"fmt"

	"github.com/cairn-lms/cairn/xapi"
)

// recordPost records a post: shared, commented or replied. Made again, the statement is the same.
func (s *Service) recordPost(ctx context.Context, w *Workflow, e *Enrolment, p Post) error {
	learner, err := s.Person(ctx, e.Learner)
	if err != nil {
		return err
	}
	of := &Enrolment{ID: e.ID, RegistrationID: e.RegistrationID, Learner: e.Learner, Course: Course{Issuer: e.Course.Issuer, ID: e.Course.ID},
		RelaunchURL: e.RelaunchURL, Preview: e.Preview, Steps: map[StepID]*StepState{}}
	d := &decision{w: w, e: of, f: Facts{Tenant: s.o.Tenant, IRIBase: s.o.IRIBase, Learner: learner}, now: p.At, id: derivedID("posted", string(p.ID))}
	d.sayPost(p)
	var batch []xapi.Statement
	for _, o := range of.Statements {
		st, err := xapi.DecodeStored(o.JSON)
		if err != nil {
			return fmt.Errorf("record post: %w", err)
		}
		batch = append(batch, *st)
	}
	if len(batch) == 0 {
		return nil
	}
	if err := s.o.Recorder.Record(ctx, batch); refused(err) {
		s.o.Log.Error("the record store refuses what tells of a post", "post", p.ID, "error", err)
	} else if err != nil {
		return fmt.Errorf("record post: %w", err)
	}
	return nil
}

// sayPost says that something was shared, commented or replied to.
func (d *decision) sayPost(p Post) {
	step := d.w.Step(p.Step)
	result := &xapi.Result{Response: p.Text}
	verb := xapi.VerbCommented
	switch {
	case p.ReplyTo != "":
		verb = xapi.VerbReplied
	case step != nil && step.Kind == KindShare:
		verb = xapi.VerbShared
	}
	c := d.about(d.workflowActivity())
	if p.Role != Learner {
		c.Extensions[xapi.ExtRaterRelation] = string(p.Role)
	}
	if step == nil {
		a := activity(workflowIRI(d.f.IRIBase, d.w.ID)+"/coach", xapi.TypeDiscussion, nil)
		d.say(d.agent(p.Author), verb, xapi.ActivityObject(a), nil, c) // what is asked of a coach stays between the two
		return
	}
	if step.Private {
		result = nil
	}
	d.say(d.agent(p.Author), verb, xapi.ActivityObject(d.stepActivity(step)), result, c)
}

// sayAttended says that the learner took part in an event, by whose word.
func (d *decision) sayAttended(s *Step, host Actor) {
	if host.Person == "" {
		d.sayStep(d.learner(), xapi.VerbAttended, s, nil)
		return
	}
	d.sayStep(d.learner(), xapi.VerbAttended, s, nil, instructor(d.agent(host.Person)))
}
