package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

const lms = "https://lms.example"

func learner(id, subject string) engine.Person {
	return engine.Person{ID: engine.PersonID(id), Issuer: lms, Subject: subject, Name: "Sam Sailor", Email: "sam@example.org",
		Locale: "de-AT", Zone: "Europe/Vienna", CreatedAt: start}
}

func reviewer(id, email string) engine.Person {
	return engine.Person{ID: engine.PersonID(id), Name: "Max Manager", Email: email, NamedBy: "sam", CreatedAt: start,
		Unsubscribed: map[string]time.Time{"e.mail": at(3)}}
}

func personIsFound(t *testing.T, s engine.Store) {
	ctx := t.Context()
	sam, boss := learner("sam", "5"), reviewer("max", "Max@Example.org")
	must(t, s.CreatePerson(ctx, sam))
	must(t, s.CreatePerson(ctx, boss))
	sam.Rev, boss.Rev = 1, 1

	same(t, "by id", got[engine.Person](t)(s.Person(ctx, "sam")), sam)
	same(t, "by account", got[engine.Person](t)(s.PersonByAccount(ctx, lms, "5")), sam)
	same(t, "by e-mail", got[engine.Person](t)(s.PersonByEmail(ctx, " max@EXAMPLE.org ")), boss)

	_, err := s.Person(ctx, "sofia")
	wantErr(t, err, engine.ErrNotFound)
	_, err = s.PersonByAccount(ctx, lms, "6")
	wantErr(t, err, engine.ErrNotFound)
	_, err = s.PersonByAccount(ctx, lms+`","5`, "")
	wantErr(t, err, engine.ErrNotFound)
	_, err = s.PersonByEmail(ctx, "sam@example.org")
	wantErr(t, err, engine.ErrNotFound) // Sam has an account
}

func accountExistsOnce(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "people created", together(t, 20, engine.ErrConflict, func(i int) error {
		return s.CreatePerson(ctx, learner(fmt.Sprint("sam", i), "5"))
	}), 1)
	must(t, s.CreatePerson(ctx, learner("sofia", "6")))
	wantErr(t, s.CreatePerson(ctx, learner("sofia", "7")), engine.ErrConflict) // the id is taken

	other := learner("elsewhere", "5")
	other.Issuer = "https://other.example"
	must(t, s.CreatePerson(ctx, other))
}

func emailExistsOnce(t *testing.T, s engine.Store) {
	ctx := t.Context()
	same(t, "reviewers created", together(t, 20, engine.ErrConflict, func(i int) error {
		return s.CreatePerson(ctx, reviewer(fmt.Sprint("max", i), []string{"max@example.org", "MAX@example.org"}[i%2]))
	}), 1)
	account := learner("max-in-lms", "8")
	account.Email = "max@example.org"
	must(t, s.CreatePerson(ctx, account)) // addresses in the LMS are not ours to judge

	for _, id := range []string{"nobody", "nobody2"} {
		must(t, s.CreatePerson(ctx, engine.Person{ID: engine.PersonID(id), CreatedAt: start}))
	}
	_, err := s.PersonByEmail(ctx, "")
	wantErr(t, err, engine.ErrNotFound)
}

func personIsSwapped(t *testing.T, s engine.Store) {
	ctx := t.Context()
	must(t, s.CreatePerson(ctx, learner("sam", "5")))
	p := got[engine.Person](t)(s.Person(ctx, "sam"))
	p.Zone = "Europe/Berlin"
	must(t, s.SavePerson(ctx, p))
	wantErr(t, s.SavePerson(ctx, p), engine.ErrConflict)
	p.Rev++
	same(t, "the person", got[engine.Person](t)(s.Person(ctx, "sam")), p)
	wantErr(t, s.SavePerson(ctx, learner("sofia", "6")), engine.ErrNotFound)

	for round := range 3 {
		p := got[engine.Person](t)(s.Person(ctx, "sam"))
		same(t, fmt.Sprint("saves in round ", round), together(t, 10, engine.ErrConflict, func(i int) error {
			mine := p
			mine.Name = fmt.Sprint("Sam ", i)
			return s.SavePerson(ctx, mine)
		}), 1)
	}
}

func personGetsAccount(t *testing.T, s engine.Store) {
	ctx := t.Context()
	must(t, s.CreatePerson(ctx, reviewer("max", "max@example.org")))
	must(t, s.CreatePerson(ctx, learner("sam", "5")))
	p := got[engine.Person](t)(s.Person(ctx, "max"))
	p.Issuer, p.Subject = lms, "5"
	wantErr(t, s.SavePerson(ctx, p), engine.ErrConflict) // that is Sam's account
	p.Subject = "9"
	must(t, s.SavePerson(ctx, p))
	same(t, "by account", got[engine.Person](t)(s.PersonByAccount(ctx, lms, "9")).ID, engine.PersonID("max"))
	_, err := s.PersonByEmail(ctx, "max@example.org")
	wantErr(t, err, engine.ErrNotFound)
	must(t, s.CreatePerson(ctx, reviewer("max2", "max@example.org")))
}

func staffIsListed(t *testing.T, s engine.Store) {
	ctx := t.Context()
	tessa := engine.Staff{Issuer: lms, Course: "2", Person: "tessa", Role: "instructor", Seen: at(0)}
	ada := engine.Staff{Issuer: lms, Course: "2", Person: "ada", Role: "administrator", Seen: at(1)}
	adaTeaches := engine.Staff{Issuer: lms, Course: "2", Person: "ada", Role: "instructor", Seen: at(2)}
	elsewhere := engine.Staff{Issuer: lms, Course: "3", Person: "tessa", Role: "instructor", Seen: at(0)}
	for _, st := range []engine.Staff{ada, tessa, adaTeaches, elsewhere} {
		must(t, s.AddStaff(ctx, st))
	}
	course := engine.Course{Registration: "any", Issuer: lms, ID: "2", Title: "Negotiation"}
	same(t, "the staff", got[[]engine.Staff](t)(s.StaffOf(ctx, course)), []engine.Staff{tessa, ada, adaTeaches})

	tessa.Seen = at(10)
	same(t, "visits noted", together(t, 5, nil, func(int) error { return s.AddStaff(ctx, tessa) }), 5)
	same(t, "the staff", got[[]engine.Staff](t)(s.StaffOf(ctx, course)), []engine.Staff{ada, adaTeaches, tessa})
	same(t, "nobody", len(got[[]engine.Staff](t)(s.StaffOf(ctx, engine.Course{Issuer: lms, ID: "4"}))), 0)
}

func signalsAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	first := engine.Signal{ID: "s1", Issuer: lms, Subject: "5", CourseName: engine.CourseName{Object: lms + "/course/view.php?id=2"}, At: at(0)}
	later := engine.Signal{ID: "s2", Issuer: lms, Subject: "5", CourseName: engine.CourseName{Object: lms + "/course/view.php?id=3"}, At: at(9)}
	foreign := engine.Signal{ID: "s3", Issuer: lms, Subject: "6", CourseName: engine.CourseName{Object: lms + "/course/view.php?id=2"}, At: at(1)}
	for _, sig := range []engine.Signal{later, first, foreign} {
		must(t, s.PutSignal(ctx, sig))
	}
	changed := first
	changed.At = at(20)
	must(t, s.PutSignal(ctx, changed))
	same(t, "the signals", got[[]engine.Signal](t)(s.SignalsOf(ctx, lms, "5")), []engine.Signal{first, later})
	same(t, "none", len(got[[]engine.Signal](t)(s.SignalsOf(ctx, lms, strings.Repeat("5", 3)))), 0)
}
