package engine

import (
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// sayHand says what a hand-in was: what was reflected, tried, planned or answered, each file, each use, the submission.
func (d *decision) sayHand(s *Step, st *StepState, c Contribution) {
	if s.Repeat != nil || st.Again != nil {
		d.sayAttempted(s, st)
	}
	response := ""
	if !s.Private {
		response = written(c)
	}
	verb, object := handVerb(s.Kind)
	if verb != "" {
		a := d.stepActivity(s)
		if object != "" {
			a = activity(stepIRI(d.f.IRIBase, d.w.ID, s.ID)+"/"+object[strings.LastIndexByte(object, '/')+1:], object, s.Title)
		}
		d.sayBelow(d.learner(), verb, s, a, &xapi.Result{Response: response})
	}
	if verb == "" {
		d.sayAnswers(s, c)
	}
	for _, f := range c.Files {
		d.sayUploaded(s, f)
	}
	d.handUse(s, c)
	d.sayRated(s, d.learner(), Learner, c.Ratings)
	if s.Review != nil || len(c.Files) > 0 || s.wants("confirmed") {
		d.sayStep(d.learner(), xapi.VerbSubmitted, s, nil, evidence(c.SHA256))
	}
}

// sayAttempted says which attempt of a step that is repeated was made.
func (d *decision) sayAttempted(s *Step, st *StepState) {
	d.sayStep(d.learner(), xapi.VerbAttempted, s, nil, func(c *xapi.Context) { c.Extensions[xapi.ExtAttempt] = st.Attempt })
}

// handVerb is the verb of a hand-in and, unless that is the step, the type of what it is about.
func handVerb(k Kind) (verb, object string) {
	switch k {
	case KindReflect:
		return xapi.VerbReflected, ""
	case KindExperiment, KindPractise:
		return xapi.VerbPerformedOffline, xapi.TypePerformance
	case KindPlan:
		return xapi.VerbDefined, xapi.TypeGoal
	case KindConversation, KindDiscuss, KindShare:
		return xapi.VerbCommented, ""
	}
	return "", ""
}

func evidence(sha256 string) func(*xapi.Context) {
	return func(c *xapi.Context) { c.Extensions[xapi.ExtEvidenceSHA256] = sha256 }
}

// written is the text of a hand-in: one answer as it is, several with their questions.
func written(c Contribution) string {
	var parts []string
	for _, a := range c.Answers {
		v := strings.TrimSpace(a.Value)
		if len(a.Values) > 0 {
			v = strings.Join(a.Values, ", ")
		}
		if v != "" {
			parts = append(parts, a.Label+"\n"+v)
		}
	}
	if len(parts) == 1 && len(c.Answers) == 1 {
		return strings.TrimSpace(c.Answers[0].Value)
	}
	return strings.Join(parts, "\n\n")
}

func (d *decision) sayAnswers(s *Step, c Contribution) {
	for _, a := range c.Answers {
		response := a.Value
		if len(a.Values) > 0 {
			response = strings.Join(a.Values, "[,]")
		}
		if response == "" || s.Private {
			continue
		}
		q := activity(stepIRI(d.f.IRIBase, d.w.ID, s.ID)+"/questions/"+a.Key, "http://adlnet.gov/expapi/activities/question", Text{"": a.Label})
		result := &xapi.Result{Response: response}
		for _, ask := range s.Questions {
			if ask.ID == a.Key && len(ask.Answer) > 0 {
				result.Success = ptr(right(ask, a))
			}
		}
		d.sayBelow(d.learner(), xapi.VerbAnswered, s, q, result)
	}
}

func (d *decision) sayUploaded(s *Step, f File) {
	a := activity(stepIRI(d.f.IRIBase, d.w.ID, s.ID)+"/evidence/"+f.SHA256, xapi.TypeEvidence, nil)
	d.sayBelow(d.learner(), xapi.VerbUploaded, s, a, nil, evidence(f.SHA256))
}

// sayUse says that a behaviour was used on the job, and how often so far.
func (d *decision) sayUse(s *Step, id BehaviourID) {
	b := d.w.Behaviour(id)
	d.sayBelow(d.learner(), xapi.VerbApplied, s, d.behaviourActivity(b), &xapi.Result{Extensions: map[string]any{xapi.ExtUseCount: d.used(id)}})
}

// sayQuiz says how a quiz went.
func (d *decision) sayQuiz(s *Step, score, needed float64) {
	verb := xapi.VerbScored
	result := &xapi.Result{Score: &xapi.Score{Scaled: &score}}
	if needed > 0 {
		verb = xapi.VerbFailed
		if score >= needed-1e-9 {
			verb = xapi.VerbPassed
		}
		result.Success = ptr(verb == xapi.VerbPassed)
	}
	d.sayStep(d.learner(), verb, s, result)
}

// sayReview says what a reviewer answered. Of peers whose answers nobody may trace, no statement has the name or the
// words: who rated is the peers of the enrolment, one nameless account for all of them. To hold statements back until
// enough have answered would keep the text, but the record store would still tell afterwards who had written what.
func (d *decision) sayReview(s *Step, r Request, rev Review, comment string) {
	by := d.agent(rev.By)
	if anonymous(d.w, s) && s.Kind != KindSignOff {
		by, comment = d.peers(), ""
	}
	var result *xapi.Result
	if comment != "" && !s.Private {
		result = &xapi.Result{Response: comment}
	}
	if rev.Grade != nil {
		if result == nil {
			result = &xapi.Result{}
		}
		result.Score = &xapi.Score{Scaled: ptr(*rev.Grade / 100), Raw: rev.Grade, Min: ptr(0.0), Max: ptr(100.0)}
	}
	context := []func(*xapi.Context){relation(rev.Role)}
	if rev.SHA256 != "" {
		context = append(context, evidence(rev.SHA256))
	}
	verb := reviewVerb(r, rev.Outcome)
	if verb == xapi.VerbVerified {
		d.id = signatureID(rev) // so that it can be voided
	}
	d.sayStep(by, verb, s, result, context...)
	d.id = ""
	d.sayRated(s, by, rev.Role, rev.Ratings)
}

// peers are the peers of the enrolment, none of them by name: an account and no group, as a group without a name of its
// own lists its members.
func (d *decision) peers() xapi.Agent {
	return xapi.AccountAgent(d.f.IRIBase, "peers-"+d.e.RegistrationID)
}

func reviewVerb(r Request, outcome string) string {
	signoff := r.Purpose == ForSignOff || r.Purpose == ForSignOffConfirm
	switch outcome {
	case OutcomeApprove:
		if signoff {
			return xapi.VerbVerified
		}
		return xapi.VerbApproved
	case OutcomeReturn:
		return xapi.VerbRejected
	case OutcomeAcknowledged:
		return xapi.VerbAcknowledged
	}
	if outcome == OutcomeNotYet {
		return xapi.VerbRejected
	}
	return xapi.VerbReviewed
}

// sayViewed says that what a step shows was seen: its aid, or the step itself.
func (d *decision) sayViewed(s *Step) {
	if a := d.w.Aid(s.Content.Aid); s.Content.Aid != "" && a != nil {
		d.sayBelow(d.learner(), xapi.VerbViewed, s, activity(workflowIRI(d.f.IRIBase, d.w.ID)+"/aids/"+a.ID, xapi.TypeAid, a.Title), nil)
		return
	}
	d.sayStep(d.learner(), xapi.VerbViewed, s, nil)
}

// notifiedStatement says that a message was sent. Made again, it is the same.
func notifiedStatement(w *Workflow, e *Enrolment, f Facts, m Message) []OutStatement {
	of := &Enrolment{ID: e.ID, RegistrationID: e.RegistrationID, Learner: e.Learner, Course: e.Course, RelaunchURL: e.RelaunchURL, Preview: e.Preview}
	d := &decision{w: w, e: of, f: f, now: m.SentAt, id: derivedID("notified", string(m.ID))}
	c := d.about(d.workflowActivity())
	if s := w.Step(m.Step); s != nil {
		c.ContextActivities.Parent = []xapi.Activity{d.stepActivity(s)}
	}
	if m.Policy != "" {
		c.Extensions[xapi.ExtNudgePolicy] = m.Policy
	}
	if e.Arm != "" && m.To == e.Learner {
		c.Extensions[xapi.ExtNudgeArm] = e.Arm
	}
	d.say(d.cairn(), xapi.VerbNotified, xapi.AgentObject(d.agent(m.To)), nil, c)
	return of.Statements
}
