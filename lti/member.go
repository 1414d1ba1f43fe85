package lti

import (
	"context"
	"encoding/json"
	"net/http"
)

const (
	mediaMembers = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
	maxMembers   = 100_000
)

// Member is one person of a course, as the roster has it. Roles here say less
// than a launch does: Moodle calls a non-editing teacher a Learner.
type Member struct {
	UserID     string   `json:"user_id"`
	Name       string   `json:"name"`
	GivenName  string   `json:"given_name"`
	FamilyName string   `json:"family_name"`
	Email      string   `json:"email"`
	Status     string   `json:"status"` // Active, Inactive, Deleted
	Roles      []string `json:"roles"`
}

// Members reads the whole roster (NRPS 2.0) from the memberships URL of a launch.
func (t *Tool) Members(ctx context.Context, reg RegistrationID, membershipsURL string) ([]Member, error) {
	var all []Member
	err := t.pages(ctx, reg, call{
		op: "members", scope: scopeMembers, method: http.MethodGet, url: membershipsURL, accept: mediaMembers,
	}, func(body []byte) (bool, error) {
		var page struct {
			Members []Member `json:"members"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return false, &ServiceError{Op: "members", Status: http.StatusOK, Kind: ErrRefused, Detail: "the answer is not a membership container"}
		}
		for _, m := range page.Members {
			if m.UserID == "" || len(m.UserID) > maxID {
				continue
			}
			if m.Status == "" {
				m.Status = "Active"
			}
			all = append(all, m)
		}
		if len(all) > maxMembers {
			return false, &ServiceError{Op: "members", Status: http.StatusOK, Kind: ErrRefused, Detail: "the course has too many members"}
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
