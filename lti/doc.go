// Package lti is the LTI 1.3 / LTI Advantage tool: it lets platforms (Moodle,
// Canvas …) register, receives their launches, and calls their services.
//
//	GET,POST /lti/login     login initiation → redirect to the platform's authorization
//	POST     /lti/launch    authorization answer: id_token and state → Options.OnLaunch
//	GET      /lti/restart   a refused login begun again, in a window of its own (one-time handle)
//	GET      /lti/jwks      our public keys: one per registration, several while it rotates
//	GET      /lti/register  dynamic registration (one-time invitation)
//	GET      /lti/canvas.json  developer-key configuration for Canvas (a code of one hour)
//	POST     /lti/canvas/events/{code}  Canvas Live Events, signed → Options.OnLiveEvent
//	POST     /lti/notices   notices of the Platform Notification Service, signed: hello world, course copy
//
// Where what stands:
//
//	login and launch        login.go, logincap.go, receive.go, form.go (what came in), bind_cookie.go, bind_storage.go (the browser),
//	                        idtoken.go, theirkeys.go (signatures), object.go, claims.go, launch.go (what it says),
//	                        migration.go (from LTI 1.1), rejection.go (why not), deeplink.go (placing links), frame.go
//	registration and keys   register.go, exchange.go, announce.go, canvas.go (ways in), registration.go, issuer.go, deployment.go,
//	                        family.go, standing.go, adminlaunch.go (what is kept, who may), ourkey.go, rotation.go
//	services                service.go, token.go, paging.go, errors.go (a call), score.go, lineitem.go, result.go (AGS),
//	                        member.go (NRPS), group.go
//	courses and notices     course.go (what launches told), notice.go, liveevent.go (what platforms tell)
//	operations              tool.go, store.go, ticket.go, lease.go, locks.go, failure.go (what was refused), selftest.go
//
// A login goes through these states, kept in the store under the hash of its
// random state parameter, with the hash of its nonce and of a cookie's secret:
//
//	waiting ──valid token, bound to this browser──▶ used      (one atomic act; the launch)
//	   │
//	   └──────── ten minutes ─────────────────────▶ expired   (both forgotten a day later)
//
// The act that uses the state uses the nonce too, since both live in one record:
// of any number of parallel replays exactly one becomes a launch. A token that
// fails a check uses nothing up, so nobody can spoil another person's login.
//
// The browser is bound in one of three ways (docs/decisions/012), by one secret per
// login, so two tabs never cross:
//
// By a cookie. It is SameSite=None, Secure and Partitioned, which frames of another
// site may keep. On an http public URL (development) a twin without Secure and with
// SameSite=Lax is set beside it, because Safari drops Secure cookies on loopback
// http. A Lax cookie does not come along when the platform's page posts to us, so
// a first arrival without cookie is answered by a page that posts the same form
// again from our own origin; it uses nothing up.
//
// By the storage of the platform, where the login offers one and no cookie is sure
// to come back: a page leaves the secret with the platform's frame before going on,
// and a launch without cookie is answered by a page that asks for it and posts the
// form again. Messages go to the origin of the authorization URL and are taken from
// it alone; the secret counts only in a post from our own page.
//
// By a new window, where neither comes back: the login is begun again there; in
// Moodle, which takes a login's hint once only, it begins at Moodle's own page.
//
// A deployment is active, waits for approval or is suspended (see [Deployment]); one
// of our keys is upcoming, signs, is retired and expires, by the clock alone
// (rotation.go). A notice is taken once: a lease of a minute while it is under way
// becomes one of a month when it is done.
//
// Every refusal is a [Rejection] with its own code, the place in the
// specification, a line in the log and a [Failure] for the administrator, and for
// people a page; none names a person.
//
// Specifications: LTI Core 1.3, Security Framework 1.0, Deep Linking 2.0, AGS 2.0,
// NRPS 2.0, Course Groups 1.0, Platform Notification Service 1.0, Submission Review
// 1.0, Dynamic Registration 1.0, the LTI 1.1 to 1.3 migration guide, postMessage
// Storage 0.1 (platform storage), and Canvas Live Events.
package lti
