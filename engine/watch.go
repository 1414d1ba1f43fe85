package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Watched is what of a video was measurably watched, in whole seconds.
type Watched struct {
	Segments []int     `json:"segments,omitempty"` // from, to, from, to …: in order and apart
	Length   int       `json:"length,omitempty"`   // of the video
	Progress float64   `json:"progress,omitempty"` // the share that statements tell of, where they tell of no segments
	Since    time.Time `json:"since,omitzero"`     // before the first report
	At       time.Time `json:"at,omitzero"`        // last report
}

// Segment is a part of a video, in seconds from its start.
type Segment struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// The bounds of what a player may say.
const (
	maxSegments    = 60 // kept of one video; the shortest go first
	maxReported    = 500
	maxVideo       = 24 * 60 * 60 // seconds
	watchSlack     = 15           // seconds a report may run ahead of the clock
	fastestPlaying = 2            // times the clock
)

// Share is how much of the video was watched, 0–1.
func (w *Watched) Share() float64 {
	switch {
	case w == nil:
		return 0
	case w.Length <= 0:
		return w.Progress
	}
	return max(w.Progress, min(1, float64(w.seconds())/float64(w.Length)))
}

// pack keeps only the share of what was watched: an enrolment stays small.
func (w *Watched) pack() {
	if w != nil {
		w.Progress, w.Segments = w.Share(), nil
	}
}

func (w *Watched) seconds() int {
	n := 0
	for i := 0; i+1 < len(w.Segments); i += 2 {
		n += w.Segments[i+1] - w.Segments[i]
	}
	return n
}

// Watched takes what the player of a `watch` step has played so far: the segments, in seconds, of a video as long as
// length. Segments may be sent any number of times and overlap. The step is done once the share that its `done` names
// was watched (0.9 unless it says so). More than could have been played since the last report (at twice the speed) is
// left out; sent again later it counts. ErrConflict: the step is not open, or shows no video; ErrInvalid: a segment
// that is none.
func (s *Service) Watched(ctx context.Context, acting PersonID, id EnrolmentID, step StepID, segments []Segment, length float64) error {
	report, err := reportOf(segments, length)
	if err != nil {
		return fmt.Errorf("watch step %q: %w", step, err)
	}
	return s.act(ctx, acting, id, watched{step: step, report: report})
}

// videoReport is what was played of a video.
type videoReport struct {
	segments []int
	length   int
	share    float64 // known instead of segments
}

// reportOf checks what a player says. Parts of seconds at the ends count as played.
func reportOf(segments []Segment, length float64) (videoReport, error) {
	finite := func(f float64) bool { return f >= 0 && f <= maxVideo } // not NaN
	if !finite(length) || length < 1 || len(segments) > maxReported {
		return videoReport{}, fmt.Errorf("a video of %v seconds in %d segments: %w", length, len(segments), ErrInvalid)
	}
	r := videoReport{length: int(math.Ceil(length))}
	for _, p := range segments {
		if !finite(p.From) || !finite(p.To) || p.To < p.From {
			return videoReport{}, fmt.Errorf("segment from %v to %v: %w", p.From, p.To, ErrInvalid)
		}
		from, to := int(math.Floor(p.From+0.5)), min(r.length, int(math.Ceil(p.To-0.5)))
		if from < to {
			r.segments = append(r.segments, from, to)
		}
	}
	r.segments = merged(r.segments)
	return r, nil
}

// merged are segments in order and apart.
func merged(segments []int) []int {
	type span struct{ from, to int }
	var spans []span
	for i := 0; i+1 < len(segments); i += 2 {
		spans = append(spans, span{segments[i], segments[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var out []int
	for _, s := range spans {
		if n := len(out); n > 0 && s.from <= out[n-1] {
			out[n-1] = max(out[n-1], s.to)
			continue
		}
		out = append(out, s.from, s.to)
	}
	return out
}

// missing are the seconds of add that have does not hold, cut to at most n.
func missing(have, add []int, n int) []int {
	var out []int
	for i := 0; i+1 < len(add); i += 2 {
		from := add[i]
		for from < add[i+1] && n > 0 {
			to, next := add[i+1], add[i+1]
			for j := 0; j+1 < len(have); j += 2 {
				if have[j+1] <= from || have[j] >= add[i+1] {
					continue
				}
				if have[j] <= from {
					to, next = from, have[j+1] // covered up to there
				} else {
					to, next = have[j], have[j]
				}
				break
			}
			if to = min(to, from+n); to > from {
				out, n = append(out, from, to), n-(to-from)
			}
			from = max(next, to)
		}
	}
	return out
}

// bounded drops the shortest segments until few enough are left: what was watched is rather forgotten than made up.
func bounded(segments []int) []int {
	for len(segments) > 2*maxSegments {
		short := 0
		for i := 2; i+1 < len(segments); i += 2 {
			if segments[i+1]-segments[i] < segments[short+1]-segments[short] {
				short = i
			}
		}
		segments = slices.Delete(segments, short, short+2)
	}
	return segments
}

// watched is a report of our own player.
type watched struct {
	step   StepID
	report videoReport
}

func (ev watched) apply(d *decision) error {
	s, st, err := d.of(ev.step)
	if err != nil {
		return err
	}
	if !s.Done.Has("watched") || s.By != Learner {
		return fmt.Errorf("watch step %q, which shows no video: %w", s.ID, ErrConflict)
	}
	if st.State == Done && st.Again == nil {
		return nil // who watches it again, watches
	}
	if st.State != Open && st.Again == nil {
		return fmt.Errorf("watch step %q while %s: %w", s.ID, st.State, ErrConflict)
	}
	w := st.watching(ev.report.length)
	if w.Since.IsZero() {
		if w.Since = st.OpenedAt; st.Again != nil {
			w.Since = st.Again.OpenedAt
		}
		if !st.Initialized.IsZero() {
			w.Since = st.Initialized
		}
		w.At = w.Since
	}
	could := func(since time.Time) int {
		return int(min(maxVideo, fastestPlaying*max(0, d.now.Sub(since).Seconds()))) + watchSlack
	}
	spare := min(could(w.At), could(w.Since)-w.seconds())
	if add := missing(w.Segments, ev.report.segments, spare); len(add) > 0 {
		w.Segments = bounded(merged(append(w.Segments, add...)))
		w.At = d.now
	}
	d.seen(s, st)
	return nil
}

// watching is what was watched so far of a video of a length. The longest length that was said counts.
func (st *StepState) watching(length int) *Watched {
	if st.Watched == nil {
		st.Watched = &Watched{}
	}
	st.Watched.Length = max(st.Watched.Length, length)
	return st.Watched
}

// watch takes what a statement of the video profile says: whoever may write such statements is believed.
func (d *decision) watch(s *Step, st *StepState, r videoReport) {
	if st.State.Settled() {
		return
	}
	if len(r.segments) == 0 && r.share > 0 {
		w := st.watching(r.length)
		w.Progress = max(w.Progress, r.share)
	} else if r.length > 0 {
		w := st.watching(r.length)
		w.Segments = bounded(merged(append(w.Segments, r.segments...)))
	}
	d.seen(s, st)
}

// seen notes that enough was watched.
func (d *decision) seen(s *Step, st *StepState) {
	rule, _ := s.Done.Find("watched")
	if st.Watched.Share() < rule.N-1e-9 || !st.Viewed.IsZero() && st.Again == nil {
		return
	}
	if st.Viewed = d.now; st.Again != nil {
		d.answerSpaced(st)
		st.Watched = nil
	}
	d.sayViewed(s)
}

// showsVideo tells whether an activity is the video of a step: its web address, or the step itself.
func (d *decision) showsVideo(s *Step, object string) bool {
	if !s.Done.Has("watched") || object == "" {
		return false
	}
	return object == s.Content.URL || object == stepIRI(d.f.IRIBase, d.w.ID, s.ID)
}

// The extensions of the video profile.
const (
	extPlayed   = "https://w3id.org/xapi/video/extensions/played-segments"
	extProgress = "https://w3id.org/xapi/video/extensions/progress"
	extLength   = "https://w3id.org/xapi/video/extensions/length"
)

// videoOf reads what a statement says of a video: played-segments ("0[.]12.5[,]20[.]31") of a length, else progress.
func videoOf(st *xapi.Statement) *videoReport {
	length, _ := st.Context.Extension(extLength).(float64)
	played, _ := st.Result.Extension(extPlayed).(string)
	if segments, ok := playedSegments(played); ok && length >= 1 {
		if r, err := reportOf(segments, length); err == nil {
			return &r
		}
	}
	if share, ok := st.Result.Extension(extProgress).(float64); ok && share > 0 && share <= 1 {
		r := videoReport{share: share}
		if length >= 1 && length <= maxVideo {
			r.length = int(math.Ceil(length))
		}
		return &r
	}
	return nil
}

// playedSegments reads the profile's notation; false: it is empty or wrong.
func playedSegments(s string) ([]Segment, bool) {
	if s == "" || len(s) > 32<<10 {
		return nil, false
	}
	var out []Segment
	for part := range strings.SplitSeq(s, "[,]") {
		a, b, ok := strings.Cut(part, "[.]")
		from, err1 := strconv.ParseFloat(strings.TrimSpace(a), 64)
		to, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
		if !ok || err1 != nil || err2 != nil || len(out) == maxReported {
			return nil, false
		}
		out = append(out, Segment{From: from, To: to})
	}
	return out, true
}

func (w *Watched) same(o *Watched) bool {
	if w == nil || o == nil {
		return w == o
	}
	return slices.Equal(w.Segments, o.Segments) && w.Length == o.Length && w.Progress == o.Progress && w.Since.Equal(o.Since) && w.At.Equal(o.At)
}
