package web

import (
	"cmp"
	"net/http"

	"github.com/cairn-lms/cairn/lti"
)

// refusedPage is the Body of a refused launch or registration.
type refusedPage struct {
	Registration bool
	Key          string // message that says it to people
	Code, Spec   string
	Detail       string // for the administrator
	PlatformSays string
	RequestID    string
	Restart      string
}

// LaunchRefused implements lti.Pages.
func (s *Site) LaunchRefused(w http.ResponseWriter, r *http.Request, rej *lti.Rejection, requestID, restart string) {
	s.refused(w, r, rej, refusedPage{RequestID: requestID, Restart: restart})
}

// RegistrationRefused implements lti.Pages.
func (s *Site) RegistrationRefused(w http.ResponseWriter, r *http.Request, rej *lti.Rejection, requestID string) {
	s.refused(w, r, rej, refusedPage{Registration: true, RequestID: requestID})
}

func (s *Site) refused(w http.ResponseWriter, r *http.Request, rej *lti.Rejection, body refusedPage) {
	v := s.view(r)
	body.Code, body.Spec, body.Detail, body.PlatformSays = rej.Code, rej.Spec, rej.Detail, rej.PlatformSays
	body.RequestID = cmp.Or(body.RequestID, v.RequestID)
	topic := "launch"
	if body.Registration {
		topic = "registration"
	}
	// Administrators read the code and the detail; everybody reads a sentence,
	// about this very code if there is one.
	body.Key = "page.refused." + topic
	if key := "page.refused." + rej.Code; v.Has(key) {
		body.Key = key
	}
	status := rej.Status
	if status < 400 || status > 599 {
		status = http.StatusBadRequest
	}
	s.ltiPage(w, r, status, "refused", v.titled("page.refused."+topic+".title"), body)
}

// repeatPage is the Body of the page that posts itself to us again.
type repeatPage struct {
	Action string
	Fields []field
}

type field struct{ Name, Value string }

// RepeatPost implements lti.Pages. A small script presses the button; without
// scripts people do.
func (s *Site) RepeatPost(w http.ResponseWriter, r *http.Request, action string, fields map[string]string) {
	s.ltiPage(w, r, http.StatusOK, "repeat", s.view(r).titled("page.repeat.title"), repeatPage{Action: action, Fields: sortedFields(fields)})
}

// registeredPage is the Body of the page after a registration.
type registeredPage struct {
	Platform, ClientID string
	NeedsActivation    bool
	Approve            bool   // deployments wait for approval
	Admin              string // its page, for who administers Cairn
}

// Registered implements lti.Pages.
func (s *Site) Registered(w http.ResponseWriter, r *http.Request, reg lti.Registration) {
	s.ltiPage(w, r, http.StatusOK, "registered", s.view(r).titled("page.registered.title"), registeredPage{
		Platform: reg.Issuer, ClientID: reg.ClientID, NeedsActivation: reg.Family() == lti.FamilyMoodle,
		Approve: !reg.AutoDeploy, Admin: "/admin/platforms/" + string(reg.ID),
	})
}

// ltiPage draws a page within an LTI message. The platform that frames it may be
// one we do not know; the page holds nothing it did not send.
func (s *Site) ltiPage(w http.ResponseWriter, r *http.Request, status int, page string, v *view, body any) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	setPolicy(h, anyFrame)
	if err := s.draw(w, status, page, v, body); err != nil {
		s.drawError(w, r, err)
	}
}
