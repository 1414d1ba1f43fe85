package enginemongo

import (
	"slices"
	"testing"
)

// What a worker asks every few seconds goes along an index with just its keys, in the order asked: however much there is.
func TestWhatIsDueIsFoundByIndexOnly(t *testing.T) {
	all := slices.Concat(indexes, eventIndexes)
	for query, want := range map[string]index{
		"DueEnrolments":        {collection: "engine_enrolments", keys: []string{"wake_at", "_id"}},
		"UnrelayedEnrolments":  {collection: "engine_enrolments", keys: []string{"unrelayed", "_id"}},
		"DueGrades":            {collection: "engine_enrolments", keys: []string{"grade_at", "_id"}},
		"EnrolmentsWaitingFor": {collection: "engine_enrolments", keys: []string{"waits_for", "_id"}},
		"StandingsIn":          {collection: "engine_enrolments", keys: []string{"course", "created_at", "_id", "standing"}},
		"old previews":         {collection: "engine_enrolments", keys: []string{"preview_at", "_id"}},
		"DueMessages":          {collection: "engine_messages", keys: []string{"ready_at", "_id"}},
		"DeadLetters":          {collection: "engine_dead_letters", keys: []string{"at", "_id"}},
		"PendingEvents":        {collection: "engine_events", keys: []string{"pending_at", "_id"}},
		"UncountedPosts":       {collection: "engine_posts", keys: []string{"uncounted", "at", "_id"}},
		"TellingCohorts":       {collection: "engine_cohorts", keys: []string{"tells", "_id"}},
		"TellingGroups":        {collection: "engine_groups", keys: []string{"tells", "_id"}},
		"GateState":            {collection: "engine_members", keys: []string{"gates"}},
		"MembersOf":            {collection: "engine_members", keys: []string{"cohort", "joined_at", "_id"}},
	} {
		if !slices.ContainsFunc(all, func(ix index) bool { return ix.collection == want.collection && slices.Equal(ix.keys, want.keys) }) {
			t.Errorf("%s: %s has no index of %v", query, want.collection, want.keys)
		}
	}
}
