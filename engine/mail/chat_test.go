package mail

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
)

// caller posts by the standard library's client.
type caller struct{}

func (caller) Post(ctx context.Context, url string, header map[string]string, body []byte) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, err
	}
	_ = res.Body.Close()
	after, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return Answer{Status: res.StatusCode, After: time.Duration(after) * time.Second}, nil
}

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

// verifies is a receiver that takes only what the Standard Webhooks scheme lets it take.
func verifies(r *http.Request, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(testSecret, "whsec_"))
	if err != nil {
		return err
	}
	id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if age := time.Since(time.Unix(seconds, 0)); err != nil || age > 5*time.Minute || age < -5*time.Minute {
		return errors.New("the timestamp is off")
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + at + "." + string(body)))
	for _, one := range strings.Fields(r.Header.Get("webhook-signature")) {
		if version, sum, _ := strings.Cut(one, ","); version == "v1" && sum == base64.StdEncoding.EncodeToString(h.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature fits")
}

func TestAGenericChannelGetsSignedMessagesWithTheSameIDEachTime(t *testing.T) {
	var ids []string
	var last map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifies(r, body); err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(body, &last); err != nil {
			t.Error(err)
		}
		ids = append(ids, r.Header.Get("webhook-id"))
	}))
	defer server.Close()
	to := engine.Endpoint{Kind: engine.Generic, EndpointSecrets: engine.EndpointSecrets{URL: server.URL, Secret: testSecret}}
	chat := NewChat(caller{}, func() time.Time { return now })
	for range 2 {
		if err := chat.Post(t.Context(), to, nudge(engine.PurposeStepDue)); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] != "8c1f2a34-0b1c-5d2e-8f3a-4b5c6d7e8f90" {
		t.Errorf("ids: %v", ids)
	}
	data, _ := last["data"].(map[string]any)
	action, _ := data["action"].(map[string]any)
	if last["type"] != "cairn.nudge" || action["url"] != "https://lms.example/mod/lti/view.php?l=7&x=1" || data["unsubscribe_url"] == "" {
		t.Errorf("the message is %v", last)
	}
}

func TestWhatAChannelAnswersDecidesWhetherToTryAgain(t *testing.T) {
	for _, c := range []struct {
		status      int
		retry, gone bool
	}{{200, false, false}, {204, false, false}, {302, false, false}, {400, false, false}, {404, false, false}, {408, true, false}, {410, false, true}, {429, true, false}, {503, true, false}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(c.status)
		}))
		to := engine.Endpoint{Kind: engine.Slack, EndpointSecrets: engine.EndpointSecrets{URL: server.URL}}
		err := NewChat(caller{}, nil).Post(t.Context(), to, nudge(engine.PurposeStepOpen))
		server.Close()
		var retry *engine.RetryError
		var gone *engine.GoneError
		if (err == nil) != (c.status < 300) || errors.As(err, &retry) != c.retry || errors.As(err, &gone) != c.gone {
			t.Errorf("%d: %v", c.status, err)
		}
		if c.status == 429 && retry.After != 2*time.Minute {
			t.Errorf("the wish was %s", retry.After)
		}
		if err != nil && strings.Contains(err.Error(), server.URL) {
			t.Errorf("the URL is in %v", err)
		}
	}
	err := NewChat(caller{}, nil).Post(t.Context(), engine.Endpoint{Kind: engine.Teams, EndpointSecrets: engine.EndpointSecrets{URL: "http://127.0.0.1:1/x"}}, nudge(engine.PurposeStepOpen))
	var retry *engine.RetryError
	if !errors.As(err, &retry) || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestSlackAndTeamsShowOneActionAndNoMarkupOfOthers(t *testing.T) {
	m := nudge(engine.PurposeStepLate)
	m.To.Name = "<!channel> Sam [x](https://evil.example)"
	m.Learner.Name = m.To.Name
	m.Also = []engine.Mail{nudge(engine.PurposeStepOpen)}
	c := NewChat(caller{}, func() time.Time { return now })
	for kind, file := range map[engine.EndpointKind]string{engine.Slack: "slack.json", engine.Teams: "teams.json", engine.Generic: "generic.json"} {
		body, err := c.body(kind, m)
		if err != nil {
			t.Fatal(err)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, body, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden(t, file, pretty.String()+"\n")
		if kind == engine.Slack && strings.Contains(pretty.String(), "mrkdwn") || kind == engine.Teams && strings.Contains(pretty.String(), "[x](") {
			t.Errorf("%s: foreign mark-up is read as mark-up:\n%s", kind, &pretty)
		}
	}
	if _, err := c.body("irc", m); err == nil {
		t.Error("an unknown kind was taken")
	}
}

func TestASecretThatIsNoneSendsNothing(t *testing.T) {
	for _, secret := range []string{"", "whsec_", "whsec_short", "whsec_!!!"} {
		to := engine.Endpoint{Kind: engine.Generic, EndpointSecrets: engine.EndpointSecrets{URL: "https://bot.example", Secret: secret}}
		if err := NewChat(nil, nil).Post(t.Context(), to, nudge(engine.PurposeStepOpen)); err == nil {
			t.Errorf("%q was taken", secret)
		}
	}
}

func TestADigestHasASubjectOfItsOwnAndListsTheMatters(t *testing.T) {
	m := nudge(engine.PurposeStepDue)
	second := nudge(engine.PurposeStepLate)
	second.Step = &engine.Step{ID: "two", Title: engine.Text{"en": "Write it down"}}
	second.Link = "https://lms.example/other"
	m.Also = []engine.Mail{second}
	l := compose(m, now)
	if l.Subject != "2 things are waiting for you, first: Ask for something back" || len(l.Also) != 1 || !strings.Contains(l.Also[0].Title, "Write it down") {
		t.Errorf("%q, %+v", l.Subject, l.Also)
	}
	golden(t, "digest.txt", l.text())
}

func TestAMailToAManagerCarriesTheQuestionToAsk(t *testing.T) {
	for _, purpose := range []string{engine.PurposeAskForHelp, engine.PurposeStepWith} {
		m := request(purpose)
		m.Message.Request = ""
		m.To.Locale = "en"
		if text := compose(m, now).text(); !strings.Contains(text, "A question that helps: What") {
			t.Errorf("%s: no question in\n%s", purpose, text)
		}
		m.Ask = "Which deal will it be?"
		text := compose(m, now).text()
		if !strings.Contains(text, "A question that helps: Which deal will it be?") {
			t.Errorf("%s: the author's question is not in\n%s", purpose, text)
		}
		golden(t, "manager_"+purpose+".txt", text)
	}
	if text := compose(nudge(engine.PurposeStepOpen), now).text(); strings.Contains(text, "question") {
		t.Errorf("the learner is told what to be asked:\n%s", text)
	}
}
