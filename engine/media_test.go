package engine_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cairn-lms/cairn/engine"
)

const shows = `workflow: shows
version: 1
title: Shows
goal: {outcome: Seen}
behaviours:
  - {id: see, text: Looks closely, scale: [no, yes], target: 2, observers: [learner]}
phases:
  - phase: before
    steps:
      - {id: clip, kind: watch, title: A clip, by: learner, content: {file: media/clip.mp4}, done: {watched: 0.9}}
      - {id: aid, kind: watch, title: An aid, by: learner, content: {aid: talk}, done: {watched: 0.5}}
      - {id: later, kind: watch, title: Later, by: learner, needs: [clip], content: {file: media/clip.mp4}}
      - {id: gone, kind: watch, title: Gone, by: learner, content: {file: media/gone.mp4}}
      - {id: rate, kind: survey, title: How is it?, by: learner, rate: [see]}
aids:
  - {id: talk, format: video, title: Talk, file: media/talk.webm}
`

func beside() fstest.MapFS {
	return fstest.MapFS{
		"media/clip.mp4": {Data: []byte("a clip")}, "media/clip.vtt": {Data: []byte("\ufeffWEBVTT")}, "media/clip.de.vtt": {Data: []byte("WEBVTT de")},
		"media/talk.webm": {Data: []byte("a talk")},
	}
}

func TestAStepShowsTheFileThatCameWithItsWorkflowOnceItIsOpen(t *testing.T) {
	h := newHouse(t, monday)
	_, problems, err := h.ImportWorkflow(t.Context(), "shows.yaml", []byte(shows), beside())
	must(t, err)
	if text := problems.Error(); !strings.Contains(text, `no file "media/gone.mp4"`) {
		t.Errorf("the missing file is not told: %s", text)
	}
	e := h.arrive("shows", nil)
	v, err := h.StepView(t.Context(), e.ID, "clip", true)
	must(t, err)
	if !v.Media.Video() || v.Media.File != "clip.mp4" || strings.Join(v.Media.Captions, ",") != ",de" {
		t.Errorf("the clip is %+v", v.Media)
	}
	m, data, err := h.StepMedia(t.Context(), e.Learner, e.ID, "clip")
	must(t, err)
	if string(data) != "a clip" || m.ContentType != "video/mp4" || m.Size != 6 {
		t.Errorf("it holds %q: %+v", data, m)
	}
	if m, data, err = h.StepMedia(t.Context(), e.Learner, e.ID, "aid"); err != nil || string(data) != "a talk" || m.ContentType != "video/webm" {
		t.Errorf("the aid holds %q: %v", data, err)
	}
	if text, err := h.StepCaptions(t.Context(), e.Learner, e.ID, "clip", ""); err != nil || string(text) != "WEBVTT" {
		t.Errorf("subtitles: %q %v", text, err)
	}
	for _, step := range []engine.StepID{"later", "gone", "nothing"} {
		if _, _, err := h.StepMedia(t.Context(), e.Learner, e.ID, step); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s shows a file: %v", step, err)
		}
	}
	if _, _, err := h.StepMedia(t.Context(), "somebody", e.ID, "clip"); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("somebody else: %v", err)
	}
	if _, err := h.StepCaptions(t.Context(), e.Learner, e.ID, "clip", "fr"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("French subtitles: %v", err)
	}
}

func TestFilesThatStepsShowTravelWithAnArchive(t *testing.T) {
	h, other := newHouse(t, monday), newHouse(t, monday)
	_, _, err := h.ImportWorkflow(t.Context(), "shows.yaml", []byte(shows), beside())
	must(t, err)
	f, err := h.ExportWorkflow(t.Context(), "shows", 0)
	must(t, err)
	data, err := f.Archive()
	must(t, err)
	file, source, files, err := engine.OpenArchive(data)
	must(t, err)
	for range 2 { // the second changes nothing
		_, _, err = other.ImportWorkflow(t.Context(), file, source, files)
		must(t, err)
	}
	e := other.arrive("shows", nil)
	if _, data, err := other.StepMedia(t.Context(), e.Learner, e.ID, "clip"); err != nil || string(data) != "a clip" {
		t.Errorf("it came as %q: %v", data, err)
	}
	changed := beside()
	changed["media/clip.mp4"].Data = []byte("another clip")
	if _, _, err := h.ImportWorkflow(t.Context(), "shows.yaml", []byte(shows), changed); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("another file under the same version: %v", err)
	}
	changed["media/clip.mp4"].Data = make([]byte, engine.MaxBlob+1)
	if _, _, err := h.ImportWorkflow(t.Context(), "shows.yaml", []byte(shows), changed); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("a file that is too large: %v", err)
	}
}

func TestADraftKeepsRatingsAndTheCommentToo(t *testing.T) {
	h := newHouse(t, monday)
	_, _, err := h.ImportWorkflow(t.Context(), "shows.yaml", []byte(shows), beside())
	must(t, err)
	e := h.arrive("shows", nil)
	must(t, h.KeepDraft(t.Context(), e.Learner, e.ID, "rate", engine.Submission{Ratings: map[engine.BehaviourID]int{"see": 2, "else": 1}, Comment: "so far"}))
	v, err := h.StepView(t.Context(), e.ID, "rate", true)
	must(t, err)
	if v.Draft == nil || v.Draft.Ratings["see"] != 2 || len(v.Draft.Ratings) != 1 || v.Draft.Comment != "so far" {
		t.Errorf("kept: %+v", v.Draft)
	}
}

// A learner may hand in the very file that a step shows.
func TestErasingALearnerLeavesTheFileThatAStepShows(t *testing.T) {
	h := newHouse(t, monday)
	ctx := t.Context()
	source := strings.Replace(shows, "      - {id: rate,", "      - {id: hand, kind: assignment, title: Hand in, by: learner, done: {evidence: 1}}\n      - {id: rate,", 1)
	_, _, err := h.ImportWorkflow(ctx, "shows.yaml", []byte(source), beside())
	must(t, err)
	e := h.arrive("shows", nil)
	must(t, h.Submit(ctx, e.Learner, e.ID, "hand", engine.Submission{Answers: engine.Answers{"text": {"The clip itself"}}, Files: []engine.Upload{{Name: "clip.mp4", Data: []byte("a clip")}, {Name: "own.txt", Data: []byte("only Sam's")}}}))
	done, err := h.ErasePerson(ctx, operator, engine.ByAccount(lms, "5"), false)
	must(t, err)
	if done.Files != 1 {
		t.Errorf("%d files were erased, want the learner's own", done.Files)
	}
	next, err := h.Arrive(ctx, engine.Arrival{Issuer: lms, Subject: "ben", Name: "Ben", Workflow: "shows", Course: course()})
	must(t, err)
	if _, data, err := h.StepMedia(ctx, next.Learner, next.ID, "clip"); err != nil || string(data) != "a clip" {
		t.Errorf("the clip holds %q: %v", data, err)
	}
}
