package engine

import "fmt"

// sources judges where the people of a role come from.
func (r *reader) sources(role Role, rule object) {
	from := rule.list("from")
	if rule.has("from") && len(from) == 0 {
		r.refuseNew(rule.keys["from"], rule.at("from"), "names no source", "write launch.custom.x, launch.role.x, roster.role.x, cohort or ask_learner")
	}
	for i, it := range from {
		switch {
		case it.n.text == "cohort" && role != Peer:
			r.refuseNew(it.n, it.path, fmt.Sprintf("the cohort has peers, no %s", role), "write launch.custom.x, launch.role.x, roster.role.x or ask_learner")
		case it.n.text == "ask_learner" && role == Coach:
			r.refuseNew(it.n, it.path, "the learner names no coach: a coach confirms whom they name", "write launch.custom.x, launch.role.x or roster.role.x")
		case it.n.text == "ask_learner" && i < len(from)-1:
			r.refuseNew(from[i+1].n, from[i+1].path, fmt.Sprintf("%q is never reached", from[i+1].n.text), "put ask_learner last: the learner can always name somebody")
		}
	}
}
