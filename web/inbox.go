package web

import (
	"fmt"
	"net/http"

	"github.com/cairn-lms/cairn/engine"
)

// inboxPage is the Body of a person's messages.
type inboxPage struct {
	letterbox
	Next string // address of the page after; empty: this is the last
}

// letterbox is what a page shows of the inbox.
type letterbox struct {
	Unread int
	Items  []letterItem
}

// letterItem is one message: what kind, about what, where to.
type letterItem struct {
	engine.InboxItem
	Kind string // of the words: page.inbox.<kind>
	Here bool   // the step is one of this session's
}

// maxLetters is how many messages home shows, inboxPageSize a page of the inbox.
const (
	maxLetters    = 3
	inboxPageSize = 20
)

// letterKinds say which words a message has, by its purpose; what is not here is news.
var letterKinds = map[string]string{
	engine.PurposeStepOpen: "open", engine.PurposeStepDue: "due", engine.PurposeStepLate: "late", engine.PurposeStepLater: "later",
	engine.PurposeReturned: "returned", engine.PurposeApproved: "approved", engine.PurposeNotYet: "not_yet", engine.PurposeCompleted: "completed",
	engine.PurposeEventTime: "event", engine.PurposeCoachAnswered: "answered", engine.PurposeStepWith: "with",
}

func letterOf(session *Session, it engine.InboxItem) letterItem {
	kind, ok := letterKinds[it.Purpose]
	if !ok {
		kind = "news"
	}
	return letterItem{InboxItem: it, Kind: kind, Here: it.Enrolment == session.Enrolment && session.Enrolment != ""}
}

// letters are the unread messages that home shows.
func (s *Site) letters(r *http.Request, service *engine.Service, session *Session) (letterbox, error) {
	in, err := service.Inbox(r.Context(), session.Person, engine.Paging{Limit: inboxPageSize})
	if err != nil {
		return letterbox{}, fmt.Errorf("web: inbox: %w", err)
	}
	box := letterbox{Unread: in.Unread}
	for _, it := range in.Items {
		if it.ReadAt.IsZero() && (it.Open || !it.IsNudge()) && len(box.Items) < maxLetters {
			box.Items = append(box.Items, letterOf(session, it))
		}
	}
	return box, nil
}

// inbox shows all of a person's messages, newest first.
func (s *Site) inbox(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	if len(after) > 100 {
		return errNoPage
	}
	in, err := service.Inbox(r.Context(), session.Person, engine.Paging{After: after, Limit: inboxPageSize})
	if err != nil {
		return fmt.Errorf("web: inbox: %w", err)
	}
	v := s.view(r)
	person, err := service.Person(r.Context(), session.Person)
	if err != nil {
		return fmt.Errorf("web: inbox: %w", err)
	}
	v.Zone = zoneFor(session, person.Zone)
	body := inboxPage{letterbox: letterbox{Unread: in.Unread}}
	for _, it := range in.Items {
		body.Items = append(body.Items, letterOf(session, it))
	}
	if in.Next != "" {
		body.Next = v.Base + "/inbox?after=" + in.Next
	}
	return s.draw(w, http.StatusOK, "inbox", v.titled("page.inbox.title"), body)
}

// inboxRead marks all of the person's messages as read.
func (s *Site) inboxRead(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.ReadInbox(r.Context(), session.Person); err != nil {
		return fmt.Errorf("web: inbox: %w", err)
	}
	if r.PostForm.Get("back") == "inbox" {
		seeOther(w, r, "/s/"+session.Handle+"/inbox")
		return nil
	}
	seeOther(w, r, "/s/"+session.Handle+"/")
	return nil
}
