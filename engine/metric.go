package engine

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MetricValue is one value of a workflow's metric (`goal.metric`): of a person, or of nobody in particular.
type MetricValue struct {
	ID       string     `json:"id"` // derived: the same value again is the same document
	Workflow WorkflowID `json:"workflow"`
	Metric   string     `json:"metric"`
	Person   PersonID   `json:"person,omitempty"`
	Value    float64    `json:"value"`
	At       time.Time  `json:"at"`
	Source   string     `json:"source"` // event, import, api
}

// MetricStore keeps the values of metrics.
type MetricStore interface {
	// PutMetricValue upserts by id.
	PutMetricValue(ctx context.Context, v MetricValue) error
	// MetricValues lists those of a workflow's metric by At, latest first.
	MetricValues(ctx context.Context, w WorkflowID, metric string, limit int) ([]MetricValue, error)
	// EraseMetricValuesOf removes a person's and says how many.
	EraseMetricValuesOf(ctx context.Context, p PersonID) (int, error)
	// ForgetMetricValues removes those of before a time and says how many.
	ForgetMetricValues(ctx context.Context, before time.Time) (int, error)
}

// The bounds of metrics. Values are kept for five years: baselines reach back.
const (
	maxMetricValues = 10_000 // of one metric that a view is made of
	maxMetricRows   = 10_000 // of one import
	metricLife      = 5 * 365 * 24 * time.Hour
)

// MetricRow is one value to import. Person is an e-mail address, an account (issuer|subject), a person's id or empty; ID
// tells apart several values of one person at one time and may be empty.
type MetricRow struct {
	Person string    `json:"person,omitempty"`
	Value  float64   `json:"value"`
	At     time.Time `json:"at"`
	ID     string    `json:"id,omitempty"`
}

// MetricImport says what came of an import.
type MetricImport struct {
	Kept    int
	Unknown []int // rows (from 0) whose person we do not know or several have that name; the first 100
	Skipped int   // ... of so many
}

// MetricView is a metric with its goal and how it moved.
type MetricView struct {
	Workflow         WorkflowID
	Metric           string
	Unit             string
	Baseline, Target float64
	By               string // when the target is to be reached, as written
	Event            string // the type of event that brings values; ""
	N                int    // values
	People           int    // with values
	Latest           *float64
	Series           []MetricPoint // by month, oldest first
	Values           []MetricValue // the latest, if they were asked for
}

// MetricPoint is the mean over a month (UTC).
type MetricPoint struct {
	Month string // 2026-11
	Mean  float64
	N     int
	// People are whose values these are. Below five a mean may tell of one person.
	People int
}

// ImportMetric keeps values of a workflow's metric. The same rows again change nothing.
func (s *Service) ImportMetric(ctx context.Context, id WorkflowID, rows []MetricRow, source string) (MetricImport, error) {
	var report MetricImport
	w, err := s.Workflow(ctx, id, 0)
	if err != nil {
		return report, err
	}
	if w.Goal.Metric == nil {
		return report, fmt.Errorf("import metric: workflow %s has none (goal.metric): %w", id, ErrInvalid)
	}
	if len(rows) > maxMetricRows {
		return report, fmt.Errorf("import metric: more than %d rows: %w", maxMetricRows, ErrInvalid)
	}
	for i, row := range rows {
		if row.At.IsZero() || row.At.After(s.now()) || row.At.Before(s.now().Add(-metricLife)) || math.IsNaN(row.Value) || math.Abs(row.Value) > 1e15 || len(row.ID) > maxEventName {
			return report, fmt.Errorf("import metric: row %d: a value is a number with a time of the last five years: %w", i+1, ErrInvalid)
		}
	}
	known := map[string]PersonID{}
	for i, row := range rows {
		v := MetricValue{Workflow: id, Metric: w.Goal.Metric.ID, Value: row.Value, At: row.At.UTC().Truncate(time.Millisecond), Source: source}
		if row.Person != "" {
			p, seen := known[row.Person]
			if !seen {
				people, err := s.peopleCalled(ctx, row.Person)
				if err != nil {
					return report, fmt.Errorf("import metric: %w", err)
				}
				if len(people) == 1 {
					p = people[0]
				}
				known[row.Person] = p
			}
			if p == "" {
				report.Skipped++
				if len(report.Unknown) < 100 {
					report.Unknown = append(report.Unknown, i)
				}
				continue
			}
			v.Person = p
		}
		v.ID = derivedID("metric", string(id), v.Metric, string(v.Person), v.At.Format(time.RFC3339Nano), row.ID)
		if err := s.o.Store.PutMetricValue(ctx, v); err != nil {
			return report, fmt.Errorf("import metric: %w", err)
		}
		report.Kept++
	}
	return report, nil
}

// Metric is a workflow's metric with its values by month; with values the latest of them too.
func (s *Service) Metric(ctx context.Context, id WorkflowID, values bool) (*MetricView, error) {
	w, err := s.Workflow(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	m := w.Goal.Metric
	if m == nil {
		return nil, fmt.Errorf("metric of workflow %s: %w", id, ErrNotFound)
	}
	v := &MetricView{Workflow: id, Metric: m.ID, Unit: m.Unit, Baseline: m.Baseline, Target: m.Target}
	if m.By != nil {
		v.By = m.By.String()
	}
	if m.From != nil {
		v.Event = w.event(m.From.Event).Type
	}
	all, err := s.o.Store.MetricValues(ctx, id, m.ID, maxMetricValues)
	if err != nil {
		return nil, fmt.Errorf("metric of workflow %s: %w", id, err)
	}
	people := map[PersonID]bool{}
	monthly := map[string]map[PersonID]bool{}
	for _, one := range slices.Backward(all) {
		month := one.At.UTC().Format("2006-01")
		if len(v.Series) == 0 || v.Series[len(v.Series)-1].Month != month {
			v.Series = append(v.Series, MetricPoint{Month: month})
			monthly[month] = map[PersonID]bool{}
		}
		p := &v.Series[len(v.Series)-1]
		p.Mean += (one.Value - p.Mean) / float64(p.N+1)
		p.N++
		if one.Person != "" {
			people[one.Person], monthly[month][one.Person] = true, true
			p.People = len(monthly[month])
		}
	}
	v.N, v.People = len(all), len(people)
	if n := len(v.Series); n > 0 {
		v.Latest = &v.Series[n-1].Mean
	}
	if values {
		v.Values = all
	}
	return v, nil
}

// ParseMetricCSV reads rows of person, at, value and an optional id; the first line names the columns. at is a day or an
// instant (RFC 3339).
func ParseMetricCSV(r io.Reader) ([]MetricRow, error) {
	in := csv.NewReader(io.LimitReader(r, 8<<20))
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("read metric: no line that names the columns: %w", ErrInvalid)
	}
	column := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if !slices.Contains([]string{"person", "at", "value", "id"}, name) {
			return nil, fmt.Errorf("read metric: line 1: no column %q; there are person, at, value and id: %w", clip(name, 40), ErrInvalid)
		}
		if _, twice := column[name]; twice {
			return nil, fmt.Errorf("read metric: line 1: column %q stands there twice: %w", name, ErrInvalid)
		}
		column[name] = i
	}
	for _, need := range []string{"at", "value"} {
		if _, ok := column[need]; !ok {
			return nil, fmt.Errorf("read metric: line 1: column %q is missing: %w", need, ErrInvalid)
		}
	}
	var rows []MetricRow
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read metric: %w: %w", ErrInvalid, err)
		}
		line, _ := in.FieldPos(0)
		field := func(name string) string {
			if i, ok := column[name]; ok {
				return strings.TrimSpace(record[i])
			}
			return ""
		}
		row := MetricRow{Person: field("person"), ID: field("id")}
		if row.At, err = metricTime(field("at")); err != nil {
			return nil, fmt.Errorf("read metric: line %d: at: %w", line, err)
		}
		if row.Value, err = strconv.ParseFloat(field("value"), 64); err != nil || math.IsInf(row.Value, 0) || math.IsNaN(row.Value) {
			return nil, fmt.Errorf("read metric: line %d: %q is no number: %w", line, clip(field("value"), 40), ErrInvalid)
		}
		if rows = append(rows, row); len(rows) > maxMetricRows {
			return nil, fmt.Errorf("read metric: more than %d rows: %w", maxMetricRows, ErrInvalid)
		}
	}
}

// ParseMetricJSON reads a JSON array of MetricRow.
func ParseMetricJSON(r io.Reader) ([]MetricRow, error) {
	in := json.NewDecoder(io.LimitReader(r, 8<<20))
	in.DisallowUnknownFields()
	var rows []MetricRow
	if err := in.Decode(&rows); err != nil {
		return nil, fmt.Errorf("read metric: %w: %w", ErrInvalid, err)
	}
	if len(rows) > maxMetricRows {
		return nil, fmt.Errorf("read metric: more than %d rows: %w", maxMetricRows, ErrInvalid)
	}
	return rows, nil
}

func metricTime(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no day (2026-11-21) and no instant (RFC 3339): %w", clip(s, 40), ErrInvalid)
}

// measure keeps the value that an event brings for a person; false: none. A value that is text of a number counts.
func (s *Service) measure(ctx context.Context, w *Workflow, p PersonID, ev heardEvent, dry bool) (bool, error) {
	m := w.Goal.Metric
	if m == nil || m.From == nil {
		return false, nil
	}
	of := w.event(m.From.Event)
	who := m.From.Who
	if who == "" {
		who = of.Who
	}
	if of.Type != ev.typ || !ev.leadsTo(who) || of.If != nil && !of.If.holds(ev.lookup(&decision{w: w, e: &Enrolment{}})) {
		return false, nil
	}
	var value float64
	switch v := dataAt(ev.data, strings.TrimPrefix(m.From.Value, eventData)).(type) {
	case float64:
		value = v
	case string:
		var err error
		if value, err = strconv.ParseFloat(strings.TrimSpace(v), 64); err != nil || math.IsNaN(value) {
			return false, nil
		}
	default:
		return false, nil
	}
	if math.Abs(value) > 1e15 {
		return false, nil
	}
	if dry {
		return true, nil
	}
	err := s.o.Store.PutMetricValue(ctx, MetricValue{ID: derivedID("metric", string(w.ID), m.ID, string(p), ev.id), Workflow: w.ID, Metric: m.ID,
		Person: p, Value: value, At: ev.at, Source: "event"})
	if err != nil {
		return false, fmt.Errorf("keep metric: %w", err)
	}
	return true, nil
}
