package enginetest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

func peopleAreErased(t *testing.T, s engine.Store) {
	ctx := t.Context()
	sum := sha256.Sum256([]byte("x"))
	sha := hex.EncodeToString(sum[:])
	must(t, s.PutBlob(ctx, sha, []byte("x")))
	for _, id := range []engine.EnrolmentID{"e1", "e2"} {
		must(t, s.CreateEnrolment(ctx, &engine.Enrolment{ID: id, Workflow: "w", Version: 1, Learner: engine.PersonID("l-" + id), Course: engine.Course{Issuer: "i", ID: "c"}, State: engine.Active, CreatedAt: at(0)}))
		must(t, s.PutContribution(ctx, engine.Contribution{ID: engine.ContributionID("c-" + id), Enrolment: id, Files: []engine.File{{SHA256: sha}}, At: at(0)}))
		must(t, s.AddMessage(ctx, engine.Message{ID: engine.MessageID("m-" + id), To: "max", Enrolment: id, State: engine.MessageWaiting, DueAt: at(0)}))
	}
	all := got[[]*engine.Enrolment](t)(s.EnrolmentsAfter(ctx, "e1", 10))
	same(t, "enrolments after e1", len(all), 1)
	for range 2 {
		must(t, s.DeleteEnrolment(ctx, "e1"))
	}
	if _, err := s.Enrolment(ctx, "e1"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("the enrolment is there: %v", err)
	}
	same(t, "what was written in it", len(got[[]engine.Contribution](t)(s.Contributions(ctx, "e1"))), 0)
	same(t, "the file is used", got[bool](t)(s.BlobUsed(ctx, sha, "e1")), true)
	same(t, "the file is used besides", got[bool](t)(s.BlobUsed(ctx, sha, "e2")), false)
	must(t, s.DeleteEnrolment(ctx, "e2"))
	same(t, "the file is used", got[bool](t)(s.BlobUsed(ctx, sha, "e1")), false)
	must(t, s.PutWorkflow(ctx, engine.WorkflowFile{ID: "shows", Version: 1, Source: []byte("x"), Media: map[string]engine.Media{"media/x.mp4": {SHA256: sha}}}))
	same(t, "a workflow shows the file", got[bool](t)(s.BlobUsed(ctx, sha, "e1")), true)
	same(t, "the file is there", got[bool](t)(s.HasBlob(ctx, sha)), true)
	must(t, s.DeleteBlob(ctx, sha))
	same(t, "the file is there after it was deleted", got[bool](t)(s.HasBlob(ctx, sha)), false)
	if _, err := s.Blob(ctx, sha); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("the file is there: %v", err)
	}
	for _, id := range []engine.PostID{"p1", "p2", "p3"} {
		must(t, s.AddPost(ctx, engine.Post{ID: id, Thread: engine.ThreadID("t" + id[:1]), Author: "max", At: at(0)}))
	}
	must(t, s.AddPost(ctx, engine.Post{ID: "other", Thread: "u", Author: "max", At: at(0)}))
	same(t, "posts of a thread", got[int](t)(s.DeleteThread(ctx, "tp")), 3)
	same(t, "posts of a thread again", got[int](t)(s.DeleteThread(ctx, "tp")), 0)
	same(t, "posts of another", len(got[[]engine.Post](t)(s.PostsIn(ctx, "u", engine.PostRef{}, 10))), 1)
	gone, stays := businessEvent("1", 0), businessEvent("2", 1)
	got[bool](t)(s.AddEvent(ctx, gone))
	got[bool](t)(s.AddEvent(ctx, stays))
	for range 2 {
		must(t, s.DeleteEvent(ctx, gone.Key))
	}
	same(t, "events", keysOf(got[[]engine.BusinessEvent](t)(s.Events(ctx, engine.EventPlace{}, 10))), []string{"2"})
	same(t, "messages of one enrolment", got[int](t)(s.DeleteMessages(ctx, "max", "e1")), 1)
	same(t, "the others", got[int](t)(s.DeleteMessages(ctx, "max", "")), 1)

	account := engine.ByAccount("https://lms.example", `5"`)
	name := engine.ByEmail("sam@example.org")
	must(t, s.PutAlias(ctx, engine.Alias{Of: name, Issuer: account.Issuer, Subject: account.Name, Seen: at(0)}))
	must(t, s.PutAlias(ctx, engine.Alias{Of: name, Issuer: account.Issuer, Subject: "6", Seen: at(0)}))
	must(t, s.PutSignal(ctx, engine.Signal{ID: "1", Issuer: account.Issuer, Subject: account.Name, At: at(0)}))
	must(t, s.PutSignal(ctx, engine.Signal{ID: "2", Issuer: account.Issuer, Subject: "6", At: at(0)}))
	for _, issuer := range []string{account.Issuer, "https://other.example"} {
		for _, course := range []string{"1", "2"} {
			must(t, s.PutRosterEntry(ctx, engine.RosterEntry{Issuer: issuer, Course: course, Subject: account.Name, Person: "p"}))
		}
	}
	for _, role := range []string{"instructor", "roster.mentor"} {
		must(t, s.AddStaff(ctx, engine.Staff{Issuer: account.Issuer, Course: "1", Person: "p", Role: role, Seen: at(0)}))
		must(t, s.AddStaff(ctx, engine.Staff{Issuer: account.Issuer, Course: "1", Person: "q", Role: role, Seen: at(0)}))
	}
	same(t, "aliases", got[int](t)(s.DeleteAliases(ctx, account)), 1)
	same(t, "signals", got[int](t)(s.DeleteSignals(ctx, account)), 1)
	same(t, "roster entries", got[int](t)(s.DeleteRosterEntries(ctx, account)), 2)
	must(t, s.RemoveStaff(ctx, engine.Staff{Issuer: account.Issuer, Course: "1", Person: "q", Role: "roster.mentor"}))
	same(t, "staff", got[int](t)(s.DeleteStaff(ctx, "p")), 2)
	same(t, "staff left", len(got[[]engine.Staff](t)(s.StaffOf(ctx, engine.Course{Issuer: account.Issuer, ID: "1"}))), 1)
	same(t, "aliases left", len(got[[]engine.Alias](t)(s.AliasesOf(ctx, name))), 1)

	for _, id := range []engine.PostID{"p1", "p2", "p3"} {
		author := engine.PersonID("p")
		if id == "p2" {
			author = "q"
		}
		must(t, s.AddPost(ctx, engine.Post{ID: id, Thread: engine.ThreadID("t-" + id), Author: author, Text: "x", At: at(0)}))
	}
	same(t, "posts", len(got[[]engine.Post](t)(s.PostsOfAuthor(ctx, "p", "", 10))), 2)
	same(t, "posts after p1", got[[]engine.Post](t)(s.PostsOfAuthor(ctx, "p", "p1", 10))[0].ID, engine.PostID("p3"))

	must(t, s.PutTombstone(ctx, engine.Tombstone{ID: "t", At: at(0), Salt: "one"}))
	must(t, s.PutTombstone(ctx, engine.Tombstone{ID: "t", At: at(1), Salt: "two"}))
	same(t, "the tombstone", got[engine.Tombstone](t)(s.Tombstone(ctx, "t")), engine.Tombstone{ID: "t", At: at(0), Salt: "one"})
	if _, err := s.Tombstone(ctx, "u"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("a tombstone of nobody: %v", err)
	}
}

func oldPreviewsAreFound(t *testing.T, s engine.Store) {
	ctx := t.Context()
	for i, id := range []engine.EnrolmentID{"e1", "e2", "e3"} {
		e := &engine.Enrolment{ID: id, Workflow: "w", Version: 1, Learner: engine.PersonID("l-" + id), Course: engine.Course{Issuer: "i", ID: "c"},
			State: engine.Active, CreatedAt: at(0), LaunchedAt: at(i), Preview: id != "e1"}
		must(t, s.CreateEnrolment(ctx, e))
		must(t, s.SaveEnrolment(ctx, e))
	}
	same(t, "old previews", got[[]engine.EnrolmentID](t)(s.OldPreviews(ctx, at(2), 10)), []engine.EnrolmentID{"e2"})
}
