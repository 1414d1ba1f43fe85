package simulate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// WriteText writes the calendar to be read, week by week, in its time zone.
func (c *Calendar) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	p := func(format string, args ...any) { fmt.Fprintf(b, format, args...) }
	p("%s (%s, version %d)\n", c.Title, c.Workflow, c.Version)
	p("%s learner, enrolled %s, course starts %s, times in %s", c.Persona, c.local(c.Enrolled).Format("Mon 2 Jan 2006 15:04"), c.Start, c.Zone)
	if c.Arm != "" {
		p(", nudges of %s", c.Arm)
	}
	p("\n")
	week := 0
	var wakes []string
	flush := func() {
		if len(wakes) > 0 {
			p("  woken %d× %s\n", len(wakes), strings.Join(wakes, ", "))
		}
		wakes = nil
	}
	for _, e := range c.Entries {
		if n := 1 + max(0, e.Day-1)/7; n != week {
			flush()
			week = n
			first := c.local(c.Enrolled).AddDate(0, 0, 7*(n-1))
			p("\nWeek %d, %s – %s\n", n, first.Format("2 Jan 2006"), first.AddDate(0, 0, 6).Format("2 Jan 2006"))
		}
		at := c.local(e.At)
		if e.What == Wake {
			wakes = append(wakes, at.Format("Mon 15:04"))
			continue
		}
		p("%s\n", strings.TrimRight(fmt.Sprintf("  %s  %-16s %s", at.Format("Mon 02 Jan 15:04"), strings.ReplaceAll(e.What, "_", " "), c.words(e)), " "))
	}
	flush()
	p("\n%s: %d of %d required steps done, %d nudges to the learner, woken %d times\n", c.State, c.Done, c.Required, c.Nudges, c.Wakes)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write simulation: %w", err)
	}
	return nil
}

// words is what an entry says after its time and kind.
func (c *Calendar) words(e Entry) string {
	var parts []string
	if e.Step != "" {
		parts = append(parts, fmt.Sprintf("%s “%s”", e.Step, e.Title))
	}
	if e.Attempt > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d", e.Attempt))
	}
	switch e.What {
	case Opens, Due:
		if e.Who != engine.Learner {
			parts = append(parts, "for the "+string(e.Who))
		}
	case Nudge, Request, News, Escalation:
		parts = append(parts, e.Detail, "to the "+string(e.Who)+" by "+e.Channel)
	case Asked:
		parts = append(parts, e.Detail, "the "+string(e.Who))
	case Answered:
		parts = append(parts, e.Detail, "by the "+string(e.Who))
	case Skipped, Stuck:
		parts = append(parts, e.Detail)
	}
	if !e.Due.IsZero() {
		parts = append(parts, "due "+c.local(e.Due).Format("Mon 02 Jan 15:04"))
	}
	return strings.Join(parts, ", ")
}

func (c *Calendar) local(t time.Time) time.Time {
	if c.zone == nil {
		return t.UTC()
	}
	return t.In(c.zone)
}

// WriteJSON writes the calendar as JSON.
func (c *Calendar) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("write simulation: %w", err)
	}
	return nil
}

// WriteICal writes the calendar for a calendar program (RFC 5545), without the wakes. The same simulation has the same
// UIDs.
func (c *Calendar) WriteICal(w io.Writer) error {
	var events []engine.ICalEvent
	seen := map[string]int{}
	for _, e := range c.Entries {
		if e.What == Wake {
			continue
		}
		uid := fmt.Sprintf("%s.%d.%s.%s.%s", c.Workflow, c.Version, c.Persona, e.What, e.Step)
		seen[uid]++
		title := e.Title
		if title == "" {
			title = c.Title
		}
		events = append(events, engine.ICalEvent{
			UID: fmt.Sprintf("%s.%d@simulation.invalid", uid, seen[uid]), Start: e.At, Stamp: c.Enrolled,
			Summary: strings.ReplaceAll(e.What, "_", " ") + ": " + title, Description: c.words(e),
		})
	}
	return engine.WriteICal(w, c.Title+" ("+string(c.Persona)+")", "PUBLISH", events)
}
