package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/cairn-lms/cairn/cmd/embedded"
	"github.com/cairn-lms/cairn/engine/library"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lti/platform"
)

// demoFile is <data>/demo.json: where everything of a running demo is. It is
// written once the demo is ready and kept, so that a restart goes on with the
// same addresses and the same key.
type demoFile struct {
	Tool struct {
		URL string `json:"url"`
	} `json:"tool"`
	LMS struct {
		URL string `json:"url"`
	} `json:"lms"`
	Mailbox struct {
		URL  string `json:"url"`
		SMTP string `json:"smtp"`
	} `json:"mailbox"`
	LRS struct {
		Endpoint string `json:"endpoint"`
		Key      string `json:"key"`
		Secret   string `json:"secret"`
	} `json:"lrs"`
}

// demoFlags are what demo is told.
type demoFlags struct {
	lmsAddr, mailAddr string
	fresh, verbose    bool
}

func (p program) demo() *cli.Command {
	var d demoFlags
	return &cli.Command{
		Name:  "demo",
		Usage: "the whole chain on this machine: a small LMS, Cairn, a mailbox and a clock you can move",
		Flags: []cli.Flag{
			p.flags.text("data", "", "folder of the demo (default: cairn-demo in your cache folder)", &p.cfg.data),
			p.flags.text("addr", "127.0.0.1:8080", "address of Cairn; port 0 picks one", &p.cfg.addr),
			p.flags.text("lms-addr", "127.0.0.1:8081", "address of the demo LMS; port 0 picks one", &d.lmsAddr),
			p.flags.text("mail-addr", "127.0.0.1:8082", "address of the mailbox; port 0 picks one", &d.mailAddr),
			p.flags.text("dev-clock", "", "file of the demo's clock (default: clock.json in the demo's folder)", &p.cfg.devClock),
			p.flags.text("debug-addr", "", "address for /metrics and /debug/pprof (default: off)", &p.cfg.debugAddr),
			p.flags.toggle("fresh", false, "empty the demo's folder first", &d.fresh),
			p.flags.toggle("verbose", false, "print the log", &d.verbose),
		},
		Action: func(ctx context.Context, _ *cli.Command) error { return p.runDemo(ctx, d) },
	}
}

// runDemo runs all parts until ctx ends.
func (p program) runDemo(ctx context.Context, d demoFlags) (err error) {
	folder, err := demoFolder(p.cfg.data, d.fresh)
	if err != nil {
		return err
	}
	var last demoFile // of the run before, if any
	if data, err := os.ReadFile(filepath.Join(folder, "demo.json")); err == nil {
		_ = json.Unmarshal(data, &last) // a damaged file is written anew
	}
	if p.cfg.devClock == "" {
		p.cfg.devClock = filepath.Join(folder, "clock.json")
	}
	offset, err := openClock(p.cfg.devClock)
	if err != nil {
		return err
	}
	clock := &hoppingClock{devClock: offset} // of the LMS; it hops once Cairn is up
	if !d.verbose {
		p.cfg.logLevel = slog.LevelError
	}
	mailbox, err := embedded.StartKeptMailbox(ctx, again(ctx, d.mailAddr, last.Mailbox.URL), again(ctx, "127.0.0.1:0", last.Mailbox.SMTP), filepath.Join(folder, "mails.jsonl"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mailbox.Close(context.WithoutCancel(ctx))) }()
	lms, err := platform.Start(ctx, platform.Options{
		Addr: d.lmsAddr, PublicURL: lmsURL(d.lmsAddr), StateFile: filepath.Join(folder, "lms.json"), Clock: clock, Log: p.logger(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lms.Close(context.WithoutCancel(ctx))) }()

	p.cfg.addr = again(ctx, p.cfg.addr, last.Tool.URL)
	p.cfg.data = filepath.Join(folder, "cairn")
	p.cfg.smtpURL = "smtp://" + mailbox.SMTPAddr() + "?tls=none"
	p.cfg.mailFrom = "Cairn <cairn@demo.example>"
	p.cfg.allowPrivatePlatforms = true
	p.cfg.worker = true

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return serve(ctx, p, func(ctx context.Context, h *house) error {
			clock.house.Store(h)
			now := last
			now.Tool.URL, now.LMS.URL = h.cfg.publicURL, lms.URL()
			now.Mailbox.URL, now.Mailbox.SMTP = mailbox.HTTPURL(), mailbox.SMTPAddr()
			if err := furnish(ctx, h, lms, &now, last.Tool.URL); err != nil {
				return fmt.Errorf("set the demo up: %w", err)
			}
			return p.announce(folder, now)
		})
	})
	return group.Wait()
}

// furnish imports the library, registers Cairn with the LMS as an admin would,
// places the activity in the course and gives the LMS a key of the record store.
// What a run before did is kept.
func furnish(ctx context.Context, h *house, lms *platform.Platform, now *demoFile, lastTool string) error {
	service, err := h.engine(ctx, "main")
	if err != nil {
		return err
	}
	files, err := fs.Glob(library.Files(), "*.yaml")
	if err != nil {
		return err
	}
	for _, file := range files {
		source, err := fs.ReadFile(library.Files(), file)
		if err != nil {
			return err
		}
		if _, _, err := service.ImportWorkflow(ctx, file, source, library.Files()); err != nil {
			return err
		}
	}
	now.LRS.Endpoint = now.Tool.URL + "/xapi"
	if now.LRS.Key == "" {
		credential, err := lrs.CreateKey(ctx, h.stores.keys, lrs.Key{Tenant: "main", Name: "demo LMS and reports"}, h.now())
		if err != nil {
			return err
		}
		now.LRS.Key, now.LRS.Secret = credential.ID, credential.Secret
	}
	lms.SetXAPI(platform.XAPIConfig{Endpoint: now.LRS.Endpoint, Key: now.LRS.Key, Secret: now.LRS.Secret})
	if len(lms.ResourceLinks()) > 0 && lastTool == now.Tool.URL {
		return nil
	}
	invitation, err := h.tool.Invite(ctx, "main")
	if err != nil {
		return err
	}
	tool, err := lms.RegisterTool(ctx, invitation)
	if err != nil {
		return err
	}
	_, err = lms.AddResourceLink(ctx, platform.DefaultActivity(tool))
	return err
}

// announce writes demo.json and tells the person where to look.
func (p program) announce(folder string, now demoFile) error {
	data, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(folder, "demo.json"), append(data, '\n'), 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, `Cairn is running.

  Open the course   %s
  Read the mails    %s
  Cairn itself      %s

Sign in as Sam, open "First steps in negotiation" and go on from there. The clock at
the top of the course page moves days and weeks, so that follow-up can be watched.
Every act is a statement in the record store:

  curl -s -u %s:%s -H 'X-Experience-API-Version: 1.0.3' '%s/statements?limit=10'

Data: %s (start with -fresh to empty it). Ctrl-C stops.
`, now.LMS.URL, now.Mailbox.URL, now.Tool.URL, now.LRS.Key, now.LRS.Secret, now.LRS.Endpoint, folder)
	return err
}

// demoFolder makes the demo's folder, emptied if fresh. It never empties a
// folder that no demo made.
func demoFolder(folder string, fresh bool) (string, error) {
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder (%w): give one with -data", err)
		}
		folder = filepath.Join(cache, "cairn-demo")
	}
	marker := filepath.Join(folder, ".cairn-demo")
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	_, unmarked := os.Stat(marker)
	if len(entries) > 0 && unmarked != nil {
		return "", fmt.Errorf("-data %s: not empty, and not made by the demo; give another folder", folder)
	}
	if fresh {
		if err := os.RemoveAll(folder); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	return folder, os.WriteFile(marker, nil, 0o600)
}

// again prefers, where port 0 asks to pick one, the port of the run before.
func again(ctx context.Context, addr, last string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port != "0" {
		return addr
	}
	_, lastPort, err := net.SplitHostPort(last[strings.LastIndex(last, "/")+1:])
	if err != nil {
		return addr
	}
	wanted := net.JoinHostPort(host, lastPort)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", wanted)
	if err != nil {
		return addr // somebody else has it by now
	}
	_ = listener.Close()
	return wanted
}

// lmsURL keeps the host as it was given: localhost and 127.0.0.1 are two sites
// to a browser, which is what the iframe is tried with.
func lmsURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return "http://" + net.JoinHostPort(host, port)
}

var _ platform.Clock = (*hoppingClock)(nil)
