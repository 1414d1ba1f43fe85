package lrs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

func composed(n int) xapi.Statement {
	return xapi.Statement{
		ID: uuidOf(n), Actor: xapi.AccountAgent("https://lms.example", "5"), Verb: xapi.VerbOf(xapi.VerbCompleted),
		Object:    xapi.ActivityObject(xapi.Activity{ID: "https://lms.example/a"}),
		Timestamp: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	}
}

func TestRecordIsIdempotentByID(t *testing.T) {
	s := start(t)
	tool := xapi.AccountAgent("https://cairn.example/main", "engine")
	for range 2 {
		if err := s.lrs.Record(t.Context(), tool, []xapi.Statement{composed(1), composed(2)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.lrs.Record(t.Context(), tool, []xapi.Statement{composed(2), composed(3)}); err != nil {
		t.Fatal(err)
	}
	s.wantIDs("[3 2 1]")
	other := composed(1)
	other.Verb = xapi.VerbOf(xapi.VerbFailed)
	if err := s.lrs.Record(t.Context(), tool, []xapi.Statement{composed(4), other}); !errors.Is(err, lrs.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	wrong := composed(5)
	wrong.Result = &xapi.Result{Duration: "soon"}
	var e *xapi.Error
	if err := s.lrs.Record(t.Context(), tool, []xapi.Statement{wrong}); !errors.As(err, &e) || e.Path != "result.duration" {
		t.Errorf("got %v, want an *xapi.Error", err)
	}
	s.wantIDs("[3 2 1]")
}

func TestFollowTellsEveryStatementOnceInOrder(t *testing.T) {
	s := start(t)
	tool := xapi.AccountAgent("https://cairn.example/main", "engine")
	changed := s.lrs.Changed()
	if err := s.lrs.Record(t.Context(), tool, []xapi.Statement{composed(1), composed(2)}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("Changed stays silent after a write")
	}
	s.expect(200, "POST", "/statements", statement(3))
	var got []string
	cursor := int64(0)
	for {
		records, err := s.lrs.Follow(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			if r.Seq <= cursor || !strings.Contains(string(r.Raw), `"stored"`) || r.Statement.Stored == nil || r.Statement.Stored.UnixNano() != r.Seq {
				t.Errorf("record %d is %s", r.Seq, r.Raw)
			}
			cursor = r.Seq
			got = append(got, r.Statement.ID[35:]+" by "+r.Authority.Account.Name)
		}
	}
	if want := "1 by engine, 2 by engine, 3 by " + s.cred.ID; strings.Join(got, ", ") != want {
		t.Errorf("followed %v, want %s", got, want)
	}
}

func TestFormatsAndAttachmentsAreServed(t *testing.T) {
	s := start(t)
	doc := strings.Replace(statement(1), `"verb":{`, `"verb":{"display":{"en":"did","de":"tat"},`, 1)
	s.expect(200, "POST", "/statements", doc)
	if a := s.expect(200, "GET", "/statements?format=ids", ""); strings.Contains(string(a.body), "display") {
		t.Errorf("ids answers %s", a.body)
	}
	a := s.expect(200, "GET", "/statements?format=canonical", "", "Accept-Language", "de-AT")
	if strings.Contains(string(a.body), `"did"`) || !strings.Contains(string(a.body), `"tat"`) {
		t.Errorf("canonical answers %s", a.body)
	}
	a = s.expect(200, "GET", "/statements?attachments=true", "")
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "multipart/mixed; boundary=") || !strings.Contains(string(a.body), `"more":""`) {
		t.Errorf("attachments=true answers %s: %s", a.Header.Get("Content-Type"), a.body)
	}
}

func TestOneURLSpeaksBothVersions(t *testing.T) {
	s := start(t)
	two := []string{"X-Experience-API-Version", "2.0.0"}
	doc := strings.Replace(statement(1), `"context":{`, `"timestamp":"2026-11-21T10:00:00+01:00","context":{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:x@b.c"}}],`, 1)
	s.refused(400, "context.contextAgents", "no such property", "POST", "/statements", doc)
	s.expect(200, "POST", "/statements", doc, two...)
	a := s.expect(200, "GET", "/statements?statementId="+uuidOf(1), "")
	if strings.Contains(string(a.body), "contextAgents") || !strings.Contains(string(a.body), "10:00:00+01:00") {
		t.Errorf("a 1.0.3 reader is shown %s", a.body)
	}
	a = s.expect(200, "GET", "/statements?statementId="+uuidOf(1), "", two...)
	if !strings.Contains(string(a.body), "contextAgents") || !strings.Contains(string(a.body), "2026-11-21T09:00:00") || !strings.Contains(string(a.body), `"version":"2.0.0"`) {
		t.Errorf("a 2.0 reader is shown %s", a.body)
	}
	s.wantIDs("[1]", "agent", `{"mbox":"mailto:x@b.c"}`, "related_agents", "true")
}
