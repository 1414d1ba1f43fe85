package engine

import "strings"

// lookup is the value of a name in a condition, as the format's semantics say; nil when there is none.
func (d *decision) lookup(count bool, path string) any {
	parts := strings.Split(path, ".")
	switch {
	case path == "learner.role":
		if v, ok := d.e.Custom["learner_role"]; ok {
			return v
		}
		if v, ok := d.e.Custom["role"]; ok {
			return v
		}
	case count && len(parts) == 2 && parts[0] == "log":
		return float64(d.e.Uses[BehaviourID(parts[1])])
	case count && len(parts) == 2:
		return d.count(d.e.Steps[StepID(parts[0])], parts[1])
	case len(parts) == 3 && parts[0] == "rating":
		if r, ok := rating(d.w, d.e, BehaviourID(parts[1]), Role(parts[2])); ok {
			return r
		}
	case len(parts) == 2 && parts[1] == "state":
		return string(d.state(StepID(parts[0])).State)
	case len(parts) == 2 && parts[1] == "score":
		if st := d.e.Steps[StepID(parts[0])]; st != nil && st.Score != nil {
			return *st.Score
		}
	}
	return nil
}

func (d *decision) count(st *StepState, what string) any {
	if st == nil {
		return 0.0
	}
	n := 0
	switch what {
	case "attempts":
		n = st.Attempt
	case "evidence":
		if n = st.EvidenceBefore; st.handed() {
			n += st.HandFiles
		}
	case "approved":
		n = st.Approvals + len(approvedIn(st.Reviews))
		if st.Approved.IsZero() && approvedIn(st.Reviews)[later1(st.Attempt)] {
			n-- // a coach or other peers are still to agree, or somebody has taken it back
		}
	case "returned":
		n = st.Returns + reviewed(st.Reviews, OutcomeReturn)
	}
	return float64(n)
}
