package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cairn-lms/cairn/engine"
)

// playerView is what plays a step's video or sound, and measures what of it was watched.
type playerView struct {
	Path     string // of the step
	Src      string
	Audio    bool
	Captions []captionView
	Measured bool // what is played counts; else the learner's word does
	Watched  int  // percent so far
	Needed   int  // percent
	Resume   int  // seconds from the start
	Host     string
}

// captionView is one language of subtitles.
type captionView struct{ Language, Src string }

// elsewhereView is content on another host. It is opened by choice: until then nothing is asked of that host.
type elsewhereView struct {
	URL, Host string
	Playable  bool // a video file that our own player can play and measure
}

// anyLanguage stands in an address for subtitles that say no language.
const anyLanguage = "und"

// playerOf is the player of a step, nil if it has nothing to play here. A video file of another host is played only
// if the reader chose to (here).
func playerOf(step *engine.StepView, base string, here bool) *playerView {
	p := &playerView{Path: base, Measured: step.Step.Done.Has("watched") && step.Act == engine.ActConfirm, Watched: int(step.State.Watched.Share() * 100)}
	if rule, ok := step.Step.Done.Find("watched"); ok {
		p.Needed = int(math.Round(rule.N * 100))
	}
	if w := step.State.Watched; w != nil && len(w.Segments) > 1 && w.Segments[0] <= 2 {
		p.Resume = w.Segments[1]
	}
	switch m := step.Media; {
	case m.Video() || m.Audio():
		p.Src, p.Audio = base+"/media", m.Audio()
		for _, language := range m.Captions {
			if language == "" {
				language = anyLanguage
			}
			p.Captions = append(p.Captions, captionView{language, base + "/captions/" + language})
		}
	case here && isVideoFile(step.URL):
		p.Src, p.Host = step.URL, hostOf(step.URL)
	default:
		return nil
	}
	return p
}

// elsewhereOf is the content of a step on another host, nil if there is none.
func elsewhereOf(step *engine.StepView) *elsewhereView {
	if step.URL == "" {
		return nil
	}
	return &elsewhereView{URL: step.URL, Host: hostOf(step.URL), Playable: isVideoFile(step.URL) && originOf(step.URL) != ""}
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// isVideoFile tells whether an address names a file that browsers play.
func isVideoFile(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && slices.Contains([]string{".mp4", ".m4v", ".webm"}, strings.ToLower(path.Ext(u.Path)))
}

// allowMedia lets a page play from one other origin.
func allowMedia(h http.Header, origin string) {
	if origin != "" {
		h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "media-src 'self'", "media-src 'self' "+origin, 1))
	}
}

// stepMedia sends the file that a step shows, or a part of it.
func (s *Site) stepMedia(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	m, data, err := service.StepMedia(r.Context(), session.Person, session.Enrolment, stepID(r))
	if err != nil {
		return fmt.Errorf("web: media: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", m.ContentType)
	h.Set("Content-Disposition", "inline")
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("ETag", `"`+m.SHA256[:16]+`"`)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	return nil
}

// stepCaptions sends the subtitles of a step's video in one language.
func (s *Site) stepCaptions(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	language := mux.Vars(r)["language"]
	if language == anyLanguage {
		language = ""
	}
	data, err := service.StepCaptions(r.Context(), session.Person, session.Enrolment, stepID(r), language)
	if err != nil {
		return fmt.Errorf("web: subtitles: %w", err)
	}
	w.Header().Set("Content-Type", "text/vtt; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	return nil
}

// stepWatched takes what the player has played: played=0-12.5,20-31 of length=60 seconds. The answer says how much
// counts so far, and whether it is enough.
func (s *Site) stepWatched(w http.ResponseWriter, r *http.Request, session *Session) error {
	if err := parseForm(r); err != nil {
		return err
	}
	segments, length, err := playedIn(r.PostForm)
	if err != nil {
		return err
	}
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	if err := service.Opened(r.Context(), session.Person, session.Enrolment, stepID(r)); err != nil {
		return fmt.Errorf("web: watched: %w", err)
	}
	if err := service.Watched(r.Context(), session.Person, session.Enrolment, stepID(r), segments, length); err != nil {
		return fmt.Errorf("web: watched: %w", err)
	}
	step, err := service.StepView(r.Context(), session.Enrolment, stepID(r), true)
	if err != nil {
		return fmt.Errorf("web: watched: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	done := step.State.State.Settled() && step.State.Again == nil
	share := step.State.Watched.Share()
	if done {
		share = max(share, 0)
	}
	return json.NewEncoder(w).Encode(map[string]any{"percent": int(share * 100), "done": done})
}

// maxPlayed bounds how many segments one report may have.
const maxPlayed = 200

func playedIn(form url.Values) ([]engine.Segment, float64, error) {
	length, err := strconv.ParseFloat(form.Get("length"), 64)
	if err != nil {
		return nil, 0, fmt.Errorf("web: length of a video: %w", ErrUpload)
	}
	var out []engine.Segment
	for part := range strings.SplitSeq(form.Get("played"), ",") {
		if part == "" {
			continue
		}
		a, b, ok := strings.Cut(part, "-")
		from, err1 := strconv.ParseFloat(a, 64)
		to, err2 := strconv.ParseFloat(b, 64)
		if !ok || err1 != nil || err2 != nil || len(out) == maxPlayed {
			return nil, 0, fmt.Errorf("web: what was played of a video: %w", ErrUpload)
		}
		out = append(out, engine.Segment{From: from, To: to})
	}
	return out, length, nil
}
