// Package lti is the LTI 1.3 / LTI Advantage tool: it lets platforms (Moodle,
// Canvas …) register, receives their launches, and calls their services.
//
//	GET,POST /lti/login     login initiation → redirect to the platform's authorization
//	POST     /lti/launch    authorization answer: id_token and state → Options.OnLaunch
//	GET      /lti/restart   a refused login begun again, in a window of its own (one-time handle)
//	GET      /lti/jwks      our public keys, one per registration
//	GET      /lti/register  dynamic registration (one-time invitation)
//	GET      /lti/canvas.json  developer-key configuration for Canvas (a code of one hour)
//	POST     /lti/canvas/events/{code}  Canvas Live Events, signed → Options.OnLiveEvent
//	POST     /lti/notices   notices of the Platform Notification Service, signed: hello world, course copy
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
// By a new window, where neither comes back: the login is begun again there.
//
// Every refusal is a [Rejection] with its own code, the place in the
// specification, a page and a line in the log; neither names a person.
//
// Specifications: LTI Core 1.3, Security Framework 1.0, Deep Linking 2.0, AGS
// 2.0, NRPS 2.0, Dynamic Registration 1.0, postMessage Storage 0.1.
package lti
