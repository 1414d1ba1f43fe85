package lrs

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// maxLooks bounds how often a query of one key's own statements asks the store
// for more to fill one page, each time for up to a page of the server.
const maxLooks = 40

// selectMine selects for a key that may see only what it wrote. Such a statement
// is found by what it says itself, and by what it refers to as far as the key
// wrote that too: else a reference would tell what others' statements say. Neither
// is whether there are more told by rows that are left out, unless there are as
// many as it looks at for a page. last is where the next page goes on.
func (l *LRS) selectMine(ctx context.Context, s Selection, mine string) (rows []Row, last int64, more bool, err error) {
	f := familiar{LRS: l, mine: mine, known: map[string]*relation{}}
	limit, size := s.Limit, 0
	for range maxLooks {
		part, rest, err := l.store.Select(ctx, s)
		if err != nil {
			return nil, 0, false, err
		}
		for _, row := range part {
			matches, err := f.matches(ctx, row, s.Terms)
			switch {
			case err != nil:
				return nil, 0, false, err
			case !matches:
				continue
			case len(rows) == limit || size >= s.MaxBytes:
				return rows, rows[len(rows)-1].Stored, true, nil
			}
			rows = append(rows, row)
			size += len(row.Doc)
		}
		if !rest {
			return rows, 0, false, nil
		}
		last = part[len(part)-1].Stored
		if s.Limit = l.o.PageSize; s.Ascending {
			s.After = last
		} else {
			s.Until = last - 1
		}
	}
	return rows, last, true, nil
}

// familiar knows what the statements of one key say.
type familiar struct {
	*LRS
	mine  string // key of the authority
	known map[string]*relation
}

// relation is what a statement is found by itself, and what it refers to.
type relation struct {
	keys   []IndexKey
	target string
}

// maxChain bounds the references that are followed from one statement.
const maxChain = 100

// matches tells whether the row is found by each of the terms.
func (f *familiar) matches(ctx context.Context, row Row, terms [][]IndexKey) (bool, error) {
	keys, target, err := Reindex(row.Doc)
	if err != nil {
		return false, err
	}
	missing := unmatched(terms, keys)
	for n := 0; n < maxChain && len(missing) > 0 && target != ""; n++ {
		r, err := f.relation(ctx, target)
		if err != nil || r == nil {
			return false, err
		}
		missing, target = unmatched(missing, r.keys), r.target
	}
	return len(missing) == 0, nil
}

// relation is that of the statement with the id, nil if another key wrote it or
// nobody did.
func (f *familiar) relation(ctx context.Context, id string) (*relation, error) {
	if r, ok := f.known[id]; ok {
		return r, nil
	}
	row, err := f.store.Get(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("lrs: statement %s: %w", id, err)
	}
	var r *relation
	own := false
	if err == nil {
		if own, err = vouchedBy(row, f.mine); err != nil {
			return nil, err
		}
	}
	if own {
		r = &relation{}
		if r.keys, r.target, err = Reindex(row.Doc); err != nil {
			return nil, err
		}
	}
	f.known[id] = r
	return r, nil
}

// unmatched are the terms of which there is no key.
func unmatched(terms [][]IndexKey, keys []IndexKey) [][]IndexKey {
	var out [][]IndexKey
	for _, term := range terms {
		if !slices.ContainsFunc(term, func(k IndexKey) bool { return slices.Contains(keys, k) }) {
			out = append(out, term)
		}
	}
	return out
}
