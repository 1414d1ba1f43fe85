package engine

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func written5545(t testing.TB, events ...ICalEvent) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteICal(&b, "Kick-off; all, \\ of us", "PUBLISH", events); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// unfolded reads content lines back as RFC 5545, section 3.1 says, and checks what every line must keep to.
func unfolded(t testing.TB, s string) []string {
	t.Helper()
	if !strings.HasSuffix(s, "\r\n") {
		t.Fatal("the last line does not end")
	}
	var lines []string
	for _, line := range strings.Split(strings.TrimSuffix(s, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Fatalf("a line of %d octets: %q", len(line), line)
		}
		if rest, more := strings.CutPrefix(line, " "); more {
			lines[len(lines)-1] += rest
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

func TestACalendarFileIsWhatRFC5545Asks(t *testing.T) {
	start := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	lines := unfolded(t, written5545(t,
		ICalEvent{UID: "kickoff.e1@cairn", Start: start, End: start.Add(45 * time.Minute), Summary: "Cohort kick-off, part 1; Ä\nB" + strings.Repeat("ü", 100), URL: "https://x.example/a;b", Sequence: 2},
		ICalEvent{UID: "due@cairn", Start: time.Date(2026, 12, 6, 23, 0, 0, 0, time.UTC), AllDay: true, Zone: berlin, Summary: "due", Cancelled: true}))
	for _, want := range []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:PUBLISH", `X-WR-CALNAME:Kick-off\; all\, \\ of us`, "UID:kickoff.e1@cairn", "DTSTART:20261207T090000Z",
		"DTEND:20261207T094500Z", `SUMMARY:Cohort kick-off\, part 1\; Ä\nB` + strings.Repeat("ü", 100), "URL:https://x.example/a;b", "SEQUENCE:2",
		"DTSTART;VALUE=DATE:20261207", "STATUS:CANCELLED", "END:VCALENDAR",
	} {
		found := false
		for _, l := range lines {
			found = found || l == want
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func FuzzNothingInACalendarFileBreaksOutOfItsLine(f *testing.F) {
	f.Add("END:VEVENT\r\nBEGIN:VEVENT", "https://x.example/\r\nX:1")
	f.Add(strings.Repeat("ä", 99), "\xff\xfe")
	f.Fuzz(func(t *testing.T, text, link string) {
		lines := unfolded(t, written5545(t, ICalEvent{UID: text, Summary: text, Description: text, Location: text, URL: link, Organizer: link, Start: time.Unix(0, 0)}))
		n := 0
		for _, l := range lines {
			if l == "BEGIN:VEVENT" {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%d entries", n)
		}
	})
}
