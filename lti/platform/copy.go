package platform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
)

// maxCopies bounds the courses.
const maxCopies = 100

// CopyOptions say how a course is copied.
type CopyOptions struct {
	// NewDeployments gives the copied links a deployment of their own, as some
	// platforms do; Moodle and Canvas keep it.
	NewDeployments bool
}

// CopyCourse makes another course with the same people, and of every activity a
// copy with a line item of its own (resource IDs and tags stay). Tools that asked
// for it are told (LtiContextCopyNotice). The copy has no page: its activities are
// launched at /mod/lti/launch.php?id=.
func (p *Platform) CopyCourse(ctx context.Context, o CopyOptions) (Course, []ResourceLink, error) {
	var course Course
	var links []ResourceLink
	var tools []Tool
	err := p.change(func(w *world) error {
		var of []ResourceLink
		for _, l := range w.Links {
			if l.CourseID == w.Course.ID {
				of = append(of, l)
			}
		}
		if len(w.Copies) >= maxCopies || len(w.Links)+len(of) > maxLinks || len(w.Items)+len(of) > maxItems {
			return errFull
		}
		n := strconv.Itoa(len(w.Copies) + 1)
		course = Course{ID: w.Course.ID + "00" + n, Label: w.Course.Label + "-" + n, Title: w.Course.Title + " copy " + n, CopyOf: w.Course.ID}
		w.Copies = append(w.Copies, course)
		deployments := map[string]string{}
		for _, l := range of {
			l.CourseID, l.ID, l.LineItemID, l.Custom = course.ID, "", "", maps.Clone(l.Custom)
			if o.NewDeployments {
				if deployments[l.ClientID] == "" {
					w.Last.Deployment++
					deployments[l.ClientID] = strconv.Itoa(w.Last.Deployment)
				}
				l.DeploymentID = deployments[l.ClientID]
			}
			copied, err := w.addLink(l)
			if err != nil {
				return err
			}
			links = append(links, copied)
		}
		tools = append(tools, w.Tools...)
		return nil
	})
	if err != nil {
		return Course{}, nil, fmt.Errorf("platform: copy course: %w", err)
	}
	for _, t := range tools {
		_, err := p.Notify(ctx, t.ClientID, Notice{Type: NoticeContextCopy, Claims: map[string]any{
			claimContext: contextClaim(course), claimOrigins: []string{course.CopyOf},
		}})
		if err != nil && !errors.Is(err, ErrNoHandler) {
			p.log.Warn("copy not announced", "client", t.ClientID, "error", err)
		}
	}
	return course, links, nil
}

func contextClaim(c Course) map[string]any {
	return map[string]any{"id": c.ID, "label": c.Label, "title": c.Title, "type": []string{"CourseSection"}}
}

// course is the course of an ID; "" is the first.
func (w *world) course(id string) (Course, bool) {
	if id == "" || id == w.Course.ID {
		return w.Course, true
	}
	for _, c := range w.Copies {
		if c.ID == id {
			return c, true
		}
	}
	return Course{}, false
}
