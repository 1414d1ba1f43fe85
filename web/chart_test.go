package web

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine/text"
)

// drawn is a chart as pages show it.
func drawn(t testing.TB, c *chart) string {
	t.Helper()
	p, err := loadPages()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	v := &view{Messages: text.Catalogue("en"), Body: c}
	if err := p.execute(&b, "home", "chart", v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func has(t testing.TB, page string, all ...string) {
	t.Helper()
	for _, one := range all {
		if !strings.Contains(page, one) {
			t.Errorf("%q is missing in\n%s", one, page)
		}
	}
}

func TestAChartOfBarsHasItsNumbersInATableBehindIt(t *testing.T) {
	c := newBars("barriers", "What got in the way", "No time most often", 0, []chartBar{
		{Label: "no time", Value: 4, Shown: "4"}, {Label: `<b>"forgot"`, Value: 1, Shown: "1", Tone: 6}, {Label: "never", Shown: "0"},
	}, chartTable{Head: []string{"Barrier", "Times"}, Rows: [][]string{{"no time", "4"}, {"<i>forgot", "1"}}})
	c.CSV = "/s/h/barriers.csv"
	has(t, drawn(t, c), `id="barriers"`, `role="img" aria-label="No time most often"`, `class="fill t1" width="100%"`, `class="fill t2" width="25%"`,
		"&lt;b&gt;", `<th scope="col">Barrier</th>`, `<th scope="row">no time</th><td>4</td>`, "&lt;i&gt;forgot", `href="/s/h/barriers.csv"`, "Show the numbers")
	if page := drawn(t, c); strings.Count(page, `class="fill`) != 2 || strings.Contains(page, "<b>") {
		t.Errorf("nothing is a bar of no width, and words are escaped:\n%s", page)
	}
	if top := newBars("x", "", "", 50, []chartBar{{Value: 10}}, chartTable{}); top.Bars[0].Width != 20 {
		t.Errorf("10 of 50 are %v %%", top.Bars[0].Width)
	}
}

func TestAChartOfLinesGoesFromTheFirstToTheLastMoment(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 9, 0, 0, 0, time.UTC) }
	c := newLines("change", "", "Rises", "1 November", "21 November", []chartTick{{Value: 1, Label: "never"}, {Value: 5, Label: "always"}, {Value: 4, Label: "Target", Target: true}}, []chartSeries{
		{Name: "You", Points: []chartPoint{{day(1), 1}, {day(11), 3}, {day(21), 5}}}, {Name: "Your manager", Points: []chartPoint{{day(11), 2}}},
	}, chartTable{})
	you := c.Lines.Series[0]
	if len(you.Segments) != 2 || you.Marks[0] != (mark{3, linesHeight - linesBottom}) || you.Marks[2] != (mark{97, linesTop}) || you.Marks[1].X != 50 {
		t.Errorf("drawn: %+v", you)
	}
	has(t, drawn(t, c), `class="mark-1 t1"`, `class="mark-2 t2"`, `class="target"`, "Your manager", "21 November")
	alone := newLines("one", "", "", "", "", nil, []chartSeries{{Points: []chartPoint{{day(1), 2}}}}, chartTable{})
	if m := alone.Lines.Series[0].Marks[0]; m.X != 50 {
		t.Errorf("a single moment stands at %v %%", m.X)
	}
	drawn(t, newLines("none", "", "", "", "", nil, nil, chartTable{}))
}

func TestAScaleShowsWhereItBeganIsNowAndIsToGo(t *testing.T) {
	points := []string{"never", "seldom", "about half the time", "mostly", "always"}
	c := newScale("gap-trade", "Asks for something back", "2 now, 4 to reach", points, 4, []scaleRow{{Label: "You", First: 1, Now: 3}, {Label: "Your manager"}}, chartTable{})
	page := drawn(t, c)
	has(t, page, "never", "always", `x1="73%" x2="73%"`, `<svg x="50%"`, `<svg x="4%"`, "Your manager")
	if strings.Count(page, "mark-1") != 1 {
		t.Errorf("who has not rated has no mark:\n%s", page)
	}
	if drawn(t, newScale("odd", "", "", nil, 9, []scaleRow{{Now: 3}}, chartTable{})) == "" {
		t.Error("a scale without points fails")
	}
}

func TestNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	for _, c := range []struct {
		v              float64
		language, want string
	}{{2.5, "en", "2.5"}, {2.5, "de", "2,5"}, {3, "de", "3"}, {1.0 / 3, "en", "0.33"}} {
		if have := decimals(c.v, c.language); have != c.want {
			t.Errorf("%v in %s is %q", c.v, c.language, have)
		}
	}
}
