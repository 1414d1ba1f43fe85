package embedded

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// StartKeptMailbox is StartMailbox with its mails in file, one JSON object a
// line, so that they are there again after a restart. A mail is in the file
// before its sender is told that it was taken.
func StartKeptMailbox(ctx context.Context, httpAddr, smtpAddr, file string) (*Mailbox, error) {
	mails, err := readMails(file)
	if err != nil {
		return nil, fmt.Errorf("embedded: start mailbox: %w", err)
	}
	kept, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("embedded: start mailbox: %w", err)
	}
	m, err := startMailbox(ctx, httpAddr, smtpAddr, mails, kept)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	return m, nil
}

// readMails reads what a mailbox kept. A last line cut short by a crash was
// never acknowledged: it is cut off.
func readMails(file string) ([]Mail, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var mails []Mail
	var whole int64 // bytes of whole lines
	lines := bufio.NewReader(io.LimitReader(f, 4*maxTotalBytes))
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return mails, f.Truncate(whole)
		}
		if err != nil {
			return nil, err
		}
		whole += int64(len(line))
		mail := Mail{size: len(line)}
		if err := json.Unmarshal(line, &mail); err != nil {
			return nil, fmt.Errorf("%s, mail %d: %w", file, len(mails)+1, err)
		}
		mails = append(mails, mail)
	}
}

// keep writes a mail to the file, if there is one; m.mu is held.
func (m *Mailbox) keep(mail Mail) error {
	if m.kept == nil {
		return nil
	}
	line, err := json.Marshal(mail)
	if err != nil {
		return err
	}
	_, err = m.kept.Write(append(line, '\n'))
	return err
}
