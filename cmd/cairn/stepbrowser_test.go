package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lti/platform"
)

// kindsFrame is a learner's window of the LMS, with the workflow of every kind of step in its frame.
type kindsFrame struct {
	*framedTool
	link platform.ResourceLink
}

// newKinds runs Cairn and the LMS, and places the workflow.
func newKinds(t *testing.T) *kindsFrame {
	t.Helper()
	k := &kindsFrame{framedTool: startFramed(t)}
	service, err := k.h.engine(t.Context(), "main")
	must(t, err)
	folder := filepath.Join("..", "..", "web", "testdata")
	source, err := os.ReadFile(filepath.Join(folder, "kinds.yaml"))
	must(t, err)
	_, problems, err := service.ImportWorkflow(t.Context(), "kinds.yaml", source, os.DirFS(folder))
	must(t, err)
	if problems.Refused() {
		t.Fatal(problems)
	}
	link := platform.DefaultActivity(k.lms.Tools()[0])
	link.Custom["workflow"], link.Custom["course_start"] = "kinds", time.Now().AddDate(0, 0, 14).Format(time.DateOnly)
	k.link, err = k.lms.AddResourceLink(t.Context(), link)
	must(t, err)
	return k
}

// enters signs somebody in, with the activity in the frame.
func (k *kindsFrame) enters(b *browser, who string) frame {
	b.t.Helper()
	b.open(k.lms.URL() + "/")
	b.top().click("#signin-" + who)
	b.top().sees("#signout")
	b.open(k.lms.URL() + "/mod/lti/view.php?l=" + k.link.ID)
	tool := b.frame(k.tool + "/s/")
	tool.sees("#journey")
	return tool
}

// goes goes to a step, within the frame.
func (k *kindsFrame) goes(tool frame, step string) {
	tool.b.t.Helper()
	must(tool.b.t, tool.try("location.assign(location.pathname.split('/').slice(0, 3).join('/') + '/steps/"+step+"'), true", nil))
	tool.eventually("location.pathname.endsWith('/steps/" + step + "') && document.readyState === 'complete'")
}

// step is how a step of a user stands.
func (k *kindsFrame) step(t testing.TB, user string, step engine.StepID) *engine.StepState {
	t.Helper()
	r, err := k.h.rooms(t.Context(), "main")
	must(t, err)
	p, err := r.store.PersonByAccount(t.Context(), k.lms.URL(), user)
	must(t, err)
	all, err := r.store.EnrolmentsOf(t.Context(), p.ID)
	must(t, err)
	i := slices.IndexFunc(all, func(e *engine.Enrolment) bool { return e.Workflow == "kinds" })
	if i < 0 {
		t.Fatalf("user %s is not in the workflow", user)
	}
	return all[i].Steps[step]
}

// offline cuts the window's connection, or gives it back.
func (b *browser) offline(off bool) {
	b.t.Helper()
	// The one command that cuts both requests and navigator.onLine.
	emulate := cdp.Command[network.OverrideNetworkStateParams, cdp.Empty]{Method: "Network.emulateNetworkConditions"}
	_, err := chromedp.Call(b.ctx, emulate, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
	must(b.t, err)
}

func TestASoundIsMeasuredWhilePlayedAndSeekingIsNotPlaying(t *testing.T) {
	k, b := newKinds(t), newBrowser(t)
	tool := k.enters(b, "sam")
	k.goes(tool, "listen")
	tool.eventually("document.querySelector('audio').readyState >= 1 && document.querySelector('.watched').checkVisibility() && !document.querySelector('#confirm').checkVisibility()")

	t.Log("Sam goes to the end")
	must(t, tool.try("const seeks = document.querySelector('audio'); seeks.currentTime = seeks.duration - 0.5; seeks.play(), true", nil))
	tool.eventually("document.querySelector('audio').ended && document.querySelector('.watch-missing').checkVisibility()")
	must(t, tool.try("seeks.currentTime = 0; seeks.currentTime = seeks.duration, true", nil))
	if st := k.step(t, "5", "listen"); st.State != engine.Open || st.Watched.Share() > 0.5 {
		t.Errorf("who went to its end has seen %v of it, and the step is %s", st.Watched.Share(), st.State)
	}
	tool.eventually("!document.querySelector('.watched-done').checkVisibility()")

	t.Log("Sam plays it in two parts, with the page opened anew between them")
	must(t, tool.try("seeks.currentTime = 0; seeks.play(), seeks.addEventListener('timeupdate', () => { if (seeks.currentTime > 1.5) seeks.pause(); }), true", nil))
	tool.eventually("seeks.paused && Number(document.querySelector('.watched progress').value) >= 25")
	k.goes(tool, "aid")
	k.goes(tool, "listen")
	tool.eventually("document.querySelector('audio').readyState >= 1")
	must(t, tool.try("document.querySelector('audio').currentTime = 1; document.querySelector('audio').play(), true", nil))
	tool.eventually("document.querySelector('.watched-done').checkVisibility()")
	if st := k.step(t, "5", "listen"); st.State != engine.Done || st.SelfReported {
		t.Errorf("the step is %s, by one's own word: %t", st.State, st.SelfReported)
	}
	tool.click(".watched-done .go-on")
	tool.sees("#journey")
}

func TestWhatIsTypedWithoutAConnectionIsSentWhenThereIsOne(t *testing.T) {
	k, b := newKinds(t), newBrowser(t)
	tool := k.enters(b, "sam")
	k.goes(tool, "mine")
	kept := "Object.keys(localStorage).filter((name) => name.startsWith('cairn:') && localStorage[name].includes('in the lift')).length"

	b.offline(true)
	tool.write("I wrote this in the lift.")
	tool.eventually("document.querySelector('#draft-status').textContent.includes(document.querySelector('#step-form').dataset.offline) && " + kept + " === 1")
	tool.click("#submit")
	tool.eventually("document.querySelector('#step-form') && document.querySelector('textarea').value.includes('in the lift')")
	b.offline(false)
	tool.eventually("document.querySelector('#draft-status').textContent === document.querySelector('#step-form').dataset.saved && " + kept + " === 0")

	t.Log("the window is closed before there is a connection again, and the activity opened anew")
	b.offline(true)
	tool.write("I wrote more of this in the lift.")
	tool.eventually(kept + " === 1")
	must(t, chromedp.Do(b.ctx, chromedp.Navigate("about:blank")))
	b.offline(false)
	b.open(k.lms.URL() + "/mod/lti/view.php?l=" + k.link.ID)
	tool.sees("#journey")
	k.goes(tool, "mine")
	tool.eventually("document.querySelector('textarea').value === 'I wrote more of this in the lift.' && " + kept + " === 0")
	k.goes(tool, "plan")
	k.goes(tool, "mine") // from the server, as nothing is kept here
	tool.eventually("document.querySelector('textarea').value === 'I wrote more of this in the lift.'")

	t.Log("somebody else comes while something of Sam's is kept")
	b.offline(true)
	tool.write("This is Sam's, from in the lift.")
	tool.eventually(kept + " === 1")
	must(t, chromedp.Do(b.ctx, chromedp.Navigate("about:blank")))
	b.offline(false)
	b.open(k.lms.URL() + "/")
	b.top().click("#signout")
	b.top().sees("#signin-sofia")
	tool = k.enters(b, "sofia")
	k.goes(tool, "mine")
	tool.eventually("document.querySelector('textarea').value === '' && document.querySelector('#draft-status').textContent === '' && " + kept + " === 0")

	t.Log("Sofia hands in what she wrote without a connection, and nothing of it stays")
	b.offline(true)
	tool.write("All of this is Sofia's, in the lift.")
	tool.eventually(kept + " === 1")
	b.offline(false)
	tool.click("#submit")
	tool.sees("#handed-in")
	tool.eventually("Object.keys(localStorage).every((name) => !name.startsWith('cairn:'))")
	if st := k.step(t, "6", "mine"); st.State != engine.Done {
		t.Errorf("the step is %s", st.State)
	}
}

func TestAStepInAFrameIsAsTallAsItNeedsAndGoesOnInAWindowOnce(t *testing.T) {
	k, b := newKinds(t), newBrowser(t)
	tool := k.enters(b, "sam")
	k.goes(tool, "plan")
	tool.eventually("document.body.scrollHeight > 400 && document.body.scrollHeight <= innerHeight + 8")
	var tall int
	must(t, tool.try("innerHeight", &tall))
	must(t, tool.try("document.querySelector('textarea').style.height = '2000px', true", nil))
	tool.eventually(fmt.Sprintf("innerHeight > %d && document.body.scrollHeight <= innerHeight + 8", tall+1000))
	must(t, tool.try("document.querySelector('textarea').style.height = '', true", nil))
	tool.eventually(fmt.Sprintf("innerHeight < %d", tall+500))

	t.Log("Sam goes on in a window of his own")
	must(t, tool.try(`window.tickets = [], HTMLFormElement.prototype.submit = (submit => function () {
		tickets.push(this.elements.ticket.value); submit.call(this); })(HTMLFormElement.prototype.submit), true`, nil))
	window := b.opened(func() { tool.click("form[data-window] button") })
	alone := window.frame(k.tool + "/s/")
	alone.sees("#step-form")
	alone.eventually("location.pathname.endsWith('/steps/plan') && !document.querySelector('form[data-window]')")
	alone.write("Somebody asks for a discount")
	alone.click("#submit")
	alone.sees("#handed-in")
	var ticket, here, there string
	must(t, tool.try("window.tickets[0]", &ticket))
	must(t, tool.try("location.pathname", &here))
	must(t, alone.try("location.pathname", &there))
	if ticket == "" || here == there {
		t.Errorf("the window is at %s with ticket %q, the frame at %s", there, ticket, here)
	}
	k.goes(tool, "plan")
	tool.sees("#handed-in") // the frame's session stays

	t.Log("the ticket is tried again")
	must(t, alone.try(fmt.Sprintf(`const again = document.createElement('form'); again.method = 'post'; again.action = '/open';
		again.innerHTML = '<input name="ticket" value="%s">'; document.body.append(again); again.submit(), true`, ticket), nil))
	window.frame(k.tool + "/open").eventually("document.body.dataset.page === 'error'")
}

func TestTheButtonForTheCalendarStaysOnOneLineOnTheSmallestPhones(t *testing.T) {
	k, phone := newKinds(t), newBrowser(t).phone()
	phone.open(k.lms.URL() + "/")
	phone.top().click("#signin-sam")
	phone.top().sees("#signout")
	phone.open(k.lms.URL() + "/mod/lti/launch.php?id=" + k.link.ID + "&target=window")
	tool := phone.frame(k.tool + "/s/")
	tool.sees("#journey")
	k.goes(tool, "call")
	for _, words := range []string{"", "In den Kalender"} {
		if words != "" {
			must(t, tool.try(fmt.Sprintf("document.querySelector('#event .button').lastChild.textContent = %q, true", words), nil))
		}
		var high float64
		must(t, tool.try("document.querySelector('#event .button').getBoundingClientRect().height", &high))
		if high < 44 || high > 50 {
			t.Errorf("%q: the button is %v px high", words, high)
		}
	}
	tool.eventually("document.documentElement.scrollWidth <= 320")
	if folder := os.Getenv("CAIRN_SHOTS"); folder != "" {
		phone.picture(filepath.Join(folder, "call-320.png"))
	}
}
