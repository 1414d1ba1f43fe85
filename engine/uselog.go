package engine

import (
	"maps"
	"slices"
)

// Uses is when and how often behaviours were used on the job, and what got in the way.
type UseLog struct {
	Weeks    map[BehaviourID][]int `json:"weeks,omitempty"`    // week, uses, week, uses …: weeks count from the first Monday of 1970
	Barriers map[string]int        `json:"barriers,omitempty"` // by tag
	Keys     []string              `json:"keys,omitempty"`     // of the latest uses logged by the learner, for who sends one twice
}

func (u *UseLog) clone() *UseLog {
	if u == nil {
		return nil
	}
	return &UseLog{Weeks: cloneMap(u.Weeks, slices.Clone[[]int]), Barriers: maps.Clone(u.Barriers), Keys: slices.Clone(u.Keys)}
}

func (u *UseLog) same(o *UseLog) bool {
	if u == nil || o == nil {
		return u == o
	}
	return maps.EqualFunc(u.Weeks, o.Weeks, slices.Equal[[]int]) && maps.Equal(u.Barriers, o.Barriers) && slices.Equal(u.Keys, o.Keys)
}
