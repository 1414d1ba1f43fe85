package engine

import "time"

// Quiet are the hours of the day in which a person wants no messages, in minutes from midnight of their zone. From 20:00
// to 08:00 passes midnight. Equal ends: none.
type Quiet struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// maxTurns is how often working hours and quiet hours may take turns, about twice a day for 14 days, before a nudge goes to
// the inbox only.
const maxTurns = 28

// until is t if it is outside the quiet hours of a zone, else their end.
func (q Quiet) until(t time.Time, zone *time.Location) time.Time {
	l := t.In(zone)
	m := l.Hour()*60 + l.Minute()
	y, mo, day := l.Date()
	switch {
	case q.From == q.To, q.From < q.To && (m < q.From || m >= q.To), q.From > q.To && m >= q.To && m < q.From:
		return t
	case q.From > q.To && m >= q.From:
		day++
	}
	end := local(y, mo, day, q.To, zone)
	if !end.After(t) { // the hour that a clock change repeats
		end = end.Add(time.Hour)
	}
	return end
}

// Holiday is a person's pause of nudges, from the first to the last day of it (YYYY-MM-DD, in their zone).
type Holiday struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// until is t if it is on no day of the holiday, else the beginning of the day after.
func (h Holiday) until(t time.Time, zone *time.Location) time.Time {
	last, err := time.Parse(time.DateOnly, h.Until)
	day := t.In(zone).Format(time.DateOnly)
	if err != nil || day < h.From || day > h.Until {
		return t
	}
	return local(last.Year(), last.Month(), last.Day()+1, 0, zone)
}

// nextWindow is when a person may next be nudged, not before t: in the working hours of c, outside their own quiet hours and
// holiday. false: working and quiet hours leave no room within 14 days.
func (p Preferences) nextWindow(c Calendar, zone *time.Location, t time.Time) (time.Time, bool) {
	for range maxTurns {
		next := c.NextWorking(p.Quiet.until(p.Holiday.until(t, zone), zone), zone)
		if next.Equal(t) {
			return t, true
		}
		t = next
	}
	return time.Time{}, false
}
