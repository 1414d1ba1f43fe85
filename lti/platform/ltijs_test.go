package platform_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti/platform"
)

// startLtijs runs .ci/peers/ltijs/tool.mjs, a tool that others wrote the LTI of, and
// answers its URL. It needs node and its packages (bash .ci/peers/install).
func startLtijs(t *testing.T) string {
	t.Helper()
	dir := "../../.ci/peers/ltijs"
	lacks := func(what string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s, and CI must run this", what)
		}
		t.Skipf("%s: bash .ci/peers/install", what)
	}
	if _, err := exec.LookPath("node"); err != nil {
		lacks("node is absent")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ltijs")); err != nil {
		lacks("ltijs is absent")
	}
	// The tool must know its port before it listens; somebody else may be faster.
	var said string
	for range 3 {
		var url string
		if url, said = runLtijs(t, dir); url != "" {
			return url
		}
	}
	t.Fatalf("ltijs did not start:\n%s", said)
	return ""
}

// runLtijs answers the URL of a running tool, or what the tool said as it ended.
func runLtijs(t *testing.T, dir string) (url, said string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	_ = ln.Close()
	cmd := exec.CommandContext(t.Context(), "node", "tool.mjs", port, filepath.Join(t.TempDir(), "ltijs.db")) //nolint:gosec // our own script
	cmd.Dir = dir
	var mu sync.Mutex
	var errors strings.Builder
	cmd.Stderr = writerFunc(func(b []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return errors.Write(b) })
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			mu.Lock()
			defer mu.Unlock()
			t.Logf("ltijs said:\n%s", errors.String())
		}
	})
	for s := bufio.NewScanner(out); s.Scan(); {
		if s.Text() == "ready" {
			return "http://127.0.0.1:" + port, ""
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return "", errors.String()
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// understood is what the ltijs tool answers a launch with.
type understood struct {
	Refused, User, Deployment, Client, Family, Message, Ltik string

	Info struct {
		Name, Email string
	}
	Roles  []string
	Course struct{ ID, Title string }
	Link   struct{ ID, Title string }
	Custom map[string]any
}

// ltijsCampus is a platform with the ltijs tool registered.
type ltijsCampus struct {
	*platform.Platform
	tool string
	info platform.Tool
}

// open goes the whole way of a browser to what the tool understood. spoil, if there is
// one, changes the form that carries the id_token.
func (c *ltijsCampus) open(t *testing.T, b *http.Client, login *http.Response, page string, spoil func(url.Values)) understood {
	t.Helper()
	if login.StatusCode != http.StatusOK {
		t.Fatalf("got %d: %s", login.StatusCode, page)
	}
	action, fields := form(t, page)
	_, page = post(t, b, action, fields)
	action, fields = form(t, page)
	if spoil != nil {
		spoil(fields)
	}
	var u understood
	_, body := post(t, b, action, fields)
	if err := json.Unmarshal([]byte(body), &u); err != nil {
		t.Fatalf("the tool answered %s", body)
	}
	return u
}

func (c *ltijsCampus) launch(t *testing.T, b *http.Client, link platform.ResourceLink, spoil func(url.Values)) understood {
	t.Helper()
	res, page := fetch(t, b, c.URL()+"/mod/lti/launch.php?id="+link.ID)
	return c.open(t, b, res, page, spoil)
}

// ask calls a route of the tool within a launch, and reads its JSON.
func (c *ltijsCampus) ask(t *testing.T, b *http.Client, u understood, path string, into any) {
	t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	res, body := fetch(t, b, c.tool+path+sep+"ltik="+url.QueryEscape(u.Ltik))
	if res.StatusCode != http.StatusOK || json.Unmarshal([]byte(body), into) != nil {
		t.Fatalf("%s answered %d: %s", path, res.StatusCode, body)
	}
}

// Our platform launches a tool that we did not write: it registers, launches, picks,
// grades and reads the roster, and it notices what is forged.
func TestLtijsToolWorksOnThePlatform(t *testing.T) {
	p, err := platform.Start(t.Context(), platform.Options{Client: &http.Client{Timeout: time.Minute}}) // npm's code is slow on a busy machine
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSoon(t, p) })
	c := &ltijsCampus{Platform: p, tool: startLtijs(t)}
	if c.info, err = p.RegisterTool(t.Context(), c.tool+"/register"); err != nil {
		t.Fatal(err)
	}
	link, err := p.AddResourceLink(t.Context(), platform.ResourceLink{ClientID: c.info.ClientID, Title: "Peer activity", Custom: map[string]string{"zone": "$Person.address.timezone"}})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("it registered what it can", func(t *testing.T) {
		if c.info.Name != "Peer tool" || !c.info.DeepLinking || len(c.info.Scopes) != 5 || c.info.Custom["course"] != "$Context.title" {
			t.Fatalf("got %+v", c.info)
		}
	})
	t.Run("a learner launches", func(t *testing.T) {
		u := c.launch(t, signIn(t, p, "5"), link, nil)
		if u.User != "5" || u.Info.Name != "Sam Sailor" || u.Info.Email != "sam@example.org" || u.Deployment != c.info.DeploymentID || u.Client != c.info.ClientID ||
			u.Family != "moodle" || u.Message != "LtiResourceLinkRequest" || u.Course.Title != "Negotiation skills" || u.Link.ID != link.ID ||
			u.Custom["course"] != "Negotiation skills" || u.Custom["zone"] != "Europe/Berlin" || len(u.Roles) != 1 || !strings.HasSuffix(u.Roles[0], "#Learner") {
			t.Fatalf("the tool understood %+v", u)
		}
	})
	t.Run("a teacher launches", func(t *testing.T) {
		if u := c.launch(t, signIn(t, p, "3"), link, nil); u.User != "3" || !strings.HasSuffix(u.Roles[0], "#Instructor") {
			t.Fatalf("the tool understood %+v", u)
		}
	})
	t.Run("it grades", func(t *testing.T) {
		b := signIn(t, p, "5")
		u := c.launch(t, b, link, nil)
		var posted any
		c.ask(t, b, u, "/grade?given=80", &posted)
		if s, ok := p.Grade("5", link.LineItemID); !ok || s.Given != 80 || s.Comment != "from ltijs" || s.ActivityProgress != "Completed" {
			t.Fatalf("the gradebook holds %+v, %t", s, ok)
		}
		var read struct {
			Scores []struct{ ResultScore float64 }
		}
		c.ask(t, b, u, "/scores", &read)
		if len(read.Scores) != 1 || read.Scores[0].ResultScore != 80 {
			t.Fatalf("the tool read %+v", read)
		}
	})
	t.Run("it makes a line item and lists both", func(t *testing.T) {
		b := signIn(t, p, "3")
		u := c.launch(t, b, link, nil)
		var made struct{ ID, Label string }
		c.ask(t, b, u, "/create", &made)
		var list struct {
			LineItems []struct{ ID, Label, Tag string }
		}
		c.ask(t, b, u, "/items", &list)
		if made.Label != "Essay" || len(list.LineItems) != 2 || list.LineItems[1].ID != made.ID || list.LineItems[1].Tag != "essay" {
			t.Fatalf("made %+v, listed %+v", made, list)
		}
	})
	t.Run("it reads the roster", func(t *testing.T) {
		b := signIn(t, p, "3")
		var roster struct {
			Members []struct {
				UserID string `json:"user_id"`
				Email  string
			}
		}
		c.ask(t, b, c.launch(t, b, link, nil), "/roster", &roster)
		if len(roster.Members) != 4 || roster.Members[0].Email == "" {
			t.Fatalf("the tool read %+v", roster)
		}
	})
	t.Run("a teacher picks its content", func(t *testing.T) {
		b := signIn(t, p, "3")
		res, page := post(t, b, p.URL()+"/mod/lti/contentitem.php", url.Values{"tool": {c.info.ClientID}})
		u := c.open(t, b, res, page, nil)
		if u.Message != "LtiDeepLinkingRequest" {
			t.Fatalf("the tool understood %+v", u)
		}
		_, page = fetch(t, b, c.tool+"/pick?ltik="+url.QueryEscape(u.Ltik))
		action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(page)
		jwt := regexp.MustCompile(`name="JWT" value="([^"]*)"`).FindStringSubmatch(page)
		if action == nil || jwt == nil {
			t.Fatalf("no answer in %s", page)
		}
		if res, page := post(t, b, action[1], url.Values{"JWT": {jwt[1]}}); res.StatusCode != http.StatusOK || !strings.Contains(page, "two things") {
			t.Fatalf("the platform answered %d: %s", res.StatusCode, page)
		}
		links := p.ResourceLinks()
		if len(links) != 3 || links[1].Title != "A quiz" || links[1].Custom["quiz"] != "7" || links[1].ScoreMaximum != 20 || links[1].Tag != "quiz" || !links[2].Ungraded {
			t.Fatalf("the course has %+v", links)
		}
		if u := c.launch(t, signIn(t, p, "6"), links[1], nil); u.Custom["quiz"] != "7" || u.Link.Title != "A quiz" {
			t.Fatalf("the picked link launches as %+v", u)
		}
	})
	for name, spoil := range map[string]func(url.Values){
		"a token with another signature": func(f url.Values) {
			token := f.Get("id_token")
			f.Set("id_token", token[:len(token)-8]+"AAAAAAAA")
		},
		"a launch without its state":  func(f url.Values) { f.Del("state") },
		"a launch with another state": func(f url.Values) { f.Set("state", "made-up") }, // a space in it ends the ltijs process
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			if u := c.launch(t, signIn(t, p, "5"), link, spoil); u.Refused == "" || u.User != "" {
				t.Fatalf("the tool understood %+v", u)
			}
		})
	}
	// What ltijs checks of its own: our forgeries must look like forgeries to others too.
	for _, name := range []string{"wrong_key", "alg_none", "public_key_as_secret", "no_kid", "wrong_audience", "expired", "wrong_version", "no_message_type", "no_deployment", "no_roles", "payload_changed"} {
		t.Run("it refuses the forgery "+name, func(t *testing.T) {
			f := platform.Forgeries()[name]
			p.SetHostile(&f)
			defer p.SetHostile(nil)
			if u := c.launch(t, signIn(t, p, "5"), link, nil); u.Refused == "" || u.User != "" {
				t.Fatalf("the tool understood %+v", u)
			}
		})
	}
}
