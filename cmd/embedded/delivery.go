package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
)

// delivery is one SMTP session: it takes messages one after the other.
type delivery struct {
	box  *Mailbox
	from string
	to   []string
}

// Mail begins a message.
func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	d.Reset()
	d.from = from
	return nil
}

// Rcpt adds a recipient; everyone lives here.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = append(d.to, to)
	return nil
}

// Data takes the message.
func (d *delivery) Data(r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, maxMailBytes+1))
	if err != nil {
		return err // too big, or the line broke: go-smtp answers the client
	}
	m, err := parseMail(data)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "This is no e-mail message"}
	}
	m.To, m.At = d.to, time.Now().UTC()
	if m.From == "" {
		m.From = d.from
	}
	return d.box.add(m)
}

// Reset forgets the message under way.
func (d *delivery) Reset() { d.from, d.to = "", nil }

// Logout ends the session.
func (d *delivery) Logout() error { return nil }

// maxParts bounds the parts of one message that are read.
const maxParts = 200

// parseMail reads a message: its headers, and the first text and HTML parts
// that are no attachments. What it cannot decode it shows as it came.
func parseMail(data []byte) (Mail, error) {
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil && (r == nil || !decodable(err)) {
		return Mail{}, fmt.Errorf("embedded: parse mail: %w", err)
	}
	defer r.Close()
	m := Mail{Headers: map[string][]string{}, size: len(data)}
	for f := r.Header.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			value = f.Value()
		}
		name := canonical(f.Key())
		m.Headers[name] = append(m.Headers[name], strings.ToValidUTF8(value, "\uFFFD"))
	}
	first := func(name string) string {
		if v := m.Headers[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	m.From, m.Subject, m.MessageID = first("From"), first("Subject"), first("Message-Id")
	for range maxParts {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && (part == nil || !decodable(err)) {
			break // the rest is broken; what came before it counts
		}
		header, inline := part.Header.(*mail.InlineHeader)
		if !inline {
			continue
		}
		body, _ := io.ReadAll(part.Body) // what could be read
		kind, _, _ := header.ContentType()
		text := strings.ToValidUTF8(string(body), "\uFFFD")
		switch {
		case kind == "text/html" && m.HTML == "":
			m.HTML = text
		case kind == "text/plain" && m.Text == "":
			m.Text = strings.ReplaceAll(text, "\r\n", "\n")
		}
	}
	return m, nil
}

// decodable says that only the character set or the transfer encoding is
// unknown: there is still something to show.
func decodable(err error) bool {
	return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)
}

// canonical is a header name as textproto would have it.
func canonical(name string) string {
	parts := strings.Split(strings.ToLower(name), "-")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "-")
}
