package lrs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cairn-lms/cairn/xapi"
)

// outcome is what became of a statement that was to be stored.
type outcome int

const (
	isNew    outcome = iota // it is stored
	isKnown                 // it was stored before, and means the same
	isErased                // it was erased, or tells of someone who was: nothing is stored
	isTaken                 // another statement has its id
)

// bring stores the entries, all or none of those that are left when tell has been
// told what becomes of the others. An error of tell ends it before anything is
// stored. tell hears of isNew only what is stored for good.
func (l *LRS) bring(ctx context.Context, todo []Entry, v xapi.Version, tell func(Entry, outcome) error) error {
	for round := 0; len(todo) > 0; round++ {
		existing, err := l.store.Insert(ctx, l.o.Now, todo)
		var buried *BuriedError
		switch {
		case errors.As(err, &buried) && round < 10:
			todo, err = l.withoutBuried(ctx, todo, buried.Found, tell)
		case err == nil && len(existing) == 0:
			l.wake()
			for _, e := range todo {
				if err := tell(e, isNew); err != nil {
					return err
				}
			}
			return nil
		case err == nil:
			todo, err = without(todo, existing, v, tell)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// without leaves out the entries that are stored already.
func without(todo []Entry, existing []Row, v xapi.Version, tell func(Entry, outcome) error) ([]Entry, error) {
	rows := make(map[string]Row, len(existing))
	for _, r := range existing {
		rows[r.ID] = r
	}
	rest := make([]Entry, 0, len(todo))
	for _, e := range todo {
		row, there := rows[e.ID]
		if !there {
			rest = append(rest, e)
			continue
		}
		become := isTaken
		if xapi.Same(row.Doc, e.Doc, v) || xapi.Same(row.JSON(), e.Doc, v) {
			become = isKnown
		}
		if err := tell(e, become); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// withoutBuried leaves out the entries that were erased, and puts pseudonyms into
// those that may stay with them.
func (l *LRS) withoutBuried(ctx context.Context, todo []Entry, found map[string]Tombstone, tell func(Entry, outcome) error) ([]Entry, error) {
	names, err := l.pseudonyms(ctx)
	if err != nil {
		return nil, err
	}
	rest := make([]Entry, 0, len(todo))
	for _, e := range todo {
		hits := e.buried(found)
		if len(hits) == 0 {
			rest = append(rest, e)
			continue
		}
		if e.gone(hits) {
			if err := tell(e, isErased); err != nil {
				return nil, err
			}
			continue
		}
		agents := make([]string, 0, len(hits))
		for _, t := range hits {
			agents = append(agents, strings.TrimPrefix(t.Name, buriedAgent))
		}
		if e, err = e.pseudonymised(names, agents); err != nil {
			return nil, err
		}
		rest = append(rest, e)
	}
	return rest, nil
}

// gone tells whether nothing of the entry may be stored: it was erased itself, or
// is a statement of someone who was. A voiding stays, under the pseudonym: else
// what it voids would count again.
func (e Entry) gone(hits []Tombstone) bool {
	for _, t := range hits {
		agent, ok := strings.CutPrefix(t.Name, buriedAgent)
		if !ok {
			return true
		}
		if !t.Keep && !e.Flags.Has(Voiding) && slices.Contains(e.Keys, key("a", agent)) {
			return true
		}
	}
	return false
}

// pseudonymised is the entry with pseudonyms in the place of the agents.
func (e Entry) pseudonymised(names pseudonyms, agents []string) (Entry, error) {
	doc, n, err := names.rewrite(e.Doc, agents)
	if err != nil {
		return e, err
	}
	if n == 0 {
		return e, fmt.Errorf("lrs: statement %s is found by an agent it does not name", e.ID)
	}
	s, err := xapi.DecodeStored(doc)
	if err != nil {
		return e, err
	}
	e.Doc = doc
	e.Keys, e.Beyond = bounded(allKeys(s))
	return e, nil
}
