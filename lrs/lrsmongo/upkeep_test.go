package lrsmongo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

var ada = xapi.Agent{Mbox: "mailto:ada@e.org"}

// records is a record store in which Ada and Grace did something.
func records(t *testing.T, s *Store) *lrs.LRS {
	t.Helper()
	l := lrs.New(s, lrs.Options{IRIBase: "https://cairn.example"})
	grace := xapi.AccountAgent("https://e.org", "Grace")
	course := xapi.ActivityObject(xapi.Activity{ID: "https://e.org/course"})
	did, at := xapi.VerbOf("https://e.org/did"), time.Now().Add(-time.Hour)
	err := l.Record(t.Context(), xapi.AccountAgent("https://e.org", "lms"), []xapi.Statement{
		{ID: entryOf(1).ID, Actor: ada, Verb: did, Object: course, Timestamp: at},
		{ID: entryOf(2).ID, Actor: grace, Verb: did, Object: xapi.RefObject(entryOf(1).ID), Timestamp: at},
		{ID: entryOf(3).ID, Actor: grace, Verb: did, Object: course, Timestamp: at, Context: &xapi.Context{Instructor: &ada}},
		{ID: entryOf(4).ID, Actor: grace, Verb: did, Object: xapi.RefObject(entryOf(3).ID), Timestamp: at},
		{ID: entryOf(5).ID, Actor: ada, Verb: xapi.VerbOf(xapi.VerbVoided), Object: xapi.RefObject(entryOf(2).ID), Timestamp: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func problems(t *testing.T, l *lrs.LRS) string {
	t.Helper()
	var out []string
	if _, err := l.Verify(t.Context(), lrs.VerifyOptions{Problem: func(p string) { out = append(out, p) }}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// A process that erases is killed at each of the commands that change something.
func TestAnErasureThatIsKilledAtAnyCommandIsCompletedByTheNext(t *testing.T) {
	for nth, killed := int32(1), true; killed; nth += 2 {
		c := &cut{nth: nth}
		sick, well := stores(t, c.client())
		l := records(t, well)
		ctx, cancel := c.within(t.Context())
		_, err := lrs.New(sick, lrs.Options{IRIBase: "https://cairn.example"}).Erase(ctx, lrs.Erasure{Agent: ada})
		if killed = ctx.Err() != nil; !killed && err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := l.Erase(t.Context(), lrs.Erasure{Agent: ada}); err != nil {
			t.Fatal(err)
		}
		if p := problems(t, l); p != "" {
			t.Errorf("killed at command %d, completed, then verified:\n%s", nth, p)
		}
		rows, _, err := well.Select(t.Context(), lrs.Selection{Until: 1 << 62, Limit: 100, Ascending: true, Voided: true})
		got := ""
		for _, r := range rows {
			got += r.ID[35:]
			if strings.Contains(string(r.Doc), "mailto:ada") {
				t.Errorf("killed at command %d: %s is left", nth, r.Doc)
			}
		}
		if err != nil || got != "2345" {
			t.Errorf("killed at command %d: statements %s are left, %v; want 2345", nth, got, err)
		}
	}
}

func TestVerifyFindsWhatIsDamaged(t *testing.T) {
	_, s := stores(t, options.Client())
	l := records(t, s)
	if p := problems(t, l); p != "" {
		t.Fatalf("before any damage: %s", p)
	}
	for _, c := range []struct {
		n      int
		damage bson.M
		says   string
	}{
		{1, bson.M{"$set": bson.M{"sum": "x"}}, "its bytes are not those of its checksum"},
		{2, bson.M{"$set": bson.M{"voided": false}}, "a statement voids it, but it is not marked"},
		{3, bson.M{"$set": bson.M{"voided": true}}, "it is marked as voided, but no statement voids it"},
		{4, bson.M{"$addToSet": bson.M{"keys": "surplus"}}, "the index has 1 keys by which it should not be found"},
		{5, bson.M{"$set": bson.M{"keys": bson.A{}, "target": ""}}, "the index has another target"},
	} {
		if _, err := s.statements.UpdateOne(t.Context(), bson.M{"_id": entryOf(c.n).ID}, c.damage); err != nil {
			t.Fatal(err)
		}
		if got, want := problems(t, l), fmt.Sprintf("statement %s: ", entryOf(c.n).ID); !strings.Contains(got, want) || !strings.Contains(got, c.says) {
			t.Errorf("it does not say %q of statement %d but\n%s", c.says, c.n, got)
		}
	}
	if got := problems(t, l); !strings.Contains(got, "the index lacks") {
		t.Errorf("it does not say that keys are missing but\n%s", got)
	}
}

// A batch that took off before the tombstones were there may hold what they are
// for: burying waits for it, so that whoever erases sees all of it.
func TestBuryingWaitsForTheBatchesUnderWay(t *testing.T) {
	other, s := stores(t, options.Client())
	f, _, _, err := other.clock.takeOff(t.Context(), "early", 1, func() (time.Time, error) { return time.Now(), nil })
	if err != nil {
		t.Fatal(err)
	}
	buried := make(chan error, 1)
	go func() { buried <- s.Bury(t.Context(), []lrs.Tombstone{{Name: lrs.BuriedID(entryOf(1).ID), At: 1}}) }()
	for n := int64(0); n == 0; { // until the tombstone is there
		var err error
		if n, err = s.tombstones.CountDocuments(t.Context(), bson.M{}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-buried:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	if err := other.clock.land(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := <-buried; err != nil {
		t.Fatal(err)
	}
}
