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
// The learner may skip a step and a coach excuse it. With `repeat` an attempt that fell short opens the next one later,
// until the rule holds or `max` hands over to a person (attempt.go); `spaced` asks again of a step that stays done
// (spaced.go). A coach, a prompt or a standard without evidence opens a settled step anew. A sign-off is bound to the
// SHA-256 of what was shown: it opens again when that changes (signoff.go). While an enrolment is paused nothing opens or
// falls due, and what is pending moves by the length of the pause (pause.go).
//
// What happens elsewhere comes in as an event too: a completion of the course (completion.go), a statement that somebody
// else recorded (observe.go), a business event (businessevent.go), which is stored first and then applied to whom it is
// about: it can open a step, complete one, or show help (prompt.go).
//
// Learners of a workflow in one course are a cohort. What they share is one small document (Cohort: the course's start,
// open gates, times and codes of events) that changes by compare-and-swap and rarely; who they are is a row each
// (CohortMember), written from the outbox of the learner's own enrolment, so that a thousand launches a minute meet at no
// document. A step with wait_for asks the index of those rows who is still waited for, and whoever writes the last row
// opens the gate. Groups of peers (Groups) are made at course_start, take in late ones without anybody else's being read,
// part in two when they have become twice as many, and are looked through as a step opens that needs them.
//
// A change of a cohort reaches its members by waking them: the document notes that they are to be told and how far
// that is, so that the sweep goes on where a worker died and tries again who failed (ten times, then a dead letter of
// kind cohort), and a decision reads what the cohort says (Facts.Cohort) whenever it is made. What people write to
// each other is a Post in a thread of a step, a group, a cohort or with the coach: stored first, then counted in the
// enrolments it concerns, which the sweep repairs too.
//
// What people write (Contribution) is stored first and referred to by hash. Messages are documents of their own: the
// relay puts them into the store, where they are the person's inbox; Deliver sends what is due for one person by the first
// other channel that reaches, in the hours that work and person allow, within the caps, if it still fits. Sweep is what
// makes it all safe: it finds in the store whatever rings, waits or was left behind. What was given up for good is a
// DeadLetter, for an operator to look at.
//
// # Where is what
//
// Files by room, names without .go. A noun and its decisions stand together; what the Service offers about it too.
//
//	The definition: what an author writes
//	  definition, step, forms, defaults          its nouns; the form a kind gets; what is left out
//	  timeexpr, duration, condition, eventdef    the small languages: times, conditions, names of events
//	  format, yamltree, reader, suggest          the table of keys; YAML with places; typed reading; what was meant
//	  parse, parse_step, parse_nudges, parse_sources   from the tree to a Workflow
//	  lint, lint_sense, graph                    what is refused: names, what can never happen, cycles
//	  advise, advise_steps                       what is only warned of
//	  schema, export, export_step, yamlwrite     the JSON Schema; the canonical YAML
//	  outline, timewords, diff                   the plan, times and differences in words
//	  needsanalysis, import, media       from a needs analysis; import with aids; files that steps show
//	  archive, offer                             zip; a new version for whom
//	One enrolment decides
//	  enrolment, stored, ids, keys, clone        the document, as it is kept; typed ids; what stores index; copy and comparison
//	  decide, facts, settle                      the pure function; what it is told; what happens by itself, to the end
//	  events, history                            what a learner or a launch does; what others did
//	  attempt, spaced, progress, exit            attempts and repeat; asked again; required and grade; complete and stop
//	  when, calendar, pause, anchors             times become instants; working days; pauses; anchors that people set
//	  lookup                                     what a name in a condition stands for
//	The learner does
//	  act, contribution, handin, short, snooze   what the Service takes; what was written; its answers; what it lacks; later
//	  quiz, watch, statement, uselog             results by question; video; done by xAPI; uses on the job, barriers
//	  evidence, record, blobs                    recorded → verified; kept before it is handed in; bytes nothing may miss
//	  evidencefile                               who may read which file
//	  standards, signoff                         gaps that open a step; bound to a hash, voided
//	  portfolio, portfoliolink                   all that somebody handed in, everywhere; links that show it to others
//	Others answer
//	  ask, request, answered, raters             who is asked; what the link shows; what an answer does; several raters
//	  forward, waitlist                          passed on to the right person, cannot judge; all that waits for one person
//	  forwardsecret                              passing on where nobody is to learn who else is asked
//	  actor, coach, appoint                      who acts for whom; excuse, reopen, open, due; roles by hand
//	Cohorts
//	  cohort, cohorts, cohortacts, cohortview    the documents; how members hear; what a coach sets; what is seen
//	  cohortjoin, gate, gathering                what a decision takes from the cohort; wait_for and events; their state
//	  peers, peeranswers                         groups; when a step of peers is done
//	  cohorttell, grouping                       who is told, and again; places in groups of peers
//	  post, thread, threadview, ical             threads of steps, peers and the coach; calendar entries
//	  poststatement                              what is recorded of a post, and of who attended
//	People and courses
//	  person, identity, naming                   who we know; the names a source knows them by; whose name it is
//	  sameaddress                                an account and who was asked at its address, of one platform
//	  arrive, enrolling, enrolcohort, leave      launches; enrolled without one, several at once; unenrolled and back
//	  roster, rosterrole                         who the LMS lists, and as what
//	  completion, observe, awaiting, courselink  how a course was completed; statements; who still waits; the way in
//	Messages
//	  message, nudge, arm, disclosure            the document; the plan; the nudge test; who is told when late
//	  deliver, channel, companions, window       one person's mails; which way; what travels along; when
//	  deliverfit, deliverclaim                   whether and when one may be sent; held, sent, given up
//	  nudgehold, nudgepreview                    a coach holds nudges back; what would be sent in the next days
//	  preferences, inbox, opened, mailtrouble    what the person wants, reads, opened; bounces and complaints
//	  endpoint, compose_mail                     chat channels; what a mailer needs to word a mail
//	Business events
//	  businessevent, eventsource, eventin        the event as kept; who sends; taken, applied, tested, replayed
//	  heard, prompt, promptview, metric          what it does in a decision; help shown; its pages; numbers of the business
//	  receipt                                    requests that happen once
//	What is seen
//	  view, home, stepview, next, journey        the learner's pages
//	  gap, others, funnel                        behaviour over time; how far others are; who dropped off
//	  standing, glance                           what stores keep beside an enrolment for boards and reports
//	  board, coachview, latelist, askedqueue     the coach's pages; one learner as their coach sees them
//	  barrier                                    what is done about what gets in the way
//	  enrolmentlist                              lists
//	Statements and grades
//	  compose, compose_hand, activities          what is said of a workflow, of a hand-in; what about
//	  relay, follow                              out of the outbox; in from the record store
//	The house
//	  doc, service, options, ports, store        the Service, what it is made of and what it needs of others
//	  errors, stale, lease                       sentinels; the revision a change is meant for; one at a time
//	  sweep, deadletter                          what was left behind; what was given up
//	  erasure, erasureown, erasureothers         who is forgotten; what is theirs; where others' names them
//	  erasuretexts, tombstone, previews          in texts about courses; who must not come back; what ends by itself
//	  mydata, mydatazip                          what a person may take away: all that is kept about them; as a ZIP
//	  upgrade                                    what an earlier version wrote
package engine
