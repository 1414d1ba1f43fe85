package enginetest

import (
	"fmt"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func enrolmentsArePaged(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i := range 6 {
		e := enrolment(fmt.Sprint("e", i))
		e.Workflow, e.Learner, e.CreatedAt = engine.WorkflowID(fmt.Sprint("w", i)), engine.PersonID(fmt.Sprint("p", i%2)), at(i/2)
		if i > 3 {
			e.Course.ID = "other"
		}
		must(t, s.CreateEnrolment(ctx, e))
	}
	ids := func(c engine.Course, learner engine.PersonID) (out []string) {
		place := engine.EnrolmentPlace{}
		for range 10 {
			page := got[[]*engine.Enrolment](t)(s.EnrolmentsFrom(ctx, c, learner, place, 2))
			for _, e := range page {
				out = append(out, string(e.ID))
				place = engine.EnrolmentPlace{At: e.CreatedAt, ID: e.ID}
			}
			if len(page) < 2 {
				break
			}
		}
		return out
	}
	same(t, "all", ids(engine.Course{}, ""), []string{"e0", "e1", "e2", "e3", "e4", "e5"})
	same(t, "of a course", ids(enrolment("").Course, ""), []string{"e0", "e1", "e2", "e3"})
	same(t, "of a learner", ids(engine.Course{}, "p1"), []string{"e1", "e3", "e5"})
}
