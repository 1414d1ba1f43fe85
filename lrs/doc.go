// Package lrs is the learning record store: it keeps xAPI statements and answers
// for them, in process and over HTTP, for versions 1.0.3 and 2.0.0 from one URL.
//
//	PUT  /statements?statementId=        one statement            204 | 400 409 413
//	POST /statements                     one, an array, or []     200 | 400 409 413
//	GET  /statements?statementId=        one statement            200 | 404
//	GET  /statements?voidedStatementId=  a voided one             200 | 404
//	GET  /statements?agent=&verb=&…      a page of them           200
//	GET  /statements/more/{cursor}       the next page            200
//	GET  /activities?activityId=         what is known of it      200
//	GET  /agents?agent=                  a Person                 200
//	GET  /activities/state?…&stateId=    a document               200 | 304 404 412
//	GET  /activities/state?…             the names of all         200
//	PUT  POST DELETE  the same           replace, merge, remove   204 | 400 409 412 413
//	     /activities/profile             likewise, of an activity
//	     /agents/profile                 likewise, of an agent
//	GET  /about                          versions, without a key  200
//	HEAD wherever GET is, OPTIONS everywhere
//	POST any?method=…                    1.0.3's alternate syntax, for clients that can send forms only
//
// A request without a good key is 401, one that its key's scopes do not cover 403.
// Which web pages may read an answer is in cors.go.
//
// Statements come as application/json, or as multipart/mixed with the bytes of
// their attachments; with attachments=true they go like that. The bytes are in
// Blobs, under their digest, before a statement that declares them is stored.
//
// The way of a statement:
//
//	bytes ─▶ xapi.Decode ─▶ Entry (bytes + id + index keys) ─▶ Store.Insert ─▶ Row
//	                                                             │ assigns Stored
//	Query ─▶ Store.Select (an index range) ─▶ Row ─▶ bytes + stored, as received
//
// What statements say of activities is merged on the way in, if their writer may
// define: that is what /activities and format=canonical tell.
//
// Stored is an int64 of nanoseconds, strictly increasing over all writers. It is
// a statement's place in the one order that queries, `more` walks and Follow
// share, and it becomes visible in that order: who has read up to Stored n never
// misses a statement below n.
package lrs
