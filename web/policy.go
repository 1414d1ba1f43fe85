package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// anyFrame lets every site frame a page; for pages that hold nothing and do
// nothing, shown before we know which platform asks.
var anyFrame = []string{"*"}

// setPolicy sets the content security policy of a page: only our own files, no
// inline script or style, forms go home, and it may be framed by ancestors only
// (origins; none: by nobody).
func setPolicy(h http.Header, ancestors []string) {
	frames := "'none'"
	if len(ancestors) > 0 {
		frames = "'self' " + strings.Join(ancestors, " ")
		h.Del("X-Frame-Options")
	} else {
		h.Set("X-Frame-Options", "DENY")
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "+frames)
}

// allowForm lets the forms of a page post to one other origin instead of home; an
// empty one changes nothing.
func allowForm(h http.Header, origin string) {
	if origin != "" {
		h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action "+origin, 1))
	}
}

// tokenPage marks a page whose address is a secret.
func tokenPage(h http.Header) {
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// originOf gives scheme and host of an http(s) URL, "" of anything else. What it
// returns is safe inside a policy.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		return ""
	}
	if strings.ContainsAny(u.Host, " ;,'\"*\\\t\r\n") {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443") // as browsers write an origin
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// ancestorsOf are the origins of URLs, each once: who may frame a launch's pages
// (lti.Launch.FrameURLs) and is told how tall they are.
func ancestorsOf(urls ...string) []string {
	var list []string
	for _, raw := range urls {
		if o := originOf(raw); o != "" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list
}
