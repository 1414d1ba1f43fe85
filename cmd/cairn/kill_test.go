package main

import (
	"syscall"
	"testing"
	"time"
)

// A process may die between any two acts of the walk. It runs on SQLite files
// and on a queue that dies with it.
func TestKillingServeBetweenAnyTwoActsLosesAndDoublesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: starts a dozen processes")
	}
	s := newSite(t)
	must(t, s.clock.Advance(untilMonday(s.clock.Now()))) // days later it is still working hours
	server := s.serve()
	s.furnish()
	w := newWalk(t, s.demo, s.clock)
	for _, act := range w.acts() {
		t.Logf("killed at %s resident at most", server.peakMemory())
		server.stop(syscall.SIGKILL)
		w.killed = time.Now()
		server = s.serve()
		t.Log(act.name)
		act.do()
	}
	w.expect("registered", 1)
	w.expect("viewed", 1)
	w.expect("reflected", 1)
	w.expect("reject", 1)
	w.expect("approve", 1)
	w.expect("verified", 1)
	w.mailsAreDistinct()
}
