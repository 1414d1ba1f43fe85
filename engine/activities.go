package engine

import "github.com/cairn-lms/cairn/xapi"

// activities are what statements of a workflow name again and again, for one base of their IRIs. They are made of the
// workflow alone, once, and shared by all its decisions: nobody changes one, nor what it points to.
type activities struct {
	workflow   xapi.Activity
	steps      map[StepID]xapi.Activity
	behaviours map[BehaviourID]xapi.Activity
	profile    []xapi.Activity // the category of every statement
}

// activities of a workflow are kept in it by base. There are as many as the house has public addresses: one.
func (w *Workflow) activities(base string) *activities {
	if a, ok := w.named.Load(base); ok {
		return a.(*activities)
	}
	a := &activities{
		workflow: activity(workflowIRI(base, w.ID), xapi.TypeWorkflow, w.Title).Written(),
		steps:    make(map[StepID]xapi.Activity, len(w.order)), behaviours: make(map[BehaviourID]xapi.Activity, len(w.Behaviours)),
		profile: []xapi.Activity{activity(xapi.ProfilePrefix+ProfileVersion, xapi.TypeProfile, nil).Written()},
	}
	for _, s := range w.order {
		a.steps[s.ID] = activity(stepIRI(base, w.ID, s.ID), activityType(s.Kind), s.Title).Written()
	}
	for i := range w.Behaviours {
		b := &w.Behaviours[i]
		a.behaviours[b.ID] = activity(workflowIRI(base, w.ID)+"/behaviours/"+string(b.ID), xapi.TypeCompetency, b.Text).Written()
	}
	w.named.Store(base, a)
	return a
}

// activityType is the type of a step's activity.
func activityType(k Kind) string {
	switch k {
	case KindQuiz:
		return xapi.TypeQuiz
	case KindCheckin:
		return xapi.TypeCheckIn
	case KindDiscuss, KindShare:
		return xapi.TypeDiscussion
	case KindEvent:
		return xapi.TypeMeeting
	}
	return xapi.TypeStep
}

func (d *decision) activities() *activities {
	if d.named == nil {
		d.named = d.w.activities(d.f.IRIBase)
	}
	return d.named
}

func (d *decision) workflowActivity() xapi.Activity    { return d.activities().workflow }
func (d *decision) stepActivity(s *Step) xapi.Activity { return d.activities().steps[s.ID] }
func (d *decision) behaviourActivity(b *Behaviour) xapi.Activity {
	return d.activities().behaviours[b.ID]
}

// grouping are the course and the workflow of the enrolment, the same for all statements until the course changes.
func (d *decision) grouping() []xapi.Activity {
	if d.e.Course != d.course.of || d.e.RelaunchURL != d.course.relaunchURL || d.course.grouping == nil {
		course := activity(courseIRI(d.e), xapi.TypeCourse, Text{"": d.e.Course.Title}).Written()
		d.course = courseActivities{d.e.Course, d.e.RelaunchURL, []xapi.Activity{course, d.workflowActivity()}}
	}
	return d.course.grouping
}

// courseActivities is a grouping and all that it was made of, besides the workflow.
type courseActivities struct {
	of          Course
	relaunchURL string
	grouping    []xapi.Activity
}
