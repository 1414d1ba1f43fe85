package web

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cairn-lms/cairn/lti"
)

// placing is a choice with what the designer says about it.
type placing struct {
	choice
	Name    string // the title given
	Graded  bool
	Max     string
	Problem string // message key; "": none
}

// CanGrade tells whether the link may get a column of the gradebook: a workflow
// sends one grade, so its parts have none.
func (p placing) CanGrade() bool { return p.Kind == "whole" }

const defaultMaximum = 100

func placingsOf(chosen []choice) []placing {
	list := make([]placing, 0, len(chosen))
	for _, c := range chosen {
		p := placing{choice: c, Max: strconv.Itoa(defaultMaximum)}
		p.Graded = p.CanGrade()
		list = append(list, p)
	}
	return list
}

// placePage is the Body of the page that settles what is placed.
type placePage struct {
	Items     []placing
	Columns   bool // the platform takes gradebook columns
	Variables bool // parameters can be asked for with each link
	Ask       bool // ... and are
	Back      string
	Guard     string
	Failed    bool
}

// guard is what the picker's form carries beside the cookie: a proof that the page
// was drawn for this session. A page of another site cannot read it, also not
// where a browser tells nothing about where a request comes from.
func (s *Site) guard(session *Session) string {
	return base64.RawURLEncoding.EncodeToString(s.o.Links.mac([]byte("pick\x00" + session.IDHash)))
}

func (s *Site) drawPlacing(w http.ResponseWriter, r *http.Request, session *Session, status int, items []placing) error {
	v := s.view(r)
	chosen := make([]choice, len(items))
	for i := range items {
		if items[i].Problem == "" && items[i].Name == "" {
			items[i].Name = cut(items[i].Title(v), maxItemTitle)
		}
		chosen[i] = items[i].choice
	}
	return s.draw(w, status, "place", v.titled("page.place.title"), placePage{
		Items: items, Columns: session.Pick.LineItem, Variables: len(s.o.LaunchParameters) > 0, Ask: r.PostForm.Get("variables") != "",
		Back: backTo(v.Base, chosen), Guard: s.guard(session), Failed: status != http.StatusOK,
	})
}

// place takes the designer's choice, or that there is none, and sends it to the
// platform by the browser.
func (s *Site) place(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if session.Pick == nil || !hmac.Equal([]byte(r.PostForm.Get("guard")), []byte(s.guard(session))) {
		return fmt.Errorf("web: place: the form is not one of this session: %w", errOtherSite)
	}
	all, err := s.workflowsOf(r.Context(), session)
	if err != nil {
		return err
	}
	v := s.view(r)
	if r.PostForm.Get("do") != "place" {
		return s.placeNothing(w, r, session, v, len(all) == 0)
	}
	chosen, gone := chosenFrom(r.PostForm["item"], all)
	if gone || len(chosen) == 0 || len(chosen) > 1 && !session.Pick.Multiple || !session.Pick.Links {
		return fmt.Errorf("web: place: what was chosen cannot be placed: %w", ErrUpload)
	}
	items, ok := s.readPlacings(r, session, chosen)
	if !ok {
		return s.drawPlacing(w, r, session, http.StatusUnprocessableEntity, items)
	}
	content := make([]lti.ContentItem, 0, len(items))
	for _, p := range items {
		content = append(content, s.contentOf(p, v, session.Pick.LineItem, r.PostForm.Get("variables") != ""))
	}
	answer, err := s.tool.DeepLinkResponse(r.Context(), session.Pick.Handle, content, v.T("page.place.said", "n", len(content)))
	return s.handBack(w, r, session, v, answer, err)
}

// placeNothing goes back without a choice, and says why if there was none to make.
func (s *Site) placeNothing(w http.ResponseWriter, r *http.Request, session *Session, v *view, none bool) error {
	var answer lti.DeepLinkAnswer
	var err error
	switch {
	case !session.Pick.Links:
		answer, err = s.tool.DeepLinkRefusal(r.Context(), session.Pick.Handle, v.T("page.pick.unusable"))
	case none:
		answer, err = s.tool.DeepLinkRefusal(r.Context(), session.Pick.Handle, v.T("page.pick.none"))
	default:
		answer, err = s.tool.DeepLinkResponse(r.Context(), session.Pick.Handle, nil, "")
	}
	return s.handBack(w, r, session, v, answer, err)
}

// readPlacings reads titles and columns; false if something must be mended.
func (s *Site) readPlacings(r *http.Request, session *Session, chosen []choice) ([]placing, bool) {
	items, ok := placingsOf(chosen), true
	for i := range items {
		p := &items[i]
		p.Name = strings.TrimSpace(strings.ToValidUTF8(r.PostForm.Get("title."+p.Key), ""))
		p.Graded = p.CanGrade() && session.Pick.LineItem && r.PostForm.Get("grade."+p.Key) != ""
		if given := strings.TrimSpace(r.PostForm.Get("max." + p.Key)); given != "" {
			p.Max = cut(given, 20)
		}
		maximum, err := strconv.ParseFloat(p.Max, 64)
		switch {
		case p.Name == "":
			p.Problem = "page.place.no_title"
		case utf8.RuneCountInString(p.Name) > maxItemTitle:
			p.Problem = "page.place.long_title"
		case p.Graded && (err != nil || !(maximum >= 1 && maximum <= 10_000)):
			p.Problem = "page.place.maximum"
		}
		ok = ok && p.Problem == ""
	}
	return items, ok
}

// LineItemTag marks the columns of our workflows, whichever way they were made.
const LineItemTag = "cairn"

// contentOf is the link to place. Its URL is the launch URL and the way goes by
// parameters: Moodle takes no launch at another address than the registered one.
func (s *Site) contentOf(p placing, v *view, columns, variables bool) lti.ContentItem {
	item := lti.ContentItem{Title: p.Name, Custom: p.custom()}
	switch {
	case p.Step != nil:
		item.Text = v.In(p.Step.Why)
	case p.Kind == "whole":
		item.Text = v.In(p.Workflow.Goal.Outcome)
	}
	if variables {
		for name, variable := range s.o.LaunchParameters {
			if _, ours := item.Custom[name]; !ours {
				item.Custom[name] = variable
			}
		}
	}
	if p.Graded && columns {
		maximum, err := strconv.ParseFloat(p.Max, 64)
		if err != nil {
			maximum = defaultMaximum
		}
		item.LineItem = &lti.ContentLineItem{
			Label: p.Name, ScoreMaximum: maximum, ResourceID: string(p.Workflow.ID), Tag: LineItemTag,
			// From the gradebook, teachers and managers open what a learner handed in.
			Review: &lti.ContentReview{
				Statuses: []string{lti.ActivityInProgress, lti.ActivitySubmitted, lti.ActivityCompleted},
				Custom:   map[string]string{paramWorkflow: string(p.Workflow.ID)},
			},
		}
	}
	return item
}

// handBackPage is the Body of the page that posts the signed answer to the platform.
type handBackPage struct{ Action, JWT string }

// handBack draws the form that takes the answer back to the platform, the only
// place to which this page may post. A choice that went back before is not
// repeated: the platform has it.
func (s *Site) handBack(w http.ResponseWriter, r *http.Request, session *Session, v *view, answer lti.DeepLinkAnswer, err error) error {
	if errors.Is(err, lti.ErrNotFound) {
		return s.draw(w, http.StatusGone, "error", v.titled("page.error.picked.title"), errorPage{Topic: "picked"})
	}
	if err != nil {
		return fmt.Errorf("web: place: %w", err)
	}
	setPolicy(w.Header(), session.Ancestors)
	allowForm(w.Header(), originOf(answer.Action))
	return s.draw(w, http.StatusOK, "handback", v.titled("page.handback.title"), handBackPage{Action: answer.Action, JWT: answer.JWT})
}
