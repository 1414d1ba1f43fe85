package enginetest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

func leaseHasOneHolder(t *testing.T, s engine.Store) {
	ctx := t.Context()
	take := func(holder string, now, until int) bool {
		t.Helper()
		return got[bool](t)(s.TakeLease(ctx, "sweep", holder, at(now), at(until)))
	}
	same(t, "a free lease", take("a", 0, 10), true)
	same(t, "a held lease", take("b", 9, 19), false)
	same(t, "one's own lease", take("a", 5, 15), true)
	same(t, "a renewed lease", take("b", 14, 24), false)
	same(t, "an expired lease", take("b", 15, 25), true)
	same(t, "a lost lease", take("a", 16, 26), false)
	same(t, "another lease", got[bool](t)(s.TakeLease(ctx, "other", "a", at(0), at(10))), true)

	must(t, s.ReleaseLease(ctx, "sweep", "a")) // not a's any more
	same(t, "a lease released by a stranger", take("c", 16, 26), false)
	must(t, s.ReleaseLease(ctx, "sweep", "b"))
	same(t, "a released lease", take("c", 16, 26), true)
	must(t, s.ReleaseLease(ctx, "never taken", "c"))
}

func oneGetsTheLease(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for round := range 4 { // free at first, then expired
		var (
			mu      sync.Mutex
			holders []string
		)
		now := at(round * 10)
		together(t, 20, nil, func(i int) error {
			holder := fmt.Sprint("worker", round, "-", i)
			ok, err := s.TakeLease(ctx, "sweep", holder, now, now.Add(10*time.Minute))
			mu.Lock()
			defer mu.Unlock()
			if ok {
				holders = append(holders, holder)
			}
			return err
		})
		if len(holders) != 1 {
			t.Errorf("round %d: the lease has the holders %v", round, holders)
		}
	}
}

func contributionIsReplaced(t *testing.T, s engine.Store) {
	ctx := t.Context()
	draft := engine.Contribution{ID: "c1", Enrolment: "e1", Step: "try", Attempt: 1, Author: "sam", Draft: true,
		Answers: []engine.Answered{{Key: "what", Label: "What happened?", Value: "I asked for"}}, At: at(1)}
	must(t, s.PutContribution(ctx, draft))
	full := draft
	full.Answers = []engine.Answered{{Key: "what", Value: "I asked for more time."}, {Key: "with", Values: []string{"a", "b"}}}
	full.Ratings = map[engine.BehaviourID]int{"trade": 4}
	full.Files = []engine.File{{Name: "offer.pdf", ContentType: "application/pdf", Size: 3, SHA256: sum([]byte("abc"))}}
	full.At, full.Words = at(2), 5
	same(t, "writes", together(t, 5, nil, func(int) error { return s.PutContribution(ctx, full) }), 5)
	same(t, "the contribution", got[engine.Contribution](t)(s.Contribution(ctx, "c1")), full)

	earlier, foreign := draft, draft
	earlier.ID, earlier.At = "c0", at(0)
	foreign.ID, foreign.Enrolment = "c2", "e2"
	must(t, s.PutContribution(ctx, earlier))
	must(t, s.PutContribution(ctx, foreign))
	same(t, "those of the enrolment", got[[]engine.Contribution](t)(s.Contributions(ctx, "e1")), []engine.Contribution{earlier, full})
	_, err := s.Contribution(ctx, "c9")
	wantErr(t, err, engine.ErrNotFound)
}

func blobIsKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	large := make([]byte, engine.MaxBlob)
	_, _ = rand.Read(large)
	for _, data := range [][]byte{{}, []byte("a\x00b"), large} {
		must(t, s.PutBlob(ctx, sum(data), data))
		must(t, s.PutBlob(ctx, sum(data), data))
		if back := got[[]byte](t)(s.Blob(ctx, sum(data))); !bytes.Equal(back, data) {
			t.Errorf("a file of %d bytes came back with %d", len(data), len(back))
		}
	}
	wantErr(t, s.PutBlob(ctx, sum([]byte("x")), []byte("y")), engine.ErrInvalid)
	_, err := s.Blob(ctx, sum([]byte("x")))
	wantErr(t, err, engine.ErrNotFound)
}

func oddTextSurvives(t *testing.T, s engine.Store) {
	ctx := t.Context()
	odd := "a.b $c \" ' \\ \u0000 \u2028 \U0001F9ED ÄÖÜ مرحبا <script>&amp;"
	c := engine.Contribution{ID: engine.ContributionID(strings.ReplaceAll(odd, "\x00", "")), Enrolment: "e.$1", Step: "try", Author: "sam", At: at(0),
		Answers: []engine.Answered{{Key: "$odd.key", Value: odd}}, Comment: odd}
	must(t, s.PutContribution(ctx, c))
	same(t, "the contribution", got[engine.Contribution](t)(s.Contribution(ctx, c.ID)), c)
	same(t, "the list", got[[]engine.Contribution](t)(s.Contributions(ctx, "e.$1")), []engine.Contribution{c})
}

func tooLargeIsRefused(t *testing.T, s engine.Store) {
	ctx := t.Context()
	large := make([]byte, engine.MaxBlob+1)
	wantErr(t, s.PutBlob(ctx, sum(large), large), engine.ErrInvalid)
	c := engine.Contribution{ID: "c1", Enrolment: "e1", Comment: strings.Repeat("word ", 2<<20)}
	wantErr(t, s.PutContribution(ctx, c), engine.ErrInvalid)
	_, err := s.Contribution(ctx, "c1")
	wantErr(t, err, engine.ErrNotFound)
}
