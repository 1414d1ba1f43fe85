// Package enginetest is the contract of engine.Store, as tests. Every store runs
// all of it:
//
//	func TestStore(t *testing.T) { enginetest.Run(t, newStore) }
package enginetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// Run runs the contract. newStore gives an empty store and cleans up after t.
func Run(t *testing.T, newStore func(t *testing.T) engine.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, engine.Store)
	}{
		{"a workflow version is kept for good", workflowIsKeptForGood},
		{"the highest version is the latest", highestVersionIsLatest},
		{"concurrent imports of one version agree", importsAgree},
		{"a person is found by id, account and e-mail", personIsFound},
		{"an account exists once", accountExistsOnce},
		{"an e-mail address exists once among people without account", emailExistsOnce},
		{"a person is saved only at the revision read", personIsSwapped},
		{"someone without account may get one", personGetsAccount},
		{"staff is listed once per role, by last visit", staffIsListed},
		{"a roster is kept by subject and paged", rosterIsKept},
		{"signals are kept once, oldest first", signalsAreKept},
		{"signals are forgotten when they expire", signalsExpire},
		{"a name leads to the accounts that have gone by it", namesAreKnown},
		{"an enrolment comes back as it was stored", enrolmentComesBack},
		{"a learner has one enrolment per workflow and course", enrolmentExistsOnce},
		{"of concurrent creations one wins", oneCreationWins},
		{"an enrolment is saved only at the revision read", enrolmentIsSwapped},
		{"of concurrent saves one wins each round", oneSaveWins},
		{"enrolments are listed by learner and by course", enrolmentsAreListed},
		{"clocks ring in order and only when set", clocksRing},
		{"a full outbox is found until it is empty", outboxIsFound},
		{"grades fall due, and wait when put off", gradesFallDue},
		{"who is waited for is known", waitingIsIndexed},
		{"where everybody stands is known", standingsAreListed},
		{"what lists need of enrolments is known", glancesAreListed},
		{"the links of a course are kept", courseLinksAreKept},
		{"all that is known of a person can be removed", peopleAreErased},
		{"old previews are found", oldPreviewsAreFound},
		{"a contribution is replaced by id", contributionIsReplaced},
		{"a file is kept under its hash", blobIsKept},
		{"the files that steps show are kept with their version", mediaAreKept},
		{"barrier actions are kept", barrierActionsAreKept},
		{"what was written about courses is found again, page by page", courseTextsAreFound},
		{"links to a portfolio are kept, by the hash of their secret", portfolioLinksAreKept},
		{"channel endpoints are kept by name", endpointsAreKept},
		{"a message is added once", messageIsAddedOnce},
		{"messages fall due, are claimed and come back", messagesFallDue},
		{"of concurrent claims one wins", oneClaimWins},
		{"messages to a person are listed, latest first", messagesAreListed},
		{"what is due and was sent to one person is found", messagesOfOnePersonAreFound},
		{"a dead letter is kept once, until it is taken away", deadLettersAreKept},
		{"a cohort is saved only at the revision read", cohortIsSwapped},
		{"members are kept by their latest word, in the order they joined", membersAreKept},
		{"a gate knows who waits and who is ready", gatesStand},
		{"of many who become ready at once somebody is the last", membersRace},
		{"groups are saved only at the revision read", groupsAreSwapped},
		{"posts are kept, listed and counted", postsAreKept},
		{"a cursor only rises", cursorRises},
		{"a lease has one holder", leaseHasOneHolder},
		{"of many who want a lease one gets it", oneGetsTheLease},
		{"enrolments are paged, of a course, of a learner and all", enrolmentsArePaged},
		{"a business event is kept once", eventIsKeptOnce},
		{"a business event is saved only at the revision read", eventIsSwapped},
		{"business events are listed, latest first, page by page", eventsAreListed},
		{"business events wait until they are applied", eventsWait},
		{"business events are forgotten, and with a person", eventsAreForgotten},
		{"values of a metric are kept, latest first", metricsAreKept},
		{"sources of events are kept", sourcesAreKept},
		{"a receipt stands until it expires", receiptsStand},
		{"odd text survives", oddTextSurvives},
		{"what is too large is refused", tooLargeIsRefused},
		{"an answer has at most as many as asked for", limitsHold},
		{"a cancelled context stops", cancelledStops},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, newStore(t))
		})
	}
}

// start is a fixed instant that milliseconds can hold.
var start = time.Date(2026, 11, 21, 9, 30, 0, 123_000_000, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the error is %v, want %v", err, want)
	}
}

func same(t *testing.T, what string, have, want any) {
	t.Helper()
	if !reflect.DeepEqual(have, want) {
		t.Errorf("%s:\n have %+v\n want %+v", what, have, want)
	}
}

// together runs f n times at once and counts how often it succeeded; every other
// error than the expected one is a failure.
func together(t *testing.T, n int, expected error, f func(i int) error) (succeeded int) {
	t.Helper()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		begin = make(chan struct{})
	)
	for i := range n {
		wg.Go(func() {
			<-begin
			err := f(i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				succeeded++
			case !errors.Is(err, expected):
				t.Errorf("attempt %d: %v", i, err)
			}
		})
	}
	close(begin)
	wg.Wait()
	return succeeded
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func limitsHold(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i := range 5 {
		e := enrolment(fmt.Sprint("e", i))
		e.Learner = engine.PersonID(fmt.Sprint("p", i))
		e.WakeAt, e.Grade = at(0), &engine.OutGrade{Score: 1, Max: 1, At: at(0)}
		e.Messages = []engine.Message{message("m", 0)}
		must(t, s.CreateEnrolment(ctx, e))
		must(t, s.AddMessage(ctx, message(fmt.Sprint("m", i), 0)))
	}
	for _, limit := range []int{1, 3} {
		same(t, "due enrolments", len(got[[]engine.Due](t)(s.DueEnrolments(ctx, at(1), limit))), limit)
		same(t, "unrelayed enrolments", len(got[[]engine.EnrolmentID](t)(s.UnrelayedEnrolments(ctx, limit))), limit)
		same(t, "due grades", len(got[[]engine.EnrolmentID](t)(s.DueGrades(ctx, at(1), limit))), limit)
		same(t, "enrolments in a course", len(got[[]*engine.Enrolment](t)(s.EnrolmentsIn(ctx, enrolment("").Course, limit))), limit)
		same(t, "due messages", len(got[[]engine.Message](t)(s.DueMessages(ctx, at(1), limit))), limit)
		same(t, "messages to someone", len(got[[]engine.Message](t)(s.MessagesTo(ctx, "sam", limit))), limit)
	}
}

func cancelledStops(t *testing.T, s engine.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.CreateEnrolment(ctx, enrolment("e")); err == nil {
		t.Error("a cancelled creation succeeded")
	}
	if _, err := s.DueEnrolments(ctx, at(0), 1); err == nil {
		t.Error("a cancelled query succeeded")
	}
	_, err := s.Enrolment(t.Context(), "e")
	wantErr(t, err, engine.ErrNotFound)
}
