package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// asked is a request opened by its personal link, or by the one asked in a session.
type asked struct {
	token   RequestToken
	path    string // of its page
	back    string // within a session: its first page
	service *engine.Service
	view    *engine.RequestView
}

// waiting tells whether an answer is still awaited.
func (a asked) waiting() bool { return !a.view.Answered && !a.view.Closed && !a.view.Expired }

// requestPage is the Body of a reviewer's page.
type requestPage struct {
	*engine.RequestView
	Action  string // of the form
	Path    string // of the page
	Over    string // how it ended: answered, forwarded, declined, expired, stopped, closed; empty: an answer is awaited
	Minutes int
	Late    bool
	Sent    bool               // something was written just now, and more may be
	About   []engine.Behaviour // what it is about, unless the form asks for it
	Grade   string             // as it was typed

	TalkQuestions []string // to ask the learner
	Hand          writtenView
	Covers        []writtenView
	Form          *formView // nil when no answer is awaited
	Changed       bool      // what was shown has changed since, or someone was faster
	Earlier       []engine.ReviewView
	Mine          *engine.ReviewView // what this reviewer answered
	Comments      bool               // some outcome needs a comment
	Back          string             // to everything of the learner; empty behind a personal link
}

// Rates tells whether the answer is above all a rating of behaviours: the page then
// says whom it is about and who sees it, and shows one behaviour after the other.
func (p requestPage) Rates() bool {
	return p.Form != nil && len(p.Form.Ratings) > 0 && (p.Request.Purpose == engine.ForSurvey || p.Request.Purpose == engine.ForFeedback)
}

// Initial is the first letter of a name, for a round mark beside it.
func (requestPage) Initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return ""
}

// byLink serves h to whoever has the link of a request. The page needs no
// account and no cookie, may not be framed, and its address is not passed on.
func (s *Site) byLink(h func(http.ResponseWriter, *http.Request, asked) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		tokenPage(w.Header())
		token, err := s.o.Links.ReadRequest(mux.Vars(r)["token"])
		if err != nil {
			return err
		}
		service, err := s.tenant(r.Context(), token.Tenant)
		if err != nil {
			return err
		}
		view, err := service.OpenRequest(r.Context(), token.Enrolment, token.Request)
		if errors.Is(err, engine.ErrNotFound) {
			return fmt.Errorf("open request: %w: %w", ErrToken, err)
		}
		if err != nil {
			return fmt.Errorf("web: open request: %w", err)
		}
		return h(w, r, asked{token: token, path: "/r/" + mux.Vars(r)["token"], service: service, view: view})
	}
}

func (s *Site) showRequest(w http.ResponseWriter, r *http.Request, a asked) error {
	status := http.StatusOK
	if a.view.Expired {
		status = http.StatusGone
	}
	return s.drawRequest(w, r, a, status, nil, nil, false)
}

func (s *Site) drawRequest(w http.ResponseWriter, r *http.Request, a asked, status int, filled *filling, problems engine.FieldErrors, changed bool) error {
	v := s.requestView(r, a)
	body := requestPage{RequestView: a.view, Action: a.path, Path: a.path, Back: a.back, Changed: changed, Comments: len(a.view.NeedsComment) > 0,
		Over: overOf(a.view), Minutes: takes(a.view.Step), Late: !a.view.Request.DueAt.IsZero() && a.view.Request.DueAt.Before(s.now()),
		About: aboutOf(a.view), Grade: r.PostForm.Get("grade"), Sent: a.view.Thread != nil && r.URL.Query().Has(sentParam)}
	evidence := body.Action + "/evidence/"
	body.Hand = writtenView{Step: a.view.HandStep, Hand: a.view.Hand, Path: evidence, Large: true}
	for _, c := range a.view.Covers {
		body.Covers = append(body.Covers, writtenView{Step: c.Step, Hand: c.Hand, Reviews: c.Reviews, Path: evidence, Large: true})
	}
	for i, review := range a.view.Earlier {
		if review.Request == a.view.Request.ID {
			body.Mine = &a.view.Earlier[i]
			continue
		}
		body.Earlier = append(body.Earlier, review)
	}
	if n := r.URL.Query().Get(nudgeParam); n != "" {
		if _, err := s.o.Links.ReadNudge(n); err == nil {
			body.Action += "?" + nudgeParam + "=" + n // the answer says which message led here
		}
	}
	body.TalkQuestions = talkQuestions(v, a.view)
	if a.waiting() {
		body.Form = newFormView(a.view.Questions, a.view.Rate, filled, worded(problems))
	}
	return s.draw(w, status, "request", v.titled("page.request.title", "learner", v.Name(a.view.Learner)), body)
}

// gradeOf reads a grade; nil: none was given, or no number.
func gradeOf(s string) *float64 {
	f, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
	if err != nil {
		return nil
	}
	return &f
}

// worded says of a missing comment what it is for.
func worded(problems engine.FieldErrors) engine.FieldErrors {
	problems = slices.Clone(problems)
	for i, p := range problems {
		if p.Field == "comment" && p.Key == "error.required" {
			problems[i].Key = "page.request.comment_missing"
		}
	}
	return problems
}

// answerRequest takes a reviewer's answer. Doing so twice is once; an answer to
// something that has changed since it was shown is shown anew.
func (s *Site) answerRequest(w http.ResponseWriter, r *http.Request, a asked) error {
	if _, err := s.readForm(r, 0, maxForm); err != nil {
		return err
	}
	filled := filledBy(r.PostForm)
	outcome := r.PostForm.Get("outcome")
	if a.view.Expired {
		return s.drawRequest(w, r, a, http.StatusGone, nil, nil, false)
	}
	if !a.view.Answered && !slices.Contains(a.view.Outcomes, outcome) {
		return fmt.Errorf("answer request: outcome %.20q: %w", outcome, ErrUpload)
	}
	err := a.service.Answer(r.Context(), a.token.Enrolment, a.token.Request, engine.Answer{
		Outcome: outcome, Ratings: filled.ratings, Comment: filled.comment, Answers: filled.answers, SHA256: r.PostForm.Get("sha256"),
		Grade: gradeOf(r.PostForm.Get("grade")),
	})
	if problems, ok := fieldErrors(err); ok {
		return s.drawRequest(w, r, a, http.StatusUnprocessableEntity, filled, problems, false)
	}
	if errors.Is(err, engine.ErrConflict) {
		if a.view, err = a.service.OpenRequest(r.Context(), a.token.Enrolment, a.token.Request); err != nil {
			return fmt.Errorf("web: answer request: %w", err)
		}
		return s.drawRequest(w, r, a, http.StatusConflict, filled, nil, true)
	}
	if err != nil {
		return fmt.Errorf("web: answer request: %w", err)
	}
	if n := r.URL.Query().Get(nudgeParam); n != "" {
		s.openedBy(r, a.service, a.token.Tenant, a.view.Reviewer.ID, n)
	}
	to := a.path
	if a.view.Thread != nil {
		to += "?" + sentParam // the form is there again, for more
	}
	seeOther(w, r, to)
	return nil
}

// requestEvidence gives a reviewer a file that the request shows, while it shows
// it, and no other file of the enrolment.
func (s *Site) requestEvidence(w http.ResponseWriter, r *http.Request, a asked) error {
	if !a.waiting() {
		return fmt.Errorf("evidence of a request that is closed: %w", errNoPage)
	}
	sha := mux.Vars(r)["sha"]
	shown := []*engine.Contribution{a.view.Hand}
	for _, c := range a.view.Covers {
		shown = append(shown, c.Hand)
	}
	for _, hand := range shown {
		if hand != nil && slices.ContainsFunc(hand.Files, func(f engine.File) bool { return f.SHA256 == sha }) {
			return s.serveEvidence(w, r, a.token.Tenant, a.token.Enrolment, false)
		}
	}
	return errNoPage
}
