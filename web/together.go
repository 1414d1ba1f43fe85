package web

import (
	"fmt"
	"strings"
	"time"
)

// localTime is how a browser writes a time without a zone.
const localTime = "2006-01-02T15:04"

// timeIn reads a time of a form in a zone.
func timeIn(value, zone string) (time.Time, error) {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	at, err := time.ParseInLocation(localTime, strings.TrimSpace(value), place)
	if err != nil {
		return time.Time{}, fmt.Errorf("a time: %w", ErrUpload)
	}
	return at, nil
}
