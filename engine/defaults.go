package engine

// What a definition leaves out is as in the example workflow, without its anchors, holidays and test.

func defaultRoles() map[Role]RoleRule {
	return map[Role]RoleRule{
		Manager: {From: []string{"launch.custom.manager_email", "ask_learner"}, Else: Coach},
		Peer:    {From: []string{"cohort"}, Count: 1, Else: Coach},
		Coach:   {From: []string{"launch.role.instructor"}},
	}
}

func defaultCalendar() Calendar {
	return Calendar{Days: [7]bool{false, true, true, true, true, true, false}, Start: 9 * 60, End: 17 * 60, Timezone: "doer", Holidays: map[Day]bool{}}
}

func defaultNudges() Nudges {
	wd := func(n int) Duration { return Duration{N: n, Unit: "wd"} }
	due := func(back bool, d Duration) TimeExpr { return TimeExpr{Anchor: anchorDue, Back: back, Offset: d} }
	open := Nudge{At: TimeExpr{Anchor: anchorOpen}, To: "doer", Name: PurposeStepOpen}
	return Nudges{
		Channels: []string{"lms", "email"},
		Cap:      NudgeCap{Day: 1, Week: 2},
		Bundle:   Duration{N: 4, Unit: "h"},
		Default:  "standard",
		Policies: map[string][]Nudge{
			"standard": {
				open,
				{At: due(true, wd(1)), To: "doer", Name: PurposeStepDue},
				{At: due(false, wd(1)), To: "doer", Name: PurposeStepLate},
				{At: due(false, wd(4)), To: "manager", Name: PurposeAskForHelp, Escalate: true},
			},
			"gentle": {open, {At: due(false, wd(2)), To: "doer", Name: PurposeStepLate}},
		},
	}
}

func defaultStop() []TimeExpr {
	return []TimeExpr{
		{Anchor: AnchorUnenrolled},
		{Anchor: AnchorCourseCompleted, Offset: Duration{N: 200, Unit: "d"}},
		{Anchor: AnchorEnrolled, Offset: Duration{N: 400, Unit: "d"}},
	}
}

// The lengths the format names.
var (
	tenWorkingDays   = Duration{N: 10, Unit: "wd"}
	fiveWorkingDays  = Duration{N: 5, Unit: "wd"}
	threeWorkingDays = Duration{N: 3, Unit: "wd"}
	oneWorkingDay    = Duration{N: 1, Unit: "wd"}
	twoWorkingDays   = Duration{N: 2, Unit: "wd"}
)

// defaultDone is how a kind is done unless the step says otherwise.
func defaultDone(k Kind) Rule {
	switch k {
	case KindRead:
		return Rule{Name: "viewed"}
	case KindWatch:
		return Rule{Name: "watched", N: 0.9}
	case KindElearning:
		return Rule{Name: "lms", LMS: AnchorCourseCompleted}
	case KindEvent:
		return Rule{Name: "attended"}
	case KindBriefing:
		return Rule{Name: "acknowledged"}
	case KindSignOff:
		return Rule{Name: "approved"}
	case KindDiscuss, KindShare:
		return Rule{Name: "posts", N: 1}
	case KindConversation:
		return Rule{Name: "all", Parts: []Rule{{Name: "response"}, {Name: "confirmed"}}}
	case KindExperiment:
		return Rule{Name: "all", Parts: []Rule{{Name: "response"}, {Name: "evidence", N: 1}}}
	case KindAssignment:
		return Rule{Name: "evidence", N: 1}
	}
	return Rule{Name: "response"}
}
