package mail

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/cairn-lms/cairn/engine"
)

// Reports is what a mail service tells us in one call.
type Reports struct {
	Reports []engine.MailReport
	// Confirm is an address of Amazon SNS to open once, which tells it that we want its calls; "" mostly.
	Confirm string

	mail string // which mail, of those that are being read
}

// Bounds of a report.
const (
	MaxReport  = 1 << 20 // bytes of a body
	maxReports = 1000    // recipients in one
	maxParts   = 50      // of a delivery status notification
)

var errReport = errors.New("not a report on mails that we know: send {\"type\": \"bounce\" or \"complaint\", \"recipient\": …, \"permanent\": …}, " +
	"an RFC 3464 notification, or the JSON of Amazon SES, Postmark, Mailgun or SendGrid")

// ParseReports reads what a mail service reports: our own JSON, that of Amazon SES (by SNS), Postmark, Mailgun and
// SendGrid, and delivery status notifications (RFC 3464) and abuse reports (RFC 5965) as they came by mail. Kinds of
// events that say nothing of an address are left out. The error wraps engine.ErrInvalid.
func ParseReports(contentType string, body []byte) (Reports, error) {
	kind, params, _ := mime.ParseMediaType(contentType)
	trimmed := bytes.TrimLeft(body, " \t\r\n\ufeff")
	var r Reports
	var err error
	switch {
	case len(body) > MaxReport:
		err = fmt.Errorf("larger than %d bytes", MaxReport)
	case len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '['):
		err = r.json(trimmed)
	case strings.HasPrefix(kind, "multipart/"):
		err = r.multipart(bytes.NewReader(body), params["boundary"])
	case kind == "message/delivery-status":
		err = r.status(bytes.NewReader(body))
	case kind == "message/feedback-report":
		err = r.feedback(bytes.NewReader(body))
	case kind == "message/rfc822", kind == "text/plain", kind == "application/octet-stream", kind == "":
		err = r.message(body)
	default:
		err = errReport
	}
	if err != nil {
		return Reports{}, fmt.Errorf("read the report: %w: %w", engine.ErrInvalid, err)
	}
	return r, nil
}

func (r *Reports) add(kind engine.ReportKind, recipient string) {
	recipient = strings.ToLower(strings.Trim(strings.TrimSpace(recipient), "<>"))
	if kind != "" && strings.Contains(recipient, "@") && len(r.Reports) < maxReports {
		r.Reports = append(r.Reports, engine.MailReport{Kind: kind, Recipient: recipient, Mail: r.mail})
	}
}

// bounced is a bounce that is for good, or for now.
func bounced(permanent bool) engine.ReportKind {
	if permanent {
		return engine.HardBounce
	}
	return engine.SoftBounce
}

// reported is the union of what services send; each sets its own few.
type reported struct {
	// Our own; SendGrid's type too.
	Type      string          `json:"type"`
	Recipient string          `json:"recipient"`
	Permanent *bool           `json:"permanent"`
	ID        json.RawMessage `json:"id"` // of the mail or the report; a report that is sent again has the same

	// SendGrid.
	Event     string `json:"event"`
	Email     string `json:"email"`
	MessageOf string `json:"sg_message_id"`

	// Mailgun.
	EventData *struct {
		ID        string `json:"id"`
		Event     string `json:"event"`
		Severity  string `json:"severity"`
		Recipient string `json:"recipient"`
	} `json:"event-data"`

	// Postmark; SNS has Type, too.
	RecordType string
	TypeCode   int
	Inactive   bool
	MessageID  string

	// Amazon SNS.
	TopicArn     string
	Message      string
	SubscribeURL string

	// Amazon SES, inside or without SNS.
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Mail             *struct {
		MessageID string `json:"messageId"`
	} `json:"mail"`
	Bounce *struct {
		BounceType string     `json:"bounceType"`
		Recipients []sesNames `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint *struct {
		Recipients []sesNames `json:"complainedRecipients"`
	} `json:"complaint"`
	Delivery *struct {
		Recipients []string `json:"recipients"`
	} `json:"delivery"`
}

type sesNames struct {
	Address string `json:"emailAddress"`
}

func (r *Reports) json(body []byte) error {
	if body[0] == '[' {
		var many []reported
		if err := json.Unmarshal(body, &many); err != nil {
			return errReport
		}
		for _, one := range many[:min(len(many), maxReports)] {
			if err := r.one(one, 0); err != nil {
				return err
			}
		}
		return nil
	}
	var one reported
	if err := json.Unmarshal(body, &one); err != nil {
		return errReport
	}
	return r.one(one, 0)
}

func (r *Reports) one(v reported, depth int) error {
	r.mail = v.mailID()
	switch {
	case v.TopicArn != "":
		return r.sns(v, depth)
	case v.NotificationType != "" || v.EventType != "":
		r.ses(v)
	case v.EventData != nil:
		switch v.EventData.Event {
		case "failed":
			r.add(bounced(v.EventData.Severity == "permanent"), v.EventData.Recipient)
		case "complained":
			r.add(engine.Complaint, v.EventData.Recipient)
		case "delivered":
			r.add(engine.Delivered, v.EventData.Recipient)
		}
	case v.RecordType != "":
		switch v.RecordType {
		case "Bounce":
			r.add(bounced(v.Type == "HardBounce" || v.Type == "BadEmailAddress" || v.Type == "ManuallyDeactivated"), v.Email)
		case "SpamComplaint":
			r.add(engine.Complaint, v.Email)
		case "Delivery":
			r.add(engine.Delivered, v.Recipient)
		}
	case v.Event != "":
		switch v.Event {
		case "bounce":
			r.add(bounced(v.Type != "blocked"), v.Email)
		case "spamreport":
			r.add(engine.Complaint, v.Email)
		case "delivered":
			r.add(engine.Delivered, v.Email)
		}
	case v.Recipient != "":
		switch v.Type {
		case "bounce":
			r.add(bounced(v.Permanent == nil || *v.Permanent), v.Recipient)
		case "complaint":
			r.add(engine.Complaint, v.Recipient)
		case "delivered":
			r.add(engine.Delivered, v.Recipient)
		default:
			return fmt.Errorf("type %.20q: use bounce, complaint or delivered", v.Type)
		}
	default:
		return errReport
	}
	return nil
}

// mailID says which mail a report is about, or else which report it is; "": the service does not say.
func (v reported) mailID() string {
	switch {
	case v.Mail != nil:
		return v.Mail.MessageID
	case v.EventData != nil:
		return v.EventData.ID
	}
	return cmp.Or(v.MessageID, v.MessageOf, string(v.ID))
}

// sns reads what Amazon SNS wraps around a notification of SES.
func (r *Reports) sns(v reported, depth int) error {
	switch {
	case depth > 0:
		return errReport
	case v.Type == "SubscriptionConfirmation":
		u, err := url.Parse(v.SubscribeURL)
		if err != nil || u.Scheme != "https" || !strings.HasPrefix(u.Hostname(), "sns.") || !strings.HasSuffix(u.Hostname(), ".amazonaws.com") || u.Port() != "" || u.User != nil {
			return errors.New("the subscription is not to be confirmed at Amazon SNS")
		}
		r.Confirm = u.String()
		return nil
	case v.Type != "Notification":
		return nil
	}
	var inside reported
	if err := json.Unmarshal([]byte(v.Message), &inside); err != nil {
		return nil //nolint:nilerr // SNS greets a new topic in words
	}
	return r.one(inside, depth+1)
}

func (r *Reports) ses(v reported) {
	switch {
	case v.Bounce != nil:
		for _, n := range v.Bounce.Recipients {
			r.add(bounced(v.Bounce.BounceType == "Permanent"), n.Address)
		}
	case v.Complaint != nil:
		for _, n := range v.Complaint.Recipients {
			r.add(engine.Complaint, n.Address)
		}
	case v.Delivery != nil:
		for _, a := range v.Delivery.Recipients {
			r.add(engine.Delivered, a)
		}
	}
}

// message reads a notification as a whole mail.
func (r *Reports) message(body []byte) error {
	m, err := mail.ReadMessage(bytes.NewReader(body))
	if err != nil {
		return errReport
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return errReport
	}
	return r.multipart(m.Body, params["boundary"])
}

func (r *Reports) multipart(body io.Reader, boundary string) error {
	if boundary == "" {
		return errReport
	}
	parts := multipart.NewReader(body, boundary)
	known := false
	for range maxParts {
		p, err := parts.NextRawPart()
		if err != nil {
			break // what follows is cut off or none
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		var from io.Reader = p
		switch strings.ToLower(p.Header.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			from = quotedprintable.NewReader(p)
		case "base64":
			from = base64.NewDecoder(base64.StdEncoding, p)
		}
		switch kind {
		case "message/delivery-status":
			known, err = true, r.status(from)
		case "message/feedback-report":
			known, err = true, r.feedback(from)
		}
		if err != nil {
			return err
		}
	}
	if !known {
		return errReport
	}
	return nil
}

// status reads the groups of fields of a message/delivery-status: one about the mail, then one per recipient.
func (r *Reports) status(body io.Reader) error {
	fields := textproto.NewReader(bufio.NewReader(io.LimitReader(body, MaxReport)))
	groups := 0
	for range maxReports {
		group, err := fields.ReadMIMEHeader()
		if len(group) > 0 {
			groups++
			r.recipient(group)
		}
		if err != nil {
			break
		}
	}
	if groups == 0 {
		return errReport
	}
	return nil
}

func (r *Reports) recipient(group textproto.MIMEHeader) {
	name := orElse(group.Get("Original-Recipient"), group.Get("Final-Recipient"))
	kind, address, ok := strings.Cut(name, ";")
	if !ok || !strings.EqualFold(strings.TrimSpace(kind), "rfc822") {
		return
	}
	status := strings.TrimSpace(group.Get("Status"))
	switch strings.ToLower(strings.TrimSpace(group.Get("Action"))) {
	case "failed":
		r.add(bounced(noSuchReceiver(status)), address)
	case "delivered":
		r.add(engine.Delivered, address)
	}
}

// noSuchReceiver tells whether a status code (RFC 3463) speaks of the address, not of a full mailbox, the content or a
// policy. No status at all is taken at its word: it failed.
func noSuchReceiver(status string) bool {
	return status == "" || strings.HasPrefix(status, "5.1.") || status == "5.2.1" || status == "5.0.0" || status == "5.4.4"
}

// feedback reads a message/feedback-report (RFC 5965).
func (r *Reports) feedback(body io.Reader) error {
	group, err := textproto.NewReader(bufio.NewReader(io.LimitReader(body, MaxReport))).ReadMIMEHeader()
	if err != nil && len(group) == 0 {
		return errReport
	}
	if strings.EqualFold(group.Get("Feedback-Type"), "abuse") {
		for _, a := range group["Original-Rcpt-To"] {
			r.add(engine.Complaint, a)
		}
	}
	return nil
}
