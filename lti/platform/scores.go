package platform

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scoreInput is a score as a tool sends it; numbers and ids may come as text
// or number, as PHP takes them.
type scoreInput struct {
	UserID           looseText  `json:"userId"`
	Timestamp        string     `json:"timestamp"`
	ActivityProgress string     `json:"activityProgress"`
	GradingProgress  string     `json:"gradingProgress"`
	Given            *looseText `json:"scoreGiven"`
	Maximum          *looseText `json:"scoreMaximum"`
	Comment          string     `json:"comment"`
	Submission       *struct {
		New *bool `json:"new_submission"`
	} `json:"https://canvas.instructure.com/lti/submission"`
}

// looseText is a JSON string or number.
type looseText string

// UnmarshalJSON takes a string as it is and a number by its digits.
func (t *looseText) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = looseText(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*t = looseText(n)
	return nil
}

func (t *looseText) number() (float64, bool) {
	if t == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(*t), 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// scores takes a score by Moodle's rules. A timestamp that is not a later
// second than the last one is refused with 409. Only FullyGraded with a score
// makes a grade (rescaled and clamped); anything else takes an earlier grade
// away. Success is an empty 200.
func (p *Platform) scores(c *serviceCall) error {
	if c.r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	if !c.token.allows(scopeScore) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	p.mu.Lock()
	fail := p.quirks.FailScores > 0
	if fail {
		p.quirks.FailScores--
	}
	p.mu.Unlock()
	if fail {
		return refuse(http.StatusServiceUnavailable, "Service Unavailable")
	}
	incorrect := &serviceError{http.StatusBadRequest, "Incorrect score received" + string(c.body), typeScore}
	var in scoreInput
	if json.Unmarshal(c.body, &in) != nil {
		return incorrect
	}
	at, err := time.Parse(time.RFC3339Nano, in.Timestamp)
	if err != nil || in.UserID == "" || in.ActivityProgress == "" || in.GradingProgress == "" || len(in.Comment) > 100_000 {
		return incorrect
	}
	given, hasGiven := in.Given.number()
	maximum, hasMaximum := in.Maximum.number()
	if (in.Given != nil && (!hasGiven || !hasMaximum || maximum <= 0)) || (in.Maximum != nil && !hasMaximum) {
		return incorrect
	}
	user := string(in.UserID)
	q := p.Quirks()
	return p.changeScore(c, func(w *world, it LineItem) error {
		if u, ok := w.user(user); !ok || !u.gradable() {
			if q.UnprocessableUsers {
				return refuse(http.StatusUnprocessableEntity, "User not found in course or is not a student")
			}
			return incorrect
		}
		key := scoreKey(it.ID, user)
		s, had := w.Scores[key]
		if had && at.Unix() <= s.Timestamp.Unix() {
			if q.StaleBadRequest {
				return refuse(http.StatusBadRequest, "timestamp must be after the last one")
			}
			return &serviceError{http.StatusConflict,
				"Refusing score with an earlier timestamp for item " + it.ID + " and user " + user, typeScore}
		}
		s = Score{
			UserID: user, LineItemID: it.ID, Maximum: it.ScoreMaximum, Cleared: true, Comment: in.Comment,
			ActivityProgress: in.ActivityProgress, GradingProgress: in.GradingProgress,
			Timestamp: at.UTC(), ReceivedAt: p.time(), Writes: s.Writes + 1, Attempts: s.Attempts,
		}
		if q.CountAttempts && (in.Submission == nil || in.Submission.New == nil || *in.Submission.New) {
			s.Attempts++
		}
		if hasGiven && in.GradingProgress == "FullyGraded" {
			s.Cleared = false
			s.Given = min(max(given/maximum, 0), 1) * it.ScoreMaximum
		}
		w.Scores[key] = s
		return nil
	})
}

// changeScore runs f on the call's line item and answers Moodle's empty 200.
func (p *Platform) changeScore(c *serviceCall, f func(*world, LineItem) error) error {
	err := p.change(func(w *world) error {
		_, it, err := ownItem(w, c)
		if err != nil {
			return err
		}
		return f(w, it)
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", typeScore+"; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// resultJSON is a grade as the result service shows it.
type resultJSON struct {
	ID            string  `json:"id"`
	UserID        string  `json:"userId"`
	ResultScore   float64 `json:"resultScore"`
	ResultMaximum float64 `json:"resultMaximum"`
	Comment       string  `json:"comment,omitempty"`
	ScoreOf       string  `json:"scoreOf"`
	Timestamp     string  `json:"timestamp"`
}

// results lists the grades of a line item. Asking with a limit breaks Moodle:
// it answers its HTML error page.
func (p *Platform) results(c *serviceCall) error {
	if c.r.Method != http.MethodGet {
		return refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	if !c.token.allows(scopeResult) {
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	q := c.r.URL.Query()
	if q.Has("limit") {
		p.errorPage(c.w, c.r, http.StatusNotFound, "Error reading from database")
		return nil
	}
	results := []resultJSON{}
	var err error
	p.view(func(w *world) {
		var it LineItem
		if _, it, err = ownItem(w, c); err != nil {
			return
		}
		for _, s := range w.Scores {
			if s.LineItemID != it.ID || s.Cleared || (q.Has("user_id") && s.UserID != q.Get("user_id")) {
				continue
			}
			results = append(results, resultJSON{
				ID:     resultURL(p.lineItemURL(it, c.tool), s.UserID),
				UserID: s.UserID, ResultScore: s.Given, ResultMaximum: it.ScoreMaximum, Comment: s.Comment,
				ScoreOf: p.lineItemURL(it, c.tool), Timestamp: s.Timestamp.Format(phpTime),
			})
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(results, func(a, b resultJSON) int { return compareIDs(a.UserID, b.UserID) })
	p.writeJSON(c.w, http.StatusOK, typeResults+"; charset=utf-8", results)
	return nil
}

// resultURL is a result's address: before the query, and the user after it.
func resultURL(item, user string) string {
	path, query, _ := strings.Cut(item, "?")
	return path + "/results?" + query + "&user_id=" + url.QueryEscape(user)
}

// SetGrade is a teacher's own entry in the gradebook.
func (p *Platform) SetGrade(userID, itemID string, given float64) error {
	return p.change(func(w *world) error {
		_, it, ok := w.item(itemID)
		if !ok {
			return fmt.Errorf("platform: no line item %q", itemID)
		}
		if u, ok := w.user(userID); !ok || !u.gradable() {
			return fmt.Errorf("platform: %q is no learner here", userID)
		}
		key := scoreKey(it.ID, userID)
		w.Scores[key] = Score{
			UserID: userID, LineItemID: it.ID, Given: given, Maximum: it.ScoreMaximum, ActivityProgress: "Completed", GradingProgress: "FullyGraded",
			Timestamp: p.time(), ReceivedAt: p.time(), Writes: w.Scores[key].Writes + 1,
		}
		return nil
	})
}
