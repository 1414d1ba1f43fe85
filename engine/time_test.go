package engine

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// instant reads a time in a zone.
func instant(t testing.TB, zone, s string) time.Time {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", s, l)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func shows(t testing.TB, zone string, at time.Time) string {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(l).Format("2006-01-02 15:04 -0700")
}

func expr(t testing.TB, s string) TimeExpr {
	t.Helper()
	e, err := parseTimeExpr(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTimesAreRightWhereverAndWheneverPeopleAre(t *testing.T) {
	cal := Calendar{Days: [7]bool{false, true, true, true, true, true, false}, Start: 9 * 60, End: 17 * 60, Timezone: "doer", Holidays: map[Day]bool{20812: true, 20819: true}}
	for _, c := range []struct {
		name, zone, from, expr string
		edge                   edge
		want                   string
	}{
		{"the clock goes forward in Berlin", "Europe/Berlin", "2026-03-27 10:00", "open + 2d", beginning, "2026-03-29 09:00 +0200"},
		{"a time that the change skips moves forward", "Europe/Berlin", "2026-03-28 10:00", "open + 1d at 02:30", beginning, "2026-03-29 03:30 +0200"},
		{"the clock goes back in Berlin", "Europe/Berlin", "2026-10-23 10:00", "open + 2d", ending, "2026-10-25 17:00 +0100"},
		{"of a time that comes twice the first counts", "Europe/Berlin", "2026-10-24 10:00", "open + 1d at 02:30", beginning, "2026-10-25 02:30 +0200"},
		{"hours are exact over the change", "Europe/Berlin", "2026-10-24 12:00", "open + 24h", beginning, "2026-10-25 11:00 +0100"},
		{"the clock goes forward in New York", "America/New_York", "2026-03-06 10:00", "open + 1w", beginning, "2026-03-13 09:00 -0400"},
		{"the clock goes back in New York", "America/New_York", "2026-10-30 10:00", "open + 1wd", ending, "2026-11-02 17:00 -0500"},
		{"Lord Howe moves by half an hour", "Australia/Lord_Howe", "2026-10-02 10:00", "open + 1wd", beginning, "2026-10-05 09:00 +1100"},
		{"its skipped half hour moves forward by half an hour", "Australia/Lord_Howe", "2026-10-03 10:00", "open + 1d at 02:15", beginning, "2026-10-04 02:45 +1100"},
		{"a leap day counts", "Europe/Berlin", "2028-02-28 10:00", "open + 1d", beginning, "2028-02-29 09:00 +0100"},
		{"a year after a leap day is the day that is there", "Europe/Berlin", "2028-02-29 10:00", "open + 52w", beginning, "2029-02-27 09:00 +0100"},
		{"there is none in 2027", "Europe/Berlin", "2027-02-28 10:00", "open + 1d", beginning, "2027-03-01 09:00 +0100"},
		{"holidays and weekends are no working days", "Europe/Berlin", "2026-12-23 10:00", "open + 2wd", ending, "2026-12-28 17:00 +0100"},
		{"nor counted backwards", "Europe/Berlin", "2027-01-04 10:00", "open - 1wd", ending, "2026-12-31 17:00 +0100"},
		{"a date is that day in Kiritimati", "Pacific/Kiritimati", "2026-06-01 10:00", "2026-06-10", beginning, "2026-06-10 09:00 +1400"},
		{"and in Pago Pago", "Pacific/Pago_Pago", "2026-06-01 10:00", "2026-06-10", beginning, "2026-06-10 09:00 -1100"},
		{"an event's hour on a date", "Pacific/Kiritimati", "2026-06-01 10:00", "2026-06-10 at 10:00", beginning, "2026-06-10 10:00 +1400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			e := expr(t, c.expr)
			from := moment{at: instant(t, c.zone, c.from)}
			if date, ok := e.Date(); ok {
				from = moment{at: date, day: true}
			}
			if have := shows(t, c.zone, cal.resolve(from, e, c.edge, zone)); have != c.want {
				t.Errorf("%s, want %s", have, c.want)
			}
		})
	}
}

func TestAPauseKeepsTheOrderAndTheTimeOfDay(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 600*24*60).Draw(t, "begin")) * time.Minute)
		p := Pause{From: begin, End: begin.Add(time.Duration(rapid.IntRange(1, 120*24*60).Draw(t, "length")) * time.Minute)}
		from := moment{at: begin.Add(-time.Duration(rapid.IntRange(0, 60*24*60).Draw(t, "before")) * time.Minute)}
		a := begin.Add(time.Duration(rapid.IntRange(-40*24*60, 200*24*60).Draw(t, "a")) * time.Minute)
		b := a.Add(time.Duration(rapid.IntRange(0, 60*24*60).Draw(t, "b")) * time.Minute)
		x, y := p.move(from, a, zone), p.move(from, b, zone)
		switch {
		case !a.After(p.From) && !x.Equal(a):
			t.Fatalf("what was past moved from %s to %s", a, x)
		case a.After(p.From) && x.Before(p.End):
			t.Fatalf("%s, which was pending, moved to %s, before the end %s", a, x, p.End)
		case x.Sub(y) > time.Hour: // an hour that a clock shows twice is one
			t.Fatalf("%s and %s changed places: %s, %s", a, b, x, y)
		}
		if a.After(p.From) {
			want := wall(p.End, zone).Sub(wall(p.From, zone))
			if have := wall(x, zone).Sub(wall(a, zone)); have-want > time.Hour || want-have > time.Hour {
				t.Fatalf("moved by %s on the wall, the pause had %s", have, want)
			}
		}
		if after := (moment{at: p.End.Add(time.Minute)}); b.After(p.End) && !p.move(after, b, zone).Equal(b) {
			t.Fatal("what hangs from something after the pause moved")
		}
	})
}
