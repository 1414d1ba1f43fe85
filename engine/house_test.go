package engine_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/cmd/sqlitedb"
	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/enginesqlite"
	"github.com/cairn-lms/cairn/engine/library"
	"github.com/cairn-lms/cairn/xapi"
)

const (
	iriBase = "https://cairn.example/x/main"
	lms     = "https://lms.example"
)

// house is a service on a real SQLite store with a clock to move.
type house struct {
	db *sql.DB
	*engine.Service
	t       *testing.T
	options engine.Options
	store   engine.Store
	book    *book
	post    *post
	now     time.Time
	id      engine.EnrolmentID
	sam     engine.PersonID
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at reads a time in Berlin.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	out, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	must(t, err)
	return out
}

func newHouse(t *testing.T, begin string) *house {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "engine.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	store, err := enginesqlite.New(t.Context(), db)
	must(t, err)
	h := &house{t: t, db: db, store: store, book: &book{t: t, byID: map[string]string{}}, post: &post{}, now: at(t, begin)}
	h.options = engine.Options{
		Tenant: "main", Store: store, Recorder: h.book, Gradebook: h.book, Mailer: h.post, Links: h.post, IRIBase: iriBase,
		Now: func() time.Time { return h.now },
	}
	h.Service = engine.New(h.options)
	h.post.now = h.options.Now
	for _, file := range []string{"first-steps.yaml", "negotiation-skills.yaml"} {
		source, err := library.Files().Open(file)
		must(t, err)
		b := make([]byte, 1<<20)
		n, err := source.Read(b)
		must(t, err)
		_, _, err = h.ImportWorkflow(t.Context(), file, b[:n], library.Files())
		must(t, err)
	}
	return h
}

// arrive launches Sam into a workflow.
func (h *house) arrive(w engine.WorkflowID, custom map[string]string) *engine.Enrolment {
	h.t.Helper()
	e, err := h.Arrive(h.t.Context(), arrival(w, custom))
	must(h.t, err)
	h.id, h.sam = e.ID, e.Learner
	return e
}

func arrival(w engine.WorkflowID, custom map[string]string) engine.Arrival {
	return engine.Arrival{
		Issuer: lms, Subject: "5", Name: "Sam Sailor", Email: "sam@example.org", Locale: "en", Zone: "Europe/Berlin", Workflow: w,
		Course:      engine.Course{Registration: "r1", Issuer: lms, ID: "2", Title: "Negotiation skills"},
		RelaunchURL: lms + "/mod/lti/view.php?l=7", LineItem: lms + "/lineitem", Custom: custom,
	}
}

// pass moves the clock in the hops the engine asks for, sweeping at each, as the development clock does.
func (h *house) pass(until string) {
	h.t.Helper()
	end := at(h.t, until)
	for {
		next, ok, err := h.NextAlarm(h.t.Context(), end)
		must(h.t, err)
		if !ok {
			break
		}
		h.now = next
		h.sweep()
	}
	h.now = end
	h.sweep()
}

func (h *house) sweep() {
	h.t.Helper()
	report, err := h.Sweep(h.t.Context(), "test")
	must(h.t, err)
	if report.Held {
		h.t.Fatal("nobody else can be sweeping")
	}
}

func (h *house) home() *engine.Home {
	h.t.Helper()
	home, err := h.Home(h.t.Context(), h.id)
	must(h.t, err)
	return home
}

func (h *house) next() engine.StepID {
	h.t.Helper()
	home := h.home()
	if home.Next == nil {
		return ""
	}
	return home.Next.Step.ID
}

func (h *house) step(id engine.StepID) *engine.StepView {
	h.t.Helper()
	v, err := h.StepView(h.t.Context(), h.id, id, true)
	must(h.t, err)
	return v
}

// request is the newest personal link in the mails to somebody.
func (h *house) request(to string) engine.RequestID {
	h.t.Helper()
	for _, m := range slices.Backward(h.post.sent()) {
		if m.To.Email == to && m.Message.Request != "" {
			return m.Message.Request
		}
	}
	h.t.Fatalf("no mail with a link to %s", to)
	return ""
}

// completes posts the statement that Moodle posts when Sam completes the course.
func (h *house) completes() {
	h.t.Helper()
	must(h.t, h.Observe(h.t.Context(), 1, h.completion("5"), xapi.AccountAgent(iriBase, "lms-key")))
}

func (h *house) completion(subject string) *xapi.Statement {
	return &xapi.Statement{
		Actor: xapi.AccountAgent(lms, subject), Verb: xapi.VerbOf(xapi.VerbCompleted), Timestamp: h.now,
		Object: xapi.ActivityObject(xapi.Activity{ID: lms + "/course/view.php?id=2", Definition: &xapi.Definition{Type: xapi.TypeCourse}}),
	}
}

// book is a record store and a gradebook that notice what is done twice.
type book struct {
	t      testing.TB
	mu     sync.Mutex
	byID   map[string]string
	order  []*xapi.Statement
	grades []engine.OutGrade
	fail   int // so many calls fail
}

func (b *book) Record(_ context.Context, statements []xapi.Statement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail > 0 {
		b.fail--
		return errors.New("the record store is away")
	}
	for _, st := range statements {
		data, err := json.Marshal(st)
		if err != nil {
			return err
		}
		strict, err := xapi.Decode(data, xapi.V103)
		if err != nil {
			return fmt.Errorf("invalid statement: %w\n%s", err, data)
		}
		if had, ok := b.byID[st.ID]; ok {
			if had != string(data) {
				return fmt.Errorf("another statement has id %s:\n%s\n%s", st.ID, had, data)
			}
			continue
		}
		b.byID[st.ID] = string(data)
		b.order = append(b.order, strict)
	}
	return nil
}

func (b *book) Post(_ context.Context, _ *engine.Enrolment, _ engine.Person, g engine.OutGrade) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grades = append(b.grades, g)
	return nil
}

// verbs are the last words of all recorded verbs, in order.
func (b *book) verbs() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, st := range b.order {
		out = append(out, st.Verb.ID[strings.LastIndexByte(st.Verb.ID, '/')+1:])
	}
	return out
}

func (b *book) count(verb string) int {
	n := 0
	for _, v := range b.verbs() {
		if v == verb {
			n++
		}
	}
	return n
}

// post is a mailbox.
type post struct {
	mu    sync.Mutex
	mails []engine.Mail
	times []time.Time
	now   func() time.Time
	fail  error
}

func (p *post) Send(_ context.Context, m engine.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.mails, p.times = append(p.mails, m), append(p.times, p.now())
	return nil
}

func (p *post) sent() []engine.Mail {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

// told is what each mail was: who, why, about which step.
func (p *post) told() []string {
	var out []string
	for _, m := range p.sent() {
		name, _, _ := strings.Cut(m.To.Email, "@")
		out = append(out, name+" "+m.Message.Purpose+" "+string(m.Message.Step))
	}
	return out
}

func (p *post) Request(_ string, e engine.EnrolmentID, r engine.RequestID) string {
	return "https://cairn.example/r/" + string(e) + "." + string(r)
}

func (p *post) Unsubscribe(_ string, id engine.PersonID, channel string) string {
	return "https://cairn.example/u/" + string(id) + "." + channel
}

func (p *post) Waitlist(_ string, id engine.PersonID, generation int, _ time.Time) string {
	return fmt.Sprintf("https://cairn.example/w/%s.%d", id, generation)
}

func (p *post) Nudge(_ string, _ engine.MessageID, to string) string { return to }
