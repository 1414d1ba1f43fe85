package lti

import (
	"sync"
	"time"
)

// Bounds of the logins that anybody can begin, for each registration within
// loginLife, in this process.
const (
	maxLogins     = 50_000
	maxLoginBytes = 128 << 20
)

// loginCap keeps strangers from filling the store: a login initiation needs no more
// than a public issuer.
type loginCap struct {
	max int

	mu    sync.Mutex
	begun time.Time // of the window
	of    map[RegistrationID]loginCount
}

type loginCount struct{ logins, bytes int }

func newLoginCap(max int) *loginCap {
	return &loginCap{max: max, of: map[RegistrationID]loginCount{}}
}

// admit counts the login in, unless there are too many already.
func (c *loginCap) admit(l Login) bool {
	size := len(l.LoginHint) + len(l.MessageHint) + len(l.TargetLinkURI) + len(l.DeploymentID) + len(l.StorageTarget)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !within(l.CreatedAt, c.begun, loginLife) {
		c.begun = l.CreatedAt
		clear(c.of)
	}
	n := c.of[l.Registration]
	if n.logins >= c.max || n.bytes+size > maxLoginBytes {
		return false
	}
	c.of[l.Registration] = loginCount{n.logins + 1, n.bytes + size}
	return true
}
