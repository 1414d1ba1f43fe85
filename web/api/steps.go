package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web/upload"
)

const stepPath = enrolmentPath + "/steps/{step}"

// handIn is what a learner hands in.
type handIn struct {
	Answers map[string][]string        `json:"answers,omitempty" doc:"By question; a list also where one answer is asked for"`
	Ratings map[engine.BehaviourID]int `json:"ratings,omitempty" doc:"Points of the scale, from 1"`
	Comment string                     `json:"comment,omitempty"`
	Files   []fileIn                   `json:"files,omitempty"`
	Links   []string                   `json:"links,omitempty" doc:"Evidence elsewhere: http or https addresses; never fetched"`
	Keep    []string                   `json:"keep,omitempty" doc:"SHA-256 of files and addresses of links to take along from what was recorded or handed in before"`
	// CustomerData and Consent stay with the evidence.
	CustomerData bool `json:"customer_data,omitempty" doc:"It holds data of customers; needs consent"`
	Consent      bool `json:"consent,omitempty" doc:"Whoever it shows has agreed"`
}

// recordIn is evidence that is kept for the hand-in to come.
type recordIn struct {
	Files        []fileIn `json:"files,omitempty"`
	Links        []string `json:"links,omitempty"`
	CustomerData bool     `json:"customer_data,omitempty"`
	Consent      bool     `json:"consent,omitempty"`
}

// uploadsOf takes files as a browser's are taken: what they are their bytes say, and pictures are stored without place
// and device.
func (c *call) uploadsOf(files []fileIn) ([]engine.Upload, error) {
	var out []engine.Upload
	for i, f := range files {
		at := "/files/" + strconv.Itoa(i)
		data, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil {
			return nil, malformed(faults{{Pointer: at + "/data", Detail: "is no base64"}})
		}
		one, err := c.api.uploads.Take(c.Context(), f.Name, data)
		var refused *upload.Refused
		if errors.As(err, &refused) {
			return nil, malformed(faults{{Pointer: at, Detail: "is not taken: " + refused.Why, Better: "a photo as JPEG or PNG, a document, audio, video, text or ZIP"}})
		}
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

type fileIn struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Data        string `json:"data" doc:"base64"`
}

// draftIn is what a learner has written so far.
type draftIn struct {
	Answers map[string][]string `json:"answers" doc:"By question; a list also where one answer is asked for. Ratings, comment and files come with the hand-in"`
}

// step is the one of the path.
func (c *call) step() engine.StepID { return engine.StepID(c.PathValue("step")) }

// stepRoutes are the steps of an enrolment: what is to be seen, what its learner does, what a coach does.
func stepRoutes() []route {
	act := func(method, verb, id, tag, summary string, body any, sample string, do func(c *call) error) route {
		scope := lrs.ScopeEnrolmentsAct // in the learner's place
		if tag == "Coach" {
			scope = lrs.ScopeEnrolmentsWrite
		}
		return route{method: method, path: stepPath + "/" + verb, id: id, tag: tag, summary: summary, scope: scope, body: body, sample: sample,
			tagged: true, reply: engine.StepView{}, do: func(c *call) (any, error) {
				if err := do(c); err != nil {
					return nil, err
				}
				return c.stepView()
			}}
	}
	learner := func(do func(c *call, p engine.PersonID) error) func(c *call) error {
		return func(c *call) error {
			p, err := c.learner()
			return orThen(err, func() error { return do(c, p) })
		}
	}
	type dueIn struct {
		Due    time.Time `json:"due"`
		Reason string    `json:"reason,omitempty"`
	}
	type snoozeIn struct {
		Until  time.Time `json:"until" doc:"At most 14 days ahead"`
		Reason string    `json:"reason,omitempty"`
	}
	type watchedIn struct {
		Segments []engine.Segment `json:"segments" doc:"In seconds of the video"`
		Length   float64          `json:"length" doc:"Of the video, in seconds"`
	}
	type removeIn struct {
		Name string `json:"name" doc:"The SHA-256 of a file, or the address of a link"`
	}
	type codeIn struct {
		Code string `json:"code"`
	}
	type agreeIn struct {
		At time.Time `json:"at"`
	}
	submit := act("POST", "hand-in", "handIn", "Steps", "Hand a step in for its learner", handIn{}, `{"answers": {"text": ["We asked for a longer contract."]}}`,
		learner(func(c *call, p engine.PersonID) error {
			in := c.body.(*handIn)
			files, err := c.uploadsOf(in.Files)
			if err != nil {
				return err
			}
			sub := engine.Submission{Answers: in.Answers, Ratings: in.Ratings, Comment: in.Comment, Files: files, Links: in.Links, Keep: in.Keep,
				CustomerData: in.CustomerData, Consent: in.Consent}
			return c.engine.Submit(c.Context(), p, c.enrolment(), c.step(), sub)
		}))
	submit.limit = 64 << 20
	record := act("POST", "evidence", "recordEvidence", "Steps", "Keep files and links for the hand-in to come", recordIn{}, `{"links": ["https://wiki.example/our-offer"]}`,
		learner(func(c *call, p engine.PersonID) error {
			in := c.body.(*recordIn)
			files, err := c.uploadsOf(in.Files)
			if err != nil {
				return err
			}
			return c.engine.Record(c.Context(), p, c.enrolment(), c.step(), engine.Submission{Files: files, Links: in.Links, CustomerData: in.CustomerData, Consent: in.Consent})
		}))
	record.limit = submit.limit
	return []route{
		{method: "GET", path: enrolmentPath + "/steps", id: "listSteps", tag: "Steps", summary: "All steps of an enrolment", scope: lrs.ScopeEnrolmentsRead,
			reply: list[engine.StepView]{}, do: func(c *call) (any, error) {
				h, err := c.engine.Home(c.Context(), c.enrolment())
				if err != nil {
					return nil, err
				}
				return all(h.Steps), nil
			}},
		{method: "GET", path: stepPath, id: "showStep", tag: "Steps", summary: "One step with what was written for it", detail: "Of a private step no key sees what was written.", scope: lrs.ScopeEnrolmentsRead,
			tagged: true, reply: engine.StepView{}, do: func(c *call) (any, error) { return c.stepView() }},
		{method: "GET", path: enrolmentPath + "/files/{sha256}", id: "showFile", tag: "Steps", summary: "A file that was handed in", scope: lrs.ScopeEnrolmentsRead,
			reply: "", produces: "application/octet-stream", do: func(c *call) (any, error) {
				f, data, err := c.engine.Blob(c.Context(), c.enrolment(), c.PathValue("sha256"), false)
				if err != nil {
					return nil, err
				}
				c.w.Header().Set("Content-Disposition", "attachment")
				_ = f.ContentType // what somebody uploaded says nothing of what it is
				return rawReply{"application/octet-stream", data}, nil
			}},
		submit,
		record,
		act("POST", "evidence/remove", "removeEvidence", "Steps", "Take away what was kept for the hand-in to come", removeIn{}, `{"name": "https://wiki.example/our-offer"}`,
			learner(func(c *call, p engine.PersonID) error {
				return c.engine.Unrecord(c.Context(), p, c.enrolment(), c.step(), c.body.(*removeIn).Name)
			})),
		act("PUT", "draft", "saveDraft", "Steps", "Keep what the learner has written so far", draftIn{}, `{"answers": {"text": ["We asked"]}}`,
			learner(func(c *call, p engine.PersonID) error {
				return c.engine.SaveDraft(c.Context(), p, c.enrolment(), c.step(), c.body.(*draftIn).Answers)
			})),
		act("POST", "confirm", "confirmStep", "Steps", "The learner's word: read it, watched it, did it", struct{}{}, `{}`,
			learner(func(c *call, p engine.PersonID) error {
				return c.engine.MarkDone(c.Context(), p, c.enrolment(), c.step())
			})),
		act("POST", "opened", "openedStep", "Steps", "The learner's first look", struct{}{}, `{}`,
			learner(func(c *call, p engine.PersonID) error {
				return c.engine.Opened(c.Context(), p, c.enrolment(), c.step())
			})),
		act("POST", "skip", "skipStep", "Steps", "The learner's word that it is not possible", reasonIn{}, `{"reason": "no such deal this month"}`,
			learner(func(c *call, p engine.PersonID) error {
				return c.engine.Skip(c.Context(), p, c.enrolment(), c.step(), c.body.(*reasonIn).Reason)
			})),
		act("POST", "snooze", "snoozeStep", "Steps", "The learner will do it later: no nudge before then, and one then", snoozeIn{}, `{"until": "2026-12-02T09:00:00Z", "reason": "on a trade fair"}`,
			learner(func(c *call, p engine.PersonID) error {
				in := c.body.(*snoozeIn)
				return c.engine.Snooze(c.Context(), p, c.enrolment(), c.step(), in.Until, in.Reason)
			})),
		act("POST", "watched", "watchedStep", "Steps", "The learner has watched parts of a video", watchedIn{}, `{"segments": [{"from": 0, "to": 20}], "length": 200}`,
			learner(func(c *call, p engine.PersonID) error {
				in := c.body.(*watchedIn)
				return c.engine.Watched(c.Context(), p, c.enrolment(), c.step(), in.Segments, in.Length)
			})),
		act("POST", "attend", "attendStep", "Steps", "The learner attends, by the code that the host shows", codeIn{}, `{"code": "ABC234"}`,
			learner(func(c *call, p engine.PersonID) error {
				return c.engine.Attend(c.Context(), p, c.enrolment(), c.step(), c.body.(*codeIn).Code)
			})),
		act("POST", "agree", "agreeTime", "Coach", "Say when a learner and whom the step is with meet", agreeIn{}, `{"at": "2026-12-10T14:00:00Z"}`, func(c *call) error {
			return c.engine.AgreeTime(c.Context(), c.by(), c.enrolment(), c.step(), c.body.(*agreeIn).At)
		}),
		{method: "GET", path: stepPath + "/media", id: "showMedia", tag: "Steps", summary: "The file that a step shows", scope: lrs.ScopeEnrolmentsRead,
			detail: "Of a step that is no longer locked. What it is stands in the step, as `media`.",
			reply:  "", produces: "application/octet-stream", do: func(c *call) (any, error) {
				p, err := c.learner()
				if err != nil {
					return nil, err
				}
				_, data, err := c.engine.StepMedia(c.Context(), p, c.enrolment(), c.step())
				if err != nil {
					return nil, err
				}
				c.w.Header().Set("Content-Disposition", "attachment")
				return rawReply{"application/octet-stream", data}, nil
			}},
		{method: "GET", path: stepPath + "/invite.ics", id: "showInvite", tag: "Steps", summary: "The calendar entry of an event", scope: lrs.ScopeEnrolmentsRead,
			reply: "", produces: "text/calendar", do: func(c *call) (any, error) {
				p, err := c.learner()
				if err != nil {
					return nil, err
				}
				invite, err := c.engine.EventInvite(c.Context(), p, c.enrolment(), c.step())
				if err != nil {
					return nil, err
				}
				if !c.may(lrs.ScopePeopleRead) {
					invite.Event.Organizer = ""
				}
				text, err := invite.ICal()
				return rawReply{"text/calendar", text}, err
			}},
		act("POST", "excuse", "excuseStep", "Coach", "Excuse a step: it counts no more", reasonIn{}, `{"reason": "was ill"}`, func(c *call) error {
			return c.engine.Excuse(c.Context(), c.by(), c.enrolment(), c.step(), c.body.(*reasonIn).Reason)
		}),
		act("POST", "reopen", "reopenStep", "Coach", "Open a settled step again", reasonIn{}, `{"reason": "the file was broken"}`, func(c *call) error {
			return c.engine.Reopen(c.Context(), c.by(), c.enrolment(), c.step(), c.body.(*reasonIn).Reason)
		}),
		act("POST", "open", "openStep", "Coach", "Open a locked step now", reasonIn{}, `{}`, func(c *call) error {
			return c.engine.OpenStep(c.Context(), c.by(), c.enrolment(), c.step(), c.body.(*reasonIn).Reason)
		}),
		act("POST", "due", "setDue", "Coach", "Give a step another due time", dueIn{}, `{"due": "2026-12-18T16:00:00Z"}`, func(c *call) error {
			in := c.body.(*dueIn)
			return c.engine.SetDue(c.Context(), c.by(), c.enrolment(), c.step(), in.Due, in.Reason)
		}),
	}
}

func (c *call) stepView() (any, error) {
	v, err := c.engine.StepView(c.Context(), c.enrolment(), c.step(), false)
	if err != nil {
		return nil, err
	}
	c.etag(v.Rev)
	return v, nil
}

// answerIn is a reviewer's answer.
type answerIn struct {
	Outcome string                     `json:"outcome"`
	Ratings map[engine.BehaviourID]int `json:"ratings,omitempty"`
	Comment string                     `json:"comment,omitempty"`
	Answers map[string][]string        `json:"answers,omitempty"`
	SHA256  string                     `json:"sha256,omitempty" doc:"Of what was shown: sha256 of the request; left out only where that has none"`
}

const requestPath = enrolmentPath + "/requests/{request}"

func requestRoutes() []route {
	return []route{
		{method: "GET", path: enrolmentPath + "/requests", id: "listRequests", tag: "Requests", summary: "What of an enrolment waits for one person's answer",
			scope: lrs.ScopeEnrolmentsRead, query: []param{{name: "person", doc: "A person's id", required: true}}, reply: list[engine.Request]{},
			do: func(c *call) (any, error) {
				found, err := c.engine.RequestsTo(c.Context(), engine.PersonID(c.param("person")), c.enrolment())
				return all(found), err
			}},
		{method: "GET", path: requestPath, id: "showRequest", tag: "Requests", summary: "What a reviewer sees behind a personal link", scope: lrs.ScopeEnrolmentsRead,
			reply: engine.RequestView{}, do: func(c *call) (any, error) {
				return c.engine.OpenRequest(c.Context(), c.enrolment(), engine.RequestID(c.PathValue("request")))
			}},
		{method: "POST", path: requestPath + "/answer", id: "answerRequest", tag: "Requests", summary: "Answer for the reviewer", scope: lrs.ScopeEnrolmentsAct,
			detail: "The same answer twice is one. sha256 binds the answer to what was shown: if that has changed since, it is a conflict. The answer says by which key it came.",
			body:   answerIn{}, sample: `{"outcome": "approve", "ratings": {"trade": 4}}`, reply: engine.RequestView{}, status: http.StatusOK, do: func(c *call) (any, error) {
				in, id := c.body.(*answerIn), engine.RequestID(c.PathValue("request"))
				err := c.engine.Answer(c.Context(), c.enrolment(), id, engine.Answer{Outcome: in.Outcome, Ratings: in.Ratings, Comment: in.Comment, Answers: in.Answers, SHA256: in.SHA256, Via: c.by().System})
				if err != nil {
					return nil, err
				}
				return c.engine.OpenRequest(c.Context(), c.enrolment(), id)
			}},
	}
}
