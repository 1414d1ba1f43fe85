package lrs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cairn-lms/cairn/xapi"
)

// Rule says how long statements are kept, counted from their stored.
type Rule struct {
	Type string `json:"type,omitempty"` // of the activity that is the object; "": all that no other rule is for
	Days int    `json:"days"`
}

// ErrRule says that a rule of retention cannot be as asked.
var ErrRule = errors.New("lrs: rule of retention")

// policySetting holds the rules and how far each has been applied.
const policySetting = "retention"

// maxRules bounds a policy.
const maxRules = 100

type policy struct {
	Rules []appliedRule `json:"rules"`
}

type appliedRule struct {
	Rule
	Cursor int64 `json:"cursor"` // statements stored up to here are dealt with
}

// Retention returns the tenant's rules; without any, everything is kept.
func (l *LRS) Retention(ctx context.Context) ([]Rule, error) {
	p, err := l.policy(ctx)
	if err != nil {
		return nil, err
	}
	rules := make([]Rule, len(p.Rules))
	for i, r := range p.Rules {
		rules[i] = r.Rule
	}
	return rules, nil
}

func (l *LRS) policy(ctx context.Context) (policy, error) {
	var p policy
	doc, err := l.store.Setting(ctx, policySetting)
	if err == nil && doc != nil {
		err = json.Unmarshal(doc, &p)
	}
	if err != nil {
		return p, fmt.Errorf("lrs: retention: %w", err)
	}
	return p, nil
}

// SetRule adds a rule, or puts it in the place of that for the same type.
func (l *LRS) SetRule(ctx context.Context, r Rule) error {
	if r.Days < 1 || r.Days > 100*366 {
		return fmt.Errorf("%w: the age is a day to a hundred years", ErrRule)
	}
	if r.Type != "" && !xapi.ValidIRI(r.Type) {
		return fmt.Errorf("%w: an activity type is an absolute IRI such as http://adlnet.gov/expapi/activities/course", ErrRule)
	}
	return l.changePolicy(ctx, func(p *policy) error {
		p.Rules = slices.DeleteFunc(p.Rules, func(old appliedRule) bool { return old.Type == r.Type })
		if len(p.Rules) >= maxRules {
			return fmt.Errorf("%w: there are %d already", ErrRule, maxRules)
		}
		p.Rules = append(p.Rules, appliedRule{Rule: r})
		return nil
	})
}

// RemoveRule removes the rule for the type; ErrNotFound if there is none.
func (l *LRS) RemoveRule(ctx context.Context, activityType string) error {
	return l.changePolicy(ctx, func(p *policy) error {
		n := len(p.Rules)
		p.Rules = slices.DeleteFunc(p.Rules, func(old appliedRule) bool { return old.Type == activityType })
		if len(p.Rules) == n {
			return fmt.Errorf("%w: a rule for this type", ErrNotFound)
		}
		return nil
	})
}

// changePolicy changes the rules. What each is for may change with the others, so
// all begin again.
func (l *LRS) changePolicy(ctx context.Context, change func(*policy) error) error {
	err := swap(ctx, l.store, policySetting, func(p *policy) error {
		for i := range p.Rules {
			p.Rules[i].Cursor = 0
		}
		return change(p)
	})
	if err != nil {
		return fmt.Errorf("lrs: retention: %w", err)
	}
	return nil
}

// RetentionReport is what the rules removed, or would.
type RetentionReport struct {
	DryRun  bool          `json:"dry_run"`
	Rules   []RuleOutcome `json:"rules"`
	Removed int           `json:"statements_removed"`
	Released
}

// RuleOutcome is what one rule did.
type RuleOutcome struct {
	Rule
	Looked  int `json:"statements_looked_at"`
	Removed int `json:"statements_removed"`
}

// ApplyRetention removes what is older than the rules keep, with the attachments
// that nothing else has. Each statement is looked at once per rule, when it is
// old enough. A voiding stays as long as what it voids: else that would count
// again; it goes with it.
func (l *LRS) ApplyRetention(ctx context.Context, dryRun bool) (RetentionReport, error) {
	report := RetentionReport{DryRun: dryRun, Rules: []RuleOutcome{}}
	p, err := l.policy(ctx)
	if err != nil {
		return report, err
	}
	k := keeper{LRS: l, policy: p, dry: dryRun, now: l.o.Now(), going: map[string]bool{}, frees: releasing{LRS: l, total: &report.Released}}
	if !dryRun {
		if err := k.frees.now(ctx); err != nil {
			return report, fmt.Errorf("lrs: retention: %w", err)
		}
	}
	for i := range p.Rules {
		out, err := k.apply(ctx, i)
		report.Rules = append(report.Rules, out)
		report.Removed += out.Removed
		if err != nil {
			return report, fmt.Errorf("lrs: retention: %w", err)
		}
	}
	if !dryRun {
		if err := k.frees.now(ctx); err != nil {
			return report, fmt.Errorf("lrs: retention: %w", err)
		}
	}
	return report, nil
}

// keeper is one run of ApplyRetention.
type keeper struct {
	*LRS
	policy policy
	dry    bool
	now    time.Time
	going  map[string]bool // statements of the page that go
	frees  releasing
}

func (k *keeper) cutoff(r Rule) int64 { return k.now.AddDate(0, 0, -r.Days).UnixNano() }

// apply applies rule i to what came of age since the last time.
func (k *keeper) apply(ctx context.Context, i int) (RuleOutcome, error) {
	rule := k.policy.Rules[i]
	out := RuleOutcome{Rule: rule.Rule}
	through, err := k.store.Through(ctx, nil)
	if err != nil {
		return out, err
	}
	s := Selection{After: rule.Cursor, Until: min(through, k.cutoff(rule.Rule)), Ascending: true, Limit: eraseBatch, MaxBytes: pageBytes, Voided: true}
	for more := true; more && s.After < s.Until; {
		var rows []Row
		if rows, more, err = k.store.Select(ctx, s); err != nil {
			return out, err
		}
		changes, err := k.page(ctx, rule.Rule, rows)
		if err != nil {
			return out, err
		}
		out.Looked += len(rows)
		out.Removed += len(changes)
		if s.After = s.Until; more {
			s.After = rows[len(rows)-1].Stored
		}
		k.policy.Rules[i].Cursor = max(k.policy.Rules[i].Cursor, s.After)
		if k.dry {
			continue
		}
		if err := k.store.Replace(ctx, changes); err != nil {
			return out, err
		}
		if err := k.frees.often(ctx); err != nil {
			return out, err
		}
		if on, err := k.advance(ctx, rule.Rule, s.After); err != nil || !on {
			return out, err
		}
	}
	return out, nil
}

// page decides what of a page goes, and notes its attachments.
func (k *keeper) page(ctx context.Context, rule Rule, rows []Row) ([]Change, error) {
	types, err := k.types(ctx, rows)
	if err != nil {
		return nil, err
	}
	var changes []Change
	var free []string
	for i, row := range rows {
		if !k.applies(rule, types[i], row) || k.going[row.ID] {
			continue
		}
		going, err := k.goes(ctx, row)
		if err != nil {
			return nil, err
		}
		for _, row := range going {
			digests, err := freed(row, nil)
			if err != nil {
				return nil, err
			}
			free = append(free, digests...)
			changes = append(changes, Change{ID: row.ID, Was: row.Doc})
			k.going[row.ID] = true
		}
	}
	if !k.dry {
		clear(k.going) // they are gone once this page is done
		err = k.frees.note(ctx, free)
	}
	return changes, err
}

// applies tells whether the row, met by the rule, goes. It does if it is under that
// rule; and if it is under another that keeps it no longer but has passed it
// already: the type of its activity was another then, or was not known.
func (k *keeper) applies(rule Rule, activityType string, row Row) bool {
	its := k.rule(activityType)
	if its < 0 {
		return false
	}
	own := k.policy.Rules[its]
	return own.Rule == rule || own.Cursor >= row.Stored && k.cutoff(own.Rule) >= row.Stored
}

// rule is the index of the rule that a statement about the type is under, -1 if
// there is none.
func (k *keeper) rule(activityType string) int {
	i := slices.IndexFunc(k.policy.Rules, func(r appliedRule) bool { return r.Type == activityType })
	if i < 0 {
		i = slices.IndexFunc(k.policy.Rules, func(r appliedRule) bool { return r.Type == "" })
	}
	return i
}

// goes returns what goes when the row is of age: itself, with what voids it and is
// of age by the rule for all; or nothing if it voids what stays.
func (k *keeper) goes(ctx context.Context, row Row) ([]Row, error) {
	if row.Flags.Has(Voiding) {
		_, target, err := Reindex(row.Doc)
		if err != nil {
			return nil, err
		}
		if _, err := k.store.Get(ctx, target); !errors.Is(err, ErrNotFound) && !k.going[target] {
			return nil, err
		}
	}
	if !row.Flags.Has(Voided) {
		return []Row{row}, nil
	}
	all := slices.IndexFunc(k.policy.Rules, func(r appliedRule) bool { return r.Type == "" })
	if all < 0 {
		return []Row{row}, nil
	}
	voiding, err := k.voiding(ctx, row, k.cutoff(k.policy.Rules[all].Rule))
	return append(voiding, row), err // in this order: after a crash it still leads to them
}

// voiding are the statements stored up to then that void the row. As they refer to
// it they are found by what it is found by.
func (k *keeper) voiding(ctx context.Context, row Row, until int64) ([]Row, error) {
	keys, _, err := Reindex(row.Doc)
	if err != nil {
		return nil, err
	}
	terms := [][]IndexKey{{key("v", xapi.VerbVoided)}}
	for _, own := range keys {
		if !own.Own() && len(terms) < 6 {
			terms = append(terms, []IndexKey{own})
		}
	}
	rows, _, err := k.store.Select(ctx, Selection{Terms: terms, After: -1, Until: until, Ascending: true, Limit: 1000})
	return slices.DeleteFunc(rows, func(r Row) bool {
		_, target, err := Reindex(r.Doc)
		return err != nil || target != row.ID || !r.Flags.Has(Voiding)
	}), err
}

// types are the activity types of the objects of the rows, "" for one without.
func (k *keeper) types(ctx context.Context, rows []Row) ([]string, error) {
	types, ids := make([]string, len(rows)), make([]string, len(rows))
	var ask []string
	for i, row := range rows {
		s, err := xapi.DecodeStored(row.Doc)
		if err != nil {
			return nil, err
		}
		switch a := s.Object.Activity; {
		case a == nil:
		case a.Definition != nil && a.Definition.Type != "":
			types[i] = a.Definition.Type
		default:
			ids[i] = a.ID
			ask = append(ask, a.ID)
		}
	}
	if len(ask) == 0 {
		return types, nil
	}
	slices.Sort(ask)
	known, err := k.store.Definitions(ctx, slices.Compact(ask))
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		var d struct{ Type string }
		if doc := known[id]; doc != nil && json.Unmarshal(doc, &d) == nil {
			types[i] = d.Type
		}
	}
	return types, nil
}

// advance moves the cursor of a rule on; on is false if the rule has changed.
func (k *keeper) advance(ctx context.Context, rule Rule, cursor int64) (on bool, err error) {
	err = swap(ctx, k.store, policySetting, func(p *policy) error {
		on = len(p.Rules) == len(k.policy.Rules)
		for i := range p.Rules {
			if !on || p.Rules[i].Rule != k.policy.Rules[i].Rule {
				on = false
				return nil
			}
			if p.Rules[i].Rule == rule {
				p.Rules[i].Cursor = max(p.Rules[i].Cursor, cursor)
			}
		}
		return nil
	})
	return on, err
}
