package lrs_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
	"github.com/klauspost/compress/s2"
)

// broken is a record store with the statements 1 to n, in which those with the
// numbers were damaged, and what it logs.
func broken(t *testing.T, n int, damaged ...int) (*server, *bytes.Buffer) {
	t.Helper()
	db := newFile(t)
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	s := start(t)
	s.lrs = lrs.New(openSQLite(t, db), lrs.Options{Log: logger})
	s.web.Config.Handler = (&lrs.Service{
		Keys:    s.keys,
		Tenant:  func(context.Context, string) (*lrs.LRS, error) { return s.lrs, nil },
		IRIBase: func(tenant string) string { return "https://cairn.example/" + tenant },
		Log:     logger,
	}).Handler()
	for i := 1; i <= n; i++ {
		s.expect(200, "POST", "/statements", statement(i))
	}
	for _, i := range damaged {
		id := uuid.MustParse(uuidOf(i))
		result, err := db.ExecContext(t.Context(), `UPDATE lrs_statements SET doc = ? WHERE id = ?`, s2.Encode(nil, []byte(`{"actor":{"name":"Ada Lovelace","name":"Ada"}}`)), id[:])
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := result.RowsAffected(); err != nil || rows != 1 {
			t.Fatalf("damaged %d rows, %v", rows, err)
		}
	}
	return s, log
}

// discreet wants that the log names the statement, and nobody.
func discreet(t *testing.T, log, id string) {
	t.Helper()
	if !strings.Contains(log, id) || strings.Contains(log, "Ada") || strings.Contains(log, "Lovelace") {
		t.Errorf("the log says %s", log)
	}
}

// One statement that cannot be read must not keep the others from who follows.
func TestFollowPassesOverWhatCannotBeRead(t *testing.T) {
	s, log := broken(t, 6, 2, 3, 4, 6)
	var got []string
	cursor := int64(0)
	for range 5 {
		records, err := s.lrs.Follow(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			cursor = r.Seq
			got = append(got, r.Statement.ID[35:])
		}
	}
	if strings.Join(got, "") != "15" {
		t.Errorf("Follow tells %v, want 1 and 5", got)
	}
	for _, n := range []int{2, 3, 4, 6} {
		discreet(t, log.String(), uuidOf(n))
		if times := strings.Count(log.String(), uuidOf(n)); times != 1 {
			t.Errorf("the log names statement %d %d times", n, times)
		}
	}
}

// What the record store cannot read is its own fault, not the client's.
func TestWhatCannotBeReadIsAnsweredWith500(t *testing.T) {
	s, log := broken(t, 2, 1)
	me := s.cred
	mine := s.key(lrs.ScopeReadMine)
	for _, path := range []string{
		"/statements?format=ids", "/statements?format=canonical", "/statements?attachments=true",
		"/statements?format=ids&statementId=" + uuidOf(1), "/statements?format=canonical&statementId=" + uuidOf(1),
		"/statements?attachments=true&statementId=" + uuidOf(1), "mine /statements?statementId=" + uuidOf(1),
		`/agents?agent={"account":{"homePage":"https://lms.example","name":"1"}}`,
	} {
		log.Reset()
		if s.cred = me; strings.HasPrefix(path, "mine ") {
			s.cred = mine
		}
		s.refused(500, "", "the record store failed", "GET", strings.TrimPrefix(path, "mine "), "")
		discreet(t, log.String(), uuidOf(1))
	}
	s.cred = me
	s.expect(200, "GET", "/statements?format=ids&statementId="+uuidOf(2), "")
}
