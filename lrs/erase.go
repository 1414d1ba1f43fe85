package lrs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cairn-lms/cairn/xapi"
)

// Erasure says who is erased, and how.
type Erasure struct {
	Agent        xapi.Agent // by its identifier; a mailbox means its SHA-1 too
	Pseudonymise bool       // own statements live on under a pseudonym
	DryRun       bool       // nothing is changed
	Progress     func(statements int)
}

// ErasureReport is what was done, or would be. Statements are counted once each,
// in the first of the roles that fits.
type ErasureReport struct {
	DryRun     bool   `json:"dry_run"`
	Pseudonym  string `json:"pseudonym,omitempty"` // the account name that stands in; "" before the first erasure
	Actor      int    `json:"statements_as_actor"`
	Object     int    `json:"statements_as_object"`
	Mentioned  int    `json:"statements_that_mention"`
	Voided     int    `json:"voided_among_them"`
	Removed    int    `json:"statements_removed"`
	Rewritten  int    `json:"statements_rewritten"`
	States     int    `json:"states"`
	Profiles   int    `json:"agent_profiles"`
	Signatures int    `json:"signatures_dropped"`
	Released
}

// ErrNobody says that an agent has no identifier to be erased by.
var ErrNobody = errors.New("lrs: an erasure needs an agent with an identifier")

// errBusyAgent says that an erasure finds more to do again and again.
var errBusyAgent = errors.New("lrs: statements about the agent keep changing; erase again")

// Erase removes a person from the record store, or puts a pseudonym in their
// place. Its steps are ordered so that doing it again after a crash completes it,
// and nothing comes back meanwhile:
//
//	tombstones for the agent     from here on no write brings in what is erased
//	statements, batch by batch   each with a tombstone for its id
//	attachments                  those that no other statement has
//	documents                    states and profiles of the agent
func (l *LRS) Erase(ctx context.Context, e Erasure) (ErasureReport, error) {
	report := ErasureReport{DryRun: e.DryRun}
	if e.Agent.Key() == "" {
		return report, ErrNobody
	}
	names, err := l.pseudonymsIf(ctx, !e.DryRun)
	if err != nil {
		return report, fmt.Errorf("lrs: erase: %w", err)
	}
	j := eraser{LRS: l, Erasure: e, names: names, agents: aliases(e.Agent.Key()), at: l.o.Now().UnixNano(), report: &report,
		frees: releasing{LRS: l, total: &report.Released}, removed: map[string]bool{}, lost: map[string]int{}}
	if len(names.Secret) > 0 {
		report.Pseudonym = names.of(e.Agent.Key()).Account.Name
	}
	if err := j.run(ctx); err != nil {
		return report, fmt.Errorf("lrs: erase: %w", err)
	}
	if !e.DryRun {
		l.o.Log.InfoContext(ctx, "a person was erased from the record store", "removed", report.Removed, "rewritten", report.Rewritten,
			"attachments", report.Attachments, "documents", report.States+report.Profiles, "pseudonymised", e.Pseudonymise)
	}
	return report, nil
}

// pseudonymsIf are the pseudonyms; a dry run does not make the first.
func (l *LRS) pseudonymsIf(ctx context.Context, make bool) (pseudonyms, error) {
	if make {
		return l.pseudonyms(ctx)
	}
	var p pseudonyms
	doc, err := l.store.Setting(ctx, pseudonymSetting)
	if err == nil && doc != nil {
		err = json.Unmarshal(doc, &p)
	}
	if p.Home == "" {
		p.Home = "https://cairn.invalid/pseudonym" // it goes nowhere
	}
	return p, err
}

// eraser is one run of Erase.
type eraser struct {
	*LRS
	Erasure
	names  pseudonyms
	agents []string // keys
	at     int64    // time of the erasure
	report *ErasureReport
	frees  releasing

	removed map[string]bool // voided statements that went in this run
	lost    map[string]int  // in a dry run, by digest: how many statements would lose it
}

func (j *eraser) run(ctx context.Context) error {
	if j.DryRun {
		through, err := j.store.Through(ctx, j.o.Now)
		if err == nil {
			_, err = j.pass(ctx, through, false)
		}
		if err == nil {
			err = j.wouldRelease(ctx)
		}
		if err == nil {
			err = j.documents(ctx)
		}
		return err
	}
	if err := j.frees.now(ctx); err != nil {
		return err
	}
	tombstones := make([]Tombstone, len(j.agents))
	for i, agent := range j.agents {
		tombstones[i] = Tombstone{Name: buriedAgent + agent, At: j.at, Keep: j.Pseudonymise}
	}
	if err := j.store.Bury(ctx, tombstones); err != nil {
		return err
	}
	through, err := j.store.Through(ctx, nil) // what comes later is a new beginning
	if err != nil {
		return err
	}
	for pass := 0; ; pass++ {
		changed, err := j.pass(ctx, through, pass > 0)
		if err != nil {
			return err
		}
		if changed == 0 && pass > 0 {
			break
		}
		if pass == 10 {
			return errBusyAgent
		}
	}
	if err := j.frees.now(ctx); err != nil {
		return err
	}
	return j.documents(ctx)
}

// eraseBatch is how many statements change together.
const eraseBatch = 100

// pass goes through all that is found by the agent, and changes what is stored up
// to through and names it. With repair it also puts right what is found by the
// agent without naming it: a reference that came in while its target changed.
func (j *eraser) pass(ctx context.Context, through int64, repair bool) (changed int, err error) {
	term := []IndexKey{overfull}
	for _, agent := range j.agents {
		term = append(term, key("a", agent), key("A", agent), key("~", agent))
	}
	s := Selection{Terms: [][]IndexKey{term}, After: -1, Ascending: true, Limit: eraseBatch, MaxBytes: pageBytes, Voided: true}
	for more := true; more; {
		if s.Until, err = j.store.Through(ctx, nil); err != nil {
			return changed, err
		}
		var rows []Row
		if rows, more, err = j.store.Select(ctx, s); err != nil {
			return changed, err
		}
		var changes []Change
		var free []string
		for _, row := range rows {
			s.After = row.Stored
			c, ok, err := j.change(ctx, row, through)
			if err != nil {
				return changed, err
			}
			if !ok {
				if repair {
					changes = append(changes, Change{ID: row.ID, Was: row.Doc, Doc: row.Doc})
				}
				continue
			}
			changed++
			digests, err := freed(row, c.Doc)
			if err != nil {
				return changed, err
			}
			for _, d := range digests {
				j.lost[d]++
			}
			changes, free = append(changes, c), append(free, digests...)
		}
		if j.Progress != nil {
			j.Progress(len(rows))
		}
		if j.DryRun {
			continue
		}
		if err := j.frees.note(ctx, free); err != nil {
			return changed, err
		}
		if err := j.store.Replace(ctx, changes); err != nil {
			return changed, err
		}
		if err := j.frees.often(ctx); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// change decides what becomes of a row, and counts it; ok is false if it stays.
func (j *eraser) change(ctx context.Context, row Row, through int64) (c Change, ok bool, err error) {
	doc, n, err := j.names.rewrite(row.Doc, j.agents)
	if err != nil || n == 0 || row.Stored > through {
		return c, false, err
	}
	s, err := xapi.DecodeStored(row.Doc)
	if err != nil {
		return c, false, err
	}
	own := true
	switch {
	case slices.Contains(j.agents, s.Actor.Key()):
		j.report.Actor++
	case s.Object.Agent != nil && slices.Contains(j.agents, s.Object.Agent.Key()):
		j.report.Object++
	default:
		j.report.Mentioned++
		own = false
	}
	if row.Flags.Has(Voided) {
		j.report.Voided++
	}
	c = Change{ID: row.ID, Was: row.Doc, Doc: doc, Bury: j.at}
	if own && !j.Pseudonymise {
		stays, err := j.stays(ctx, row, s)
		if err != nil {
			return c, false, err
		}
		if !stays {
			c.Doc = nil
		}
	}
	if c.Doc == nil {
		j.report.Removed++
		if row.Flags.Has(Voided) {
			j.removed[row.ID] = true
		}
		return c, true, nil
	}
	j.report.Rewritten++
	for _, a := range attachments(s) {
		if a.UsageType == xapi.UsageSignature {
			j.report.Signatures++
		}
	}
	return c, true, nil
}

// stays tells whether a statement of the person's own stays, under the pseudonym:
// one that voids what somebody else said. Without it that would count again.
func (j *eraser) stays(ctx context.Context, row Row, s *xapi.Statement) (bool, error) {
	if !row.Flags.Has(Voiding) || j.removed[s.Object.Ref.ID] {
		return false, nil
	}
	target, err := j.store.Get(ctx, s.Object.Ref.ID)
	if errors.Is(err, ErrNotFound) {
		// It may still come, unless it was erased: maybe by a run that died.
		_, err := j.store.Tombstone(ctx, BuriedID(s.Object.Ref.ID))
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		return false, err
	}
	if err != nil {
		return false, err
	}
	voided, err := xapi.DecodeStored(target.Doc)
	if err != nil {
		return false, err
	}
	own := slices.Contains(j.agents, voided.Actor.Key()) ||
		voided.Object.Agent != nil && slices.Contains(j.agents, voided.Object.Agent.Key())
	return !own, nil
}

// wouldRelease counts the attachments that no other statement has.
func (j *eraser) wouldRelease(ctx context.Context) error {
	for digest, lost := range j.lost {
		n, err := j.declaring(ctx, digest, lost+1)
		if err != nil {
			return err
		}
		if n > lost {
			continue
		}
		size, err := j.blobSize(ctx, digest)
		if err != nil {
			return err
		}
		if size >= 0 {
			j.report.Attachments++
			j.report.Bytes += size
		}
	}
	return nil
}

// documents removes the agent's states and profiles, or gives them the pseudonym.
func (j *eraser) documents(ctx context.Context) error {
	for _, agent := range j.agents {
		list, err := j.store.AgentDocuments(ctx, agent)
		if err != nil {
			return err
		}
		for _, id := range list {
			if id.Resource == StateDocuments {
				j.report.States++
			} else {
				j.report.Profiles++
			}
		}
		switch {
		case j.DryRun || len(list) == 0:
		case j.Pseudonymise:
			_, err = j.store.MoveAgentDocuments(ctx, agent, j.names.of(agent).Key())
		default:
			_, err = j.store.DeleteAgentDocuments(ctx, agent)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
