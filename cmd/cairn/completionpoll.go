package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti"
)

// The launch parameters of the threshold.
const (
	paramItem    = "completion_item"    // a line item: its tag, resource id or URL
	paramPercent = "completion_percent" // of its maximum; 100 if missing
	maxSameItems = 5                    // line items that one name may mean, as after a course copy
	maxPollItems = 20                   // names of line items in one course
)

// completionJobs are what the hourly pass does to learn of completed courses. Only
// those are asked for whose workflow waits, so a course that nobody is awaited in
// costs the platform nothing.
func (h *house) completionJobs() []courseJob {
	return []courseJob{
		{name: "completion by follow-up link", run: h.completeByLinks},
		{name: "completion by result", run: h.completeByResults},
		{name: "completion by course end", run: h.completeByEnd},
	}
}

func engineCourse(c lti.KnownCourse) engine.Course {
	return engine.Course{Registration: string(c.Registration), Issuer: c.Issuer, ID: c.Course, Title: c.Title}
}

// completeByLinks asks the roster who can reach the course's "finish" links, which
// the teacher has restricted to those who completed it (NRPS 2.0 §2.5, rlid).
func (h *house) completeByLinks(ctx context.Context, r *rooms, c lti.KnownCourse) error {
	if c.MembershipsURL == "" {
		return nil
	}
	var links []lti.KnownLink
	for _, link := range c.Links {
		if link.View == "finish" {
			links = append(links, link)
		}
	}
	if len(links) == 0 {
		return nil
	}
	waiting, err := r.engine.Awaiting(ctx, engineCourse(c))
	if err != nil || len(waiting) == 0 && !unsure(links) {
		return err
	}
	var errs []error
	for _, link := range links {
		roster, err := h.tool.Roster(ctx, c.CourseKey, c.MembershipsURL, lti.RosterQuery{Role: "Learner", LinkID: link.ID})
		if err != nil {
			errs = append(errs, fmt.Errorf("roster of link %s: %w", link.ID, err))
			continue
		}
		finished := activeLearners(roster.Members)
		if !link.Restricted {
			if link.Restricted, err = h.isRestricted(ctx, c, link, finished); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		if !link.Restricted {
			h.log.Warn("every learner can reach the finish link of a course, so it is not used; restrict it to course completion in the LMS",
				"registration", c.Registration, "course", c.Course, "link", link.ID)
			continue
		}
		for _, who := range waiting {
			if finished[who.Subject] {
				errs = append(errs, complete(ctx, r, c, who, engine.SourceFollowUp, link.ID))
			}
		}
	}
	return errors.Join(errs...)
}

// unsure tells whether some link was never seen to be restricted: that is best
// learnt while nobody has finished.
func unsure(links []lti.KnownLink) bool {
	for _, link := range links {
		if !link.Restricted {
			return true
		}
	}
	return false
}

// isRestricted tells whether some learner of the course cannot reach a link, and
// keeps that for good. A link that was always open to everybody proves nothing: the
// teacher may have forgotten the restriction.
func (h *house) isRestricted(ctx context.Context, c lti.KnownCourse, link lti.KnownLink, reach map[string]bool) (bool, error) {
	whole, err := h.tool.Roster(ctx, c.CourseKey, c.MembershipsURL, lti.RosterQuery{Role: "Learner"})
	if err != nil {
		return false, fmt.Errorf("roster: %w", err)
	}
	restricted := false
	for subject := range activeLearners(whole.Members) {
		restricted = restricted || !reach[subject]
	}
	if !restricted {
		return false, nil
	}
	_, err = h.tool.ChangeCourse(ctx, c.CourseKey, func(k *lti.KnownCourse) {
		for i := range k.Links {
			if k.Links[i].ID == link.ID {
				k.Links[i].Restricted = true
			}
		}
	})
	return true, err
}

// activeLearners are the user ids of those who learn here now.
func activeLearners(members []lti.Member) map[string]bool {
	found := map[string]bool{}
	for _, m := range members {
		if m.Status == lti.MemberActive && m.HasRole("Learner") && !m.IsPreview() {
			found[m.UserID] = true
		}
	}
	return found
}

// threshold is a line item by any of its names, and how much of it completes the course.
type threshold struct {
	item    string
	percent float64
}

// thresholdOf reads a learner's launch parameters.
func thresholdOf(custom map[string]string) (threshold, bool) {
	t := threshold{item: strings.TrimSpace(custom[paramItem]), percent: 100}
	if t.item == "" || strings.HasPrefix(t.item, "$") {
		return threshold{}, false
	}
	if text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(custom[paramPercent]), "%")); text != "" && !strings.HasPrefix(text, "$") {
		percent, err := strconv.ParseFloat(text, 64)
		if err != nil || !(percent > 0 && percent <= 100) {
			return threshold{}, false
		}
		t.percent = percent
	}
	return t, true
}

// completeByResults reads the results of the line items that launches name as the
// measure of completion (AGS 2.0 §3.3).
func (h *house) completeByResults(ctx context.Context, r *rooms, c lti.KnownCourse) error {
	if c.LineItemsURL == "" {
		return nil
	}
	waiting, err := r.engine.Awaiting(ctx, engineCourse(c))
	if err != nil {
		return err
	}
	asked := map[threshold][]engine.Awaited{}
	for _, who := range waiting {
		if t, ok := thresholdOf(who.Custom); ok && (asked[t] != nil || len(asked) < maxPollItems) {
			asked[t] = append(asked[t], who)
		}
	}
	var errs []error
	for t, who := range asked {
		if err := h.completeByResult(ctx, r, c, t, who); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (h *house) completeByResult(ctx context.Context, r *rooms, c lti.KnownCourse, t threshold, waiting []engine.Awaited) error {
	items, err := h.itemsNamed(ctx, c, t.item)
	if err != nil {
		return err
	}
	reached := map[string]lti.Result{}
	for _, item := range items {
		results, err := h.tool.Results(ctx, c.CourseKey, item, "")
		if err != nil {
			return fmt.Errorf("results: %w", err)
		}
		for _, result := range results {
			if result.Graded && result.Maximum > 0 && result.Score/result.Maximum*100 >= t.percent-1e-9 {
				reached[result.UserID] = result
			}
		}
	}
	var errs []error
	for _, who := range waiting {
		if result, ok := reached[who.Subject]; ok {
			errs = append(errs, r.engine.Complete(ctx, engine.Completion{
				Who: engine.ByAccount(who.Issuer, who.Subject), Course: engine.CourseName{ID: c.Course}, Source: engine.SourceResult,
				At: result.At, Ref: t.item, Polled: true,
			}))
		}
	}
	return errors.Join(errs...)
}

// itemsNamed are the URLs of the line items that a name means. A URL must be of the
// platform's own line items: it is called with a token.
func (h *house) itemsNamed(ctx context.Context, c lti.KnownCourse, name string) ([]string, error) {
	if strings.Contains(name, "://") {
		item, err := url.Parse(name)
		container, err2 := url.Parse(c.LineItemsURL)
		if err != nil || err2 != nil || item.Scheme != container.Scheme || item.Host != container.Host || item.User != nil {
			return nil, fmt.Errorf("the launch parameter %s names a line item that is not of this platform", paramItem)
		}
		return []string{name}, nil
	}
	all, err := h.tool.LineItems(ctx, c.CourseKey, c.LineItemsURL, lti.LineItem{})
	if err != nil {
		return nil, fmt.Errorf("line items: %w", err)
	}
	var found []string
	for _, item := range all {
		if (item.Tag == name || item.ResourceID == name) && len(found) < maxSameItems {
			found = append(found, item.ID)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no line item of the course has the tag or resource id that the launch parameter %s names", paramItem)
	}
	return found, nil
}

// completeByEnd takes the course's end date.
func (h *house) completeByEnd(ctx context.Context, r *rooms, c lti.KnownCourse) error {
	n, err := r.engine.CompleteAtEnd(ctx, engineCourse(c), c.EndsAt)
	if n > 0 {
		h.log.Info("a course has ended", "registration", c.Registration, "course", c.Course, "completed", n)
	}
	return err
}

func complete(ctx context.Context, r *rooms, c lti.KnownCourse, who engine.Awaited, source engine.Source, ref string) error {
	return r.engine.Complete(ctx, engine.Completion{
		Who: engine.ByAccount(who.Issuer, who.Subject), Course: engine.CourseName{ID: c.Course}, Source: source, Ref: ref, Polled: true,
	})
}
