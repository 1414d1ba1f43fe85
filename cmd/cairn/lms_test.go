package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lti/platform"
	"github.com/cairn-lms/cairn/web"
)

// served starts serve on data under an address, lets do run while it is up, and stops it.
func served(t *testing.T, data, publicURL string, do func(ctx context.Context, h *house)) {
	t.Helper()
	cfg := &config{addr: "127.0.0.1:0", data: data, publicURL: publicURL, worker: true, allowPrivatePlatforms: true}
	p := program{flags: flags{getenv: func(string) string { return "" }, cfg: cfg}, cfg: cfg, stdout: io.Discard, stderr: io.Discard}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := serve(ctx, p, func(ctx context.Context, h *house) error {
		defer stop()
		if do != nil {
			do(ctx, h)
		}
		return nil
	}); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
}

func TestCommandsPrintTheAddressThatServeRunsUnderNow(t *testing.T) {
	data := t.TempDir()
	for _, address := range []string{"https://first.example.org", "https://second.example.org"} {
		served(t, data, address, nil)
		for _, command := range [][]string{{"lms", "invite"}, {"admin", "link"}, {"admin", "link", "-tenant", "main"}} {
			out, err := cairn(t, append(command, "-json", "-data", data)...)
			must(t, err)
			var made struct{ URL string }
			must(t, json.Unmarshal([]byte(out), &made))
			if !strings.HasPrefix(made.URL, address+"/") {
				t.Errorf("%q after a start as %s: %s", command, address, made.URL)
			}
		}
	}
}

func TestALinkForATenantThatIsNoneIsRefused(t *testing.T) {
	data := t.TempDir()
	served(t, data, "", nil)
	if out, err := cairn(t, "admin", "link", "-tenant", "nobody", "-data", data); err == nil {
		t.Errorf("it printed %s", out)
	}
}

func TestAPlatformIsAddedShownSuspendedTestedAndRemovedByCommand(t *testing.T) {
	data := t.TempDir()
	served(t, data, "https://learn.example.org", nil)
	run := func(args ...string) string {
		t.Helper()
		out, err := cairn(t, append(append([]string{"lms"}, args...), "-data", data)...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		return out
	}
	var added struct{ ID string }
	must(t, json.Unmarshal([]byte(run("add", "-canvas", "production", "-client-id", "10000000000001", "-deployment", "7", "-json")), &added))
	for _, step := range [][2]string{
		{"list", "https://canvas.instructure.com"}, {"show " + added.ID, "https://sso.canvaslms.com/api/lti/security/jwks"},
		{"deployments " + added.ID, "7"}, {"approve " + added.ID + " -deployment 7", "approved deployment 7"}, {"approve -deployment 7", "approved deployment 7"}, {"show", added.ID},
		{"frames", "none besides"}, {"live-events", "/lti/canvas/events/" + added.ID}, {"rotate-key " + added.ID, "signs from"},
		{"suspend " + added.ID, "suspend: done"}, {"test " + added.ID, "suspended here"}, {"failures", "LAST"},
	} {
		if out := run(strings.Fields(step[0])...); !strings.Contains(out, step[1]) {
			t.Errorf("%s: %q holds no %q", step[0], out, step[1])
		}
	}
	run("resume", added.ID)
	for _, step := range [][2]string{{"", ": off"}, {" -let-in on", ": on"}, {"", ": on"}, {" -let-in off", ": off"}} { // a Canvas
		if out := run(strings.Fields("administrators " + added.ID + step[0])...); !strings.Contains(out, step[1]) {
			t.Errorf("administrators%s: %q", step[0], out)
		}
	}
	if out := run("list", "-json"); !strings.Contains(out, `"status":"active"`) || strings.Contains(strings.ToLower(out), "sealed") {
		t.Errorf("list: %s", out)
	}
	run("remove", added.ID)
	if out := run("list", "-json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("after remove: %s", out)
	}
	for _, args := range [][]string{{"show", added.ID}, {"show"}, {"suspend", "nothing"}, {"show", added.ID, "2"}, {"remove"}, {"add", "-client-id", "1"}, {"add", "-canvas", "selfhosted", "-client-id", "1"},
		{"failures", "-limit", "0"}} {
		if out, err := cairn(t, append(append([]string{"lms"}, args...), "-data", data)...); err == nil {
			t.Errorf("%q was done: %s", args, out)
		}
	}
}

func TestCommandsAboutPlatformsWriteToTheLogOfActs(t *testing.T) {
	data := t.TempDir()
	served(t, data, "https://learn.example.org", nil)
	out, err := cairn(t, "lms", "add", "-canvas", "beta", "-client-id", "1", "-json", "-data", data)
	must(t, err)
	var added struct{ ID string }
	must(t, json.Unmarshal([]byte(out), &added))
	for _, args := range [][]string{{"lms", "suspend", added.ID}, {"lms", "resume", added.ID}, {"lms", "rotate-key", added.ID}, {"admin", "link"}, {"lms", "invite"}} {
		_, err := cairn(t, append(args, "-data", data)...)
		must(t, err)
	}
	served(t, data, "https://learn.example.org", func(ctx context.Context, h *house) {
		entries, err := h.stores.site.Audit(ctx, "", true, 20)
		must(t, err)
		noted := map[string]bool{}
		for _, e := range entries {
			noted[e.Act] = e.By == web.ByCommand
		}
		for _, act := range strings.Fields("registration.add registration.suspend registration.resume registration.rotate link.make invitation.make") {
			if !noted[act] {
				t.Errorf("%s is not in the log: %v", act, noted)
			}
		}
	})
}

func TestSelfTestsByCommandPassOnALivePlatform(t *testing.T) {
	data := t.TempDir()
	lms, err := platform.Start(t.Context(), platform.Options{Addr: "127.0.0.1:0"})
	must(t, err)
	defer func() { must(t, lms.Close(context.WithoutCancel(t.Context()))) }()
	served(t, data, "", func(ctx context.Context, h *house) {
		invitation, err := h.tool.Invite(ctx, "main")
		must(t, err)
		_, err = lms.RegisterTool(ctx, invitation)
		must(t, err)
		regs, err := h.tool.Registrations(ctx)
		must(t, err)
		out, err := cairn(t, "lms", "test", string(regs[0].ID), "-data", data, "-allow-private-platforms")
		if err != nil || !strings.Contains(out, "The platform has read our keys") || !strings.Contains(out, "presses Activate") {
			t.Errorf("%v\n%s", err, out)
		}
		if out, err := cairn(t, "lms", "test", string(regs[0].ID), "-data", data, "-json"); err == nil || !strings.Contains(out, `"cause":"blocked"`) {
			t.Errorf("with the guard on: %v\n%s", err, out)
		}
	})
}
