package mail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

const dsn = "From: MAILER-DAEMON@mx.example\r\nTo: learning@cairn.example\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n\r\n" +
	"--b1\r\nContent-Type: text/plain\r\n\r\nNobody here.\r\n" +
	"--b1\r\nContent-Type: message/delivery-status\r\n\r\n" +
	"Reporting-MTA: dns; mx.example\r\n\r\n" +
	"Final-Recipient: rfc822; Sam@Example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550\r\n\r\n" +
	"Final-Recipient: rfc822; full@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n" +
	"Final-Recipient: rfc822; slow@example.org\r\nAction: delayed\r\nStatus: 4.4.7\r\n\r\n" +
	"--b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: Next up\r\n\r\nbody\r\n--b1--\r\n"

const abuse = "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b2\r\n\r\n" +
	"--b2\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\nOriginal-Rcpt-To: <sam@example.org>\r\n\r\n--b2--\r\n"

var reportBodies = []struct{ name, kind, body, want string }{
	{"our own, hard", "application/json", `{"type":"bounce","recipient":"sam@example.org","permanent":true}`, "hard sam@example.org"},
	{"our own, soft", "application/json", `{"type":"bounce","recipient":"sam@example.org","permanent":false}`, "soft sam@example.org"},
	{"our own, complaint", "application/json", ` {"type":"complaint","recipient":"sam@example.org"}`, "complaint sam@example.org"},
	{"our own, many", "application/json", `[{"type":"delivered","recipient":"a@example.org"},{"type":"bounce","recipient":"b@example.org"}]`, "delivered a@example.org, hard b@example.org"},
	{"SES by SNS", "text/plain; charset=UTF-8", `{"Type":"Notification","TopicArn":"arn:aws:sns:x","Message":"{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":\"sam@example.org\"},{\"emailAddress\":\"max@example.org\"}]}}"}`, "hard sam@example.org, hard max@example.org"},
	{"SES transient", "text/plain", `{"Type":"Notification","TopicArn":"arn:x","Message":"{\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Transient\",\"bouncedRecipients\":[{\"emailAddress\":\"sam@example.org\"}]}}"}`, "soft sam@example.org"},
	{"SES complaint, raw", "application/json", `{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"sam@example.org"}]}}`, "complaint sam@example.org"},
	{"SES delivery", "application/json", `{"eventType":"Delivery","delivery":{"recipients":["sam@example.org"]}}`, "delivered sam@example.org"},
	{"SNS greets", "text/plain", `{"Type":"Notification","TopicArn":"arn:x","Message":"Successfully validated SNS topic"}`, ""},
	{"Postmark bounce", "application/json", `{"RecordType":"Bounce","Type":"HardBounce","TypeCode":1,"Email":"sam@example.org","Inactive":true}`, "hard sam@example.org"},
	{"Postmark soft", "application/json", `{"RecordType":"Bounce","Type":"SoftBounce","TypeCode":4096,"Email":"sam@example.org"}`, "soft sam@example.org"},
	{"Postmark spam", "application/json", `{"RecordType":"SpamComplaint","Type":"SpamComplaint","Email":"sam@example.org"}`, "complaint sam@example.org"},
	{"Mailgun", "application/json", `{"signature":{"timestamp":"1","token":"t","signature":"s"},"event-data":{"event":"failed","severity":"permanent","recipient":"sam@example.org"}}`, "hard sam@example.org"},
	{"Mailgun for now", "application/json", `{"event-data":{"event":"failed","severity":"temporary","recipient":"sam@example.org"}}`, "soft sam@example.org"},
	{"Mailgun complaint", "application/json", `{"event-data":{"event":"complained","recipient":"sam@example.org"}}`, "complaint sam@example.org"},
	{"SendGrid", "application/json", `[{"event":"bounce","type":"bounce","email":"sam@example.org"},{"event":"bounce","type":"blocked","email":"b@example.org"},{"event":"spamreport","email":"c@example.org"},{"event":"open","email":"d@example.org"}]`, "hard sam@example.org, soft b@example.org, complaint c@example.org"},
	{"RFC 3464", "message/rfc822", dsn, "hard sam@example.org, soft full@example.org"},
	{"RFC 3464 without its mail", "message/delivery-status", "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; sam@example.org\nAction: failed\nStatus: 5.1.1\n", "hard sam@example.org"},
	{"RFC 5965", "message/rfc822", abuse, "complaint sam@example.org"},
}

func TestReportsOfMailServicesAreRead(t *testing.T) {
	for _, c := range reportBodies {
		r, err := ParseReports(c.kind, []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var have []string
		for _, one := range r.Reports {
			have = append(have, string(one.Kind)+" "+one.Recipient)
		}
		if strings.Join(have, ", ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, have, c.want)
		}
	}
}

func TestWhatIsNoReportIsRefusedInWords(t *testing.T) {
	for _, body := range []string{"", "hello", "{}", "[1]", `{"type":"opened","recipient":"a@b.example"}`, "{", `{"TopicArn":"a","Type":"SubscriptionConfirmation","SubscribeURL":"https://evil.example/"}`,
		`{"TopicArn":"a","Type":"SubscriptionConfirmation","SubscribeURL":"http://sns.eu-west-1.amazonaws.com/"}`, strings.Repeat("x", MaxReport+1), "Subject: hi\r\n\r\nbody"} {
		if r, err := ParseReports("application/json", []byte(body)); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%.60q became %+v, %v", body, r, err)
		}
	}
	r, err := ParseReports("text/plain", []byte(`{"TopicArn":"a","Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"}`))
	if err != nil || r.Confirm == "" {
		t.Errorf("a subscription: %+v, %v", r, err)
	}
}

func FuzzParseReports(f *testing.F) {
	for _, c := range reportBodies {
		f.Add(c.kind, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		r, err := ParseReports(kind, body)
		if err != nil && !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("another error: %v", err)
		}
		if len(r.Reports) > maxReports {
			t.Errorf("%d reports", len(r.Reports))
		}
		for _, one := range r.Reports {
			if one.Kind == "" || !strings.Contains(one.Recipient, "@") {
				t.Errorf("a report %+v", one)
			}
		}
	})
}

// Snapshots of every mail there is, in both languages, as text.
func TestEveryMailLooksAsItDid(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		var b strings.Builder
		for _, purpose := range append(purposes[:len(purposes)-2:len(purposes)-2], engine.PurposeStepWith, engine.PurposeUnreachable, engine.PurposeTest) {
			for i, m := range []engine.Mail{nudge(purpose), request(purpose)} {
				if i == 1 && !strings.HasSuffix(purpose, "_request") {
					m.Message.Request = ""
				}
				m.To.Locale, m.About = locale, engine.Person{Name: "Rita Reviewer"}
				l := compose(m, now)
				fmt.Fprintf(&b, "======== %s to %s\nSubject: %s\n\n%s\n", purpose, m.To.Name, l.Subject, l.text())
			}
		}
		golden(t, "all_"+locale+".txt", b.String())
	}
}

func TestAMailLoadsNothingFromElsewhere(t *testing.T) {
	html, err := os.ReadFile(filepath.Join("testdata", "nudge.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<img", "src=", "url(", "@import", "<script", "<link", "http-equiv"} {
		if strings.Contains(string(html), bad) {
			t.Errorf("%q is in the mail", bad)
		}
	}
	if !strings.Contains(string(html), "prefers-color-scheme: dark") {
		t.Error("no colours for dark mode")
	}
}
