// Command cairn runs learning workflows beside an LMS.
//
// One binary holds everything: demo shows the whole chain on one machine, serve
// answers people, platforms and reporting tools, worker sends nudges and grades,
// and the other commands are the admin's. main reads flags and environment,
// house.go joins the packages, and each command runs what it needs of them:
//
//	demo.go    everything in one process, with a small LMS and a mailbox
//	serve.go   pages, LTI and xAPI over HTTP (and the worker, unless told not to)
//	worker.go  the queue and the sweep, and beside them
//	  follow.go   the statements that workflows wait for, as they come
//	  sync.go     once an hour through the courses that launches made known:
//	              roster.go (who is there), notices, completionpoll.go (who has completed)
//	  upkeep.go   once a day: retention, what nobody came for, rotation of our keys
//	completion.go  Canvas Live Events
//	admin.go   sign-in links, workflows
//	tenant.go  who shares the installation
//	enrolment.go   learners in workflows: pause, excuse, assign …
//	lms.go, lmstrial.go, frames.go, liveevents.go   platforms: invite, add, list, suspend, approve, test …
//	api.go, apicall.go, events.go, metric.go  the JSON API: its wiring, its operations as a command; sources, the log and tests of business events; metrics
//	key.go, records.go, erase.go, retention.go      the record store: who may come in, and its upkeep
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones of learners, also where the system has none

	"github.com/urfave/cli/v3"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args, os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "cairn:", err)
		stop()
		os.Exit(1)
	}
}

// run is the whole program: args[0] is its name. It returns when the command is
// done or ctx ends; a ctx that ends is no error.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	f := flags{getenv: getenv, cfg: &config{}}
	p := program{flags: f, cfg: f.cfg, stdout: stdout, stderr: stderr}
	root := &cli.Command{
		Name:                  "cairn",
		Usage:                 "learning workflows beside your LMS",
		EnableShellCompletion: true,
		Writer:                stdout,
		ErrWriter:             stderr,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {}, // main decides
		Commands:              []*cli.Command{p.demo(), p.serve(), p.worker(), p.admin(), p.tenant(), p.key(), p.lms(), p.workflow(), p.enrolment(), p.api(), p.channel(), p.mail(), p.events(), p.metric(), p.statements(), p.erase(), p.retention(), p.queue(), p.healthcheck()},
	}
	err := root.Run(ctx, args)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// program is what the commands share.
type program struct {
	flags  flags
	cfg    *config
	stdout io.Writer
	stderr io.Writer
}

// logger writes to stderr in the format that was asked for.
func (p program) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: p.cfg.logLevel}
	if p.cfg.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.stderr, options))
}

// house checks the configuration and joins the packages by it.
func (p program) house(ctx context.Context) (*house, error) {
	if err := p.cfg.check(); err != nil {
		return nil, err
	}
	return build(ctx, p.cfg, p.logger())
}
