package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// keeper is a store that counts what is read of cohorts and fails to save enrolments on demand.
type keeper struct {
	engine.Store
	mu      sync.Mutex
	members int                           // rows asked for, but for single ones
	saved   map[engine.EnrolmentID]int    // saves
	refuse  func(*engine.Enrolment) error // nil: nothing
}

func (k *keeper) MembersOf(ctx context.Context, id engine.CohortID, after engine.MemberRef, limit int) ([]engine.CohortMember, error) {
	all, err := k.Store.MembersOf(ctx, id, after, limit)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.members += len(all)
	return all, err
}

func (k *keeper) SaveEnrolment(ctx context.Context, e *engine.Enrolment) error {
	k.mu.Lock()
	k.saved[e.ID]++
	refuse := k.refuse
	k.mu.Unlock()
	if refuse != nil {
		if err := refuse(e); err != nil {
			return err
		}
	}
	return k.Store.SaveEnrolment(ctx, e)
}

// kept puts a keeper between the crowd's service and its store.
func (c *crowd) kept() *keeper {
	k := &keeper{Store: c.store, saved: map[engine.EnrolmentID]int{}}
	c.options.Store = k
	c.Service = engine.New(c.options)
	return k
}

// startedEarlier lets somebody join a cohort whose course has started.
func (c *crowd) startedEarlier(name string) {
	c.t.Helper()
	e, err := c.Arrive(c.t.Context(), launchOf(name, "Europe/Berlin", map[string]string{"manager_email": "max@example.org", "course_start": "2026-11-16"}))
	must(c.t, err)
	c.ids[name], c.who[name], c.k = e.ID, e.Learner, e.CohortKey()
	c.now = c.now.Add(time.Minute)
}

func TestWhoJoinsOneByOneAfterCourseStartIsInSmallGroups(t *testing.T) {
	c := newCrowd(t, monday)
	store := c.kept()
	const n = 13
	for i := range n {
		clear(store.saved)
		store.members = 0
		c.startedEarlier(fmt.Sprintf("p%02d", i))
		if len(store.saved) > 6 {
			t.Errorf("as learner %d joined, %d others were told", i, len(store.saved)-1)
		}
		if i > 3 && store.members > 6 {
			t.Errorf("as learner %d joined, %d members were read", i, store.members)
		}
		if i == 1 {
			c.grouped(map[string]string{"p00": "p01", "p01": "p00"})
		}
	}
	for name := range c.ids {
		mates := strings.Fields(c.mates(name))
		if len(mates) < 1 || len(mates) > 2 {
			t.Errorf("%s is with %v, want one, or two when one is left over", name, mates)
		}
		for _, m := range mates {
			if !strings.Contains(c.mates(m), name) {
				t.Errorf("%s is with %s, who is with %q", name, m, c.mates(m))
			}
		}
	}
}

func TestALateJoinerCountsWhatTheGroupHasWritten(t *testing.T) {
	c := newCrowd(t, monday)
	c.starts("ann", "bob", "cem", "dan")
	c.does("alone", "ann")
	_, err := c.Post(t.Context(), c.who["ann"], c.ids["ann"], "pair", "I tried it.", "")
	must(t, err)
	c.now = c.now.Add(time.Minute)
	c.joins("eve")
	c.grouped(map[string]string{"eve": "ann bob"})
	c.does("alone", "eve")
	c.now = c.now.Add(time.Minute)
	_, err = c.Post(t.Context(), c.who["eve"], c.ids["eve"], "pair", "So will I.", "")
	must(t, err)
	c.is("eve", "pair", engine.Done)
}
