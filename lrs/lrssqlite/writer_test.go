package lrssqlite

import (
	"path/filepath"
	"testing"
)

// The pragmas as the connection that writes has them.
func TestTheWritingConnectionHasItsPragmas(t *testing.T) {
	s := openSmall(t, filepath.Join(t.TempDir(), "a.db"))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "cache_size": "-16000", "wal_autocheckpoint": "4000", "busy_timeout": "15000",
	} {
		var got string
		if err := s.line.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}
