package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v3"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/engine/queue"
	"github.com/cairn-lms/cairn/web"
)

func (p program) queue() *cli.Command {
	return &cli.Command{
		Name:  "queue",
		Usage: "what waits, and what was given up",
		Description: "What was given up is a dead letter: a message that could not be sent, a grade that the LMS refuses, statements that the\n" +
			"record store refuses, a task that failed too often. With -redis-url the tasks that Redis holds are listed too.",
		Commands: []*cli.Command{p.listQueue(), p.retryQueue(), p.dropQueue()},
	}
}

// queueReport is what `cairn queue ls -json` prints.
type queueReport struct {
	Dead     []engine.DeadLetter `json:"dead,omitempty"`
	Archived []string            `json:"archived,omitempty"` // tasks that Asynq gave up by itself
	Waiting  *waitingReport      `json:"waiting,omitempty"`
}

type waitingReport struct {
	Wakes    int           `json:"wakes"` // due in the store; counts stop at 10,000
	Messages int           `json:"messages"`
	Outboxes int           `json:"outboxes"`
	Grades   int           `json:"grades"`
	Oldest   *time.Time    `json:"oldest,omitempty"`
	Queues   []queue.Depth `json:"queues,omitempty"` // alarms in Redis
}

func (p program) queueFlags(more ...cli.Flag) []cli.Flag {
	return append(append(p.flags.stores(), p.flags.forTenant(), p.flags.text("redis-url", "", "Redis of the queue", &p.cfg.redisURL)), more...)
}

func (p program) listQueue() *cli.Command {
	var dead, waiting, all, asJSON bool
	return &cli.Command{
		Name:  "ls",
		Usage: "list dead letters (-dead, the default), what waits (-waiting), or both (-all)",
		Flags: p.queueFlags(&cli.BoolFlag{Name: "dead", Usage: "what was given up", Destination: &dead},
			&cli.BoolFlag{Name: "waiting", Usage: "what is due and what Redis holds", Destination: &waiting},
			&cli.BoolFlag{Name: "all", Usage: "both", Destination: &all}, &cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}),
		Action: func(ctx context.Context, _ *cli.Command) error {
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				report, err := h.queueReport(ctx, r, dead || all || !waiting, waiting || all)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(p.stdout).Encode(report)
				}
				return p.printQueue(report)
			})
		},
	}
}

func (h *house) queueReport(ctx context.Context, r *rooms, dead, waiting bool) (report queueReport, err error) {
	if dead {
		if report.Dead, err = r.engine.DeadLetters(ctx); err != nil {
			return report, err
		}
		if h.cfg.redisURL != "" {
			if report.Archived, err = queue.Archived(h.cfg.redisURL, h.cfg.tenant); err != nil {
				return report, err
			}
		}
	}
	if waiting {
		b, err := r.engine.Backlog(ctx)
		if err != nil {
			return report, err
		}
		report.Waiting = &waitingReport{Wakes: b.Wakes, Messages: b.Messages, Outboxes: b.Outboxes, Grades: b.Grades}
		if !b.Oldest.IsZero() {
			report.Waiting.Oldest = &b.Oldest
		}
		if h.cfg.redisURL != "" {
			if report.Waiting.Queues, err = queue.Depths(ctx, h.cfg.redisURL); err != nil {
				return report, err
			}
		}
	}
	return report, nil
}

func (p program) printQueue(report queueReport) error {
	w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
	if b := report.Waiting; b != nil {
		oldest := "nothing"
		if b.Oldest != nil {
			oldest = b.Oldest.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "DUE\twakes %d\tmessages %d\toutboxes %d\tgrades %d\toldest %s\n", b.Wakes, b.Messages, b.Outboxes, b.Grades, oldest)
		for _, d := range b.Queues {
			fmt.Fprintf(w, "%s\tpending %d\tactive %d\tscheduled %d\tretry %d\toldest %s\n", d.Queue, d.Pending, d.Active, d.Scheduled, d.Retry, d.Oldest.Round(time.Second))
		}
	}
	for _, l := range report.Dead {
		fmt.Fprintf(w, "%s\t%s\t%s\ttries %d\t%s\n", l.ID, l.DeadAt.Format(time.RFC3339), l.About, l.Tries, l.Error)
	}
	for _, id := range report.Archived {
		fmt.Fprintf(w, "%s\t\tarchived in Redis\n", id)
	}
	if report.Waiting == nil && len(report.Dead)+len(report.Archived) == 0 {
		fmt.Fprintln(w, "nothing was given up")
	}
	return w.Flush()
}

func (p program) retryQueue() *cli.Command {
	var all bool
	return &cli.Command{
		Name:      "retry",
		Usage:     "begin what was given up once more: cairn queue retry ID, or -all",
		ArgsUsage: "ID",
		Flags:     p.queueFlags(&cli.BoolFlag{Name: "all", Usage: "every dead letter", Destination: &all}),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			id := cmd.Args().First()
			if all != (id == "") {
				return errors.New("give one ID of cairn queue ls, or -all")
			}
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				what := id
				if all {
					what = "-all"
				}
				if err := h.note(ctx, web.AuditEntry{Act: "queue.retry", Tenant: p.cfg.tenant, Object: what}); err != nil {
					return err
				}
				n := 0
				if all {
					letters, err := r.engine.DeadLetters(ctx)
					if err != nil {
						return err
					}
					for _, l := range letters {
						if err := r.engine.RetryDeadLetter(ctx, l.ID); err != nil {
							return err
						}
						n++
					}
				} else if err := r.engine.RetryDeadLetter(ctx, id); err == nil {
					n++
				} else if !errors.Is(err, engine.ErrNotFound) {
					return err
				}
				if h.cfg.redisURL != "" {
					more, err := queue.RunArchived(h.cfg.redisURL, h.cfg.tenant, id)
					if err != nil {
						return err
					}
					n += more
				}
				return p.settled(n, all, id, "begun once more")
			})
		},
	}
}

func (p program) dropQueue() *cli.Command {
	return &cli.Command{
		Name:      "drop",
		Usage:     "give up for good: cairn queue drop ID",
		ArgsUsage: "ID",
		Flags:     p.queueFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			id := cmd.Args().First()
			if id == "" {
				return errors.New("give one ID of cairn queue ls")
			}
			return p.withRecords(ctx, func(h *house, r *rooms) error {
				if err := h.note(ctx, web.AuditEntry{Act: "queue.drop", Tenant: p.cfg.tenant, Object: id}); err != nil {
					return err
				}
				n := 0
				if err := r.engine.DropDeadLetter(ctx, id); err == nil {
					n++
				} else if !errors.Is(err, engine.ErrNotFound) {
					return err
				}
				if h.cfg.redisURL != "" {
					more, err := queue.DropArchived(h.cfg.redisURL, h.cfg.tenant, id)
					if err != nil {
						return err
					}
					n += more
				}
				return p.settled(n, false, id, "dropped")
			})
		},
	}
}

func (p program) settled(n int, all bool, id, what string) error {
	if n == 0 && !all {
		return fmt.Errorf("there is no dead letter %q; see cairn queue ls", id)
	}
	_, err := fmt.Fprintf(p.stdout, "%d %s\n", n, what)
	return err
}

// queueMetrics are read from store and Redis when somebody asks for them.
type queueMetrics struct {
	house                *house
	depth, oldest, state *prometheus.Desc
}

func newQueueMetrics(h *house) *queueMetrics {
	return &queueMetrics{
		house:  h,
		depth:  prometheus.NewDesc("cairn_queue_tasks", "Tasks in Redis, by queue and state.", []string{"queue", "state"}, nil),
		oldest: prometheus.NewDesc("cairn_queue_oldest_seconds", "Age of the oldest that is due: of a queue in Redis, or of a tenant's store.", []string{"queue", "tenant"}, nil),
		state:  prometheus.NewDesc("cairn_due", "What is due in a tenant's store, by kind; dead: dead letters. Counts stop at 10,000.", []string{"tenant", "kind"}, nil),
	}
}

// Describe says what there is to measure.
func (m *queueMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.depth
	to <- m.oldest
	to <- m.state
}

// Collect measures. What cannot be measured now is left out.
func (m *queueMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if m.house.cfg.redisURL != "" {
		depths, err := queue.Depths(ctx, m.house.cfg.redisURL)
		if err != nil {
			m.house.log.Warn("measure the queue", "error", err)
		}
		for _, d := range depths {
			for state, n := range map[string]int{"pending": d.Pending, "active": d.Active, "scheduled": d.Scheduled, "retry": d.Retry, "archived": d.Archived} {
				gauge(m.depth, float64(n), d.Queue, state)
			}
			gauge(m.oldest, d.Oldest.Seconds(), d.Queue, "")
		}
	}
	names, err := m.house.tenantNames(ctx)
	if err != nil {
		m.house.log.Warn("measure the queue", "error", err)
	}
	for _, name := range names {
		e, err := m.house.engine(ctx, name)
		if err != nil {
			continue
		}
		b, err := e.Backlog(ctx)
		if err != nil {
			m.house.log.Warn("measure the queue", "tenant", name, "error", err)
			continue
		}
		for kind, n := range map[string]int{"wakes": b.Wakes, "messages": b.Messages, "outboxes": b.Outboxes, "grades": b.Grades, "dead": b.Dead} {
			gauge(m.state, float64(n), name, kind)
		}
		age := 0.0
		if !b.Oldest.IsZero() {
			age = m.house.now().Sub(b.Oldest).Seconds()
		}
		gauge(m.oldest, age, "", name)
	}
}
