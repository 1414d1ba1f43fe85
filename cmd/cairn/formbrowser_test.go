package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// A file is kept as soon as it is chosen, can be taken away again, and what cannot be kept is said.
func TestAFileIsKeptAsSoonAsItIsChosen(t *testing.T) {
	heavy(t, "a browser gives files")
	k, b := newKinds(t), newBrowser(t)
	tool := k.enters(b, "sam")
	k.goes(tool, "work")
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	offer, letter, program := file("offer.txt", "Two years, for 3 % less."), file("letter.txt", "Dear Ann"), file("offer.exe", "MZ\x90\x00\x03\x00\x00\x00\x04")
	kept := func(names string) {
		t.Helper()
		tool.eventually("[...document.querySelectorAll('#evidence-of-work:not([aria-busy]) .kept li a')].map(a => a.textContent).sort().join() === '" + names + "'")
	}

	t.Log("Sam chooses two files, one after the other")
	tool.attachFile("#evidence", offer)
	kept("offer.txt")
	tool.eventually("document.activeElement.id === 'evidence'") // where the next one is chosen
	tool.attachFile("#evidence", letter)
	kept("letter.txt,offer.txt")
	k.goes(tool, "plan")
	k.goes(tool, "work") // from the server: nobody handed anything in
	kept("letter.txt,offer.txt")

	t.Log("Sam takes one away")
	tool.click("#evidence-of-work .kept li:has(a[href]) button[name=remove][aria-label*=letter]")
	kept("offer.txt")
	k.goes(tool, "plan")
	k.goes(tool, "work")
	kept("offer.txt")

	t.Log("what is refused is said, and what was there stays")
	tool.attachFile("#evidence", program)
	tool.eventually("document.querySelector('#evidence-problem[role=alert]')?.textContent.length > 10 && document.activeElement.id === 'evidence'")
	kept("offer.txt")

	t.Log("without a connection it says that the file goes with the hand-in")
	b.offline(true)
	tool.attachFile("#evidence", letter)
	tool.eventually("document.querySelector('#evidence-status').textContent === document.querySelector('#evidence-of-work').dataset.unsent && !document.querySelector('[aria-busy]')")
	b.offline(false)
	tool.write("This is what I would offer them, and why.")
	tool.click("#submit")
	tool.eventually("document.querySelectorAll('#handed-in .files li').length === 2")
	if st := k.step(t, "5", "work"); st.State != engine.Submitted {
		t.Errorf("the step is %s", st.State)
	}
}

// What a reviewer types stays on the device until it is sent, whatever happens to the page.
func TestWhatAReviewerTypesSurvivesAReload(t *testing.T) {
	heavy(t, "a browser answers a request")
	k, b := newKinds(t), newBrowser(t)
	tool := k.enters(b, "sam")
	k.goes(tool, "work")
	offer := filepath.Join(t.TempDir(), "offer.txt")
	must(t, os.WriteFile(offer, []byte("Two years, for 3 % less."), 0o600))
	tool.attachFile("#evidence", offer)
	tool.sees("#evidence-of-work .kept li")
	tool.write("This is what I would offer them, and why.")
	tool.click("#submit")
	tool.sees("#handed-in")
	r, err := k.h.rooms(t.Context(), "main")
	must(t, err)
	p, err := r.store.PersonByAccount(t.Context(), k.lms.URL(), "5")
	must(t, err)
	all, err := r.store.EnrolmentsOf(t.Context(), p.ID)
	must(t, err)
	var link string
	for _, e := range all {
		if e.Workflow == "kinds" {
			link = k.h.links.Request("main", e.ID, e.Steps["work"].Requests[0].ID)
		}
	}

	phone := b.phone()
	max := phone.top()
	phone.open(link)
	max.sees("#request-form")
	const keptNow = "Object.keys(localStorage).filter((name) => name.startsWith('cairn-review:')).length"
	max.write("Two years is a lot. What would one year cost?")
	max.eventually(keptNow + " === 1 && document.querySelector('#kept').textContent === document.querySelector('#request-form').dataset.kept")
	phone.open("about:blank")
	phone.open(link)
	max.eventually("document.querySelector('#comment')?.value.startsWith('Two years') && document.querySelector('#kept').textContent === document.querySelector('#request-form').dataset.restored")

	t.Log("Max sends it without a connection")
	phone.offline(true)
	max.click("#return")
	max.eventually("document.querySelector('#kept.warn')?.textContent === document.querySelector('#request-form').dataset.offline && document.querySelector('#comment').value.startsWith('Two years')")
	phone.offline(false)
	max.eventually("document.querySelector('#kept').textContent === document.querySelector('#request-form').dataset.online")
	max.click("#return")
	max.eventually("document.querySelector('#answered') && " + keptNow + " === 0")
	if st := k.step(t, "5", "work"); st.State != engine.Returned || len(st.Reviews) != 1 {
		t.Errorf("the step is %s after %d reviews", st.State, len(st.Reviews))
	}
}
