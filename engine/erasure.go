package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ErasureStore removes what is known of a person. Missing documents are no error: an erasure that died is run again.
type ErasureStore interface {
	CourseTextStore
	// EnrolmentsAfter lists all enrolments by id, those after the given one, at most limit.
	EnrolmentsAfter(ctx context.Context, after EnrolmentID, limit int) ([]*Enrolment, error)
	// OldPreviews lists previews last launched before a time (Enrolment.PreviewAt), oldest first.
	OldPreviews(ctx context.Context, before time.Time, limit int) ([]EnrolmentID, error)
	// DeleteEnrolment removes an enrolment with all its contributions.
	DeleteEnrolment(ctx context.Context, id EnrolmentID) error
	// BlobUsed tells whether a contribution to another enrolment, or a workflow, names a file. It may look at all of them.
	BlobUsed(ctx context.Context, sha256 string, besides EnrolmentID) (bool, error)
	DeleteBlob(ctx context.Context, sha256 string) error
	// DeleteMessages removes the messages to a person: all, or those about one enrolment; and says how many.
	DeleteMessages(ctx context.Context, to PersonID, of EnrolmentID) (int, error)
	// DeleteAliases removes the other names of an account, DeleteSignals the completions under a name,
	// DeleteRosterEntries an account from the rosters of all courses.
	DeleteAliases(ctx context.Context, account Identity) (int, error)
	DeleteSignals(ctx context.Context, name Identity) (int, error)
	DeleteRosterEntries(ctx context.Context, account Identity) (int, error)
	// RemoveStaff takes one role (issuer, course, person, role) from somebody, DeleteStaff all.
	RemoveStaff(ctx context.Context, s Staff) error
	DeleteStaff(ctx context.Context, p PersonID) (int, error)
	// PostsOfAuthor lists a person's posts in all threads by id, those after the given one.
	PostsOfAuthor(ctx context.Context, p PersonID, after PostID, limit int) ([]Post, error)
	// DeleteThread removes all posts of a thread, whoever wrote them, and says how many.
	DeleteThread(ctx context.Context, thread ThreadID) (int, error)
	// DeleteEvent removes a business event.
	DeleteEvent(ctx context.Context, key string) error
	// PutTombstone keeps a tombstone; the same id again: nil, untouched.
	PutTombstone(ctx context.Context, t Tombstone) error
	Tombstone(ctx context.Context, id string) (Tombstone, error)
}

// Tombstone keeps a name of somebody who was erased from coming back by itself. It does not tell whose it is.
type Tombstone struct {
	ID   string    `json:"id"` // salted SHA-256 of an Identity's Key
	At   time.Time `json:"at"`
	Salt string    `json:"salt,omitempty"` // of the one that keeps the salt
}

// ErasedName is what stands where an erased person was named.
const ErasedName = "erased person"

// PersonErasure says what an erasure did, or would do.
type PersonErasure struct {
	DryRun      bool       `json:"dry_run"`
	People      int        `json:"people"`      // documents of the person: one per account or address
	Identities  []Identity `json:"-"`           // by which statements may name them; never printed
	Enrolments  int        `json:"enrolments"`  // removed, with what the person wrote there
	Written     int        `json:"written"`     // hand-ins, drafts and answers removed with them
	Files       int        `json:"files"`       // removed; those that others handed in too stay
	Messages    int        `json:"messages"`    // to the person, and to others about their enrolments
	Reviews     int        `json:"reviews"`     // of others, which stay under ErasedName
	Others      int        `json:"others"`      // enrolments of others that named the person in a role or a parameter
	Posts       int        `json:"posts"`       // in threads of others; their place stays, empty
	Events      int        `json:"events"`      // business events and values of metrics
	Names       int        `json:"names"`       // aliases
	Completions int        `json:"completions"` // of courses
	Roster      int        `json:"roster"`      // entries
	Staff       int        `json:"staff"`       // roles in courses
	Courses     int        `json:"courses"`     // texts about courses that named the person
	PersonIDs   []PersonID `json:"-"`
}

// ErasePerson removes what is known of everybody who goes by a name: their enrolments with all they wrote and handed in
// there, what others wrote to them there, messages, business events that name them, other names, roster entries, roles. What they wrote about others stays, under ErasedName. Tombstones
// keep a late roster, a completion under one of their names or a launch parameter from bringing them back; their own
// launch, or somebody naming them anew, is a new beginning. With dry nothing is changed. Only for the tenant itself. An
// erasure that broke off is completed by running it again.
func (s *Service) ErasePerson(ctx context.Context, by Actor, who Identity, dry bool) (PersonErasure, error) {
	r := &erasing{s: s, report: PersonErasure{DryRun: dry}, dry: dry}
	if by.System == "" || !by.usable() {
		return r.report, fmt.Errorf("erase a person: %w", ErrForbidden)
	}
	if !who.usable() {
		return r.report, fmt.Errorf("erase a person: no name: %w", ErrInvalid)
	}
	people, err := s.everybodyNamed(ctx, who)
	if err != nil {
		return r.report, fmt.Errorf("erase a person: %w", err)
	}
	r.names = append(r.names, who)
	for _, p := range people {
		r.report.PersonIDs = append(r.report.PersonIDs, p.ID)
		r.names = append(r.names, ByAccount(p.Issuer, p.Subject), ByEmail(p.Email))
		r.names = append(r.names, p.Names...)
	}
	r.names = slices.DeleteFunc(r.names, Identity.zero)
	r.people, r.report.People, r.report.Identities = people, len(people), r.names
	if r.accounts, err = s.accountsNamed(ctx, who, people); err != nil {
		return r.report, fmt.Errorf("erase a person: %w", err)
	}
	if err := r.run(ctx); err != nil {
		return r.report, fmt.Errorf("erase a person: %w", err)
	}
	return r.report, nil
}

// ByPerson is a person as the engine's own statements name reviewers: by the base of our IRIs and our id.
func (s *Service) ByPerson(id PersonID) Identity {
	return Identity{Issuer: s.o.IRIBase, Name: string(id)}
}

// everybodyNamed are all people who go by a name, those without account too.
func (s *Service) everybodyNamed(ctx context.Context, who Identity) ([]Person, error) {
	var people []Person
	add := func(p Person, err error) error {
		if errors.Is(err, ErrNotFound) || err == nil && slices.ContainsFunc(people, func(o Person) bool { return o.ID == p.ID }) {
			return nil
		}
		if err == nil {
			people = append(people, p)
		}
		return err
	}
	if err := add(s.o.Store.PersonByAccount(ctx, who.Issuer, who.Name)); err != nil {
		return nil, err
	}
	if who.Issuer == s.o.IRIBase {
		if err := add(s.o.Store.Person(ctx, PersonID(who.Name))); err != nil {
			return nil, err
		}
	}
	named, err := s.named(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, p := range named {
		_ = add(p, nil)
	}
	if who.Issuer == emailNames {
		if err := add(s.o.Store.PersonByEmail(ctx, who.Name)); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// accountsNamed are the accounts of people, and those that a name leads to where nobody is any more: an erasure broke off.
func (s *Service) accountsNamed(ctx context.Context, who Identity, people []Person) ([]Identity, error) {
	var accounts []Identity
	for _, p := range people {
		if p.Subject != "" {
			accounts = append(accounts, ByAccount(p.Issuer, p.Subject))
		}
	}
	aliases, err := s.o.Store.AliasesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, a := range aliases {
		account := ByAccount(a.Issuer, a.Subject)
		if slices.Contains(accounts, account) {
			continue
		}
		if _, err := s.o.Store.PersonByAccount(ctx, a.Issuer, a.Subject); errors.Is(err, ErrNotFound) {
			accounts = append(accounts, account)
		} else if err != nil {
			return nil, err // else a name of somebody's past
		}
	}
	return accounts, nil
}

// erasing is one run of ErasePerson.
type erasing struct {
	s        *Service
	dry      bool
	people   []Person
	names    []Identity
	accounts []Identity
	report   PersonErasure
}

// run removes what is found by something else before that: a run that broke off finds the rest again.
func (r *erasing) run(ctx context.Context) error {
	if !r.dry {
		for _, n := range r.names { // first: nobody slips in behind
			if err := r.s.bury(ctx, n); err != nil {
				return err
			}
		}
	}
	for _, p := range r.people {
		if err := r.own(ctx, p); err != nil {
			return err
		}
	}
	if err := r.elsewhere(ctx); err != nil {
		return err
	}
	if err := r.courseTexts(ctx); err != nil {
		return err
	}
	for _, p := range r.people {
		if err := r.person(ctx, p); err != nil {
			return err
		}
	}
	if err := r.events(ctx); err != nil {
		return err
	}
	if err := r.namesGone(ctx); err != nil || r.dry {
		return err
	}
	for _, p := range r.people {
		err := r.s.changePerson(ctx, p.ID, func(p *Person) {
			*p = Person{ID: p.ID, Rev: p.Rev, Name: ErasedName, ErasedAt: r.s.now(), CreatedAt: p.CreatedAt}
		})
		if err != nil {
			return err
		}
	}
	for _, a := range r.accounts {
		n, err := r.s.o.Store.DeleteAliases(ctx, a)
		if err != nil {
			return err
		}
		r.report.Names += n
	}
	_, err := r.s.DeadLetters(ctx) // takes away those of what is gone
	return err
}

// own removes a person's enrolments.
func (r *erasing) own(ctx context.Context, p Person) error {
	all, err := r.s.o.Store.EnrolmentsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := r.enrolment(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *erasing) enrolment(ctx context.Context, e *Enrolment) error {
	r.report.Enrolments++
	list, err := r.s.o.Store.Contributions(ctx, e.ID)
	if err != nil {
		return err
	}
	r.report.Written += len(list)
	files := map[string]bool{}
	for _, c := range list {
		for _, f := range c.Files {
			files[f.SHA256] = true
		}
	}
	asked := map[PersonID]bool{}
	for _, st := range e.Steps {
		for _, q := range st.Requests {
			asked[q.Person] = true
		}
	}
	for _, as := range e.Roles {
		for _, a := range as {
			asked[a.Person] = true
		}
	}
	if r.dry {
		r.report.Files += len(files)
		return nil
	}
	if err := r.leaveCohort(ctx, e); err != nil {
		return err
	}
	for p := range asked {
		n, err := r.s.o.Store.DeleteMessages(ctx, p, e.ID)
		if err != nil {
			return err
		}
		r.report.Messages += n
	}
	for _, sha := range slices.Sorted(maps.Keys(files)) {
		gone, err := r.s.removeFile(ctx, sha, func(ctx context.Context) (bool, error) { return r.s.o.Store.BlobUsed(ctx, sha, e.ID) })
		if err != nil {
			return err
		}
		if gone {
			r.report.Files++
		}
	}
	threads := []ThreadID{coachThread(e.ID)}
	for _, id := range slices.Sorted(maps.Keys(e.Steps)) {
		threads = append(threads, ownThread(e.ID, id))
	}
	for _, thread := range threads {
		if _, err := r.s.o.Store.DeleteThread(ctx, thread); err != nil {
			return err
		}
	}
	for _, kind := range []string{DeadGrade, DeadStatements, DeadWake, DeadRelay} {
		if err := r.s.o.Store.RemoveDeadLetter(ctx, kind+"-"+string(e.ID)); err != nil {
			return err
		}
	}
	return r.s.o.Store.DeleteEnrolment(ctx, e.ID) // last: all the rest is found by it
}

// leaveCohort takes an enrolment out of what its cohort waits for. Who it was stays as an id that names nobody.
func (r *erasing) leaveCohort(ctx context.Context, e *Enrolment) error {
	m, err := r.s.o.Store.MemberOf(ctx, e.ID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Rev, m.State, m.Waits, m.Ready = max(m.Rev, e.Rev)+maxTries, MemberLeft, nil, nil // later than any save under way
	if err := r.s.o.Store.PutMember(ctx, m); err != nil {
		return err
	}
	w, err := r.s.Workflow(ctx, e.Workflow, e.Version)
	if err != nil {
		return err
	}
	return r.s.leftBehind(ctx, w, e.CohortKey(), e.ID) // it may have been the last one waited for
}

// posts empties what a person wrote into threads. The place stays, as others may have answered.
func (r *erasing) posts(ctx context.Context, p PersonID) error {
	for after := PostID(""); ; {
		page, err := r.s.o.Store.PostsOfAuthor(ctx, p, after, 500)
		if err != nil {
			return err
		}
		for _, post := range page {
			after = post.ID
			r.report.Posts++
			if r.dry || post.Text == "" {
				continue
			}
			post.Text, post.Hidden = "", true
			if err := r.s.o.Store.SavePost(ctx, post); err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		if len(page) < 500 {
			return nil
		}
	}
}

// elsewhere goes through everybody else's enrolments.
func (r *erasing) elsewhere(ctx context.Context) error {
	if len(r.people) == 0 {
		return nil
	}
	for after := EnrolmentID(""); ; {
		page, err := r.s.o.Store.EnrolmentsAfter(ctx, after, 500)
		if err != nil {
			return err
		}
		for _, e := range page {
			after = e.ID
			if err := r.other(ctx, e); err != nil {
				return err
			}
		}
		if len(page) < 500 {
			return nil
		}
	}
}

// other takes the person out of the roles of somebody else's enrolment.
func (r *erasing) other(ctx context.Context, e *Enrolment) error {
	ev := personErased{people: map[PersonID]bool{}, addresses: map[string]bool{}}
	for _, p := range r.people {
		if p.ID == e.Learner {
			return nil
		}
		ev.people[p.ID] = true
	}
	for _, n := range r.names {
		if n.Issuer == emailNames {
			ev.addresses[n.Name] = true
		}
	}
	for _, st := range e.Steps {
		for _, rev := range st.Reviews {
			if ev.people[rev.By] {
				r.report.Reviews++
			}
		}
	}
	if !ev.concerns(e) {
		return nil
	}
	r.report.Others++
	if r.dry {
		return nil
	}
	_, err := r.s.change(ctx, e.ID, func(*Workflow, *Enrolment) (event, error) { return ev, nil })
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// person removes what hangs from a person and leaves a document that names nobody, for what they wrote about others.
func (r *erasing) person(ctx context.Context, p Person) error {
	account := ByAccount(p.Issuer, p.Subject)
	if err := r.posts(ctx, p.ID); err != nil {
		return err
	}
	if r.dry {
		return nil
	}
	values, err := r.s.o.Store.EraseMetricValuesOf(ctx, p.ID)
	if err != nil {
		return err
	}
	r.report.Events += values
	if _, err := r.s.o.Store.DeletePortfolioLinks(ctx, p.ID); err != nil {
		return err
	}
	n, err := r.s.o.Store.DeleteMessages(ctx, p.ID, "")
	if err != nil {
		return err
	}
	r.report.Messages += n
	if n, err = r.s.o.Store.DeleteStaff(ctx, p.ID); err != nil {
		return err
	}
	r.report.Staff += n
	if !account.zero() {
		if n, err = r.s.o.Store.DeleteRosterEntries(ctx, account); err != nil {
			return err
		}
		r.report.Roster += n
	}
	return nil
}

// events removes the business events that name somebody, also those that nothing came of and that wait.
func (r *erasing) events(ctx context.Context) error {
	for behind := (EventPlace{}); ; {
		page, err := r.s.o.Store.Events(ctx, behind, 500)
		if err != nil {
			return err
		}
		for _, ev := range page {
			behind = EventPlace{At: ev.ReceivedAt, Key: ev.Key}
			if !r.named(ev) {
				continue
			}
			r.report.Events++
			if r.dry {
				continue
			}
			if err := r.s.o.Store.DeleteEvent(ctx, ev.Key); err != nil {
				return err
			}
		}
		if len(page) < 500 {
			break
		}
	}
	if r.dry {
		return nil
	}
	for _, p := range r.people { // what came in meanwhile
		n, err := r.s.o.Store.EraseEventsOf(ctx, p.ID)
		if err != nil {
			return err
		}
		r.report.Events += n
	}
	return nil
}

// named tells whether an event names somebody: by what came of it, or by a text in it.
func (r *erasing) named(ev BusinessEvent) bool {
	if slices.ContainsFunc(r.people, func(p Person) bool { return slices.Contains(ev.People, p.ID) }) {
		return true
	}
	return slices.ContainsFunc(stringsIn(decodeData(ev.Data), []string{ev.Subject}), func(text string) bool {
		id, person := nameIn(text)
		return person != "" && slices.Contains(r.report.PersonIDs, person) || id.usable() && slices.Contains(r.names, id)
	})
}

// namesGone removes completions under all names.
func (r *erasing) namesGone(ctx context.Context) error {
	for _, n := range r.names {
		if r.dry {
			known, err := r.s.o.Store.SignalsOf(ctx, n.Issuer, n.Name)
			if err != nil {
				return err
			}
			r.report.Completions += len(known)
			continue
		}
		count, err := r.s.o.Store.DeleteSignals(ctx, n)
		if err != nil {
			return err
		}
		r.report.Completions += count
	}
	return nil
}

// personErased takes people out of somebody else's enrolment: what they were to answer is asked of nobody, or of who
// comes next. Their reviews stay.
type personErased struct {
	people    map[PersonID]bool
	addresses map[string]bool
}

// concerns tells whether an enrolment names one of them.
func (ev personErased) concerns(e *Enrolment) bool {
	among := func(as []Assignment) bool {
		return slices.ContainsFunc(as, func(a Assignment) bool { return ev.people[a.Person] })
	}
	for _, as := range e.Roles {
		if among(as) {
			return true
		}
	}
	for _, as := range e.Appointed {
		if among(as) {
			return true
		}
	}
	for _, a := range e.Named {
		if ev.people[a.Person] {
			return true
		}
	}
	for _, v := range e.Custom {
		if ev.address(v) {
			return true
		}
	}
	if slices.ContainsFunc(e.Forwards, func(f Forward) bool { return ev.people[f.From] || ev.people[f.To] }) {
		return true
	}
	return slices.ContainsFunc(e.WaitsFor(), func(p PersonID) bool { return ev.people[p] })
}

func (ev personErased) address(v string) bool {
	address, ok := validEmail(v)
	return ok && ev.addresses[address]
}

func (ev personErased) apply(d *decision) error {
	for role, as := range d.e.Appointed {
		d.e.Appointed[role] = slices.DeleteFunc(as, func(a Assignment) bool { return ev.people[a.Person] })
		if len(d.e.Appointed[role]) == 0 {
			delete(d.e.Appointed, role)
		}
	}
	d.e.Forwards = forgetForwards(d.e.Forwards, ev.people)
	for role, a := range d.e.Named {
		if ev.people[a.Person] {
			delete(d.e.Named, role)
		}
	}
	for k, v := range d.e.Custom {
		if ev.address(v) {
			d.e.Custom[k] = ""
		}
	}
	for role, as := range d.f.Candidates { // for this once: the documents they come from go next
		d.f.Candidates[role] = slices.DeleteFunc(slices.Clone(as), func(a Assignment) bool { return ev.people[a.Person] })
	}
	for _, st := range d.e.Steps {
		for i := range st.Requests {
			if q := &st.Requests[i]; q.Waiting() && ev.people[q.Person] {
				q.AnsweredAt, q.Outcome = d.now, OutcomeExpired // it does not come back
			}
		}
	}
	d.assign()
	return nil
}

// bury leaves a tombstone for a name.
func (s *Service) bury(ctx context.Context, n Identity) error {
	id, err := s.grave(ctx, n)
	if err != nil {
		return err
	}
	return s.o.Store.PutTombstone(ctx, Tombstone{ID: id, At: s.now()})
}

// buried tells whether somebody of that name was erased.
func (s *Service) buried(ctx context.Context, n Identity) (bool, error) {
	if n.zero() {
		return false, nil
	}
	if _, err := s.o.Store.Tombstone(ctx, saltID); errors.Is(err, ErrNotFound) {
		return false, nil // nobody ever was
	}
	id, err := s.grave(ctx, n)
	if err != nil {
		return false, err
	}
	_, err = s.o.Store.Tombstone(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a tombstone: %w", err)
	}
	return true, nil
}

const saltID = "salt"

// grave is the id of a name's tombstone.
func (s *Service) grave(ctx context.Context, n Identity) (string, error) {
	salt, err := s.o.Store.Tombstone(ctx, saltID)
	if errors.Is(err, ErrNotFound) {
		if err = s.o.Store.PutTombstone(ctx, Tombstone{ID: saltID, At: s.now(), Salt: rand.Text()}); err == nil {
			salt, err = s.o.Store.Tombstone(ctx, saltID) // ours, or that of who was faster
		}
	}
	if err != nil {
		return "", fmt.Errorf("name a tombstone: %w", err)
	}
	sum := sha256.Sum256([]byte(salt.Salt + n.Key()))
	return hex.EncodeToString(sum[:]), nil
}

// previewLife is how long a preview stays that nobody looks at.
const previewLife = 30 * 24 * time.Hour

// ForgetPreviews removes the enrolments of previews that nobody has launched for a month, with what was written there, and
// says how many. Who made them stays.
func (s *Service) ForgetPreviews(ctx context.Context) (int, error) {
	n := 0
	for {
		old, err := s.o.Store.OldPreviews(ctx, s.now().Add(-previewLife), 100)
		if err != nil || len(old) == 0 {
			return n, err
		}
		for _, id := range old {
			e, err := s.o.Store.Enrolment(ctx, id)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err == nil {
				err = (&erasing{s: s}).enrolment(ctx, e)
			}
			if err != nil {
				return n, fmt.Errorf("forget previews: %w", err)
			}
			n++
		}
	}
}
