package engine

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// TimeExpr is a time as authors write it: `anchor [± n(h|d|wd|w)] [at HH:MM]`. The anchor is enrolled, unenrolled,
// course_start, course_completed, step.<id>, event.<type>, open, due, never or a date (YYYY-MM-DD).
type TimeExpr struct {
	Anchor  string
	Back    bool // minus
	Offset  Duration
	HasTime bool // at HH:MM
	Minute  int  // of the day
	Line    int
	Column  int
	path    string
}

// The anchors with fixed names.
const (
	AnchorEnrolled        = "enrolled"
	AnchorUnenrolled      = "unenrolled"
	AnchorCourseStart     = "course_start"
	AnchorCourseCompleted = "course_completed"
	anchorOpen            = "open"
	anchorDue             = "due"
	anchorNever           = "never"
)

// IsNever tells whether the expression is `never`.
func (t TimeExpr) IsNever() bool { return t.Anchor == anchorNever }

// IsZero tells whether there is no expression.
func (t TimeExpr) IsZero() bool { return t.Anchor == "" }

// StepAnchor is the id in step.<id>, or "".
func (t TimeExpr) StepAnchor() StepID {
	id, _ := strings.CutPrefix(t.Anchor, "step.")
	if id == t.Anchor {
		return ""
	}
	return StepID(id)
}

// Date is the anchor as a date.
func (t TimeExpr) Date() (time.Time, bool) {
	d, err := time.Parse(time.DateOnly, t.Anchor)
	return d, err == nil
}

func (t TimeExpr) String() string {
	s := t.Anchor
	if !t.Offset.IsZero() {
		sign := " + "
		if t.Back {
			sign = " - "
		}
		s += sign + t.Offset.String()
	}
	if t.HasTime {
		s += fmt.Sprintf(" at %02d:%02d", t.Minute/60, t.Minute%60)
	}
	return s
}

// parseTimeExpr reads the text of a time; names are judged by the linter.
func parseTimeExpr(s string) (TimeExpr, error) {
	re := regexp.MustCompile(`^([A-Za-z0-9_.-]+?)(?:\s*([+-])\s*(\d{1,6})(h|d|wd|w))?(?:\s+at\s+(\d{1,2}):(\d{2}))?$`)
	m := re.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return TimeExpr{}, fmt.Errorf("%q is not a time", s)
	}
	t := TimeExpr{Anchor: m[1], Back: m[2] == "-"}
	if m[3] != "" {
		n, err := strconv.Atoi(m[3])
		if err != nil || n > maxLength {
			return TimeExpr{}, fmt.Errorf("%q is not a time: %s is too long", s, m[3])
		}
		t.Offset = Duration{N: n, Unit: m[4]}
	}
	if m[5] != "" {
		h, _ := strconv.Atoi(m[5])
		min, _ := strconv.Atoi(m[6])
		if h > 23 || min > 59 {
			return TimeExpr{}, fmt.Errorf("%q is not a time: %s:%s is not on the clock", s, m[5], m[6])
		}
		t.HasTime, t.Minute = true, h*60+min
	}
	return t, nil
}
