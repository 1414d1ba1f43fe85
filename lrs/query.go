package lrs

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Format says how much of a statement a query returns.
type Format string

// The formats; an empty one is exact.
const (
	FormatExact     Format = "exact"
	FormatIDs       Format = "ids"
	FormatCanonical Format = "canonical"
)

// Query asks for statements, newest first unless Ascending. The zero value asks
// for all of them, in pages of the server's size.
type Query struct {
	Agent             *xapi.Agent // as actor or object
	Verb              string
	Activity          string // as object
	Registration      string // UUID
	RelatedAgents     bool   // Agent anywhere in the statement
	RelatedActivities bool   // Activity anywhere in the statement
	Since             *time.Time
	Until             *time.Time
	Limit             int // 0: the server's page size
	Ascending         bool
	Format            Format // "": exact
	Attachments       bool
	Languages         string // Accept-Language, for canonical

	mine     string   // only statements of this authority key
	position position // where a walk goes on
}

// position is where a `more` walk stands. Its bounds make the walk see each
// statement that was there at its start once, whatever is inserted meanwhile.
type position struct {
	after, until int64 // 0: not set
}

// Page is one answer to a Query.
type Page struct {
	Statements [][]byte // JSON, in order
	Through    int64    // every statement stored up to here is taken into account
	More       string   // path of the next page, "" at the end
	rows       []Row
	bounds     position // of what was looked through
}

// terms is what the index is asked: the most selective term first.
func (q Query) terms() [][]IndexKey {
	var t [][]IndexKey
	agent, activity := "", q.Activity
	if q.Agent != nil {
		agent = q.Agent.Key()
	}
	narrowAgent, narrowActivity := agent != "" && !q.RelatedAgents, activity != "" && !q.RelatedActivities
	verb := q.Verb != ""
	one := func(kind string, values ...string) { t = append(t, []IndexKey{key(kind, values...)}) }
	if narrowAgent && narrowActivity {
		one("ao", agent, activity)
	}
	if q.Registration != "" {
		one("r", q.Registration)
	}
	switch {
	case narrowAgent && verb:
		one("av", agent, q.Verb)
	case narrowActivity && verb:
		one("ov", activity, q.Verb)
	}
	if narrowAgent && !narrowActivity && !verb {
		one("a", agent)
	}
	if narrowActivity && !narrowAgent && !verb {
		one("o", activity)
	}
	if agent != "" && q.RelatedAgents {
		t = append(t, []IndexKey{key("a", agent), key("A", agent)})
	}
	if activity != "" && q.RelatedActivities {
		t = append(t, []IndexKey{key("o", activity), key("O", activity)})
	}
	if verb && !narrowAgent && !narrowActivity {
		one("v", q.Verb)
	}
	if q.mine != "" {
		one("u", q.mine)
	}
	return t
}

// Query returns one page of statements.
func (l *LRS) Query(ctx context.Context, q Query) (Page, error) {
	page, err := l.find(ctx, q)
	page.Statements = make([][]byte, len(page.rows))
	for i, r := range page.rows {
		page.Statements[i] = r.JSON()
	}
	return page, err
}

// find returns one page as rows.
func (l *LRS) find(ctx context.Context, q Query) (Page, error) {
	through, err := l.store.Through(ctx, l.o.Now)
	if err != nil {
		return Page{}, fmt.Errorf("lrs: query: %w", err)
	}
	s := Selection{Terms: q.terms(), Until: through, Ascending: q.Ascending, Limit: q.Limit, MaxBytes: pageBytes}
	if s.Limit <= 0 || s.Limit > l.o.PageSize {
		s.Limit = l.o.PageSize
	}
	if q.Since != nil {
		s.After = nanos(*q.Since)
	}
	if q.Until != nil {
		s.Until = min(s.Until, nanos(*q.Until))
	}
	if q.position.until != 0 {
		s.Until = min(s.Until, q.position.until)
	}
	s.After = max(s.After, q.position.after)
	var rows []Row
	var last int64 // where the next page goes on
	var more bool
	if q.mine != "" && len(s.Terms) > 1 {
		rows, last, more, err = l.selectMine(ctx, s, q.mine)
	} else if rows, more, err = l.store.Select(ctx, s); len(rows) > 0 {
		last = rows[len(rows)-1].Stored
	}
	if err != nil {
		return Page{}, fmt.Errorf("lrs: query: %w", err)
	}
	page := Page{Through: through, rows: rows, bounds: position{s.After, s.Until}}
	if more {
		l.goOn(&page, q, last)
	}
	return page, nil
}

// end ends the page of the query after n rows, of which more follow.
func (l *LRS) end(page *Page, q Query, n int) {
	page.rows = page.rows[:n]
	l.goOn(page, q, page.rows[n-1].Stored)
}

// goOn lets the page of the query be followed by what comes after last.
func (l *LRS) goOn(page *Page, q Query, last int64) {
	q.position = page.bounds
	if q.Ascending {
		q.position.after = last
	} else {
		q.position.until = last - 1
	}
	page.More = l.o.Base + "/statements/more/" + q.token()
}

// nanos is t in nanoseconds since 1970, at the ends of int64 for far years.
func nanos(t time.Time) int64 {
	switch year := t.UTC().Year(); {
	case year < 1700:
		return math.MinInt64
	case year > 2200:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// Statement returns one statement by id: with voided false only if it is not
// voided, with voided true only if it is. ErrNotFound else.
func (l *LRS) Statement(ctx context.Context, id string, voided bool) ([]byte, error) {
	row, err := l.row(ctx, id, voided)
	if err != nil {
		return nil, err
	}
	return row.JSON(), nil
}

func (l *LRS) row(ctx context.Context, id string, voided bool) (Row, error) {
	row, err := l.store.Get(ctx, id)
	if err != nil {
		return Row{}, fmt.Errorf("lrs: statement %s: %w", id, err)
	}
	if row.Flags.Has(Voided) != voided {
		return Row{}, fmt.Errorf("lrs: statement %s: %w", id, ErrNotFound)
	}
	return row, nil
}
