package lti

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// maxFrames bounds the further origins of one registration.
const maxFrames = 10

// SetFrames names further origins whose pages may frame the tool, in place of
// those named before. A launch tells most of them by its return URL; this is for
// platforms that send none from their customers' own hosts.
func (t *Tool) SetFrames(ctx context.Context, id RegistrationID, urls []string) error {
	if len(urls) > maxFrames {
		return fmt.Errorf("lti: set frames: %d origins, at most %d are kept", len(urls), maxFrames)
	}
	var origins []string
	for _, raw := range urls {
		u, ok := webURL(raw)
		if !ok || u.Hostname() == "" || u.Scheme != "https" && !t.o.AllowPrivate {
			return fmt.Errorf("lti: set frames: %q is not an https origin, as in https://school.example.org", raw)
		}
		if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("lti: set frames: %q has a path; give scheme and host only", raw)
		}
		origin := originOf(u)
		if !plainOrigin(origin) {
			return errors.New("lti: set frames: an origin holds characters that no host has")
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return t.changeRegistration(ctx, "set frames", id, func(r *Registration) error { r.Frames = origins; return nil })
}

// plainOrigin reports that an origin can stand in a policy: no wildcard, no
// second directive.
func plainOrigin(origin string) bool {
	for _, r := range origin {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		case r == '.', r == '-', r == '_', r == ':', r == '/', r == '[', r == ']':
		default:
			return false
		}
	}
	return true
}

// FrameURLs are addresses on the origins that may frame the pages of a launch: the
// issuer's, that of the authorization endpoint, those the platform signed as ways
// back (in the cloud, platforms share an issuer and are shown on their customers'
// hosts), and those an administrator named.
func (l *Launch) FrameURLs() []string {
	urls := []string{l.Issuer, l.Registration.AuthURL, l.ReturnURL}
	if l.DeepLink != nil {
		urls = append(urls, l.DeepLink.ReturnURL)
	}
	return append(urls, l.Registration.Frames...)
}
