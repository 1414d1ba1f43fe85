package xapi

import (
	"strings"
	"time"
)

// ParseTimestamp reads an ISO 8601 date and time with its zone, in the profile
// of RFC 3339 plus the zone forms +hh and +hhmm. Refused: -00:00 in any form
// (unknown local time), dates that do not exist or, in UTC, are outside the years 0
// to 9999, and no zone at all. Digits
// after the ninth of a fraction are dropped.
func ParseTimestamp(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || len(s) > 64 || s[10] != 'T' && s[10] != 't' {
		return time.Time{}, false
	}
	clock, zone := s[11:], ""
	at := strings.IndexAny(clock, "Zz+-")
	if at < 0 {
		return time.Time{}, false
	}
	clock, zone = clock[:at], clock[at:]
	switch {
	case zone == "Z" || zone == "z":
		zone = "Z"
	case len(zone) == 3 && numeric(zone[1:]):
		zone += ":00"
	case len(zone) == 5 && numeric(zone[1:]):
		zone = zone[:3] + ":" + zone[3:]
	case len(zone) != 6:
		return time.Time{}, false
	}
	whole, fraction, dotted := strings.Cut(clock, ".")
	if zone == "-00:00" || len(whole) != len("15:04:05") || dotted && !numeric(fraction) {
		return time.Time{}, false
	}
	if dotted {
		clock = whole + "." + fraction[:min(9, len(fraction))]
	}
	t, err := time.Parse(time.RFC3339Nano, s[:10]+"T"+clock+zone)
	if err != nil {
		return time.Time{}, false
	}
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 { // no text for it
		return time.Time{}, false
	}
	return t, true
}

// FormatTimestamp is t as the record store writes it: UTC, nine digits after
// the second, so that texts sort as times do.
func FormatTimestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// ValidDuration tells whether s is an ISO 8601 duration: PnYnMnDTnHnMnS with at
// least one part, or PnW alone; only the last part may have a fraction.
func ValidDuration(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" || len(s) > 256 {
		return false
	}
	if weeks, ok := strings.CutSuffix(rest, "W"); ok {
		return decimal(weeks)
	}
	date, clock, timed := strings.Cut(rest, "T")
	if timed && clock == "" {
		return false
	}
	fraction, ok := parts(date, "YMD", false)
	if !ok {
		return false
	}
	_, ok = parts(clock, "HMS", fraction)
	return ok
}

// parts reads numbers, each with one of the units in their order. fraction tells
// whether a part before had a fraction, after which none may follow.
func parts(s, units string, fraction bool) (bool, bool) {
	for s != "" {
		if fraction {
			return true, false
		}
		end := 0
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || s[end] == ',') {
			end++
		}
		if end == len(s) || !decimal(s[:end]) {
			return false, false
		}
		unit := strings.IndexByte(units, s[end])
		if unit < 0 {
			return false, false
		}
		fraction = strings.ContainsAny(s[:end], ".,")
		units, s = units[unit+1:], s[end+1:]
	}
	return fraction, true
}

// decimal tells whether s is digits, with at most one point or comma inside.
func decimal(s string) bool {
	if i := strings.IndexAny(s, ".,"); i >= 0 {
		return numeric(s[:i]) && numeric(s[i+1:])
	}
	return numeric(s)
}
