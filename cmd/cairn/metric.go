package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web"
)

// metric are the commands about the metrics of workflows (goal.metric).
func (p program) metric() *cli.Command {
	return &cli.Command{Name: "metric", Usage: "numbers of the business that workflows want to move", Commands: []*cli.Command{p.metricImport(), p.metricShow()}}
}

func (p program) metricImport() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "import", Usage: "read values from a CSV or JSON file; the same values again change nothing", ArgsUsage: "WORKFLOW FILE",
		Description: "CSV: the first line names the columns: at (a day or an instant), value, and if wanted person and id.\n" +
			"JSON: a list of objects with those. A person is an e-mail address, an account as issuer|subject, or a person's id.",
		Flags: p.eventFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 2 {
				return errors.New("metric import: give a WORKFLOW and a FILE")
			}
			data, err := readBounded(c.Args().Get(1))
			if err != nil {
				return err
			}
			parse := engine.ParseMetricCSV
			if strings.HasSuffix(strings.ToLower(c.Args().Get(1)), ".json") {
				parse = engine.ParseMetricJSON
			}
			rows, err := parse(bytes.NewReader(data))
			if err != nil {
				return err
			}
			workflow := c.Args().First()
			return p.withEngine(ctx, web.AuditEntry{Act: "metric.import", Object: workflow, Detail: fmt.Sprintf("%d rows", len(rows))}, func(_ *house, s *engine.Service) error {
				report, err := s.ImportMetric(ctx, engine.WorkflowID(workflow), rows, "import")
				if err != nil {
					return err
				}
				unknown := make([]int, 0, len(report.Unknown))
				for _, i := range report.Unknown {
					unknown = append(unknown, i+1)
				}
				done := struct {
					Kept    int   `json:"kept"`
					Skipped int   `json:"skipped"`
					Unknown []int `json:"unknown"` // rows from 1, the first 100
				}{report.Kept, report.Skipped, unknown}
				if err := p.report(asJSON, done, "kept %d values\n", report.Kept); err != nil {
					return err
				}
				for _, i := range report.Unknown {
					fmt.Fprintf(p.stderr, "row %d: nobody we know, or several people\n", i+1)
				}
				if report.Skipped > 0 {
					return fmt.Errorf("metric import: %d rows were left out", report.Skipped)
				}
				return nil
			})
		},
	}
}

// listedMetric is a metric as the commands print it. The names are a contract with scripts, and those of the API.
type listedMetric struct {
	Workflow engine.WorkflowID `json:"workflow"`
	Metric   string            `json:"metric"`
	Unit     string            `json:"unit,omitempty"`
	Baseline float64           `json:"baseline"`
	Target   float64           `json:"target"`
	By       string            `json:"by,omitempty"`
	Event    string            `json:"event,omitempty"`
	N        int               `json:"n"`
	People   int               `json:"people"`
	Latest   *float64          `json:"latest,omitempty"`
	Series   []listedMonth     `json:"series"`
}

type listedMonth struct {
	Month  string  `json:"month"` // 2026-11
	Mean   float64 `json:"mean"`
	N      int     `json:"n"`
	People int     `json:"people"`
}

func listMetric(m *engine.MetricView) listedMetric {
	l := listedMetric{m.Workflow, m.Metric, m.Unit, m.Baseline, m.Target, m.By, m.Event, m.N, m.People, m.Latest, []listedMonth{}}
	for _, point := range m.Series {
		l.Series = append(l.Series, listedMonth(point))
	}
	return l
}

func (p program) metricShow() *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "show", Usage: "baseline, target and values by month", ArgsUsage: "WORKFLOW",
		Flags: p.eventFlags(&asJSON),
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return errors.New("metric show: give a WORKFLOW")
			}
			return p.withEngine(ctx, web.AuditEntry{}, func(_ *house, s *engine.Service) error {
				m, err := s.Metric(ctx, engine.WorkflowID(c.Args().First()), false)
				if err != nil {
					return err
				}
				if asJSON {
					return p.printJSON(listMetric(m))
				}
				fmt.Fprintf(p.stdout, "%s (%s): baseline %g, target %g\n", m.Metric, m.Unit, m.Baseline, m.Target)
				for _, point := range m.Series {
					fmt.Fprintf(p.stdout, "%s  %.2f  (%d values of %d people)\n", point.Month, point.Mean, point.N, point.People)
				}
				return nil
			})
		},
	}
}
