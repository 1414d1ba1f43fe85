package web

import (
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/upload"
)

// writtenView shows what somebody handed in for a step.
type writtenView struct {
	Step    *engine.Step
	Hand    *engine.Contribution
	Reviews []engine.ReviewView
	Rated   []engine.Behaviour // the behaviours of Hand's ratings
	Path    string             // prefix of the evidence's address
	Large   bool               // pictures are shown, not only named
}

// YesNo tells whether an answer is a yes or no of the form, to be worded.
func (v writtenView) YesNo(a engine.Answered) bool {
	return v.Step != nil && (a.Value == "yes" || a.Value == "no") &&
		slices.ContainsFunc(v.Step.Asks(), func(q engine.Question) bool { return q.ID == a.Key && q.Type == "yesno" })
}

// Answer is what one question was answered with, in one line.
func (v writtenView) Answer(key string) string {
	for _, a := range v.Hand.Answers {
		if a.Key == key {
			return strings.TrimRight(strings.Join(strings.Fields(a.Value), " "), ".")
		}
	}
	return ""
}

// Ratings are the points chosen, of behaviours that have words for them.
func (v writtenView) Ratings() []chosenPoint {
	if v.Hand == nil {
		return nil
	}
	return pointsOf(v.Rated, v.Hand.Ratings)
}

func pointsOf(rated []engine.Behaviour, ratings map[engine.BehaviourID]int) []chosenPoint {
	var list []chosenPoint
	for _, b := range rated {
		if n := ratings[b.ID]; n >= 1 && n <= len(b.Scale) {
			list = append(list, chosenPoint{Behaviour: b, Label: b.Scale[n-1]})
		}
	}
	return list
}

// chosenPoint is a rating in words.
type chosenPoint struct {
	engine.Behaviour
	Label engine.Text
}

// FilesView are the files of the hand-in.
func (v writtenView) FilesView() filesView {
	if v.Hand == nil {
		return filesView{}
	}
	return filesView{Files: v.Hand.Files, Path: v.Path, Large: v.Large}
}

// filesView lists files with the addresses to get them.
type filesView struct {
	Files []engine.File
	Path  string
	Large bool
}

// Inline tells whether browsers show a file of the type as a picture.
func (filesView) Inline(contentType string) bool { return upload.ShownInline(contentType) }
