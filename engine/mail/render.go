package mail

import (
	"bytes"
	_ "embed"
	"html/template"
	"strings"
	"sync"
)

//go:embed letter.html
var letterHTML string

// page parses the template once.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("letter").Parse(letterHTML))
})

// html is the letter for programs that show HTML.
func (l letter) html() (string, error) {
	var b bytes.Buffer
	if err := page().Execute(&b, l); err != nil {
		return "", err
	}
	return b.String(), nil
}

// text is the letter as plain text. A paragraph is one line: programs wrap it.
func (l letter) text() string {
	var paragraphs []string
	add := func(lines ...string) {
		if p := strings.TrimSpace(strings.Join(lines, "\n")); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	add(l.Greeting)
	add(strings.Join(l.Lead, "\n"))
	add(l.Why)
	add(l.Ask)
	if len(l.Comment) > 0 {
		add(l.CommentTitle, "> "+strings.Join(l.Comment, "\n> "))
	}
	add(strings.Join(l.Facts, " "))
	if l.Link != "" {
		add(l.Action+":", l.Link)
	}
	add(l.NoAccount)
	if len(l.Also) > 0 {
		lines := []string{l.AlsoTitle}
		for _, a := range l.Also {
			lines = append(lines, strings.TrimSpace("- "+a.Title+"\n  "+a.Link))
		}
		add(lines...)
	}
	if l.Waitlist != "" {
		add(l.Waitlist+":", l.WaitlistURL)
	}
	footer := []string{"-- ", l.Reason}
	if l.UnsubscribeURL != "" {
		footer = append(footer, l.Unsubscribe+": "+l.UnsubscribeURL, l.UnsubscribeNote)
	}
	return strings.Join(paragraphs, "\n\n") + "\n\n" + strings.Join(footer, "\n") + "\n"
}
