// Package platform is a small but real LTI 1.3 platform: an LMS with one
// course, a roster and a gradebook. It is the demo's LMS and the test double of
// everything that launches, grades or lists people. It is written with the
// standard library only and shares no code with the tool, so that a mistake in
// one is not mirrored in the other.
//
// By default it behaves as Moodle 4.5 was captured to behave (zero leeway,
// exact redirect URIs, exact Accept headers, single-use message hints, 409 on
// stale scores …). Quirks switch to what other platforms do; a Forgery makes
// it sign what no honest platform would.
//
//	page or service                          who calls
//	GET  /                                   a person: dashboard, or the sign-in page
//	GET  /login/index.php                    a person: one-click sign-in
//	POST /login/index.php, /login/logout.php a person
//	GET  /course/view.php?id=2               a person: the course, activity in an iframe
//	POST /course/completed                   a learner; posts the logstore_xapi statement
//	GET  /user/index.php, /grade/report      a person: roster, gradebook
//	GET  /course/modedit.php                 a teacher: add an activity (deep linking)
//	GET  /admin/tools, POST /admin/tools/…   an admin: register and activate tools
//	POST /clock/advance                      a person, when there is a Clock
//	GET  /mod/lti/view.php?l=ID              a person: one activity; the link in e-mails
//	GET  /mod/lti/launch.php?id=ID           the iframe: posts the login initiation to the tool
//	GET  /mod/lti/return.php                 the tool sends people back here
//	GET  /mod/lti/storage.php                the frame that keeps values for tools (Quirks.StorageTarget)
//	     /mod/lti/auth.php                   the browser, sent by the tool: OIDC authorization
//	GET  /mod/lti/certs.php                  the tool: our JWKS
//	POST /mod/lti/token.php                  the tool: service tokens
//	     /mod/lti/services.php/…             the tool: AGS and NRPS
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
