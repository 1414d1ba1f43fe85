package engine

import (
	"slices"
	"time"
)

// Watched is what of a video was measurably watched, in whole seconds.
type Watched struct {
	Segments []int     `json:"segments,omitempty"` // from, to, from, to …: in order and apart
	Length   int       `json:"length"`             // of the video
	Since    time.Time `json:"since,omitzero"`     // before the first report
	At       time.Time `json:"at,omitzero"`        // last report
}

func (w *Watched) same(o *Watched) bool {
	if w == nil || o == nil {
		return w == o
	}
	return slices.Equal(w.Segments, o.Segments) && w.Length == o.Length && w.Since.Equal(o.Since) && w.At.Equal(o.At)
}
