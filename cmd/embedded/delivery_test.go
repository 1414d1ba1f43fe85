package embedded

import "testing"

// FuzzParseMail: whatever a client sends, the mailbox neither panics nor loses
// its bounds.
func FuzzParseMail(f *testing.F) {
	f.Add([]byte("From: a@example.org\r\nSubject: s\r\n\r\nbody"))
	f.Add([]byte("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--"))
	f.Add([]byte("Content-Type: text/plain; charset=klingon\r\n\r\nx"))
	f.Add([]byte("Content-Transfer-Encoding: none-such\r\n\r\nx"))
	f.Add([]byte("Content-Type: multipart/mixed\r\n\r\nx"))
	f.Add([]byte("Subject: =?utf-8?q?=ff?=\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMail(data)
		if err == nil && m.size != len(data) {
			t.Errorf("size %d of %d bytes", m.size, len(data))
		}
		_ = linked(m.Text)
	})
}

func TestAnUnknownCharacterSetIsShownAsItCame(t *testing.T) {
	m, err := parseMail([]byte("Subject: s\r\nContent-Type: text/plain; charset=klingon\r\n\r\nQapla"))
	if err != nil || m.Text != "Qapla" {
		t.Errorf("got %q, %v", m.Text, err)
	}
}
