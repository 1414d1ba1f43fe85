package engine

import "slices"

// Where peers answer without names, none of them is to learn who the others are. An address of which it is said that it
// is asked already would tell; so there a request may be passed on to anybody, and to whoever passes it on it looks the
// same: who is asked already is asked nothing more, and of two who each name the other neither is asked again.

// secretRaters tells whether people of a role answer anything of a workflow without names.
func (w *Workflow) secretRaters(role Role) bool {
	return slices.ContainsFunc(w.order, func(s *Step) bool { return s.By == role && anonymous(w, s) })
}
