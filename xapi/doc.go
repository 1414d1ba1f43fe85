// Package xapi is the vocabulary and grammar of xAPI statements, without I/O.
//
// A statement goes four ways through it:
//
//	compose: Statement{Actor, Verb, Object, …} → Compose (or json.Marshal) → valid statement JSON
//	receive: bytes → Decode (strict) → *Statement + the bytes as they came in (Raw)
//	show:    stored bytes → Adapt, IDsOnly, Canonical → bytes for one reader
//	change:  stored bytes → ReplaceAgent, DropAttachments → the same bytes elsewhere
//
// Receiving happens in three passes over one bounded tree (parse.go): the
// parser refuses what is not JSON, is too deep or repeats a key; the validator
// (check*.go) holds every value against the rules of the version asked for
// (1.0.3, or IEEE 9274.1.1 called 2.0.0) and names path and reason of the
// first thing wrong; the builder (build.go) fills the typed model. Numbers keep
// their digits because nothing is ever re-encoded: whoever stores a statement
// stores Raw.
package xapi
