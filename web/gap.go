package web

import (
	"github.com/cairn-lms/cairn/engine"
)

// raters are who sees a behaviour, in the order they are shown.
var raters = []engine.Role{engine.Learner, engine.Manager, engine.Peer, engine.Coach}

// gapCharts are the behaviours of an enrolment on their scales: as they were at first, are now, and are to be. What
// nobody has rated is left out.
func gapCharts(v *view, gap *engine.Gap) []*chart {
	var out []*chart
	for i := range gap.Behaviours {
		b := &gap.Behaviours[i]
		if len(b.Now) == 0 || len(b.Scale) < 2 {
			continue
		}
		table := chartTable{Head: []string{v.T("page.gap.who"), v.T("page.gap.first"), v.T("page.gap.now"), v.T("page.gap.target")}}
		point := func(n float64) string {
			if k := int(n); float64(k) == n && k >= 1 && k <= len(b.Scale) {
				return v.T("page.gap.point", "number", decimals(n, v.Language()), "name", b.Scale[k-1])
			}
			return decimals(n, v.Language())
		}
		var rows []scaleRow
		for tone, role := range raters {
			now, rated := b.Now[role]
			if !rated {
				continue
			}
			rows = append(rows, scaleRow{Label: v.Role(role), First: b.Baseline[role], Now: now, Tone: tone + 1})
			table.Rows = append(table.Rows, []string{v.Role(role), point(b.Baseline[role]), point(now), point(float64(b.Target))})
		}
		out = append(out, newScale("gap-"+string(b.ID), b.Text, gapInWords(v, b), b.Scale, b.Target, rows, table))
	}
	return out
}

// gapInWords is what a gap chart shows, in a sentence.
func gapInWords(v *view, b *engine.BehaviourGap) string {
	switch {
	case b.Left == nil:
		return b.Text
	case v.Reader != "" && *b.Left == 0: // others read of the learner
		return v.T("coach.gap.reached", "behaviour", b.Text)
	case v.Reader != "":
		return v.T("coach.gap.left", "behaviour", b.Text, "left", decimals(*b.Left, v.Language()))
	case *b.Left == 0 && b.BySelf:
		return v.T("page.gap.reached.self", "behaviour", b.Text)
	case *b.Left == 0:
		return v.T("page.gap.reached", "behaviour", b.Text)
	case b.BySelf:
		return v.T("page.gap.left.self", "behaviour", b.Text, "n", decimals(*b.Left, v.Language()))
	}
	return v.T("page.gap.left", "behaviour", b.Text, "n", decimals(*b.Left, v.Language()))
}
