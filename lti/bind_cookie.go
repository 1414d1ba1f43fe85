package lti

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"
)

const (
	hostCookie = "__Host-cairn-lti-"
	laxCookie  = "cairn-lti-" // the twin, http only
	maxCookies = 24           // logins under way in one browser
)

// cookieTag tells the cookies of one login from those of another.
func cookieTag(stateHash string) string { return stateHash[:12] }

// development reports an http public URL, where Secure cookies may be dropped.
func (t *Tool) development() bool { return t.public.Scheme == "http" }

// bindBrowser gives the browser the secret of a login.
func (t *Tool) bindBrowser(w http.ResponseWriter, r *http.Request, stateHash, value string) {
	t.dropSurplus(w, r)
	t.setCookies(w, cookieTag(stateHash), value, int(loginLife/time.Second))
}

func (t *Tool) setCookies(w http.ResponseWriter, tag, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: hostCookie + tag, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	})
	if t.development() {
		http.SetCookie(w, &http.Cookie{
			Name: laxCookie + tag, Value: value, Path: "/", MaxAge: maxAge,
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
}

// releaseBrowser takes the secret back once the login is used.
func (t *Tool) releaseBrowser(w http.ResponseWriter, stateHash string) {
	t.setCookies(w, cookieTag(stateHash), "", -1)
}

// dropSurplus keeps abandoned logins from growing the Cookie header without end.
func (t *Tool) dropSurplus(w http.ResponseWriter, r *http.Request) {
	seen := 0
	for _, c := range r.Cookies() {
		tag, ok := strings.CutPrefix(c.Name, hostCookie)
		if !ok {
			continue
		}
		if seen++; seen > maxCookies && len(tag) <= 64 {
			t.setCookies(w, tag, "", -1)
		}
	}
}

// bound reports whether the browser of r began the login.
func (t *Tool) bound(r *http.Request, l Login) bool {
	names := []string{hostCookie + cookieTag(l.State)}
	if t.development() {
		names = append(names, laxCookie+cookieTag(l.State))
	}
	for _, name := range names {
		for _, c := range r.CookiesNamed(name) {
			if subtle.ConstantTimeCompare([]byte(hash(c.Value)), []byte(l.Browser)) == 1 {
				return true
			}
		}
	}
	return false
}
