package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An erasure goes through what coaches wrote about a course as well: what is done about barriers and by whom, and why
// nudges are held back. There ErasedName takes the place of the person's names and addresses; the rest stays.

// CourseTextStore finds what was written about courses, for erasures. It may look at all of it.
type CourseTextStore interface {
	// BarrierActionsAfter lists the barrier actions of all courses by id, those after the given one, at most limit.
	BarrierActionsAfter(ctx context.Context, after string, limit int) ([]BarrierAction, error)
	// CohortsAfter lists all cohorts by id, those after the given one, at most limit.
	CohortsAfter(ctx context.Context, after CohortID, limit int) ([]Cohort, error)
}

// textPage is how many documents an erasure reads at once.
const textPage = 200

// courseTexts takes the person's names out of what was written about courses.
func (r *erasing) courseTexts(ctx context.Context) error {
	m := r.mentions()
	if len(m.whole) == 0 {
		return nil
	}
	for after := ""; ; {
		page, err := r.s.o.Store.BarrierActionsAfter(ctx, after, textPage)
		if err != nil {
			return fmt.Errorf("look through barrier actions: %w", err)
		}
		for _, a := range page {
			after = a.ID
			if err := r.barrierAction(ctx, m, a); err != nil {
				return err
			}
		}
		if len(page) < textPage {
			break
		}
	}
	for after := CohortID(""); ; {
		page, err := r.s.o.Store.CohortsAfter(ctx, after, textPage)
		if err != nil {
			return fmt.Errorf("look through cohorts: %w", err)
		}
		for _, c := range page {
			after = c.ID
			if err := r.cohortReasons(ctx, m, c); err != nil {
				return err
			}
		}
		if len(page) < textPage {
			return nil
		}
	}
}

func (r *erasing) barrierAction(ctx context.Context, m mentions, a BarrierAction) error {
	for range maxTries {
		if !m.inAction(&a) {
			return nil
		}
		if r.dry {
			r.report.Courses++
			return nil
		}
		err := r.s.o.Store.SaveBarrierAction(ctx, a)
		if !errors.Is(err, ErrConflict) {
			r.report.Courses++
			return err
		}
		if a, err = r.s.o.Store.BarrierAction(ctx, a.ID); err != nil {
			return fmt.Errorf("load a barrier action again: %w", err)
		}
	}
	return fmt.Errorf("take a name out of barrier action %s: %w", a.ID, ErrConflict)
}

func (r *erasing) cohortReasons(ctx context.Context, m mentions, c Cohort) error {
	for range maxTries {
		c = c.clone()
		if !m.inReasons(&c) {
			return nil
		}
		if r.dry {
			r.report.Courses++
			return nil
		}
		err := r.s.o.Store.SaveCohort(ctx, c)
		if !errors.Is(err, ErrConflict) {
			r.report.Courses++
			return err
		}
		if c, err = r.s.o.Store.Cohort(ctx, c.ID); err != nil {
			return fmt.Errorf("load a cohort again: %w", err)
		}
	}
	return fmt.Errorf("take a name out of cohort %s: %w", c.ID, ErrConflict)
}

// mentions find a person in texts.
type mentions struct {
	whole []*regexp.Regexp  // names and addresses, as they are written
	names []map[string]bool // the words of each name
}

func (r *erasing) mentions() mentions {
	var m mentions
	texts := []string{}
	for _, p := range r.people {
		texts = append(texts, p.Email)
		words := nameWords(p.Name)
		if len(words) == 0 || p.Name == ErasedName {
			continue
		}
		texts = append(texts, strings.Join(strings.Fields(p.Name), " "))
		set := map[string]bool{}
		for _, w := range words {
			set[w] = true
		}
		m.names = append(m.names, set)
	}
	for _, n := range r.names {
		if n.Issuer == emailNames {
			texts = append(texts, n.Name)
		}
	}
	slices.Sort(texts)
	for _, t := range slices.Compact(texts) {
		if utf8.RuneCountInString(t) >= 3 { // less is a part of too much else
			m.whole = append(m.whole, regexp.MustCompile(`(?i)`+strings.ReplaceAll(regexp.QuoteMeta(t), " ", `\s+`)+`(?:['’]?s)?`))
		}
	}
	return m
}

// nameWords are the words of a name, in lower case.
func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' })
}

// out is a text without the person, and whether it named them.
func (m mentions) out(text string) (string, bool) {
	found := false
	for _, name := range m.whole {
		var b strings.Builder
		at := 0
		for _, hit := range name.FindAllStringIndex(text, -1) {
			before, _ := utf8.DecodeLastRuneInString(text[:hit[0]])
			after, _ := utf8.DecodeRuneInString(text[hit[1]:])
			if word(before) || word(after) {
				continue // a part of another word
			}
			b.WriteString(text[at:hit[0]] + ErasedName)
			at, found = hit[1], true
		}
		text = b.String() + text[at:]
	}
	return text, found
}

func word(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// inAction takes the person out of a barrier action. Who is to do it may be named by a part of the name alone.
func (m mentions) inAction(a *BarrierAction) bool {
	text, found := m.out(a.Action)
	owner, named := m.out(a.Owner)
	if words := nameWords(a.Owner); !named && len(words) > 0 {
		named = slices.ContainsFunc(m.names, func(name map[string]bool) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !name[w] })
		})
		if named {
			owner = ErasedName
		}
	}
	a.Action, a.Owner = text, owner
	return found || named
}

// inReasons takes the person out of why nudges of a course are and were held back.
func (m mentions) inReasons(c *Cohort) bool {
	found := false
	if h := c.NudgesHeld; h != nil {
		kept := *h
		kept.Reason, found = m.out(h.Reason)
		c.NudgesHeld = &kept
	}
	c.Acts = slices.Clone(c.Acts)
	for i := range c.Acts {
		text, named := m.out(c.Acts[i].Reason)
		c.Acts[i].Reason, found = text, found || named
	}
	return found
}
