package web

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// ownerOf names who a session is of, for what a browser keeps of their typing: the same in each of their sessions, so
// that a launch anew finds what the last one could not send, and telling nobody who it is. Empty: nobody's.
func ownerOf(session *Session) string {
	if session.Person == "" {
		return ""
	}
	return hashed("owner", session.Tenant, string(session.Person))
}

// typedKey is under which name a browser keeps what its owner types into a step's form.
func typedKey(session *Session, step engine.StepID) string {
	return ownerOf(session) + ":" + hashed("typed", session.Tenant, string(session.Enrolment), string(step))
}

func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}
