package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// filling is what a form holds, be it typed just now or kept earlier.
type filling struct {
	answers engine.Answers
	ratings map[engine.BehaviourID]int
	comment string
	files   int // how many files came with it

	came                  bool     // it came from a browser: what is not ticked was unticked
	keep                  []string // files by hash and links to take along
	links                 []string
	customerData, consent bool
}

// Names of fields: answer.<question>, rating.<behaviour>, comment.
const (
	answerPrefix = "answer."
	ratingPrefix = "rating."
)

// filledBy reads the fields of a form. Names we do not know are ignored; the
// engine judges the rest.
func filledBy(form url.Values) *filling {
	f := &filling{answers: engine.Answers{}, ratings: map[engine.BehaviourID]int{}, comment: strings.TrimSpace(form.Get("comment"))}
	f.evidence(form)
	for name, values := range form {
		if id, ok := strings.CutPrefix(name, answerPrefix); ok && id != "" {
			for _, value := range values {
				f.answers[id] = append(f.answers[id], strings.ReplaceAll(value, "\r\n", "\n"))
			}
		}
		if id, ok := strings.CutPrefix(name, ratingPrefix); ok && id != "" {
			if n, err := strconv.Atoi(values[0]); err == nil {
				f.ratings[engine.BehaviourID(id)] = n
			}
		}
	}
	return f
}

// fillingOf is what a step's form shows at first: the draft, else what was
// handed in before.
func fillingOf(step *engine.StepView) *filling {
	kept := step.Draft
	if kept == nil && step.State.State == engine.Returned { // a fresh attempt begins with an empty form
		kept = step.Hand
	}
	f := &filling{answers: engine.Answers{}}
	if kept == nil {
		return f
	}
	for _, a := range kept.Answers {
		if len(a.Values) > 0 {
			f.answers[a.Key] = a.Values
		} else {
			f.answers[a.Key] = []string{a.Value}
		}
	}
	f.ratings, f.comment = kept.Ratings, kept.Comment
	f.customerData, f.consent = kept.CustomerData, kept.Consent
	return f
}

// formView is a form as the template draws it.
type formView struct {
	Questions []questionView
	Ratings   []ratingView
	Comment   string
	Problems  []problem // all of them, in the order of the fields
	FileError *engine.FieldError
	NoComment *engine.FieldError // what is wrong with the comment
	MinWords  int
	MinFiles  int
	MaxFiles  int
	MaxBytes  int
	WithFiles bool
	Evidence  evidenceForm
	Any       bool // there is some problem
}

// Texts are the ids of the fields whose words count together.
func (f *formView) Texts() string {
	var ids []string
	for _, q := range f.Questions {
		if q.Long() {
			ids = append(ids, q.HTMLID())
		}
	}
	return strings.Join(ids, " ")
}

// problem is one thing to mend, with the way to its field.
type problem struct {
	engine.FieldError
	Anchor string      // id of the field; empty: of no field
	Ask    engine.Text // what the field asks
	Label  string      // message key of what it asks, where no author words it
}

type questionView struct {
	engine.Question
	Values  []string
	Problem *engine.FieldError
}

// Value is the answer so far, of a question with one.
func (q questionView) Value() string {
	if len(q.Values) == 0 {
		return ""
	}
	return q.Values[0]
}

// Has tells whether a choice is ticked.
func (q questionView) Has(value string) bool { return slices.Contains(q.Values, value) }

// Long tells whether the answer is free text.
func (q questionView) Long() bool { return q.Type == "text" || q.Type == "" }

// HTMLID is the element's id.
func (q questionView) HTMLID() string { return "answer-" + q.ID }

// Choose pairs a choice with its question, for the template.
func (q questionView) Choose(choice engine.Text) choiceView {
	return choiceView{Text: choice, Value: choice[""], On: q.Has(choice[""])}
}

type choiceView struct {
	Text  engine.Text
	Value string
	On    bool
}

type ratingView struct {
	engine.Behaviour
	N, Of   int // its place among those that are rated, from 1
	Chosen  int
	Problem *engine.FieldError
}

// HTMLID is the element's id.
func (v ratingView) HTMLID() string { return "rating-" + string(v.ID) }

// Points are the points of the scale, counted from 1.
func (v ratingView) Points() []pointView {
	points := make([]pointView, len(v.Scale))
	for i, label := range v.Scale {
		points[i] = pointView{N: i + 1, Label: label, On: v.Chosen == i+1}
	}
	return points
}

type pointView struct {
	N     int
	Label engine.Text
	On    bool
}

func newFormView(questions []engine.Question, rate []engine.Behaviour, f *filling, problems engine.FieldErrors) *formView {
	if f == nil {
		f = &filling{}
	}
	out := &formView{Comment: f.comment, MaxFiles: maxFiles, MaxBytes: maxFile, Any: len(problems) > 0}
	used := make([]bool, len(problems))
	take := func(fields ...string) *engine.FieldError {
		for i := range problems {
			if !used[i] && slices.Contains(fields, problems[i].Field) {
				used[i] = true
				return &problems[i]
			}
		}
		return nil
	}
	list := func(p *engine.FieldError, anchor string, ask engine.Text, label string) {
		if p != nil {
			out.Problems = append(out.Problems, problem{FieldError: *p, Anchor: anchor, Ask: ask, Label: label})
		}
	}
	for _, q := range questions {
		one := questionView{Question: q, Values: f.answers[q.ID], Problem: take(q.ID, answerPrefix+q.ID)}
		list(one.Problem, one.HTMLID(), q.Ask, "")
		out.Questions = append(out.Questions, one)
	}
	for i, b := range rate {
		one := ratingView{Behaviour: b, N: i + 1, Of: len(rate), Chosen: f.ratings[b.ID], Problem: take(ratingPrefix + string(b.ID))}
		list(one.Problem, one.HTMLID(), b.Text, "")
		out.Ratings = append(out.Ratings, one)
	}
	out.FileError, out.NoComment = take("files", filesField), take("comment")
	out.Evidence.NoLink, out.Evidence.NoConsent = take("links"), take("consent")
	list(out.FileError, "evidence", nil, "page.form.evidence")
	list(out.Evidence.NoLink, "links", nil, "page.evidence.link")
	list(out.Evidence.NoConsent, "consent", nil, "page.evidence.consent_short")
	list(out.NoComment, "comment", nil, "page.written.comment")
	for i := range problems {
		if !used[i] {
			list(&problems[i], "", nil, "")
		}
	}
	return out
}
