package engine

import "time"

// Calendar says when people work. Start and End are minutes of the day, Timezone is "doer" or an IANA name.
type Calendar struct {
	Days       [7]bool // by time.Weekday
	Start, End int
	Timezone   string
	Holidays   map[Day]bool
}

// Day is a date, as the number of days from 1 January 1970: what a calendar is asked thousands of times.
type Day int

// dayOf is the day that begins at t, in UTC.
func dayOf(t time.Time) Day { return Day(t.Unix() / 86400) }

// midnight is when the day begins, in UTC.
func (d Day) midnight() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is the date as YYYY-MM-DD.
func (d Day) String() string { return d.midnight().Format(time.DateOnly) }

// edge tells whether a time begins something (it falls on the start of working hours) or ends it (on their end).
type edge bool

const (
	beginning edge = false
	ending    edge = true
)

// moment is what an anchor stands for: an instant, or a whole day (then only the date of at, in UTC, counts).
type moment struct {
	at  time.Time
	day bool
}

// works tells whether a local day is a working day.
func (c Calendar) works(year int, month time.Month, day int) bool {
	return c.worksOn(dayOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC)))
}

func (c Calendar) worksOn(d Day) bool {
	weekday := ((int(d)+int(time.Thursday))%7 + 7) % 7 // the first of January 1970 was a Thursday
	return c.Days[weekday] && !c.Holidays[d]
}

// worksAt tells whether t is inside working hours of zone.
func (c Calendar) worksAt(t time.Time, zone *time.Location) bool {
	l := t.In(zone)
	m := l.Hour()*60 + l.Minute()
	return c.works(l.Date()) && m >= c.Start && m < c.End
}

// NextWorking is t if it is inside working hours of zone, else when they next begin. A calendar without any working
// day never holds anything back.
func (c Calendar) NextWorking(t time.Time, zone *time.Location) time.Time {
	if c.worksAt(t, zone) {
		return t
	}
	year, month, day := t.In(zone).Date()
	for i := range 366 {
		d := time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC)
		if !c.works(d.Date()) {
			continue
		}
		if begins := local(d.Year(), d.Month(), d.Day(), c.Start, zone); !begins.Before(t) {
			return begins
		}
	}
	return t
}

// resolve is the instant of anchor ± offset at a time of the day, in zone.
//
// Working days, days and weeks count local days from the anchor's. Without `at`, a counted day or a day alone falls on
// the start (beginning) or end (ending) of working hours. An instant alone, or ± hours, is exact.
func (c Calendar) resolve(from moment, t TimeExpr, e edge, zone *time.Location) time.Time {
	minute := c.Start
	if e == ending {
		minute = c.End
	}
	if t.HasTime {
		minute = t.Minute
	}
	n := t.Offset.N
	if t.Back {
		n = -n
	}
	year, month, day := from.at.In(zone).Date()
	if from.day {
		year, month, day = from.at.UTC().Date()
	}
	switch t.Offset.Unit {
	case "d":
		day += n
	case "w":
		day += 7 * n
	case "wd":
		year, month, day = c.addWorking(year, month, day, n)
	case "h":
		at := from.at
		if from.day {
			at = local(year, month, day, c.Start, zone)
		}
		at = at.Add(time.Duration(n) * time.Hour)
		if !t.HasTime {
			return at.UTC()
		}
		year, month, day = at.In(zone).Date()
	default:
		if !from.day && !t.HasTime {
			return from.at.UTC()
		}
	}
	return local(year, month, day, minute, zone)
}

// addWorking is the n-th working day after (before, if negative) a day. With no working day in a year it gives up and
// counts days.
func (c Calendar) addWorking(year int, month time.Month, day, n int) (int, time.Month, int) {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	d := dayOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
	for idle := 0; n > 0; {
		if d += Day(step); c.worksOn(d) {
			n, idle = n-1, 0
		} else if idle++; idle > 366 {
			d += Day(step * n)
			n = 0
		}
	}
	return d.midnight().Date()
}

// after is d later than t, as an end.
func (c Calendar) after(t time.Time, d Duration, e edge, zone *time.Location) time.Time {
	return c.resolve(moment{at: t}, TimeExpr{Offset: d}, e, zone)
}

// local is the instant at which a clock in zone shows that minute of that day. A time that a clock change skips moves
// forward by the length of the gap; one that comes twice is the first.
func local(year int, month time.Month, day, minute int, zone *time.Location) time.Time {
	wall := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	first := wall.Add(-time.Duration(before) * time.Second)
	if before == after {
		return first
	}
	second := wall.Add(-time.Duration(after) * time.Second)
	shows := func(t time.Time) bool {
		_, offset := t.In(zone).Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(wall)
	}
	switch firstShows, secondShows := shows(first), shows(second); {
	case firstShows && secondShows:
		if second.Before(first) {
			return second
		}
		return first
	case secondShows:
		return second
	default: // shown by the first, or by neither: in the gap, where the clock as it was before moves it forward
		return first
	}
}

// zoneOf is the location of an IANA name; false for an empty or unknown one.
func zoneOf(name string) (*time.Location, bool) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, false
	}
	l, err := time.LoadLocation(name)
	return l, err == nil
}

// WorkingDay is minute of the n-th working day after t's day in zone (before it, if n is negative; t's own day if 0).
func (c Calendar) WorkingDay(t time.Time, n, minute int, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	y, m, d = c.addWorking(y, m, d, n)
	return local(y, m, d, minute, zone)
}
