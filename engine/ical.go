package engine

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// ICalEvent is one entry of an iCalendar file (RFC 5545, VEVENT). UID must be the same whenever the same entry is
// written again, and Sequence higher after each change, so that a calendar replaces what it has.
type ICalEvent struct {
	UID         string
	Stamp       time.Time // when it was written or last changed; zero: Start
	Start, End  time.Time // End zero: no length. AllDay: the dates in Zone, End exclusive
	AllDay      bool
	Zone        *time.Location // of the dates of AllDay; nil: UTC
	Summary     string
	Description string
	Location    string
	URL         string
	Organizer   string // mailto:
	Sequence    int
	Cancelled   bool
}

// WriteICal writes a calendar. Method is PUBLISH, REQUEST or CANCEL; empty: none. Instants are written in UTC, so no
// time zone has to be described. Lines end in CR LF and are folded at 75 octets, between characters.
func WriteICal(w io.Writer, name, method string, events []ICalEvent) error {
	c := &icalWriter{w: bufio.NewWriter(w)}
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//Cairn//Cairn//EN")
	c.line("CALSCALE", "GREGORIAN")
	if method != "" {
		c.line("METHOD", method)
	}
	if name != "" {
		c.line("X-WR-CALNAME", icalText(name))
	}
	for _, e := range events {
		c.event(e)
	}
	c.line("END", "VCALENDAR")
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	return nil
}

// icalWriter writes content lines. Errors stay in the buffer until it is flushed.
type icalWriter struct{ w *bufio.Writer }

func (c *icalWriter) event(e ICalEvent) {
	c.line("BEGIN", "VEVENT")
	c.line("UID", icalText(e.UID))
	stamp := e.Stamp
	if stamp.IsZero() {
		stamp = e.Start
	}
	c.line("DTSTAMP", icalInstant(stamp))
	if e.AllDay {
		zone := e.Zone
		if zone == nil {
			zone = time.UTC
		}
		c.line("DTSTART;VALUE=DATE", e.Start.In(zone).Format("20060102"))
		if e.End.After(e.Start) {
			c.line("DTEND;VALUE=DATE", e.End.In(zone).Format("20060102"))
		}
	} else {
		c.line("DTSTART", icalInstant(e.Start))
		if e.End.After(e.Start) {
			c.line("DTEND", icalInstant(e.End))
		}
	}
	c.line("SUMMARY", icalText(e.Summary))
	for _, p := range []struct{ name, value string }{{"DESCRIPTION", e.Description}, {"LOCATION", e.Location}} {
		if p.value != "" {
			c.line(p.name, icalText(p.value))
		}
	}
	if e.URL != "" {
		c.line("URL", icalURI(e.URL))
	}
	if e.Organizer != "" {
		c.line("ORGANIZER", icalURI(e.Organizer))
	}
	if e.Sequence > 0 {
		c.line("SEQUENCE", fmt.Sprint(e.Sequence))
	}
	if e.Cancelled {
		c.line("STATUS", "CANCELLED")
	}
	c.line("END", "VEVENT")
}

// maxICalLine is how many octets a line has at most, without its end.
const maxICalLine = 75

// line writes one content line, folded.
func (c *icalWriter) line(name, value string) {
	line := name + ":" + value
	for room := maxICalLine; len(line) > room; room = maxICalLine - 1 { // the blank before a continuation counts
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		_, _ = c.w.WriteString(line[:cut] + "\r\n ")
		line = line[cut:]
	}
	_, _ = c.w.WriteString(line + "\r\n")
}

func icalInstant(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

var icalEscape = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// icalText is a value of type TEXT: what would end a line or a value is escaped, other control characters are left out.
func icalText(s string) string {
	s = icalEscape.Replace(strings.ToValidUTF8(s, "�"))
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r == 0x7f) {
			return -1
		}
		return r
	}, s)
}

// icalURI is a value of type URI: nothing in it may end the line.
func icalURI(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
