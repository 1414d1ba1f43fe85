// Package web is what people see: the pages of learners, reviewers and coaches,
// sessions, and the pages of the LTI tool. It mounts lti and lrs and turns launches
// into arrivals at the engine. Handlers parse, call and render; what is true is the
// engine's.
//
//	GET       /                                  for people who typed the address
//	GET       /healthz, /readyz
//	GET       /static/{version}/{file}           our files; the version is their hash
//	any       /lti/…                             lti.Tool
//	any       /xapi/…                            the record store
//	any       /api/…                             business events and the JSON API (web/api)
//	POST      /open                              a ticket becomes a session in this window
//	GET       /s/{handle}/                       home of a learner, board of a coach (?workflow= only= group= q= page= step=)
//	GET POST  /s/{handle}/steps/{step}           a step; hand in or keep a draft
//	POST      /s/{handle}/steps/{step}/opened    first look
//	POST      /s/{handle}/steps/{step}/done      confirm
//	POST      /s/{handle}/steps/{step}/skip      not possible
//	POST      /s/{handle}/steps/{step}/posts, …/helpful   write to the others of a step; a post helped
//	POST      /s/{handle}/steps/{step}/attend, …/time     attend by the event's code; agree on a time
//	POST      /s/{handle}/steps/{step}/takeback           one's own post
//	GET       /s/{handle}/steps/{step}/media, …/captions/{language}   the file it shows; its subtitles
//	POST      /s/{handle}/steps/{step}/watched            what our player has played
//	GET       /s/{handle}/steps/{step}/aid                its aid alone, to print
//	POST      /s/{handle}/window                          go on in a window of its own
//	GET       /s/{handle}/steps/{step}/invite.ics         the event's calendar entry
//	GET POST  /s/{handle}/steps/{step}/later              put a step off, and why
//	GET       /s/{handle}/journey                the whole way, by phases or weeks (?by=weeks)
//	GET POST  /s/{handle}/log                    a behaviour was used on the job, or what got in the way
//	GET POST  /s/{handle}/coach                  write to the coach
//	GET       /s/{handle}/inbox                  messages
//	GET POST  /s/{handle}/people/{role}          who is your manager?
//	POST      /s/{handle}/steps/{step}/evidence  keep files and links for the hand-in to come, or take one away
//	GET       /s/{handle}/evidence/{sha256}      an own file
//	POST      /s/{handle}/board/{enrolment}/completed
//	GET       /s/{handle}/board/people/{enrolment}   one learner, as the coach sees them
//	GET POST  /s/{handle}/board/people/{enrolment}/change, …/steps/{step}   pause, replace, take out …; excuse, reopen, more time
//	POST      /s/{handle}/board/people/{enrolment}/answer   the coach answers a question
//	GET       /s/{handle}/board/people/{enrolment}/evidence/{sha256}
//	GET       /s/{handle}/board/late, …/questions, …/asked   who is held up; what learners ask; what waits for the coach
//	GET POST  /s/{handle}/board/barriers         what gets in the way, and who does what about it
//	POST      /s/{handle}/board/barriers/{action}   it is done, or open again
//	GET       /s/{handle}/board/reports          who never started, is stalled, active, through
//	GET       /s/{handle}/board/board.csv, …/late.csv, …/barriers.csv, …/reports.csv   the same as tables for other programs
//	GET POST  /s/{handle}/board/nudges, …/people/{enrolment}/nudges   what would be sent next; hold it back
//	GET POST  /s/{handle}/board/several          the course is completed, or part of a cohort is split off, for several at once
//	GET POST  /s/{handle}/board/enrol            enrol by address or account
//	GET       /s/{handle}/board/course           what a course does together
//	POST      /s/{handle}/board/cohort           open a gate, move an event, who attended …
//	GET       /s/{handle}/board/steps/{workflow}/{step}   a placed step, as staff sees it
//	GET       /s/{handle}/portfolio              what the learner handed in, everywhere
//	GET       /s/{handle}/portfolio/{enrolment}/{sha256}
//	GET       /s/{handle}/portfolio/matrix, …/matrix.csv  evidence by standard and behaviour
//	GET       /s/{handle}/portfolio/export.zip, …/export.pdf   all of it, to take away
//	GET POST  /s/{handle}/portfolio/links        who may look at it, until when
//	POST      /s/{handle}/portfolio/links/revoke
//	GET       /p/{token}                         a portfolio that somebody shows, no account
//	GET       /p/{token}/{enrolment}/{sha256}    a file of it
//	GET POST  /s/{handle}/pick                   a designer: choose what to place in the course
//	GET POST  /s/{handle}/review/{request}       from the gradebook: a request to this person
//	GET       /s/{handle}/review/{request}/evidence/{sha256}
//	GET POST  /s/{handle}/review/{request}/forward, …/decline   as behind a personal link
//	GET       /s/{handle}/waiting                all that waits for this reviewer
//	GET       /s/{handle}/handed/{sha256}        from the gradebook: a file of that learner
//	GET POST  /r/{token}                         a request, by personal link, no account
//	GET       /r/{token}/evidence/{sha256}       a file that request shows
//	GET POST  /r/{token}/forward, …/decline      not me: the right person; I cannot judge this
//	POST      /r/{token}/waiting                 mail a fresh link to all that waits for this person
//	GET POST  /w/{token}                         all that waits for a reviewer; a fresh link by mail
//	GET POST  /u/{token}                         unsubscribe; POST is RFC 8058 one-click too
//	GET       /n/{token}                         from a mail back into the LMS
//	GET POST  /s/{handle}/preferences            how the person wants to be reached
//	GET       /s/{handle}/preferences/data.zip   all that is kept about the person
//	POST      /s/{handle}/pause, …/resume        a learner lets everything stand still, and go on
//	POST      /s/{handle}/disclosed, …/inbox/read   the notice is put away; messages are read
//	POST      /hooks/mail/{token}                bounces and complaints, from the mail service
//	POST      /s/{handle}/admin                  an administrator of the LMS goes to /admin
//	GET POST  /admin/signin                      a one-time link becomes an administrator's session
//	POST      /admin/signout
//	GET       /admin/install                     how to connect an LMS
//	POST      /admin/install/invitation, …/canvas, …/registration   a registration URL, an address for Canvas, by hand
//	GET       /admin/platforms, …/{id}           what is registered, what is known of one
//	POST      /admin/platforms/{id}/tests, …/change, …/deployments   self-tests; suspend, rotate …; approve
//	GET       /admin/failures                    refused logins, launches and registrations
//	GET       /admin/audit                       what administrators did
//	POST      /dev/clock                         only with a development clock
//
// A launch earns a session: a random id that only a cookie knows, under a public
// handle that stands in the address, so that two tabs in two courses never cross.
// A GET never acts, because browsers and mail scanners follow links; posts from
// another site are refused (http.CrossOriginProtection). Everything works without
// JavaScript. Pages of a session may be framed by the platform that launched it,
// pages behind personal links and the administration area by nobody. Each use of a
// session asks whether the registration and the deployment that it came by still
// stand. An act of an administrator is noted before it is done.
package web
