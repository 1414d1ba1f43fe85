// Package platform is a small but real LTI 1.3 platform: an LMS with one
// course (and copies of it, which have no pages), a roster and a gradebook. It is
// the demo's LMS and the test double of everything that launches, grades or lists
// people, and of what tells that a course was completed. It is written with the
// standard library only and shares no code with the tool, so that a mistake in
// one is not mirrored in the other.
//
// By default it behaves as Moodle 4.5 was captured to behave (zero leeway,
// exact redirect URIs, exact Accept headers, single-use message hints, 409 on
// stale scores …). Quirks switch to what other platforms do, and CanvasQuirks,
// OpenEdXQuirks, BrightspaceQuirks, BlackboardQuirks and SakaiQuirks are sets of
// them; a Forgery makes it send what no honest platform would, and Forgeries and
// RegistrationForgeries name all that a tool must refuse.
//
//	switch of Quirks                          what it does                                  whose
//	Issuer                                    iss is not the host                           Canvas, Blackboard
//	CanvasDeploymentName, NoDeploymentHint    the login's deployment: other name, or none   Canvas
//	NoClientID, LoginByGET                    login without client_id, by redirect          Open edX (GET)
//	StorageTarget, Storage                    keeps values where no cookie comes back, as   Canvas, Sakai
//	                                          the StorageManner says: silent, wrong …
//	JWKSWithoutAlg, KeyOps                    the published key says less                   Open edX
//	AudienceArray, TokenLifetime, ClockSkew   how tokens are made
//	NoEmail, NoNames, Anonymous, NoContext    what tokens leave out
//	ProductFamily                             which product tokens name
//	CanvasVariables, CourseEnd                what custom variables become                  Canvas
//	ResourceLinkInDeepLinking                 deep linking requests carry a resource link   Open edX
//	SubjectIsClient                           deep linking responses need sub = client_id   Blackboard
//	TokenAudience, StrictAudience, StrictJTI  what client assertions must say               Brightspace
//	LenientAccept, NoServices                 services: any Accept header; none at all
//	NeedUserAgent, RateLimited, RetryAfter    403 or 429 to service calls                   Canvas, Brightspace
//	UnprocessableUsers, StaleBadRequest       422 and 400 to scores                         Canvas, Brightspace
//	CountAttempts                             a score is an attempt                         Canvas
//	FailScores                                503 to the next scores
//	Groups, Notices, Differences              services that Moodle 4.5 has not
//	SubmissionReview                          reviews are opened from the gradebook         Canvas
//	Migration                                 tokens tell of LTI 1.1
//
// RemoveUser, ReturnUser, SetGroups, SetGrade and CopyCourse change the world behind
// the tool's back. CompleteCourse posts the statement of Moodle's logstore_xapi,
// PostLiveEvents signed Live Events of Canvas, Notify a notice; with SetHostile every
// launch is forged until further notice.
//
//	page or service                          who calls
//	GET  /                                   a person: dashboard, or the sign-in page
//	GET  /login/index.php                    a person: one-click sign-in
//	POST /login/index.php, /login/logout.php a person
//	GET  /course/view.php?id=2               a person: the course, activity in an iframe
//	POST /course/completed                   a learner; posts the logstore_xapi statement
//	GET  /user/index.php                     a person: the roster
//	GET  /grade/report/index.php             a person: the gradebook
//	GET  /course/modedit.php, POST           a teacher: add an activity
//	POST /mod/lti/contentitem.php            the same page's button: let the tool's picker choose (deep linking)
//	GET  /admin/tools, POST /admin/tools/…   an admin: register and activate tools
//	POST /clock/advance                      a person, when there is a Clock
//	GET  /mod/lti/view.php?l=ID              a person: one activity; the link in e-mails
//	GET  /mod/lti/launch.php?id=ID           the iframe: posts the login initiation to the tool
//	     …&item=ITEM&for=USER                a teacher: reviews a learner's work
//	GET  /mod/lti/return.php                 the tool sends people back here
//	GET  /mod/lti/storage.php                the frame that keeps values for tools (Quirks.StorageTarget)
//	GET  /mod/lti/elsewhere.php              a page of another origin that answers in its place (StorageElsewhere)
//	     /mod/lti/auth.php                   the browser, sent by the tool: OIDC authorization
//	GET  /mod/lti/certs.php                  the tool: our JWKS
//	POST /mod/lti/token.php                  the tool: service tokens
//	     /mod/lti/services.php/…             the tool: AGS, NRPS, groups, notices
//	POST /mod/lti/contentitem_return.php     the browser: deep linking response
//	GET  /mod/lti/openid-configuration.php   the tool, registering
//	POST /mod/lti/openid-registration.php    the tool, registering
//
// A launch passes through these states, all but the last held in memory:
//
//	launch.php → pending (bound to the browser's session, single use)
//	           → auth.php takes it → id_token (60 s) posted to the tool
//
// GET never changes the world; services, auth.php and the registration are
// called across origins and prove themselves, every other POST must come from
// our own pages.
package platform
