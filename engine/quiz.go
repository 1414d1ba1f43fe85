package engine

// QuizItem is one question of a quiz with how it was answered last. Answer, what is right, is only told once the step
// is settled.
type QuizItem struct {
	Question Question // without what is right
	Given    []string // as chosen or written; none: not answered
	Scored   bool     // it has a right answer
	Right    bool
	Answer   []string
}

// mark notes which answers are right.
func mark(s *Step, answers []Answered) {
	for i := range answers {
		for _, q := range s.Questions {
			if q.ID == answers[i].Key && len(q.Answer) > 0 {
				answers[i].Right = ptr(right(q, answers[i]))
			}
		}
	}
}

// unmarked are answers as they were given, for their hash.
func unmarked(answers []Answered) []Answered {
	var out []Answered
	for _, a := range answers {
		a.Right = nil
		out = append(out, a)
	}
	return out
}

// asked is a question as those who answer it may see it.
func (q Question) asked() Question {
	q.Answer = nil
	return q
}

// asks are the questions of a step as those who answer them may see them.
func asks(s *Step) []Question {
	out := s.Asks()
	for i := range out {
		out[i] = out[i].asked()
	}
	return out
}

// items are the results of the last answers to a step with scored questions; nil: nothing was answered, or nothing is
// scored.
func items(s *Step, st *StepState, all map[ContributionID]*Contribution) []QuizItem {
	last := all[st.Hand]
	if n := len(st.Past); n > 0 && st.Past[n-1].Spaced > 0 && all[st.Past[n-1].Hand] != nil {
		last = all[st.Past[n-1].Hand]
	}
	if last == nil || s.By != Learner || score(s, nil) == nil {
		return nil
	}
	var out []QuizItem
	for _, q := range s.Questions {
		it := QuizItem{Question: q.asked(), Scored: len(q.Answer) > 0}
		for _, a := range last.Answers {
			if a.Key != q.ID {
				continue
			}
			if it.Given = a.Values; len(a.Values) == 0 {
				it.Given = []string{a.Value}
			}
			it.Right = it.Scored && right(q, a)
		}
		if it.Scored && st.State.Settled() && st.Again == nil {
			it.Answer = q.Answer
		}
		out = append(out, it)
	}
	return out
}
