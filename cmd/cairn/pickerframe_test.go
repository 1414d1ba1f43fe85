package main

import "testing"

// The picker as the LMS shows it: in a frame of another site, whose cookies are
// blocked but for partitioned ones. The choice goes back by the page's own script,
// once, however often the button is pressed.
func TestThePickerWorksInAFrameOfAnotherSite(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t, t.TempDir(), "-lms-addr", "localhost:0")
	b.open(demo.LMS.URL + "/")
	b.top().click("#signin-tessa")
	b.top().eventually("document.readyState === 'complete' && !document.querySelector('#signin-tessa')")
	b.open(demo.LMS.URL + "/course/modedit.php")
	b.top().click("#pick-1")
	tool := b.frame(demo.Tool.URL)
	tool.click(`input[value="whole/first-steps"]`)
	tool.click(`input[value="portfolio"]`)
	tool.click("#pick-next")
	tool.sees("#place-form")
	tool.eventually("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
	tool.click(`input[name="grade.whole/first-steps"]`)
	tool.click(`input[name="grade.whole/first-steps"]`)
	_ = tool.try("for (let i = 0; i < 3; i++) document.querySelector('#place').click()", nil)
	back := b.frame(demo.LMS.URL + "/mod/lti/contentitem_return.php")
	back.eventually("document.querySelector('#to-course') && document.body.innerText.includes('2 links from Cairn were added.')")
	b.open(demo.LMS.URL + "/course/view.php?id=2")
	b.top().eventually("document.body.innerText.includes('My portfolio')")
}
