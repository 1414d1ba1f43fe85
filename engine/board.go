package engine

import (
	"context"
	"fmt"
)

// MaxBoard bounds the rows of a board.
const MaxBoard = 1000

// Board lists a course's learners with how far they are, by order of enrolment.
func (s *Service) Board(ctx context.Context, c Course) ([]BoardRow, error) {
	all, err := s.o.Store.EnrolmentsIn(ctx, c, MaxBoard)
	if err != nil {
		return nil, fmt.Errorf("load the board: %w", err)
	}
	var rows []BoardRow
	for _, e := range all {
		if e.Preview {
			continue
		}
		w, now, f, err := s.asOfNow(ctx, e)
		if err != nil {
			return nil, err
		}
		rows = append(rows, s.boardRow(w, now, f))
	}
	return rows, nil
}

func (s *Service) boardRow(w *Workflow, e *Enrolment, f Facts) BoardRow {
	v := &viewer{decision: &decision{w: w, e: e, f: f, now: s.now()}}
	row := BoardRow{Enrolment: e, Workflow: w, Learner: f.Learner, CourseCompleted: e.Anchors[AnchorCourseCompleted], CompletedBy: e.CompletedBy(), Completed: e.CompletedAt}
	row.Done, row.Required = tally(w, e)
	h := &Home{}
	unassigned := map[Role]bool{}
	for _, of := range w.order {
		sv := v.view(of, e.Steps[of.ID])
		if sv.Late {
			row.Late++
		}
		if n, ok := v.needed(of, e.Steps[of.ID]); ok && len(v.e.Roles[n.role]) == 0 && len(v.standIns(n.role)) == 0 && !unassigned[n.role] {
			unassigned[n.role] = true
			row.Unassigned = append(row.Unassigned, n.role)
		}
		h.Steps = append(h.Steps, sv)
	}
	v.choose(h)
	if h.Next != nil {
		row.Next, row.NextDue = h.Next.Step, h.Next.Due
	}
	return row
}
