package engine

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// CourseLink is how a course leads to a workflow: the link that was last launched there, without anything about who did.
// By it people are enrolled who have not launched themselves.
type CourseLink struct {
	Course         Course            `json:"course"`
	Workflow       WorkflowID        `json:"workflow"`
	DeploymentID   string            `json:"deployment_id,omitempty"`
	ResourceLinkID string            `json:"resource_link_id,omitempty"`
	RelaunchURL    string            `json:"relaunch_url,omitempty"`
	LineItemsURL   string            `json:"line_items_url,omitempty"`
	Custom         map[string]string `json:"custom,omitempty"` // launch parameters about the course
	Roster         bool              `json:"roster,omitempty"` // enrol everybody on the course's roster
	Seen           time.Time         `json:"seen"`
}

// CourseLinkStore keeps the links of courses.
type CourseLinkStore interface {
	// PutCourseLink upserts by (course issuer and id, workflow).
	PutCourseLink(ctx context.Context, l CourseLink) error
	// CourseLinks lists a course's links by workflow (at most 100).
	CourseLinks(ctx context.Context, c Course) ([]CourseLink, error)
}

// ParamEnrol is the launch parameter that says who of a course takes part in a workflow: with the value "roster"
// everybody whom the LMS lists as a learner of it, also before they first launch.
const ParamEnrol = "enrol"

// aboutCourse are the launch parameters that say something of the course and nothing of who launches.
var aboutCourse = []string{"workflow", ParamEnrol, "course_start", "course_end", paramAtEnd, "canvas_course_id", "canvas_root_account_id"}

// lead gives an enrolment that no launch has led anywhere the way of the link.
func (l CourseLink) lead(e *Enrolment) {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&e.DeploymentID, l.DeploymentID}, {&e.ResourceLinkID, l.ResourceLinkID}, {&e.RelaunchURL, l.RelaunchURL},
		{&e.LineItemsURL, l.LineItemsURL}, {&e.Course.Registration, l.Course.Registration}, {&e.Course.Title, l.Course.Title},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	if len(e.Custom) == 0 && len(l.Custom) > 0 {
		e.Custom = map[string]string{}
		for k, v := range l.Custom {
			e.Custom[k] = v
		}
	}
}

// sameWay tells whether two links lead the same way.
func (l CourseLink) sameWay(o CourseLink) bool {
	return l.Course == o.Course && l.Workflow == o.Workflow && l.DeploymentID == o.DeploymentID && l.ResourceLinkID == o.ResourceLinkID &&
		l.RelaunchURL == o.RelaunchURL && l.LineItemsURL == o.LineItemsURL && maps.Equal(l.Custom, o.Custom) && l.Roster == o.Roster
}

// KnowLink takes note of a link of a course to a workflow at anybody's launch of it. With the launch parameter
// `enrol=roster` the next reading of the course's roster enrols everybody on it. Nothing is written for what is known.
func (s *Service) KnowLink(ctx context.Context, l CourseLink) error {
	if l.Course.Issuer == "" || l.Course.ID == "" || l.Workflow == "" {
		return fmt.Errorf("know a link: course or workflow missing: %w", ErrInvalid)
	}
	l.Roster = l.Custom[ParamEnrol] == "roster"
	custom := map[string]string{}
	for _, name := range aboutCourse {
		if v := l.Custom[name]; v != "" {
			custom[name] = clip(v, 1000)
		}
	}
	l.Custom, l.Seen = custom, s.now()
	known, err := s.o.Store.CourseLinks(ctx, l.Course)
	if err != nil {
		return fmt.Errorf("know a link: %w", err)
	}
	for _, k := range known {
		if k.Workflow == l.Workflow && k.sameWay(l) {
			return nil
		}
	}
	if err := s.o.Store.PutCourseLink(ctx, l); err != nil {
		return fmt.Errorf("know a link: %w", err)
	}
	return nil
}
