package web

// getter and poster register a page under a path; posts have a bound of their body, in bytes.
type (
	getter func(path string, h handler)
	poster func(path string, limit int64, h handler)
)

// learnerRoutes are the pages of a learner in a session: steps, people, preferences.
func (s *Site) learnerRoutes(get getter, post poster) {
	get("/s/{handle}/steps/{step}", s.asLearner(s.showStep))
	post("/s/{handle}/steps/{step}", maxHandIn, s.asLearner(s.handIn))
	post("/s/{handle}/steps/{step}/opened", maxForm, s.asLearner(s.stepOpened))
	post("/s/{handle}/steps/{step}/done", maxForm, s.asLearner(s.markDone))
	post("/s/{handle}/steps/{step}/skip", maxForm, s.asLearner(s.skipStep))
	post("/s/{handle}/steps/{step}/posts", maxForm, s.asLearner(s.together(postToStep)))
	post("/s/{handle}/steps/{step}/helpful", maxForm, s.asLearner(s.together(markHelpful)))
	post("/s/{handle}/steps/{step}/attend", maxForm, s.asLearner(s.together(attendStep)))
	post("/s/{handle}/steps/{step}/time", maxForm, s.asLearner(s.together(agreeTime)))
	post("/s/{handle}/steps/{step}/takeback", maxForm, s.asLearner(s.together(takeBack)))
	post("/s/{handle}/steps/{step}/watched", maxForm, s.asLearner(s.stepWatched))
	get("/s/{handle}/steps/{step}/media", s.asLearner(s.stepMedia))
	get("/s/{handle}/steps/{step}/captions/{language}", s.asLearner(s.stepCaptions))
	get("/s/{handle}/steps/{step}/aid", s.asLearner(s.showAid))
	get("/s/{handle}/steps/{step}/invite.ics", s.asLearner(s.invite))
	post("/s/{handle}/window", maxForm, s.inSession(s.ownWindow))
	get("/s/{handle}/people/{role}", s.asLearner(s.askPerson))
	post("/s/{handle}/people/{role}", maxForm, s.asLearner(s.namePerson))
	get("/s/{handle}/steps/{step}/later", s.asLearner(s.askLater))
	post("/s/{handle}/steps/{step}/later", maxForm, s.asLearner(s.putOff))
	get("/s/{handle}/journey", s.asLearner(s.journey))
	get("/s/{handle}/log", s.asLearner(s.useLog))
	post("/s/{handle}/log", maxForm, s.asLearner(s.logUse))
	get("/s/{handle}/coach", s.asLearner(s.coachThread))
	post("/s/{handle}/coach", maxForm, s.asLearner(s.askCoach))
	get("/s/{handle}/inbox", s.inSession(s.inbox))
	get("/s/{handle}/preferences", s.inSession(s.preferences))
	post("/s/{handle}/preferences", maxForm, s.inSession(s.savePreferences))
	post("/s/{handle}/disclosed", maxForm, s.asLearner(s.disclosed))
	post("/s/{handle}/inbox/read", maxForm, s.inSession(s.inboxRead))
}

// portfolioRoutes are what a learner handed in and may show.
func (s *Site) portfolioRoutes(get getter, post poster) {
	get("/s/{handle}/evidence/{sha}", s.asLearner(s.ownEvidence))
	post("/s/{handle}/steps/{step}/evidence", maxHandIn, s.asLearner(s.keepEvidence))
	get("/s/{handle}/portfolio", s.asLearner(s.portfolio))
	get("/s/{handle}/portfolio/{enrolment}/{sha}", s.asLearner(s.portfolioEvidence))
}

// reviewerRoutes are the pages of whoever is asked, by link or from the gradebook.
func (s *Site) reviewerRoutes(get getter, post poster) {
	get("/s/{handle}/review/{request}", s.asReviewer(s.inReview(s.showRequest)))
	post("/s/{handle}/review/{request}", maxForm, s.asReviewer(s.inReview(s.answerRequest)))
	get("/s/{handle}/review/{request}/evidence/{sha}", s.asReviewer(s.inReview(s.requestEvidence)))
	get("/s/{handle}/review/{request}/forward", s.asReviewer(s.inReview(s.askForward)))
	post("/s/{handle}/review/{request}/forward", maxForm, s.asReviewer(s.inReview(s.forwardRequest)))
	get("/s/{handle}/review/{request}/decline", s.asReviewer(s.inReview(s.askDecline)))
	post("/s/{handle}/review/{request}/decline", maxForm, s.asReviewer(s.inReview(s.declineRequest)))
	get("/s/{handle}/waiting", s.asReviewer(s.ownWaitlist))
	get("/s/{handle}/handed/{sha}", s.asReviewer(s.handedEvidence))
	get("/r/{token}", s.byLink(s.showRequest))
	post("/r/{token}", maxForm, s.byLink(s.answerRequest))
	get("/r/{token}/evidence/{sha}", s.byLink(s.requestEvidence))
	get("/r/{token}/forward", s.byLink(s.askForward))
	post("/r/{token}/forward", maxForm, s.byLink(s.forwardRequest))
	get("/r/{token}/decline", s.byLink(s.askDecline))
	post("/r/{token}/decline", maxForm, s.byLink(s.declineRequest))
	post("/r/{token}/waiting", maxForm, s.byLink(s.mailWaitlist))
	get("/w/{token}", s.waitlist)
	post("/w/{token}", maxForm, s.renewWaitlist)
}

// staffRoutes are the pages of coaches, teachers and designers.
func (s *Site) staffRoutes(get getter, post poster) {
	post("/s/{handle}/board/{enrolment}/completed", maxForm, s.asStaff(s.courseCompleted))
	get("/s/{handle}/board/people/{enrolment}", s.asStaff(s.person))
	get("/s/{handle}/board/people/{enrolment}/change", s.asStaff(s.changePerson))
	post("/s/{handle}/board/people/{enrolment}/change", maxForm, s.asStaff(s.actOnPerson))
	post("/s/{handle}/board/people/{enrolment}/answer", maxForm, s.asStaff(s.answerLearner))
	get("/s/{handle}/board/people/{enrolment}/evidence/{sha}", s.asStaff(s.personEvidence))
	get("/s/{handle}/board/people/{enrolment}/steps/{step}", s.asStaff(s.changeStep))
	post("/s/{handle}/board/people/{enrolment}/steps/{step}", maxForm, s.asStaff(s.actOnStep))
	get("/s/{handle}/board/course", s.asCoach(s.cohorts))
	get("/s/{handle}/board/late", s.asCoach(s.late))
	get("/s/{handle}/board/questions", s.asCoach(s.questions))
	get("/s/{handle}/board/asked", s.asCoach(s.queue))
	get("/s/{handle}/board/barriers", s.asCoach(s.barriers))
	post("/s/{handle}/board/barriers", maxForm, s.asCoach(s.addBarrier))
	post("/s/{handle}/board/barriers/{action}", maxForm, s.asCoach(s.endBarrier))
	get("/s/{handle}/board/reports", s.asCoach(s.reports))
	get("/s/{handle}/board/enrol", s.asCoach(s.askEnrol))
	post("/s/{handle}/board/enrol", maxForm, s.asCoach(s.enrol))
	post("/s/{handle}/board/cohort", maxForm, s.asStaff(s.cohortAct))
	get("/s/{handle}/board/steps/{workflow}/{step}", s.asStaff(s.stepBoard))
	get("/s/{handle}/pick", s.asDesigner(s.pick))
	post("/s/{handle}/pick", maxForm, s.asDesigner(s.place))
}
