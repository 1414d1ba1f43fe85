package lti

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	mediaResults = "application/vnd.ims.lis.v2.resultcontainer+json"
	maxResults   = 100_000
)

// Result is a grade as the platform's gradebook has it (AGS 2.0 §3.3).
type Result struct {
	UserID  string
	Score   float64
	Maximum float64 // 1 if the platform did not say
	Graded  bool    // false: there is an entry, but no grade
	Comment string
	At      time.Time // zero: not said
}

// Results reads the grades of a line item: of one person, or of all with userID "".
// No limit is asked for: Moodle answers one with an error page.
func (t *Tool) Results(ctx context.Context, course CourseKey, lineItemURL, userID string) ([]Result, error) {
	target, err := beside(lineItemURL, "/results")
	if err != nil {
		return nil, refused("results", CauseInvalid, "the line item is not a URL")
	}
	if userID != "" {
		if strings.Contains(target, "?") {
			target += "&"
		} else {
			target += "?"
		}
		target += "user_id=" + url.QueryEscape(userID)
	}
	var all []Result
	err = t.pages(ctx, course, call{
		op: "results", scope: scopeResult, method: http.MethodGet, url: target, accept: mediaResults,
	}, func(_ *http.Response, body []byte) (bool, error) {
		page, err := readResults(body)
		if err != nil {
			return false, err
		}
		for _, r := range page {
			if userID == "" || r.UserID == userID { // a filter is the platform's choice to heed
				all = append(all, r)
			}
		}
		if len(all) > maxResults {
			return false, refused("results", CauseAnswer, "the column has too many results")
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// readResults reads one page of results.
func readResults(body []byte) ([]Result, error) {
	var page []struct {
		UserID        string   `json:"userId"`
		ResultScore   *float64 `json:"resultScore"`
		ResultMaximum *float64 `json:"resultMaximum"`
		Comment       string   `json:"comment"`
		Timestamp     string   `json:"timestamp"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, refused("results", CauseAnswer, "the answer is not a list of results")
	}
	all := make([]Result, 0, len(page))
	for _, p := range page {
		if p.UserID == "" || len(p.UserID) > maxID {
			continue
		}
		r := Result{UserID: p.UserID, Maximum: 1, Comment: cut(p.Comment)}
		if p.ResultScore != nil {
			r.Score, r.Graded = *p.ResultScore, true
		}
		if p.ResultMaximum != nil && *p.ResultMaximum > 0 {
			r.Maximum = *p.ResultMaximum
		}
		if at, err := time.Parse(time.RFC3339, p.Timestamp); err == nil {
			r.At = at.UTC()
		}
		all = append(all, r)
	}
	return all, nil
}

// beside puts a resource at the end of a line item's path and keeps the query.
func beside(lineItem, resource string) (string, error) {
	u, ok := webURL(lineItem)
	if !ok {
		return "", fmt.Errorf("lti: %q is not a line item URL", printable(lineItem, 200))
	}
	v := *u
	v.Fragment, v.RawFragment = "", ""
	if v.RawPath != "" {
		v.RawPath = strings.TrimSuffix(v.RawPath, "/") + resource
	}
	v.Path = strings.TrimSuffix(v.Path, "/") + resource
	return v.String(), nil
}
