package text

import (
	"time"
)

// Zone gives the location of an IANA zone name; an unknown or empty one is UTC.
func Zone(name string) *time.Location {
	if name == "" || name == "Local" {
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Date says the date of an instant in a zone, with the year:
// "Monday, 23 November 2026", "Montag, 23. November 2026".
func (m *Messages) Date(t time.Time, zone string) string {
	return m.date("time.date", t.In(Zone(zone)))
}

// Day says a date without the year: "Monday, 23 November".
func (m *Messages) Day(t time.Time, zone string) string {
	return m.date("time.day", t.In(Zone(zone)))
}

// ShortDay says a date in little room: "Mon 23 Nov", "Mo. 23. Nov.".
func (m *Messages) ShortDay(t time.Time, zone string) string {
	return m.date("time.short_day", t.In(Zone(zone)))
}

// Clock says the time of day: "17:00", "17:00 Uhr".
func (m *Messages) Clock(t time.Time, zone string) string {
	return m.T("time.clock", "clock", t.In(Zone(zone)).Format("15:04"))
}

// DateTime says both, with the year: "Monday, 23 November 2026 at 17:00".
func (m *Messages) DateTime(t time.Time, zone string) string {
	return m.T("time.at", "day", m.Date(t, zone), "clock", m.Clock(t, zone))
}

// Moment says an instant as one would across a desk: "today at 17:00",
// "tomorrow at 09:00", "yesterday at 17:00", "Monday, 23 November at 17:00"; the
// year is said when it is another one than now. Someone whose zone is unknown
// reads which zone is meant.
func (m *Messages) Moment(t, now time.Time, zone string) string {
	loc := Zone(zone)
	t, now = t.In(loc), now.In(loc)
	day := m.date("time.day", t)
	switch days := daysBetween(now, t); {
	case days == 0:
		day = m.T("time.today")
	case days == 1:
		day = m.T("time.tomorrow")
	case days == -1:
		day = m.T("time.yesterday")
	case t.Year() != now.Year():
		day = m.date("time.date", t)
	}
	clock := m.T("time.clock", "clock", t.Format("15:04"))
	if loc == time.UTC {
		clock += " UTC"
	}
	return m.T("time.at", "day", day, "clock", clock)
}

// Minutes says a length: "1 minute", "45 minutes".
func (m *Messages) Minutes(n int) string { return m.T("time.minutes", "n", n) }

func (m *Messages) date(key string, t time.Time) string {
	return m.T(key,
		"weekday", m.T("time.weekday."+weekdays[t.Weekday()]),
		"short_weekday", m.T("time.short_weekday."+weekdays[t.Weekday()]),
		"day", t.Day(),
		"month", m.T("time.month."+months[t.Month()-1]),
		"short_month", m.T("time.short_month."+months[t.Month()-1]),
		"year", t.Year())
}

var (
	weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	months   = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
)

// daysBetween counts calendar days, whatever the hours and DST do.
func daysBetween(from, to time.Time) int {
	y1, m1, d1 := from.Date()
	y2, m2, d2 := to.Date()
	a := time.Date(y1, m1, d1, 0, 0, 0, 0, time.UTC)
	b := time.Date(y2, m2, d2, 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}
