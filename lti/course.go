package lti

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Bounds of what is kept of a course.
const (
	maxLinks   = 200 // resource links; the one not launched for longest goes first
	maxOrigins = 20  // courses that a course was copied from
	seenStep   = 24 * time.Hour
	coursePage = 200 // courses read at once
)

// CourseKey names a course: platforms number their contexts per deployment. Whoever
// calls a service and does not know deployment or course leaves them empty.
type CourseKey struct {
	Registration RegistrationID `json:"registration"`
	Deployment   string         `json:"deployment"`
	Course       string         `json:"course"` // Launch.Course.ID, never empty
}

// Name is the key as one word of 64 characters, safe for any store.
func (k CourseKey) Name() string {
	h := sha256.New()
	for _, v := range []string{string(k.Registration), k.Deployment, k.Course} {
		fmt.Fprintf(h, "%d:%s", len(v), v)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// KnownCourse is a course as its launches described it: where its services are,
// which of our links it holds, and when its roster was last read. It is what
// polls go through; an empty URL is a service that the platform does not offer.
type KnownCourse struct {
	CourseKey
	Tenant string `json:"tenant"`
	Issuer string `json:"issuer"`
	Title  string `json:"title,omitempty"`

	MembershipsURL string   `json:"memberships_url,omitempty"` // NRPS
	LineItemsURL   string   `json:"line_items_url,omitempty"`  // AGS
	AGSScopes      []string `json:"ags_scopes,omitempty"`
	GroupsURL      string   `json:"groups_url,omitempty"`
	GroupSetsURL   string   `json:"group_sets_url,omitempty"`
	NoticesURL     string   `json:"notices_url,omitempty"`     // Platform Notification Service
	NoticeHandlers []string `json:"notice_handlers,omitempty"` // "type URL" of those registered
	NoticeTypes    []string `json:"notice_types,omitempty"`

	Links  []KnownLink `json:"links,omitempty"`  // oldest launch first
	EndsAt time.Time   `json:"ends_at,omitzero"` // custom parameter course_end; zero: not known
	// Origins are the ids of courses that this one is a copy of, as the platform
	// told by LtiContextCopyNotice; the nearest last.
	Origins []string `json:"origins,omitempty"`

	Groups []Group `json:"groups,omitempty"` // as of the last reading of the roster; who is in them the roster knows

	SeenAt time.Time `json:"seen_at"` // of the last launch, to the day
	Synced Synced    `json:"synced,omitzero"`
	Rev    int64     `json:"-"` // compare-and-swap counter, kept by the store; 0: not stored yet
}

// KnownLink is one placing of the tool in a course. Its ID is the rlid by which
// NRPS lists only the people who can reach it.
type KnownLink struct {
	ID       string `json:"id"`
	Title    string `json:"title,omitempty"`
	LineItem string `json:"line_item,omitempty"`
	Workflow string `json:"workflow,omitempty"` // custom parameters, if they were resolved
	Step     string `json:"step,omitempty"`
	View     string `json:"view,omitempty"` // "finish", "portfolio"
	// Restricted: a learner of the course was seen who cannot reach the link.
	Restricted bool      `json:"restricted,omitempty"`
	SeenAt     time.Time `json:"seen_at"` // to the day
}

// Synced is how the last reading of the roster went.
type Synced struct {
	At          time.Time `json:"at,omitzero"`           // last success
	WholeAt     time.Time `json:"whole_at,omitzero"`     // last success that read everybody
	TriedAt     time.Time `json:"tried_at,omitzero"`     // last try
	Failures    int       `json:"failures,omitempty"`    // in a row
	Cause       Cause     `json:"cause,omitempty"`       // of the last failure; no personal data
	Members     int       `json:"members,omitempty"`     // of the last success
	Differences string    `json:"differences,omitempty"` // the platform's link to what changed since
}

// Courses keeps what is known of courses.
type Courses interface {
	// KnownCourse finds one by its key.
	KnownCourse(ctx context.Context, k CourseKey) (KnownCourse, error)
	// SaveKnownCourse adds c if its Rev is 0, else replaces the one whose Rev is
	// c.Rev; it is then Rev+1. ErrConflict if someone else was faster.
	SaveKnownCourse(ctx context.Context, c KnownCourse) error
	// KnownCourses lists a tenant's courses by CourseKey.Name, those after the
	// given name, at most limit.
	KnownCourses(ctx context.Context, tenant, after string, limit int) ([]KnownCourse, error)
}

// Link finds a resource link of the course.
func (c *KnownCourse) Link(id string) (KnownLink, bool) {
	i := slices.IndexFunc(c.Links, func(k KnownLink) bool { return k.ID == id })
	if i < 0 {
		return KnownLink{}, false
	}
	return c.Links[i], true
}

// KeyOf is the key of a launch's course; false if the launch names none.
func KeyOf(l *Launch) (CourseKey, bool) {
	return CourseKey{Registration: l.Registration.ID, Deployment: l.DeploymentID, Course: l.Course.ID}, l.Course.ID != ""
}

// learn takes what a launch says of its course. A deep linking request knows less
// than a launch does (Moodle leaves the roster out), so it takes nothing away.
func (c *KnownCourse) learn(l *Launch, now time.Time) {
	c.Tenant, c.Issuer = l.Tenant, l.Issuer
	whole := l.MessageType == MessageResourceLink
	for at, offered := range map[*string]string{
		&c.Title: l.Course.Title, &c.MembershipsURL: l.MembershipsURL, &c.LineItemsURL: l.LineItemsURL,
		&c.GroupsURL: l.GroupsURL, &c.GroupSetsURL: l.GroupSetsURL, &c.NoticesURL: l.NoticesURL,
	} {
		if whole || offered != "" {
			*at = offered
		}
	}
	if whole || len(l.AGSScopes) > 0 {
		c.AGSScopes = boundTexts(l.AGSScopes)
	}
	if whole || len(l.NoticeTypes) > 0 {
		c.NoticeTypes = boundTexts(l.NoticeTypes)
	}
	if v, sent := l.Custom["course_end"]; sent && !strings.HasPrefix(v, "$") {
		c.EndsAt, _ = courseEnd(v) // "": the course has no end any more
	}
	if now.Sub(c.SeenAt) >= seenStep || c.SeenAt.After(now) {
		c.SeenAt = now
	}
	if whole && l.ResourceLink.ID != "" {
		c.learnLink(l, now)
	}
}

func (c *KnownCourse) learnLink(l *Launch, now time.Time) {
	seen := KnownLink{
		ID: l.ResourceLink.ID, Title: l.ResourceLink.Title, LineItem: l.LineItemURL,
		Workflow: resolved(l.Custom["workflow"]), Step: resolved(l.Custom["step"]), View: resolved(l.Custom["view"]), SeenAt: now,
	}
	i := slices.IndexFunc(c.Links, func(k KnownLink) bool { return k.ID == seen.ID })
	if i >= 0 {
		if old := c.Links[i]; now.Sub(old.SeenAt) < seenStep && !old.SeenAt.After(now) {
			seen.SeenAt = old.SeenAt
		}
		seen.Restricted = c.Links[i].Restricted
		if c.Links[i] == seen {
			return
		}
		c.Links = slices.Delete(slices.Clone(c.Links), i, i+1)
	}
	c.Links = append(slices.Clone(c.Links), seen)
	slices.SortStableFunc(c.Links, func(a, b KnownLink) int { return a.SeenAt.Compare(b.SeenAt) })
	c.Links = c.Links[max(0, len(c.Links)-maxLinks):]
}

// resolved is a custom parameter's value, "" if the platform did not know the variable.
func resolved(v string) string {
	if strings.HasPrefix(v, "$") || len(v) > maxID {
		return ""
	}
	return v
}

// boundTexts keeps at most 50 texts of bounded length.
func boundTexts(all []string) []string {
	var kept []string
	for _, s := range all {
		if len(s) <= maxText && len(kept) < 50 {
			kept = append(kept, s)
		}
	}
	return kept
}

// courseEnd reads $CourseSection.timeFrame.end: ISO 8601, with or without time and zone.
func courseEnd(v string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, v); err == nil && at.Year() > 1970 && at.Year() < 9999 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// know keeps what a launch says of its course, if that is news. It never refuses a
// launch: what cannot be kept now comes with the next one.
func (t *Tool) know(ctx context.Context, l *Launch) {
	key, ok := KeyOf(l)
	if !ok {
		return
	}
	if _, err := t.changeCourse(ctx, key, true, func(c *KnownCourse) { c.learn(l, t.now()) }); err != nil {
		t.log.WarnContext(ctx, "remember the course of a launch", "request_id", l.RequestID, "error", err)
	}
}

// ChangeCourse applies a change to a known course by compare-and-swap and answers
// it as it then is; a change that changes nothing is not saved. The function may run twice.
func (t *Tool) ChangeCourse(ctx context.Context, k CourseKey, change func(*KnownCourse)) (KnownCourse, error) {
	return t.changeCourse(ctx, k, false, change)
}

func (t *Tool) changeCourse(ctx context.Context, k CourseKey, add bool, change func(*KnownCourse)) (KnownCourse, error) {
	for range maxTries {
		old, err := t.store.KnownCourse(ctx, k)
		switch {
		case errors.Is(err, ErrNotFound) && add:
			old = KnownCourse{CourseKey: k}
		case err != nil:
			return KnownCourse{}, fmt.Errorf("lti: course: %w", err)
		}
		c := old
		c.Links, c.Origins = slices.Clone(old.Links), slices.Clone(old.Origins)
		change(&c)
		if c.Rev != 0 && reflect.DeepEqual(c, old) {
			return c, nil
		}
		err = t.store.SaveKnownCourse(ctx, c)
		if err == nil {
			c.Rev++
			return c, nil
		}
		if !errors.Is(err, ErrConflict) {
			return KnownCourse{}, fmt.Errorf("lti: course: %w", err)
		}
	}
	return KnownCourse{}, fmt.Errorf("lti: course: too many others at once: %w", ErrConflict)
}

const maxTries = 20

// origins are the courses that a course was copied from, as far as they are known here.
func (t *Tool) origins(ctx context.Context, k CourseKey) ([]KnownCourse, error) {
	c, err := t.store.KnownCourse(ctx, k)
	var all []KnownCourse
	for _, id := range c.Origins {
		var from KnownCourse
		if from, err = t.store.KnownCourse(ctx, CourseKey{k.Registration, k.Deployment, id}); err == nil {
			all = append(all, from)
		} else if !errors.Is(err, ErrNotFound) {
			break
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("lti: course: %w", err)
	}
	return all, nil
}

// KnownCourse answers what is known of a course.
func (t *Tool) KnownCourse(ctx context.Context, k CourseKey) (KnownCourse, error) {
	return t.store.KnownCourse(ctx, k)
}

// EachCourse goes through a tenant's known courses by CourseKey.Name, a page in memory at a time; of more than most it
// leaves out the rest (0: none). An error is the last it yields.
func (t *Tool) EachCourse(ctx context.Context, tenant string, most int) iter.Seq2[KnownCourse, error] {
	return func(yield func(KnownCourse, error) bool) {
		after := ""
		for seen := 0; most == 0 || seen < most; {
			page, err := t.store.KnownCourses(ctx, tenant, after, coursePage)
			if err != nil {
				yield(KnownCourse{}, err)
				return
			}
			for _, c := range page {
				if !yield(c, nil) {
					return
				}
			}
			if len(page) < coursePage {
				return
			}
			seen, after = seen+len(page), page[len(page)-1].Name()
		}
	}
}
