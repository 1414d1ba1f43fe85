package engine

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// ProfileVersion is the version of Cairn's own xAPI profile, named in every statement's category.
const ProfileVersion = "v1.0"

// Iri is the activity id of the workflow, Step that of one of its steps; Behaviour, Aid … likewise. They are the same
// for all enrolments and stay when the public URL changes.
func workflowIRI(base string, id WorkflowID) string { return base + "/workflows/" + string(id) }

func stepIRI(base string, w WorkflowID, id StepID) string {
	return workflowIRI(base, w) + "/steps/" + string(id)
}

// courseIRI is the LMS's own activity id of a course: Moodle's address of it, else a urn of ours.
func courseIRI(e *Enrolment) string {
	moodle := strings.HasPrefix(e.RelaunchURL, e.Course.Issuer+"/mod/lti/")
	if _, err := strconv.Atoi(e.Course.ID); err == nil && (moodle || e.RelaunchURL == "") {
		return e.Course.Issuer + "/course/view.php?id=" + e.Course.ID
	}
	return "urn:lti:context:" + url.PathEscape(e.Course.Issuer) + ":" + url.PathEscape(e.Course.ID)
}

func languageMap(t Text) xapi.LanguageMap {
	m := xapi.LanguageMap{}
	for tag, s := range t {
		if tag != "" {
			m[tag] = s
		}
	}
	if len(m) == 0 && t[""] != "" {
		m["en"] = t[""] // a plain string does not say its language; readers look for English first
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

func activity(id, kind string, name Text) xapi.Activity {
	return xapi.Activity{ObjectType: "Activity", ID: id, Definition: &xapi.Definition{Type: kind, Name: languageMap(name)}}
}

// agent is how a person appears in statements: learners by their LMS account, everybody else by ours; never by e-mail.
func agent(f Facts, learner, p PersonID) xapi.Agent {
	if p == learner && f.Learner.Issuer != "" {
		return xapi.AccountAgent(f.Learner.Issuer, f.Learner.Subject)
	}
	return xapi.AccountAgent(f.IRIBase, string(p))
}

func (d *decision) learner() xapi.Agent         { return agent(d.f, d.e.Learner, d.e.Learner) }
func (d *decision) agent(p PersonID) xapi.Agent { return agent(d.f, d.e.Learner, p) }
func (d *decision) cairn() xapi.Agent           { return xapi.AccountAgent(d.f.IRIBase, "cairn") }
func ptr[T any](v T) *T                         { return &v }

// about is the context all statements of an enrolment share.
func (d *decision) about(parents ...xapi.Activity) *xapi.Context {
	return &xapi.Context{
		Registration: d.e.RegistrationID,
		Platform:     "Cairn",
		ContextActivities: &xapi.ContextActivities{
			Parent:   parents,
			Grouping: d.grouping(),
			Category: d.activities().profile,
		},
		Extensions: map[string]any{xapi.ExtWorkflowVersion: d.w.Version},
	}
}

// say puts a statement into the outbox. Its id is derived from the document's revision, so every saved decision has
// its own; its bytes never change after.
func (d *decision) say(actor xapi.Agent, verb string, object xapi.Object, result *xapi.Result, c *xapi.Context) {
	if d.e.Preview {
		return
	}
	d.said++
	if object.Agent != nil {
		c.Platform = "" // not allowed beside an agent
	}
	id := d.id
	if id == "" {
		id = derivedID("statement", string(d.e.ID), strconv.FormatInt(d.e.Rev, 10), strconv.Itoa(d.said))
	}
	st := xapi.Statement{
		ID:    id,
		Actor: actor, Verb: xapi.VerbOf(verb), Object: object, Result: result, Context: c, Timestamp: d.now.UTC(),
	}
	b, err := xapi.Compose(st)
	if err != nil {
		return // only a statement without object cannot be written, and none is made
	}
	d.e.Statements = append(d.e.Statements, OutStatement{ID: st.ID, JSON: b})
}

// sayStep is a statement about a step, below the workflow.
func (d *decision) sayStep(actor xapi.Agent, verb string, s *Step, result *xapi.Result, change ...func(*xapi.Context)) {
	c := d.about(d.workflowActivity())
	if st := d.state(s.ID); st.Attempt > 1 {
		c.Extensions[xapi.ExtAttempt] = st.Attempt
	}
	for _, f := range change {
		f(c)
	}
	d.say(actor, verb, xapi.ActivityObject(d.stepActivity(s)), result, c)
}

// sayBelow is a statement about something of a step: a file, a question, a behaviour.
func (d *decision) sayBelow(actor xapi.Agent, verb string, s *Step, a xapi.Activity, result *xapi.Result, change ...func(*xapi.Context)) {
	c := d.about(d.stepActivity(s))
	for _, f := range change {
		f(c)
	}
	d.say(actor, verb, xapi.ActivityObject(a), result, c)
}

func relation(role Role) func(*xapi.Context) {
	return func(c *xapi.Context) { c.Extensions[xapi.ExtRaterRelation] = string(role) }
}

func instructor(a xapi.Agent) func(*xapi.Context) {
	return func(c *xapi.Context) { c.Instructor = &a }
}

func (d *decision) sayRegistered() {
	c := d.about()
	if d.e.Arm != "" {
		c.Extensions[xapi.ExtNudgeArm] = d.e.Arm
	}
	d.say(d.learner(), xapi.VerbRegistered, xapi.ActivityObject(d.workflowActivity()), nil, c)
}

func (d *decision) sayLaunched() {
	d.say(d.learner(), xapi.VerbLaunched, xapi.ActivityObject(d.workflowActivity()), nil, d.about())
}

func (d *decision) sayWorkflowDone() {
	d.say(d.learner(), xapi.VerbCompleted, xapi.ActivityObject(d.workflowActivity()), &xapi.Result{Completion: ptr(true)}, d.about())
}

func (d *decision) sayProgressed(share float64) {
	d.say(d.learner(), xapi.VerbProgressed, xapi.ActivityObject(d.workflowActivity()),
		&xapi.Result{Extensions: map[string]any{xapi.ExtProgress: int(math.Round(share * 100))}}, d.about())
}

// sayDone says that a step was completed by its doer; of a scored one also whether it was passed.
func (d *decision) sayDone(s *Step, st *StepState) {
	actor := d.learner()
	if s.By != Learner {
		if actor = d.cairn(); len(st.Reviews) > 0 {
			actor = d.agent(st.Reviews[len(st.Reviews)-1].By)
		}
	}
	var change []func(*xapi.Context)
	if by := d.e.CompletedBy(); s.wants("lms") && len(by) > 0 {
		change = append(change, func(c *xapi.Context) { c.Extensions[xapi.ExtCompletedBy] = by })
	}
	if st.SelfReported {
		change = append(change, func(c *xapi.Context) { c.Extensions[xapi.ExtSelfReported] = true })
	}
	d.sayStep(actor, xapi.VerbCompleted, s, &xapi.Result{Completion: ptr(true), Success: d.success(s), Score: scaled(st.Score)}, change...)
}

func (d *decision) success(s *Step) *bool {
	if s.Done.Has("score") || s.Review != nil {
		return ptr(true)
	}
	return nil
}

func scaled(score *float64) *xapi.Score {
	if score == nil {
		return nil
	}
	return &xapi.Score{Scaled: score}
}

// sayRequested says that a question was put to somebody: by the learner, or by Cairn for a step that time opened.
func (d *decision) sayRequested(s *Step, _ *StepState, r Request) {
	actor := d.cairn()
	if r.Purpose == ForReview || r.Purpose == ForConfirm || r.Purpose == ForFeedback {
		actor = d.learner()
	}
	d.sayStep(actor, xapi.VerbRequested, s, nil, relation(r.Role), instructor(d.agent(r.Person)))
}

func (d *decision) sayEscalated(s *Step, to PersonID, policy string) {
	d.sayStep(d.cairn(), xapi.VerbEscalated, s, nil, instructor(d.agent(to)), func(c *xapi.Context) {
		c.Extensions[xapi.ExtNudgePolicy] = policy
	})
}

// sayRated says how somebody rated behaviours, and once that an observer saw one reach its target.
func (d *decision) sayRated(s *Step, by xapi.Agent, role Role, ratings map[BehaviourID]int) {
	for i := range d.w.Behaviours {
		b := &d.w.Behaviours[i]
		points, ok := ratings[b.ID]
		if !ok {
			continue
		}
		n := float64(len(b.Scale))
		score := &xapi.Score{Raw: ptr(float64(points)), Min: ptr(1.0), Max: &n, Scaled: ptr(float64(points-1) / (n - 1))}
		d.sayBelow(by, xapi.VerbRated, s, d.behaviourActivity(b), &xapi.Result{Score: score}, relation(role))
		if role == Learner || points < b.Target || d.e.Achieved[b.ID] {
			continue
		}
		if d.e.Achieved == nil {
			d.e.Achieved = map[BehaviourID]bool{}
		}
		d.e.Achieved[b.ID] = true
		d.sayBelow(d.learner(), xapi.VerbAchieved, s, d.behaviourActivity(b), &xapi.Result{Success: ptr(true), Score: score}, relation(role))
	}
}
