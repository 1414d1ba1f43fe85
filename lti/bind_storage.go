package lti

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// storageField carries what the platform's storage gave back; a page of ours
// fills it in.
const storageField = "cairn_storage"

// maxStorageTarget bounds the name of a platform's frame.
const maxStorageTarget = 100

// Storage is where a platform keeps values for the frames it shows (LTI
// postMessage Storage 0.1): what a page of ours needs to ask it. It is used where
// cookies may not come back.
type Storage struct {
	Target    string // "_parent" (parent or opener), or the name of a frame of theirs
	Origin    string // of the authorization URL: messages go to it and come from it alone
	Key       string // of this login, so that two tabs never cross
	MessageID string // random; an answer must repeat it
	Prelaunch bool   // Sakai wants to be told of a launch first
}

// StoragePages draws the two pages that talk to a platform's storage. Neither uses
// anything up, and both go on by themselves when no answer comes.
type StoragePages interface {
	// KeepInStorage draws a page whose script puts value into the storage and then
	// goes to next, also after a second or two without an answer. Without scripts it
	// goes to next at once: a cookie was set too.
	KeepInStorage(w http.ResponseWriter, r *http.Request, s Storage, value, next string)
	// AskStorage draws a page whose script gets the value back and posts the fields
	// to action, on our own origin, with the value in the field named answer; without
	// an answer it posts them as they are. restart, if not empty, is a URL to open in
	// a new window instead.
	AskStorage(w http.ResponseWriter, r *http.Request, s Storage, action string, fields map[string]string, answer, restart string)
}

// storageTarget answers the frame name of a login initiation if it is one that can
// be a frame's name; anything else counts as not offered.
func storageTarget(name string) string {
	if len(name) > maxStorageTarget {
		return ""
	}
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.:", r))
	}
	if strings.ContainsFunc(name, odd) {
		return ""
	}
	return name
}

// originOf is the serialized origin of a URL: scheme and host, without a default port.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host
}

// storageOf is the storage that a login was offered; false if it was none.
func storageOf(l Login) (Storage, bool) {
	if l.StorageTarget == "" {
		return Storage{}, false
	}
	return Storage{Target: l.StorageTarget, Origin: l.StorageOrigin, Key: "cairn-lti-" + l.State[:32], MessageID: secret()[:22]}, true
}

// cookiesReturn reports that the browser keeps cookies of ours where this login
// happens: it brought one, or we are not in a frame. The storage need not be asked
// then.
func cookiesReturn(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Dest") == "document" {
		return true
	}
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, "__Host-cairn-") {
			return true
		}
	}
	return false
}

// boundByStorage checks the secret that came from the platform's storage. Whoever
// began the login can read it there, and could put it into a form on any site; so
// it counts only in a post from our own page, which asked the platform's frame of
// this very browser.
func (t *Tool) boundByStorage(r *http.Request, l Login, value string) *Rejection {
	if l.StorageTarget == "" {
		return reject("storage_not_offered", "the login offered no storage of the platform, and this browser sent no cookie of it")
	}
	if !t.fromOurPage(r) {
		return reject("storage_other_site", "the value of the platform's storage was not posted by our own page (Origin %q)", printable(r.Header.Get("Origin"), 128))
	}
	if subtle.ConstantTimeCompare([]byte(hash(value)), []byte(l.Browser)) != 1 {
		return reject("storage_mismatch", "the platform's storage gave back a value that is not this login's")
	}
	return nil
}

// fromOurPage reports that a page of ours posted the form. Browsers send Origin
// with every POST; a page cannot choose it.
func (t *Tool) fromOurPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin, ok := webURL(r.Header.Get("Origin"))
	return ok && sameOrigin(origin, t.public)
}
