package embedded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cairn-lms/cairn/cmd/embedded"
)

func TestAKeptMailboxHasItsMailsAgainAfterARestartAndACrash(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mails.jsonl")
	start := func() *embedded.Mailbox {
		m, err := embedded.StartKeptMailbox(t.Context(), "127.0.0.1:0", "127.0.0.1:0", file)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := start()
	if err := send(m, nudge, "sam@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A crash leaves half a line behind.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"n":2,"subj`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	m = start()
	if err := send(m, nudge, "max@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	m = start()
	defer m.Close(t.Context())
	mails := m.Mails()
	if len(mails) != 2 || mails[0].N != 1 || mails[1].N != 2 || mails[0].To[0] != "sam@example.org" || mails[1].To[0] != "max@example.org" {
		t.Errorf("the mailbox has %d mails: %+v", len(mails), mails)
	}
}
