// Package engine runs learning workflows. It knows neither HTTP nor SQL nor a queue.
//
// A Workflow is parsed from a YAML file (ParseWorkflow) and never changes. An Enrolment is one learner in one version
// of it: one document that holds the state of every step, a clock (WakeAt) and an outbox (Statements, Messages, Grade).
// Whatever happens is an event. The pure function decide takes the workflow, the enrolment, a few facts about other
// documents, the event and the time, and returns the changed enrolment. The Service saves it by compare-and-swap, and
// decides again if somebody was faster. What a decision produces lies in the outbox of the same document and carries
// ids that are derived from what it is about, so relaying it twice does no harm and a crash loses nothing.
//
// A step goes
//
//	locked ──opens, needs, about settled──▶ open ──hand-in──▶ submitted ──approve──▶ done
//	   │                                     ▲ │                  │
//	   │                                     │ └──done met────────┼──────────────▶ done
//	   │                                  returned ◀──return──────┘
//	   └──`if` false, nothing to be about──▶ skipped        nobody answers ──▶ expired
//
// Learners of a workflow in one course are a cohort. What they share is one small document (Cohort: the course's start,
// open gates, times and codes of events) that changes by compare-and-swap and rarely; who they are is a row each
// (CohortMember), written from the outbox of the learner's own enrolment, so that a thousand launches a minute meet at no
// document. A step with wait_for asks the index of those rows who is still waited for, and whoever writes the last row
// opens the gate. Groups of peers (Groups) are made at course_start and looked through as a step opens that needs them.
//
// A change of a cohort reaches its members by waking them: the document notes that they are to be told and how far that
// is, so that the sweep goes on where a worker died, and a decision reads what the cohort says (Facts.Cohort) whenever it
// is made. What people write to each other is a Post in a thread of a step, a group, a cohort or with the coach: stored
// first, then counted in the enrolments it concerns, which the sweep repairs too.
//
// What people write (Contribution) is stored first and referred to by hash. Messages are documents of their own: the
// relay puts them into the store, Deliver sends what is due for one person, in the person's working hours, if it still
// fits. Sweep is what makes it all safe: it finds in the store whatever rings, waits or was left behind.
package engine
