package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/lti/platform"
)

func TestTwoWorkersOnOneRedisAndOneSQLiteFolderSendEveryNudgeOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: starts three processes and 200 learners")
	}
	twoWorkers(t, 200)
}

func TestTwoWorkersOnOneRedisAndMongoDBSendEveryNudgeOnce(t *testing.T) {
	twoWorkers(t, 30, "-mongo-uri", mongoURI(t)) // the stand-in reads every document for each question
}

// mongoURI names a database of the test's own.
func mongoURI(t testing.TB) string {
	t.Helper()
	base := os.Getenv("CAIRN_TEST_MONGO_URI")
	needs(t, base != "", "a MongoDB (CAIRN_TEST_MONGO_URI)")
	u, err := url.Parse(base)
	must(t, err)
	u.Path = fmt.Sprintf("/cairn_%d", time.Now().UnixNano())
	return u.String()
}

// twoWorkers enrols many learners and lets time pass until the first step has
// opened, fallen due and become late for all of them.
func twoWorkers(t *testing.T, learners int, stores ...string) {
	redis := startRedis(t)
	s := newSite(t, stores...)
	s.serve("-worker=false", "-redis-url", redis)
	s.furnish()
	must(t, s.clock.Advance(untilMonday(s.clock.Now())))
	for range 2 {
		s.start(append(append([]string{"worker"}, s.flags...), s.work("-redis-url", redis)...)...)
	}
	w := newWalk(t, s.demo, s.clock)
	s.enrolMany(w, learners)

	for _, purpose := range []string{"step_open", "step_due", "step_late"} {
		s.eachHasOne(w, purpose, learners)
	}
	w.mailsAreDistinct()
}

// enrolMany launches learners of their own name, a few at a time.
func (s *site) enrolMany(w *walk, learners int) {
	s.t.Helper()
	var group errgroup.Group
	group.SetLimit(4)
	for i := range learners {
		id, name := fmt.Sprint(1000+i), fmt.Sprintf("learner%03d", i)
		must(s.t, s.lms.AddUser(platform.User{
			ID: id, Username: name, Name: "Learner " + fmt.Sprint(i), Given: "Learner", Family: fmt.Sprint(i),
			Email: name + "@example.org", Role: platform.RoleLearner, ManagerEmail: "max@example.org", Zone: "UTC",
		}))
		if s.t.Failed() {
			break
		}
		group.Go(func() error {
			v := newVisitor(s.t)
			v.get(s.demo.LMS.URL + "/")
			v.submit("signin-other", url.Values{"user": {id}})
			w.openActivity(v)
			return nil
		})
	}
	must(s.t, group.Wait())
}

// eachHasOne moves the clock on, a day at a time, until every learner has the
// mail of a purpose, and fails if anyone has two.
func (s *site) eachHasOne(w *walk, purpose string, learners int) {
	s.t.Helper()
	for range 15 {
		deadline := time.Now().Add(2 * time.Minute)
		last, quiet := -1, time.Now()
		for time.Now().Before(deadline) {
			counts := s.perLearner(purpose)
			if len(counts) == learners {
				for to, n := range counts {
					if n != 1 {
						s.t.Fatalf("%s got %d mails %s", to, n, purpose)
					}
				}
				return
			}
			if len(counts) != last {
				last, quiet = len(counts), time.Now()
			}
			if last == 0 && time.Since(quiet) > 6*time.Second {
				break // nothing of this kind is due today
			}
			tick()
		}
		must(s.t, s.clock.Advance(24*time.Hour))
	}
	s.t.Fatalf("%d of %d learners got a mail %s; all mails: %d", len(s.perLearner(purpose)), learners, purpose, len(s.mailbox.Mails()))
}

// perLearner counts the mails of a purpose by receiver.
func (s *site) perLearner(purpose string) map[string]int {
	counts := map[string]int{}
	for _, m := range s.mailbox.Mails() {
		if len(m.To) == 1 && strings.Contains(m.To[0], "learner") && purposeOf(m) == purpose {
			counts[m.To[0]]++
		}
	}
	return counts
}

// purposeOf reads the header that names why a mail was sent.
func purposeOf(m embedded.Mail) string {
	if values := m.Headers["X-Cairn-Purpose"]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// mailsAreDistinct fails if any message arrived twice.
func (w *walk) mailsAreDistinct() {
	w.t.Helper()
	seen := map[string]bool{}
	for _, m := range w.mails() {
		if seen[m.MessageID] {
			w.t.Errorf("%q to %v arrived twice", m.Subject, m.To)
		}
		seen[m.MessageID] = true
	}
}

// untilMorning is the time to the next day's ten o'clock, when people can be written to.
func untilMorning(now time.Time) time.Duration {
	return now.UTC().Truncate(24 * time.Hour).Add(34 * time.Hour).Sub(now)
}

// untilMonday is how long it is until the next Monday, 10:00 UTC.
func untilMonday(now time.Time) time.Duration {
	day := now.UTC().Truncate(24 * time.Hour).Add(10 * time.Hour)
	for day.Before(now) || day.Weekday() != time.Monday {
		day = day.Add(24 * time.Hour)
	}
	return day.Sub(now)
}
