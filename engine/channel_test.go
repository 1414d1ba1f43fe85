package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// chat is a chat tool, and seals by writing the label before what is sealed.
type chat struct {
	mu   sync.Mutex
	got  []string // endpoint, purpose, to
	fail error
}

func (c *chat) Post(_ context.Context, to engine.Endpoint, m engine.Mail) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	c.got = append(c.got, to.Name+" "+to.URL+" "+m.Message.Purpose+" "+m.To.Name)
	return nil
}

func (*chat) Seal(plain []byte, label string) []byte { return []byte(label + "|" + string(plain)) }

func (*chat) Again(sealed []byte, _ string) ([]byte, bool, error) { return sealed, false, nil }

func (*chat) Open(sealed []byte, label string) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), label+"|")
	if !ok {
		return nil, errors.New("sealed with another label")
	}
	return []byte(plain), nil
}

// oneStep is a workflow of one reading step with what is asked of its nudges.
func oneStep(nudges string) string {
	return `workflow: one
version: 1
title: One
goal: {outcome: Something}
behaviours: [{id: b, text: Does it, scale: [no, yes], target: 2, observers: [learner, manager]}]
` + nudges + `
phases:
  - phase: before
    title: Before
    steps:
      - {id: read, kind: read, title: Read it, by: learner, due: enrolled + 3wd, minutes: 4}
`
}

// withWorkflow imports a workflow and launches Sam into it, with a chat tool at hand.
func withWorkflow(t *testing.T, begin, source string) (*house, *chat) {
	t.Helper()
	h := newHouse(t, begin)
	c := &chat{}
	h.options.Chat, h.options.Sealer = c, c
	h.Service = engine.New(h.options)
	w, problems, err := h.ImportWorkflow(t.Context(), "test.yaml", []byte(source), nil)
	if err != nil {
		t.Fatal(err, problems)
	}
	h.arrive(w.ID, maxed)
	return h, c
}

func (h *house) inbox() []string {
	h.t.Helper()
	in, err := h.Inbox(h.t.Context(), h.sam, engine.Paging{})
	must(h.t, err)
	var out []string
	for _, it := range in.Items {
		out = append(out, it.Purpose+" "+string(it.Message.Step))
	}
	return out
}

func TestTheInboxNeedsNoMailerAndKeepsWhatUnsubscribingStops(t *testing.T) {
	h, _ := withWorkflow(t, monday, oneStep("nudges: {channels: [lms]}"))
	h.options.Mailer = nil
	h.Service = engine.New(h.options)
	h.pass("2026-11-23 12:00")
	if got := h.inbox(); !slices.Equal(got, []string{"step_open read"}) || len(h.post.sent()) != 0 {
		t.Fatalf("inbox %v, mails %v", got, h.post.told())
	}
	if n := h.book.count("notified"); n != 1 {
		t.Errorf("%d statements say so", n)
	}

	h, _ = withWorkflow(t, monday, oneStep("nudges: {channels: [lms, email]}"))
	must(t, h.Unsubscribe(t.Context(), h.sam, "email"))
	h.pass("2026-11-27 12:00")
	if got := h.inbox(); len(got) != 3 || len(h.post.sent()) != 0 {
		t.Fatalf("inbox %v, mails %v", got, h.post.told())
	}
}

func TestTheInboxIsPagedAndRead(t *testing.T) {
	h, _ := withWorkflow(t, monday, oneStep("nudges: {channels: [lms]}"))
	h.pass("2026-11-27 12:00")
	in, err := h.Inbox(t.Context(), h.sam, engine.Paging{Limit: 2})
	must(t, err)
	if len(in.Items) != 2 || in.Unread != 3 || in.Next == "" || in.Items[0].Purpose != "step_late" || !in.Items[0].Open || in.Items[1].Open {
		t.Fatalf("the first page is %+v", in)
	}
	must(t, h.ReadInbox(t.Context(), h.sam, in.Items[0].ID))
	in, err = h.Inbox(t.Context(), h.sam, engine.Paging{Limit: 2, After: in.Next})
	must(t, err)
	if len(in.Items) != 1 || in.Unread != 2 || in.Next != "" {
		t.Fatalf("the second page is %+v", in)
	}
	if err := h.ReadInbox(t.Context(), "somebody", in.Items[0].ID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("somebody else read it: %v", err)
	}
	must(t, h.ReadInbox(t.Context(), h.sam))
	if in, err = h.Inbox(t.Context(), h.sam, engine.Paging{}); err != nil || in.Unread != 0 {
		t.Errorf("%d unread, %v", in.Unread, err)
	}
}

func TestANudgeTakesTheFirstChannelThatReaches(t *testing.T) {
	for _, c := range []struct {
		name          string
		channels      string
		change        func(*house)
		chat, mail    int
		endpointTaker bool
	}{
		{"chat comes first", "[lms, chat, email]", func(*house) {}, 1, 0, true},
		{"e-mail comes first", "[lms, email, chat]", func(*house) {}, 0, 1, true},
		{"no chat is set up", "[lms, chat, email]", func(*house) {}, 0, 1, false},
		{"chat is stopped", "[lms, chat, email]", func(h *house) { must(h.t, h.Unsubscribe(h.t.Context(), h.sam, "chat")) }, 0, 1, true},
		{"e-mail is stopped", "[lms, email, chat]", func(h *house) { must(h.t, h.Unsubscribe(h.t.Context(), h.sam, "email")) }, 1, 0, true},
		{"mails come back", "[lms, email, chat]", func(h *house) {
			must(h.t, h.ReportMail(h.t.Context(), engine.MailReport{Kind: engine.HardBounce, Recipient: "SAM@example.org"}))
		}, 1, 0, true},
		{"both are stopped", "[lms, email, chat]", func(h *house) {
			must(h.t, h.SavePreferences(h.t.Context(), h.sam, engine.Preferences{}, map[string]bool{"email": true, "chat": true}))
		}, 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, tool := withWorkflow(t, "2026-11-23 08:00", oneStep("nudges: {channels: "+c.channels+"}"))
			if c.endpointTaker {
				e := engine.Endpoint{Name: "sales", Kind: engine.Slack, Who: []engine.Role{engine.Learner}}
				e.URL = "https://hooks.example/T/B/X"
				_, err := h.AddEndpoint(t.Context(), e)
				must(t, err)
			}
			c.change(h)
			h.pass("2026-11-23 12:00")
			if len(tool.got) != c.chat || len(h.post.sent()) != c.mail || len(h.inbox()) != 1 {
				t.Errorf("chat %v, mails %v, inbox %v", tool.got, h.post.told(), h.inbox())
			}
		})
	}
}

func TestAChannelThatIsGoneIsDisabledAndTheNextOneTaken(t *testing.T) {
	h, tool := withWorkflow(t, "2026-11-23 08:00", oneStep("nudges: {channels: [lms, chat, email]}"))
	e := engine.Endpoint{Name: "bot", Kind: engine.Generic, Who: []engine.Role{engine.Learner, engine.Manager}}
	e.URL = "https://bot.example/x"
	added, err := h.AddEndpoint(t.Context(), e)
	must(t, err)
	if !strings.HasPrefix(added.Secret, "whsec_") {
		t.Errorf("the secret is %q", added.Secret)
	}
	tool.fail = &engine.GoneError{Err: errors.New("410")}
	h.pass("2026-11-23 12:00")
	if got := h.post.told(); !slices.Equal(got, []string{"sam step_open read"}) {
		t.Fatalf("mails: %v", got)
	}
	all, err := h.Endpoints(t.Context())
	must(t, err)
	if len(all) != 1 || all[0].DisabledAt.IsZero() || all[0].URL != "" {
		t.Errorf("the channels are %+v", all)
	}
	if err := h.TestEndpoint(t.Context(), "bot"); err == nil {
		t.Error("a test of a channel that is gone succeeded")
	}
	tool.fail = nil
	must(t, h.TestEndpoint(t.Context(), "bot"))
	if all, _ = h.Endpoints(t.Context()); !all[0].DisabledAt.IsZero() {
		t.Error("the channel is still off")
	}
	must(t, h.RemoveEndpoint(t.Context(), "bot"))
	if err := h.RemoveEndpoint(t.Context(), "bot"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

// A worker dies after the mail went out: whoever takes over sends the same mail, and nothing by another channel.
func TestAMessageNeverGoesOutByTwoChannels(t *testing.T) {
	h, tool := withWorkflow(t, "2026-11-23 08:00", oneStep("nudges: {channels: [lms, email, chat]}"))
	e := engine.Endpoint{Name: "sales", Kind: engine.Slack, Who: []engine.Role{engine.Learner}}
	e.URL = "https://hooks.example/x"
	_, err := h.AddEndpoint(t.Context(), e)
	must(t, err)
	store := &mortal{Store: h.store, left: 10_000}
	o := h.options
	o.Store, o.Mailer = store, killer{h.post, store, true}
	h.now = at(t, "2026-11-23 09:00")
	_, _ = engine.New(o).Sweep(t.Context(), "victim")

	must(t, h.Unsubscribe(t.Context(), h.sam, "chat"))
	must(t, h.SavePreferences(t.Context(), h.sam, engine.Preferences{}, map[string]bool{"chat": false}))
	o = h.options
	o.Wall = func() time.Time { return time.Now().Add(5 * time.Minute) }
	h.now = h.now.Add(5 * time.Minute)
	_, err = engine.New(o).Sweep(t.Context(), "survivor")
	must(t, err)
	mails := h.post.sent()
	if len(mails) != 2 || mails[0].Message.ID != mails[1].Message.ID || len(tool.got) != 0 {
		t.Errorf("mails %v, chat %v", h.post.told(), tool.got)
	}
}

func TestAnAddressThatIsRefusedForGoodStopsMailsAndTheCoachIsTold(t *testing.T) {
	h := newHouse(t, monday)
	_, err := h.ArriveStaff(t.Context(), engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org", Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	h.arrive("negotiation-skills", maxed) // baseline-mgr asks Max
	h.post.fail = nil
	bouncer := &bounces{post: h.post, address: "max@example.org"}
	o := h.options
	o.Mailer = bouncer
	h.Service = engine.New(o)
	h.pass("2026-11-23 17:00")
	told := h.post.told()
	if !slices.Contains(told, "tessa unreachable ") {
		t.Fatalf("the coach was not told: %v", told)
	}
	if slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, "max ") }) || bouncer.tries != 1 {
		t.Errorf("Max was mailed %d times: %v", bouncer.tries, told)
	}
	max := h.maxID()
	p, err := h.Person(t.Context(), max)
	must(t, err)
	if !p.MailStopped() {
		t.Errorf("Max is %+v", p)
	}
	must(t, h.ClearMailTrouble(t.Context(), max))
	if p, _ = h.Person(t.Context(), max); p.MailStopped() {
		t.Error("mails are still stopped")
	}
}

// bounces is a mail server that knows nobody at one address.
type bounces struct {
	*post
	address string
	tries   int
}

func (b *bounces) Send(ctx context.Context, m engine.Mail) error {
	if m.To.Email == b.address {
		b.tries++
		return &engine.UnreachableError{Err: errors.New("550 5.1.1")}
	}
	return b.post.Send(ctx, m)
}

func (h *house) maxID() engine.PersonID {
	h.t.Helper()
	p, err := h.store.PersonByEmail(h.t.Context(), "max@example.org")
	must(h.t, err)
	return p.ID
}

func TestTheStandInIsAskedWhenNothingReachesAReviewer(t *testing.T) {
	h := newHouse(t, monday)
	_, err := h.ArriveStaff(t.Context(), engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org", Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	h.untilHandedIn()
	if got := h.post.told(); !slices.Contains(got, "max review_request experiment") || slices.Contains(got, "tessa review_request experiment") {
		t.Fatalf("mails: %v", got)
	}
	must(t, h.ReportMail(t.Context(), engine.MailReport{Kind: engine.Complaint, Recipient: "max@example.org"}))
	h.sweep()
	if got := h.post.told(); !slices.Contains(got, "tessa review_request experiment") || !slices.Contains(got, "tessa unreachable ") {
		t.Fatalf("mails: %v", got)
	}
}

func TestFiveSoftBouncesInARowCountAsAHardOne(t *testing.T) {
	h := newHouse(t, monday)
	h.arrive("first-steps", maxed)
	report := func(kind engine.ReportKind) bool {
		t.Helper()
		h.now = h.now.Add(time.Hour)
		for range 5 { // services say it again until they are heard
			must(t, h.ReportMail(t.Context(), engine.MailReport{Kind: kind, Recipient: "sam@example.org"}))
		}
		p, err := h.Person(t.Context(), h.sam)
		must(t, err)
		return p.MailStopped()
	}
	for i := range 4 {
		if report(engine.SoftBounce) {
			t.Fatalf("stopped after %d", i+1)
		}
	}
	report(engine.Delivered)
	for i := range 4 {
		if report(engine.SoftBounce) {
			t.Fatalf("stopped after a delivery and %d", i+1)
		}
	}
	if !report(engine.SoftBounce) {
		t.Fatal("not stopped after five")
	}
	must(t, h.ClearMailTrouble(t.Context(), h.sam))
	for i := range 10 {
		must(t, h.ReportMail(t.Context(), engine.MailReport{Kind: engine.SoftBounce, Recipient: "sam@example.org", Mail: []string{"a", "b", "c", "d"}[i%4]}))
		h.now = h.now.Add(time.Hour)
	}
	if p, _ := h.Person(t.Context(), h.sam); p.MailStopped() {
		t.Error("four mails stopped an address")
	}
	must(t, h.ReportMail(t.Context(), engine.MailReport{Kind: engine.SoftBounce, Recipient: "sam@example.org", Mail: "e"}))
	if p, _ := h.Person(t.Context(), h.sam); !p.MailStopped() {
		t.Error("five mails did not")
	}
	a := arrival("first-steps", maxed)
	a.Email = "sam.sailor@example.org"
	_, err := h.Arrive(t.Context(), a)
	must(t, err)
	if p, _ := h.Person(t.Context(), h.sam); p.MailStopped() {
		t.Error("another address is stopped too")
	}
	must(t, h.ReportMail(t.Context(), engine.MailReport{Kind: engine.HardBounce, Recipient: "nobody@example.org"}))
	if err := h.ReportMail(t.Context(), engine.MailReport{Kind: engine.HardBounce, Recipient: "no address"}); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("no address: %v", err)
	}
}

// That nobody answered for ten days shows at the end of a day's work; who answers instead is asked when they work.
func TestTheStandInIsAskedWhileTheyWork(t *testing.T) {
	h := newHouse(t, monday)
	_, err := h.ArriveStaff(t.Context(), engine.StaffArrival{Issuer: lms, Subject: "9", Name: "Tessa", Email: "tessa@example.org", Course: engine.Course{Issuer: lms, ID: "2"}, Roles: []string{"instructor"}})
	must(t, err)
	h.untilHandedIn()
	h.pass(h.now.AddDate(0, 0, 21).Format("2006-01-02 15:04"))
	zone, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	var asked []string
	for i, m := range h.post.sent() {
		if m.Message.Purpose == "review_request" && m.To.Email == "tessa@example.org" {
			asked = append(asked, h.post.times[i].In(zone).Format("15:04"))
		}
	}
	if !slices.Equal(asked, []string{"09:00"}) {
		t.Errorf("Tessa is asked at %v", asked)
	}
}
