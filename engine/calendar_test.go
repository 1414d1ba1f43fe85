package engine

import (
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestTimesFallWhereTheFormatSays(t *testing.T) {
	work := defaultCalendar()
	work.Holidays[dayOf(time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC))] = true
	tests := []struct {
		name, zone string
		anchor     string // with a clock: an instant in zone; without: a day
		expr       string
		edge       edge
		want       string // in zone
	}{
		{"an instant alone is exact", "Europe/Berlin", "2026-11-23 10:07", "open", beginning, "2026-11-23 10:07"},
		{"hours are exact", "Europe/Berlin", "2026-11-23 10:07", "open + 30h", ending, "2026-11-24 16:07"},
		{"a day begins with working hours", "Europe/Berlin", "2026-11-23", "course_start", beginning, "2026-11-23 09:00"},
		{"a day ends with working hours", "Europe/Berlin", "2026-11-23", "course_start", ending, "2026-11-23 17:00"},
		{"at sets the clock of a day", "Europe/Berlin", "2026-11-23", "course_start at 10:30", beginning, "2026-11-23 10:30"},
		{"at sets the clock of an instant", "Europe/Berlin", "2026-11-23 18:00", "enrolled at 08:15", ending, "2026-11-23 08:15"},
		{"days count the weekend", "Europe/Berlin", "2026-11-27 12:00", "open + 2d", ending, "2026-11-29 17:00"},
		{"weeks", "Europe/Berlin", "2026-11-27 12:00", "open + 2w", beginning, "2026-12-11 09:00"},
		{"working days skip the weekend", "Europe/Berlin", "2026-11-27 12:00", "open + 2wd", ending, "2026-12-01 17:00"},
		{"working days from a Saturday begin on Monday", "Europe/Berlin", "2026-11-21 12:00", "open + 2wd", beginning, "2026-11-24 09:00"},
		{"working days skip holidays", "Europe/Berlin", "2026-12-24 12:00", "open + 1wd", ending, "2026-12-28 17:00"},
		{"working days backwards", "Europe/Berlin", "2026-11-30", "course_start - 5wd", beginning, "2026-11-23 09:00"},
		{"working days backwards over a holiday", "Europe/Berlin", "2026-12-28", "course_start - 1wd", ending, "2026-12-24 17:00"},
		{"an instant is a local day of the zone", "Pacific/Auckland", "2026-11-24 01:00", "open + 1d", beginning, "2026-11-25 09:00"},
		{"hours over the spring change", "Europe/Berlin", "2026-03-28 12:00", "open + 24h", beginning, "2026-03-29 13:00"},
		{"days over the spring change keep the clock", "Europe/Berlin", "2026-03-28 12:00", "open + 1d at 12:00", beginning, "2026-03-29 12:00"},
		{"a time that spring skips moves forward", "Europe/Berlin", "2026-03-28 12:00", "open + 1d at 02:30", beginning, "2026-03-29 03:30"},
		{"hours over the autumn change", "Europe/Berlin", "2026-10-24 12:00", "open + 24h", beginning, "2026-10-25 11:00"},
		{"a time skipped by half an hour", "Australia/Lord_Howe", "2026-10-03 12:00", "open + 1d at 02:15", beginning, "2026-10-04 02:45"},
		{"spring in New York", "America/New_York", "2026-03-07 12:00", "open + 1d at 02:30", beginning, "2026-03-08 03:30"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := zone(t, tt.zone)
			var from moment
			if day, err := time.Parse(time.DateOnly, tt.anchor); err == nil {
				from = moment{at: day, day: true}
			} else if from.at, err = time.ParseInLocation("2006-01-02 15:04", tt.anchor, z); err != nil {
				t.Fatal(err)
			}
			expr, err := parseTimeExpr(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			got := work.resolve(from, expr, tt.edge, z)
			if s := got.In(z).Format("2006-01-02 15:04"); s != tt.want {
				t.Errorf("%s %s is %s, want %s", tt.anchor, tt.expr, s, tt.want)
			}
		})
	}
}

func TestATimeThatComesTwiceIsTheFirst(t *testing.T) {
	for _, tt := range []struct {
		zone, day string
		minute    int
		utc       string
	}{
		{"Europe/Berlin", "2026-10-25", 2*60 + 30, "2026-10-25T00:30:00Z"},
		{"America/New_York", "2026-11-01", 60 + 30, "2026-11-01T05:30:00Z"},
	} {
		day, err := time.Parse(time.DateOnly, tt.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := local(day.Year(), day.Month(), day.Day(), tt.minute, zone(t, tt.zone)); got.UTC().Format(time.RFC3339) != tt.utc {
			t.Errorf("%s: %s, want %s", tt.zone, got.UTC(), tt.utc)
		}
	}
}

func TestANudgeWaitsForWorkingHours(t *testing.T) {
	work := defaultCalendar()
	z := zone(t, "Europe/Berlin")
	for from, want := range map[string]string{
		"2026-11-20 16:59": "2026-11-20 16:59",
		"2026-11-20 17:00": "2026-11-23 09:00",
		"2026-11-21 12:00": "2026-11-23 09:00",
		"2026-11-23 03:00": "2026-11-23 09:00",
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", from, z)
		if err != nil {
			t.Fatal(err)
		}
		if got := work.NextWorking(at, z).In(z).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s waits until %s, want %s", from, got, want)
		}
	}
}

func TestTimesAreReadAsWritten(t *testing.T) {
	for _, s := range []string{"enrolled", "open + 2wd", "course_completed + 12w", "step.fb-1 + 2wd", "course_start at 10:00", "due - 1d at 08:30", "2026-12-25", "never", "event.crm.deal.closed + 1h"} {
		got, err := parseTimeExpr(s)
		if err != nil || got.String() != s {
			t.Errorf("%q is read as %q (%v)", s, got, err)
		}
	}
	for _, s := range []string{"", "open +", "open + 2", "open + 2x", "open 2wd", "open at 25:00", "open at 10:60", "open + 9999999d", "+ 2wd", "open+-2d"} {
		if got, err := parseTimeExpr(s); err == nil {
			t.Errorf("%q is read as %q", s, got)
		}
	}
}

func TestADayIsThatOfTheDate(t *testing.T) {
	for _, date := range []string{"0000-01-01", "1582-10-15", "1969-12-31", "1970-01-01", "2026-11-22", "2028-02-29", "9999-12-31"} {
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		day := dayOf(at)
		if day.String() != date || !day.midnight().Equal(at) {
			t.Errorf("%s is day %d, which is %s", date, day, day)
		}
		only := Calendar{Holidays: map[Day]bool{day + 7: true}}
		only.Days[at.Weekday()] = true
		for n, want := range map[int]bool{-7: true, -1: false, 0: true, 1: false, 6: false, 7: false, 14: true} {
			if y, m, d := at.AddDate(0, 0, n).Date(); only.works(y, m, d) != want {
				t.Errorf("%d days after %s: works %v", n, date, !want)
			}
		}
	}
}
