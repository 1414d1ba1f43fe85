package engine

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// personalData is one archive being written.
type personalData struct {
	s     *Service
	out   *zip.Writer
	own   bool
	now   time.Time
	ids   []PersonID // all that stand for the person, the one who asks first
	ours  *vouched   // what of the others is theirs
	mine  map[EnrolmentID]bool
	aside map[string]bool
	size  int64
	files map[string]string
}

// WritePersonalData writes what is kept about a person as a ZIP of JSON and of the files they handed in. own: the person
// asks, and gets what is private too. Nothing of others is in it but what they answered to the person, without their
// names. It holds one enrolment or one file at a time, and changes nothing. ErrNotFound, before the first byte: there is no such person.
func (s *Service) WritePersonalData(ctx context.Context, of PersonID, own bool, to io.Writer) error {
	p, err := s.Person(ctx, of)
	if err != nil {
		return err
	}
	d := &personalData{s: s, out: zip.NewWriter(to), own: own, now: s.now(), ids: []PersonID{of}, ours: s.vouched(p), mine: map[EnrolmentID]bool{},
		aside: map[string]bool{DataAsideOthers: true, DataAsideStatements: true}, files: map[string]string{}}
	same, found, err := s.atAddress(ctx, p) // asked by address, before we knew the account
	if err != nil {
		return fmt.Errorf("gather what is known of a person: %w", err)
	}
	if found {
		d.ids = append(d.ids, same.ID)
	}
	for _, write := range []func(context.Context, Person) error{d.person, d.enrolments, d.posts, d.messages, d.about} {
		if err := write(ctx, p); err != nil {
			return fmt.Errorf("gather what is known of a person: %w", err)
		}
	}
	return d.out.Close()
}

// put writes one JSON file.
func (d *personalData) put(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return d.add(name, zip.Deflate, append(data, '\n'))
}

func (d *personalData) add(name string, method uint16, data []byte) error {
	f, err := d.out.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: d.now})
	if err == nil {
		_, err = f.Write(data)
	}
	return err
}

func (d *personalData) person(ctx context.Context, p Person) error {
	err := d.put("person.json", DataPerson{ID: p.ID, Issuer: p.Issuer, Subject: p.Subject, Name: p.Name, Email: p.Email, Locale: p.Locale, Zone: p.Zone, Names: p.Names,
		Unsubscribed: p.Unsubscribed, Preferences: p.Preferences, MailTrouble: p.MailTrouble, CreatedAt: p.CreatedAt})
	if err != nil {
		return err
	}
	completions := []Signal{}
	for _, n := range append([]Identity{ByAccount(p.Issuer, p.Subject)}, p.Names...) {
		if n.zero() {
			continue
		}
		found, err := d.s.o.Store.SignalsOf(ctx, n.Issuer, n.Name)
		if err != nil {
			return err
		}
		completions = append(completions, found...)
	}
	if err := d.put("completions.json", completions); err != nil {
		return err
	}
	links, err := d.s.PortfolioLinks(ctx, p.ID)
	if err != nil {
		return err
	}
	if links == nil {
		links = []PortfolioLink{}
	}
	return d.put("portfolio_links.json", links)
}

func (d *personalData) enrolments(ctx context.Context, p Person) error {
	all, err := d.s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b *Enrolment) int { return b.CreatedAt.Compare(a.CreatedAt) })
	d.aside[DataAsideBound] = len(all) > maxDataEnrolments
	for _, e := range all {
		d.mine[e.ID] = true
	}
	for _, e := range all[:min(len(all), maxDataEnrolments)] {
		if err := d.enrolment(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (d *personalData) enrolment(ctx context.Context, e *Enrolment) error {
	w, err := d.s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	all, err := d.s.contributions(ctx, e.ID)
	if err != nil {
		return err
	}
	out := DataEnrolment{ID: e.ID, Workflow: e.Workflow, Version: e.Version, Title: w.Title, Course: e.Course.Title, RegistrationID: e.RegistrationID, State: e.State, Anchors: e.Anchors,
		Completions: e.Completions, Progress: e.Progress, GradeSent: e.GradeSent, Arm: e.Arm, CreatedAt: e.CreatedAt, LaunchedAt: e.LaunchedAt, CompletedAt: e.CompletedAt, LeftAt: e.LeftAt,
		Uses: e.Uses, UseLog: e.UseLog, Achieved: e.Achieved, Prompts: e.Prompts, Steps: map[StepID]DataStep{}, Written: []Contribution{}, Answers: map[StepID][]DataReply{}, Files: map[string]string{}}
	for role, as := range e.Roles {
		if len(as) > 0 {
			out.Roles = append(out.Roles, role)
		}
	}
	slices.Sort(out.Roles)
	for _, p := range e.Pauses {
		one := DataPause{From: p.From, Until: p.Until, End: p.End}
		if p.By.Person == e.Learner {
			one.Reason = p.Reason
		}
		out.Pauses = append(out.Pauses, one)
	}
	for _, of := range w.order {
		st := e.Steps[of.ID]
		if st == nil {
			continue
		}
		if of.By == Learner {
			out.Steps[of.ID] = dataStep(e, st, !of.Private || d.own)
		}
		if !of.ForLearner() || of.Private && !d.own {
			continue
		}
		for _, r := range reviewViews(w, of, st, all, nil) {
			one := DataReply{At: r.At, Role: r.Role, Outcome: r.Outcome, Ratings: r.Ratings, Grade: r.Grade, Comment: r.Comment}
			if r.Hand != nil {
				one.Answers = r.Hand.Answers
			}
			out.Answers[of.ID] = append(out.Answers[of.ID], one)
		}
	}
	for _, c := range all {
		of := w.Step(c.Step)
		switch {
		case c.Author != e.Learner || c.Request != "":
		case !d.own && (c.Draft || of != nil && of.Private):
			d.aside[DataAsidePrivate] = true
		default:
			out.Written = append(out.Written, *c)
		}
	}
	slices.SortFunc(out.Written, func(a, b Contribution) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	for _, c := range out.Written {
		if err := d.filesOf(ctx, c, out.Files); err != nil {
			return err
		}
	}
	return d.put("enrolments/"+string(e.ID)+".json", out)
}

// filesOf adds the files of a contribution and notes where they are.
func (d *personalData) filesOf(ctx context.Context, c Contribution, where map[string]string) error {
	for _, f := range c.Files {
		name, known := d.files[f.SHA256]
		switch {
		case known && name != "":
			where[f.SHA256] = name
			continue
		case c.CustomerData:
			d.aside[DataAsideCustomers] = true
		case d.size+f.Size > maxDataFiles:
			d.aside[DataAsideBound] = true
		default:
			data, err := d.s.o.Store.Blob(ctx, f.SHA256)
			if err != nil {
				return fmt.Errorf("file %s: %w", f.SHA256, err)
			}
			name = path.Join("files", f.SHA256+dataExtension(f.Name))
			if err := d.add(name, zip.Store, data); err != nil {
				return err
			}
			d.size += f.Size
		}
		d.files[f.SHA256], where[f.SHA256] = name, name
	}
	return nil
}

// dataExtension is what a file's name ends with, if any system can name a file so; its whole name is in the JSON.
func dataExtension(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > 8 || strings.Trim(ext[1:], "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}

func dataStep(e *Enrolment, st *StepState, whole bool) DataStep {
	one := DataStep{State: st.State, OpenedAt: st.OpenedAt, DueAt: st.DueAt, SubmittedAt: st.SubmittedAt, DoneAt: st.DoneAt, Attempt: st.Attempt, Watched: st.Watched}
	if st.Event != nil {
		one.Attended = st.Event.Attended
	}
	if !whole {
		return one
	}
	one.Score, one.Ratings, one.Snoozed = st.Score, st.Ratings, st.Snoozed
	if st.SkippedBy == e.Learner {
		one.Skipped = st.SkippedReason
	}
	return one
}

// theirs tells whether what one of ids has of an enrolment belongs to the person: all of the one who asks, of who is known
// by the same address what is of the person's own platform.
func (d *personalData) theirs(ctx context.Context, id PersonID, of EnrolmentID) (bool, error) {
	if id == d.ids[0] {
		return true, nil
	}
	ok, err := d.ours.is(ctx, of)
	if err == nil && !ok {
		d.aside[DataAsideElsewhere] = true
	}
	return ok, err
}

func (d *personalData) posts(ctx context.Context, _ Person) error {
	out := []DataPost{}
	for _, id := range d.ids {
		for after := PostID(""); ; {
			page, err := d.s.o.Store.PostsOfAuthor(ctx, id, after, 500)
			if err != nil {
				return err
			}
			for _, p := range page {
				after = p.ID
				if theirs, err := d.theirs(ctx, id, p.Enrolment); err != nil || !theirs {
					if err != nil {
						return err
					}
					continue
				}
				one := DataPost{Step: p.Step, Role: p.Role, Text: p.Text, At: p.At, Helpful: len(p.Helpful), Hidden: p.Hidden}
				if d.mine[p.Enrolment] {
					one.Enrolment = p.Enrolment
				}
				out = append(out, one)
			}
			if len(page) < 500 {
				break
			}
			if len(out) >= maxDataPosts {
				d.aside[DataAsideBound] = true
				break
			}
		}
	}
	slices.SortStableFunc(out, func(a, b DataPost) int { return a.At.Compare(b.At) })
	return d.put("posts.json", out)
}

// messages are those to the person, and what they asked of them.
func (d *personalData) messages(ctx context.Context, _ Person) error {
	out, asked := []DataMessage{}, []DataRequest{}
	for _, id := range d.ids {
		all, err := d.s.o.Store.MessagesTo(ctx, id, maxMessages)
		if err != nil {
			return err
		}
		if len(all) == maxMessages {
			d.aside[DataAsideBound] = true
		}
		seen := map[EnrolmentID]bool{}
		for _, m := range all {
			if theirs, err := d.theirs(ctx, id, m.Enrolment); err != nil || !theirs {
				if err != nil {
					return err
				}
				continue
			}
			one := DataMessage{Step: m.Step, Purpose: m.Purpose, State: m.State, Text: m.Text, PlannedAt: m.PlannedAt, SentAt: m.SentAt, Sent: m.Sent,
				ReadAt: m.ReadAt, OpenedAt: m.OpenedAt, Dropped: m.DroppedReason}
			if d.mine[m.Enrolment] {
				one.Enrolment = m.Enrolment
			}
			out = append(out, one)
			if m.Request == "" || seen[m.Enrolment] {
				continue
			}
			seen[m.Enrolment] = true
			found, err := d.asked(ctx, id, m.Enrolment)
			if err != nil {
				return err
			}
			asked = append(asked, found...)
		}
	}
	slices.SortStableFunc(asked, func(a, b DataRequest) int { return a.AskedAt.Compare(b.AskedAt) })
	if err := d.put("messages.json", out); err != nil {
		return err
	}
	return d.put("requests.json", asked)
}

// asked are the requests of an enrolment to a person, with their answers.
func (d *personalData) asked(ctx context.Context, who PersonID, id EnrolmentID) ([]DataRequest, error) {
	e, err := d.s.o.Store.Enrolment(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil // it is erased
	}
	if err != nil {
		return nil, err
	}
	all, err := d.s.contributions(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []DataRequest
	for step, st := range e.Steps {
		for _, r := range st.Requests {
			if r.Person != who {
				continue
			}
			one := DataRequest{Workflow: e.Workflow, Step: step, Purpose: r.Purpose, Role: r.Role, AskedAt: r.AskedAt, AnsweredAt: r.AnsweredAt, Outcome: r.Outcome}
			if i := slices.IndexFunc(st.Reviews, func(v Review) bool { return v.Request == r.ID && v.By == who }); i >= 0 {
				v := st.Reviews[i]
				one.Ratings, one.Grade = v.Ratings, v.Grade
				if c := all[v.Written]; c != nil && c.Author == who {
					one.Comment, one.Answers = c.Comment, c.Answers
				}
			}
			out = append(out, one)
		}
	}
	return out, nil
}

func (d *personalData) about(context.Context, Person) error {
	out := DataAbout{Format: "cairn-person/1", Made: d.now, Aside: []string{}}
	for _, why := range []string{DataAsideOthers, DataAsideStatements, DataAsidePrivate, DataAsideCustomers, DataAsideElsewhere, DataAsideBound} {
		if d.aside[why] {
			out.Aside = append(out.Aside, why)
		}
	}
	return d.put("about.json", out)
}
