package web

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// chart is what part_chart.html draws: a picture of some numbers, with the numbers
// in a table behind it. The picture is SVG in percent of its width, so that words in
// it keep their size on a phone. A page that shows one brings chart.css.
//
// Words come in the reader's language: pages make them from the catalogue. Exactly
// one of Bars, Lines and Scale is set; use newBars, newLines or newScale.
type chart struct {
	ID      string // of the figure, unique on its page
	Title   string // what is shown; empty: the page says it itself
	Summary string // the picture in a sentence, for who cannot see it
	Note    string // one line under the picture; may be empty
	Bars    []chartBar
	Lines   *chartLines
	Scale   *chartScale
	Table   chartTable
	CSV     string // address of the same numbers as a file; empty: none
}

// chartTable is the numbers of a chart. The first cell of each row names it.
type chartTable struct {
	Head []string
	Rows [][]string
}

// maxMarks bounds the bars of a chart and the points of a series.
const maxMarks = 200

// chartBar is one bar: what is counted, how much, and the number as people say it.
type chartBar struct {
	Label string
	Value float64
	Shown string
	Tone  int     // 1 to 4: which colour; 0: the first
	Width float64 // percent, set by newBars
}

// newBars is bars below each other; top is the number of a full bar, 0: the largest.
func newBars(id, title, summary string, top float64, bars []chartBar, table chartTable) *chart {
	bars = append([]chartBar(nil), bars[:min(len(bars), maxMarks)]...)
	for _, b := range bars {
		top = math.Max(top, b.Value)
	}
	for i := range bars {
		bars[i].Width = percent(bars[i].Value, 0, top)
		bars[i].Tone = tone(bars[i].Tone)
	}
	return &chart{ID: id, Title: title, Summary: summary, Bars: bars, Table: table}
}

// chartSeries is one line of a chart over time.
type chartSeries struct {
	Name   string
	Tone   int // 1 to 4; also the shape of its marks, so that colour is not all
	Points []chartPoint
}

// chartPoint is one number at a time.
type chartPoint struct {
	At    time.Time
	Value float64
}

// chartTick is a line across the picture with its words.
type chartTick struct {
	Value  float64
	Label  string
	Target bool // where it is to go
	Y      float64
}

// chartLines is some series over the same time; positions are set by newLines.
type chartLines struct {
	Height   float64 // pixels
	Ticks    []chartTick
	Series   []drawnSeries
	From, To string // the ends of the time, in words
}

type drawnSeries struct {
	Name     string
	Tone     int
	Marks    []mark
	Segments []segment
}

// mark is a point of a picture: X in percent of its width, Y in pixels.
type mark struct{ X, Y float64 }

type segment struct{ X1, Y1, X2, Y2 float64 }

// The measures of a chart of lines, in pixels.
const (
	linesHeight = 190.0
	linesTop    = 22.0 // room for the words of the highest tick
	linesBottom = 10.0
)

// newLines is series over time between the lowest and the highest tick. from and to
// are the words under its ends. Where all is one moment, it stands in the middle.
func newLines(id, title, summary, from, to string, ticks []chartTick, series []chartSeries, table chartTable) *chart {
	low, high := math.Inf(1), math.Inf(-1)
	for _, t := range ticks {
		low, high = math.Min(low, t.Value), math.Max(high, t.Value)
	}
	var first, last time.Time
	for _, s := range series {
		for _, p := range s.Points {
			low, high = math.Min(low, p.Value), math.Max(high, p.Value)
			if first.IsZero() || p.At.Before(first) {
				first = p.At
			}
			if p.At.After(last) {
				last = p.At
			}
		}
	}
	y := func(v float64) float64 {
		return round1(linesHeight - linesBottom - percent(v, low, high)/100*(linesHeight-linesTop-linesBottom))
	}
	x := func(at time.Time) float64 {
		if !last.After(first) {
			return 50
		}
		return round1(3 + .94*percent(at.Sub(first).Seconds(), 0, last.Sub(first).Seconds()))
	}
	l := &chartLines{Height: linesHeight, From: from, To: to}
	for _, t := range ticks {
		t.Y = y(t.Value)
		l.Ticks = append(l.Ticks, t)
	}
	for i, s := range series {
		if s.Tone == 0 {
			s.Tone = i + 1
		}
		d := drawnSeries{Name: s.Name, Tone: tone(s.Tone)}
		for i, p := range s.Points[max(0, len(s.Points)-maxMarks):] {
			m := mark{x(p.At), y(p.Value)}
			if i > 0 {
				before := d.Marks[i-1]
				d.Segments = append(d.Segments, segment{before.X, before.Y, m.X, m.Y})
			}
			d.Marks = append(d.Marks, m)
		}
		l.Series = append(l.Series, d)
	}
	return &chart{ID: id, Title: title, Summary: summary, Lines: l, Table: table}
}

// chartScale is where people see a behaviour on its anchored scale: at first, now,
// and where it is to go. Each row is one who sees it.
type chartScale struct {
	Low, High string    // the words of the first and of the last point
	Target    string    // the words of the point to reach
	TargetX   float64   // percent
	Ticks     []float64 // percent, one for each point
	Rows      []scaleRow
	Moved     bool // somebody sees it otherwise than at first
}

// scaleRow is how one role sees it. Points count from 1; 0: not rated.
type scaleRow struct {
	Label      string
	First, Now float64
	Tone       int
	FirstX     float64 // percent, set by newScale
	NowX       float64
}

// newScale is one behaviour on its scale, whose points count from 1.
func newScale(id, title, summary string, points []string, target int, rows []scaleRow, table chartTable) *chart {
	n := float64(len(points))
	x := func(v float64) float64 { return round1(4 + .92*percent(v, 1, n)) }
	s := &chartScale{TargetX: x(float64(target))}
	if len(points) > 0 {
		s.Low, s.High = points[0], points[len(points)-1]
	}
	if target >= 1 && target <= len(points) {
		s.Target = points[target-1]
	}
	for i := range points {
		s.Ticks = append(s.Ticks, x(float64(i+1)))
	}
	for i, r := range rows {
		if r.Tone == 0 {
			r.Tone = i + 1
		}
		r.Tone = tone(r.Tone)
		r.FirstX, r.NowX = x(r.First), x(r.Now)
		s.Moved = s.Moved || r.First > 0 && r.Now > 0 && r.First != r.Now
		s.Rows = append(s.Rows, r)
	}
	return &chart{ID: id, Title: title, Summary: summary, Scale: s, Table: table}
}

// percent is where v lies between low and high.
func percent(v, low, high float64) float64 {
	if !(high > low) || math.IsNaN(v) {
		return 0
	}
	return round1(100 * math.Max(0, math.Min(1, (v-low)/(high-low))))
}

// tone keeps a colour to the four there are.
func tone(n int) int { return 1 + (max(n, 1)-1)%4 }

// decimals writes a number with at most two decimals, by the comma of the language.
func decimals(v float64, language string) string {
	out := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if language != "en" {
		out = strings.Replace(out, ".", ",", 1)
	}
	return out
}
