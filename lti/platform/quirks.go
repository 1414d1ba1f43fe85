package platform

import "time"

// Quirks are switches that make the platform depart from Moodle 4.5. The zero
// value is Moodle 4.5 as captured.
type Quirks struct {
	// JWKSWithoutAlg leaves "alg" out of the published key (Open edX).
	JWKSWithoutAlg bool
	// StorageTarget, when set, is sent as lti_storage_target with every login
	// initiation ("_parent", or Canvas's "post_message_forwarding").
	StorageTarget string
	// Storage is how the storage behaves that StorageTarget offers.
	Storage StorageManner
	// AudienceArray sends aud as an array of one, with azp.
	AudienceArray bool
	// LoginByGET initiates logins by a redirect instead of a form POST.
	LoginByGET bool
	// CanvasDeploymentName spells the login's deployment "deployment_id".
	CanvasDeploymentName bool
	// NoDeploymentHint leaves the deployment out of the login initiation.
	NoDeploymentHint bool
	// NoClientID leaves client_id out of the login initiation.
	NoClientID bool
	// NoEmail and NoNames are privacy settings that Moodle leaves to the admin.
	NoEmail bool
	NoNames bool
	// Anonymous leaves out sub as well.
	Anonymous bool
	// NoServices leaves out the AGS and NRPS claims and refuses their scopes.
	NoServices bool
	// NoContext leaves out the course.
	NoContext bool
	// ClockSkew is added to the platform's own clock wherever it stamps or
	// checks a token.
	ClockSkew time.Duration
	// TokenLifetime of id_tokens; 0 means Moodle's 60 seconds.
	TokenLifetime time.Duration
	// StrictJTI refuses a client assertion whose jti was seen before, or that
	// has none; StrictAudience one whose aud is not the token URL.
	StrictJTI      bool
	StrictAudience bool
	// LenientAccept lets the services take */* and application/json.
	LenientAccept bool
	// ProductFamily replaces "moodle" in the tool_platform claim.
	ProductFamily string
	// CanvasVariables expands Canvas's custom variables, with local ids.
	CanvasVariables bool
	// CourseEnd is $CourseSection.timeFrame.end; zero is the next first of January.
	CourseEnd time.Time
	// FailScores makes the next score posts answer 503, one each.
	FailScores int

	// Issuer replaces the platform's URL as iss, where one name stands for many
	// hosts (Canvas, Blackboard); registration, keys and services stay at the URL.
	Issuer string
	// TokenAudience is the one aud that client assertions may have (Brightspace).
	TokenAudience string
	// NeedUserAgent answers 403 to service calls without a User-Agent (Canvas).
	NeedUserAgent bool
	// RateLimited makes the next service calls fail, one each: with Canvas's 403
	// "Rate Limit Exceeded", or, if RetryAfter is set, with 429 and that header
	// (Brightspace).
	RateLimited int
	RetryAfter  time.Duration
	// UnprocessableUsers answers 422 to a score of somebody who is no learner
	// (Canvas, Brightspace), StaleBadRequest 400 to one that is not newer (Canvas).
	UnprocessableUsers bool
	StaleBadRequest    bool
	// CountAttempts lets a score be a new attempt of the learner, unless its
	// submission extension says new_submission false (Canvas); see Score.Attempts.
	CountAttempts bool
	// KeyOps publishes the key with key_ops instead of use, ResourceLinkInDeepLinking
	// sends a resource link with deep linking requests (Open edX).
	KeyOps                    bool
	ResourceLinkInDeepLinking bool
	// SubjectIsClient wants sub = client_id in deep linking responses (Blackboard).
	SubjectIsClient bool

	// Services that Moodle 4.5 has not. Groups serves the course's groups, Notices
	// the Platform Notification Service, SubmissionReview lets those who teach or
	// manage open a graded activity for one learner from the gradebook, Differences
	// lets the roster tell what changed since it was read.
	Groups           bool
	Notices          bool
	SubmissionReview bool
	Differences      bool
	// Migration sends the LTI 1.1 migration claim with every launch.
	Migration *Migration
}
