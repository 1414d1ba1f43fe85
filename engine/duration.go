package engine

import (
	"fmt"
	"strconv"
)

// Duration is a length as authors write it: 10wd, 3d, 4h, 12w. The zero value means "not given".
type Duration struct {
	N    int
	Unit string // h, d, wd, w
}

// IsZero tells whether no duration was given.
func (d Duration) IsZero() bool { return d.Unit == "" }

func (d Duration) String() string { return strconv.Itoa(d.N) + d.Unit }

// maxLength bounds every duration an author may write.
const maxLength = 100000

// parseDuration reads n(h|d|wd|w).
func parseDuration(s string) (Duration, error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n > maxLength {
		return Duration{}, fmt.Errorf("%q is not a duration", s)
	}
	switch u := s[i:]; u {
	case "h", "d", "wd", "w":
		return Duration{N: n, Unit: u}, nil
	}
	return Duration{}, fmt.Errorf("%q is not a duration", s)
}
