package engine

import (
	"context"
	"errors"
	"fmt"
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
