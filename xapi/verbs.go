package xapi

// The namespaces the vocabulary is taken from.
const (
	adl   = "http://adlnet.gov/expapi/verbs/"
	tin   = "http://id.tincanapi.com/verb/"
	strm  = "http://activitystrea.ms/"
	tla   = "https://w3id.org/xapi/tla/verbs/"
	catch = "https://w3id.org/xapi/catch/verbs/"
	video = "https://w3id.org/xapi/video/verbs/"
)

// ProfilePrefix begins every IRI that Cairn had to coin, for all installations.
const ProfilePrefix = "https://w3id.org/cairn/xapi/"

// Verbs of published profiles.
const (
	VerbLaunched         = adl + "launched"
	VerbRegistered       = adl + "registered"
	VerbUnregistered     = tin + "unregistered"
	VerbInitialized      = adl + "initialized"
	VerbProgressed       = adl + "progressed"
	VerbCompleted        = adl + "completed"
	VerbPassed           = adl + "passed"
	VerbFailed           = adl + "failed"
	VerbScored           = adl + "scored"
	VerbMastered         = adl + "mastered"
	VerbAnswered         = adl + "answered"
	VerbAttempted        = adl + "attempted"
	VerbShared           = adl + "shared"
	VerbCommented        = adl + "commented"
	VerbAttended         = adl + "attended"
	VerbVoided           = adl + "voided"
	VerbDefined          = tin + "defined"
	VerbPerformedOffline = tin + "performed-offline"
	VerbReviewed         = tin + "reviewed"
	VerbRated            = tin + "rated"
	VerbReplied          = tin + "replied"
	VerbViewed           = tin + "viewed"
	VerbSkipped          = tin + "skipped"
	VerbSubmitted        = strm + "submit"
	VerbRequested        = strm + "request"
	VerbApproved         = strm + "approve"
	VerbRejected         = strm + "reject"
	VerbAcknowledged     = strm + "acknowledge"
	VerbOpened           = strm + "open"
	VerbVerified         = tla + "verified"
	VerbAchieved         = tla + "achieved"
	VerbRecommended      = tla + "recommended"
	VerbReflected        = catch + "reflected"
	VerbUploaded         = catch + "uploaded"
	VerbNotified         = catch + "notified"
	VerbPlayed           = video + "played"
	VerbPaused           = video + "paused"
	VerbSeeked           = video + "seeked"
)

// Verbs of Cairn's own profile.
const (
	VerbApplied   = ProfilePrefix + "verbs/applied"
	VerbPrompted  = ProfilePrefix + "verbs/prompted"
	VerbEscalated = ProfilePrefix + "verbs/escalated"
	VerbSnoozed   = ProfilePrefix + "verbs/snoozed"
)

// Activity types.
const (
	TypeWorkflow    = "https://w3id.org/xapi/acrossx/activities/learning-plan"
	TypeStep        = "http://id.tincanapi.com/activitytype/step"
	TypeGoal        = "http://id.tincanapi.com/activitytype/goal"
	TypeChecklist   = "http://id.tincanapi.com/activitytype/checklist"
	TypeDiscussion  = "http://id.tincanapi.com/activitytype/discussion"
	TypePerformance = "http://adlnet.gov/expapi/activities/performance"
	TypeQuiz        = "http://adlnet.gov/expapi/activities/assessment"
	TypeMeeting     = "http://adlnet.gov/expapi/activities/meeting"
	TypeEvidence    = "https://w3id.org/xapi/catch/activitytypes/evidence"
	TypeCheckIn     = "https://w3id.org/xapi/catch/activitytypes/check-in"
	TypeCompetency  = "https://w3id.org/xapi/tla/activity-types/competency"
	TypeAid         = "http://activitystrea.ms/article"
	TypeCourse      = "https://w3id.org/xapi/cmi5/activitytype/course"
	TypeProfile     = "http://adlnet.gov/expapi/activities/profile"
)

// Extensions and the usage of attachments.
const (
	ExtProgress        = "https://w3id.org/xapi/cmi5/result/extensions/progress"
	ExtAttempt         = "http://id.tincanapi.com/extension/attempt-id"
	ExtUseCount        = ProfilePrefix + "extensions/use-count"
	ExtNudgePolicy     = ProfilePrefix + "extensions/nudge-policy"
	ExtNudgeArm        = ProfilePrefix + "extensions/nudge-arm"
	ExtDue             = ProfilePrefix + "extensions/due"
	ExtBarrier         = ProfilePrefix + "extensions/barrier" // what got in the way
	ExtSnoozedUntil    = ProfilePrefix + "extensions/snoozed-until"
	ExtWorkflowVersion = ProfilePrefix + "extensions/workflow-version"
	ExtEvidenceSHA256  = ProfilePrefix + "extensions/evidence-sha256"
	ExtRaterRelation   = ProfilePrefix + "extensions/rater-relation"
	ExtEventType       = ProfilePrefix + "extensions/event-type"    // of the event that asked for help
	ExtSelfReported    = ProfilePrefix + "extensions/self-reported" // the learner's word, nothing measured
	ExtCompletedBy     = ProfilePrefix + "extensions/completed-by"  // the sources that say so

	UsageSupportingMedia = "http://id.tincanapi.com/attachment/supporting_media"
)

// VerbOf is the verb with its English display, if it is one of the above; the
// last part of the IRI otherwise.
func VerbOf(iri string) Verb { return Verb{ID: iri, Display: En(displayOf(iri))} }

func displayOf(iri string) string {
	switch iri {
	case VerbPerformedOffline:
		return "performed offline"
	case VerbSubmitted:
		return "submitted"
	case VerbRequested:
		return "requested"
	case VerbApproved:
		return "approved"
	case VerbRejected:
		return "rejected"
	case VerbAcknowledged:
		return "acknowledged"
	case VerbOpened:
		return "opened"
	}
	for i := len(iri) - 1; i >= 0; i-- {
		if iri[i] == '/' || iri[i] == '#' {
			return iri[i+1:]
		}
	}
	return iri
}
