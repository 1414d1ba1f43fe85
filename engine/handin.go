package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The bounds of what people write.
const (
	maxComment  = 8_000 // bytes
	maxFiles    = 10
	maxReason   = 1_000
	maxFileName = 200
)

// words counts words: runs of letters or digits between blanks.
func words(s string) int {
	n := 0
	for _, f := range strings.Fields(s) {
		if strings.ContainsFunc(f, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// fill reads answers to questions in the order they are asked. Answers to nothing are left out; with check, missing and
// wrong ones are told.
func fill(questions []Question, a Answers, locale string, check bool) ([]Answered, FieldErrors) {
	var out []Answered
	var bad FieldErrors
	total := 0
	for _, q := range questions {
		given := slices.DeleteFunc(slices.Clone(a[q.ID]), func(v string) bool { return strings.TrimSpace(v) == "" })
		for i := range given {
			given[i] = strings.ToValidUTF8(strings.ReplaceAll(given[i], "\r\n", "\n"), "�")
			if total += len(given[i]); len(given[i]) > maxAnswer || total > maxAllAnswer || len(given) > 100 {
				return nil, FieldErrors{{Field: q.ID, Key: "error.too_long", Args: map[string]any{"max": maxAnswer}}}
			}
		}
		switch {
		case len(given) == 0 && q.Required && check:
			bad = append(bad, FieldError{Field: q.ID, Key: "error.required"})
		case len(given) > 0 && !answers(q, given):
			if check {
				bad = append(bad, FieldError{Field: q.ID, Key: "error.not_an_answer"})
			}
			continue
		}
		if len(given) == 0 {
			continue
		}
		answered := Answered{Key: q.ID, Label: q.Ask.In(locale)}
		if q.Type == "many" {
			answered.Values = given
		} else {
			answered.Value = given[0]
		}
		out = append(out, answered)
	}
	return out, bad
}

// answers tells whether values can answer a question.
func answers(q Question, given []string) bool {
	if q.Type != "many" && len(given) != 1 {
		return false
	}
	switch q.Type {
	case "yesno":
		return given[0] == "yes" || given[0] == "no"
	case "number":
		f, err := strconv.ParseFloat(strings.Replace(given[0], ",", ".", 1), 64)
		return err == nil && f == f && len(given[0]) < 40
	case "choice", "many":
		for _, g := range given {
			if !slices.ContainsFunc(q.Choices, func(c Text) bool { return c[""] == g }) {
				return false
			}
		}
	}
	return true
}

// right tells whether an answer is right.
func right(q Question, a Answered) bool {
	got := a.Values
	if len(got) == 0 {
		got = []string{a.Value}
	}
	if q.Type == "number" {
		x, err1 := strconv.ParseFloat(strings.Replace(a.Value, ",", ".", 1), 64)
		y, err2 := strconv.ParseFloat(q.Answer[0], 64)
		return err1 == nil && err2 == nil && x == y
	}
	if q.Type == "text" {
		return slices.ContainsFunc(q.Answer, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), strings.TrimSpace(a.Value)) })
	}
	want := slices.Clone(q.Answer)
	got = slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	return slices.Equal(want, slices.Compact(got))
}

// score is the share of scored questions answered right; nil if none is scored.
func score(s *Step, answered []Answered) *float64 {
	n, ok := 0, 0
	for _, q := range s.Questions {
		if len(q.Answer) == 0 {
			continue
		}
		n++
		if slices.ContainsFunc(answered, func(a Answered) bool { return a.Key == q.ID && right(q, a) }) {
			ok++
		}
	}
	if n == 0 {
		return nil
	}
	return ptr(float64(ok) / float64(n))
}

// rated checks ratings against what is to be rated; all of it is required.
func rated(w *Workflow, rate []BehaviourID, given map[BehaviourID]int) (map[BehaviourID]int, FieldErrors) {
	var bad FieldErrors
	out := map[BehaviourID]int{}
	for _, id := range rate {
		p, ok := given[id]
		b := w.Behaviour(id)
		switch {
		case !ok:
			bad = append(bad, FieldError{Field: "rating." + string(id), Key: "error.required"})
		case b == nil || p < 1 || p > len(b.Scale):
			bad = append(bad, FieldError{Field: "rating." + string(id), Key: "error.not_an_answer"})
		default:
			out[id] = p
		}
	}
	if len(out) == 0 {
		return nil, bad
	}
	return out, bad
}

// contributionHash is the SHA-256 of what was written, not of when or by whom.
func contributionHash(c Contribution) string {
	b, err := json.Marshal(struct {
		Answers []Answered
		Ratings map[BehaviourID]int
		Files   []File
		Comment string

		Links                 []string `json:",omitempty"`
		CustomerData, Consent bool     `json:",omitempty"`
	}{unmarked(c.Answers), c.Ratings, c.Files, c.Comment, c.Links, c.CustomerData, c.Consent})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// handIn makes the contribution of a submission and tells what falls short of the step's `done`.
func handIn(w *Workflow, e *Enrolment, s *Step, locale string, sub Submission, files []File, now time.Time) (Contribution, error) {
	answered, bad := fill(s.Asks(), sub.Answers, locale, true)
	ratings, wrong := rated(w, s.Rate, sub.Ratings)
	bad = append(bad, wrong...)
	if len(sub.Comment) > maxComment {
		bad = append(bad, FieldError{Field: "comment", Key: "error.too_long", Args: map[string]any{"max": maxComment}})
	}
	st := e.Steps[s.ID]
	c := Contribution{Enrolment: e.ID, Step: s.ID, Attempt: max(1, st.Attempt), Author: e.Learner, Answers: answered, Ratings: ratings, Files: files,
		Comment: strings.ToValidUTF8(strings.TrimSpace(sub.Comment), "�"), At: now}
	for _, a := range answered {
		c.Words += words(a.Value)
	}
	links, wrongLinks := webLinks(sub.Links)
	bad = append(bad, wrongLinks...)
	c.Links, c.CustomerData, c.Consent = links, sub.CustomerData, sub.Consent
	if c.CustomerData && !c.Consent {
		bad = append(bad, FieldError{Field: "consent", Key: "error.consent_missing"})
	}
	bad = append(bad, fallsShort(s.Done, s, c)...)
	if len(files) > maxFiles {
		bad = append(bad, FieldError{Field: "files", Key: "error.too_many_files", Args: map[string]any{"max": maxFiles}})
	}
	if len(bad) > 0 {
		return c, bad
	}
	c.SHA256 = contributionHash(c)
	mark(s, c.Answers)
	c.ID = ContributionID(derivedID("hand", string(e.ID), string(s.ID), strconv.Itoa(c.Attempt), c.SHA256))
	return c, nil
}
