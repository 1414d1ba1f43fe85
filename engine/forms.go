package engine

// The built-in forms. A step without form and questions gets the one that suits its kind.
const (
	formReport   = "report"
	formIfThen   = "if_then"
	formWhatNow  = "what_so_what"
	formNote     = "note" // one free text; not to be written by authors
	maxAnswer    = 20_000 // bytes of one answer
	maxAllAnswer = 100_000
)

var formWords = []string{formReport, formIfThen, formWhatNow}

// Form is the form a hand-in of the step is written in; "" when it only has questions, ratings or files.
func (s *Step) form() string {
	if s.Form != "" || len(s.Questions) > 0 {
		return s.Form
	}
	switch s.Kind {
	case KindExperiment, KindPractise:
		return formReport
	case KindPlan:
		return formIfThen
	case KindReflect, KindConversation, KindDiscuss, KindShare, KindAssignment:
		return formNote
	}
	if len(s.Rate) == 0 && s.wants("response", "words") {
		return formNote
	}
	return ""
}

// wants tells whether the step's `done` has one of the rules.
func (s *Step) wants(names ...string) bool {
	for _, n := range names {
		if s.Done.Has(n) {
			return true
		}
	}
	return false
}

// Asks are the questions of a hand-in: those of the form, then the step's own.
func (s *Step) Asks() []Question {
	return append(formQuestions(s.form()), s.Questions...)
}

// formQuestions are a form's questions. The texts are English and German, as all forms must speak what pages speak.
func formQuestions(form string) []Question {
	ask := func(id, en, de string, required bool) Question {
		return Question{ID: id, Type: "text", Required: required, Ask: Text{"": en, "en": en, "de": de}}
	}
	switch form {
	case formReport:
		return []Question{
			ask("did", "What did you do?", "Was haben Sie getan?", true),
			ask("result", "What came of it?", "Was ist dabei herausgekommen?", true),
			ask("next", "What will you do differently next time?", "Was machen Sie beim nächsten Mal anders?", false),
		}
	case formIfThen:
		return []Question{
			ask("when", "When …", "Wenn …", true),
			ask("then", "… then I will …", "… dann werde ich …", true),
		}
	case formWhatNow:
		return []Question{
			ask("what", "What happened?", "Was ist passiert?", true),
			ask("so_what", "So what: what does it mean?", "Und nun: Was bedeutet das?", true),
			ask("now_what", "Now what: what will you do next?", "Wie weiter: Was tun Sie als Nächstes?", true),
		}
	case formNote:
		return []Question{ask("text", "Your words", "Ihre Worte", true)}
	}
	return nil
}

// handsIn tells whether the doer hands something in, rather than confirming.
func (s *Step) handsIn() bool {
	return s.wants("response", "words", "evidence", "score")
}
