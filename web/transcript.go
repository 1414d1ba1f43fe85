package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// maxTranscript bounds how many lines of subtitles a page shows as a text: hours of talk.
const maxTranscript = 5000

// transcriptOf is what is said in a step's video or sound, from its subtitles: those in the reader's language, else the
// first. Empty: there are none.
func transcriptOf(ctx context.Context, service *engine.Service, session *Session, step *engine.StepView, language string) ([]string, error) {
	if step.Media == nil || len(step.Media.Captions) == 0 {
		return nil, nil
	}
	of := step.Media.Captions[0]
	if slices.Contains(step.Media.Captions, language) {
		of = language
	}
	data, err := service.StepCaptions(ctx, session.Person, session.Enrolment, step.Step.ID, of)
	if errors.Is(err, engine.ErrNotFound) { // locked, or not theirs to watch
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("web: transcript: %w", err)
	}
	return spoken(data), nil
}

var cueTag = regexp.MustCompile(`<[^>]*>`)

// spoken are the texts of the cues of a WebVTT file, in order: without times, tags, notes and styles. A cue that says
// what the one before said, as subtitles that roll do, is left out.
func spoken(vtt []byte) []string {
	vtt = bytes.ReplaceAll(bytes.ReplaceAll(vtt, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	var out []string
	for block := range strings.SplitSeq(string(vtt), "\n\n") {
		lines := strings.Split(strings.Trim(block, "\n"), "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "-->") })
		if at < 0 {
			continue
		}
		said := strings.Join(strings.Fields(html.UnescapeString(cueTag.ReplaceAllString(strings.Join(lines[at+1:], " "), ""))), " ")
		if said == "" || len(out) > 0 && out[len(out)-1] == said {
			continue
		}
		if out = append(out, said); len(out) == maxTranscript {
			break
		}
	}
	return out
}
