package lrs_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
)

func TestOnlyWhatNoStatementDeclaresIsCollected(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	folder := t.TempDir()
	blobs, err := lrsfiles.New(folder, clock)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	s.lrs, s.blobs = lrs.New(openHere(t), lrs.Options{Now: clock, Blobs: blobs}), blobs
	collect := func(wantN int, wantBytes int64) {
		t.Helper()
		if n, bytes, err := s.lrs.CollectBlobs(t.Context(), 24*time.Hour); err != nil || n != wantN || bytes != wantBytes {
			t.Errorf("%d blobs of %d bytes are collected, %v; want %d of %d", n, bytes, err, wantN, wantBytes)
		}
	}
	s.expect(200, "POST", "/statements", whole("["+declaring(1, "plain")+","+declaring(2, "voided")+"]", "plain", "voided"), "Content-Type", mixedType)
	s.expect(200, "POST", "/statements", strings.Replace(strings.Replace(statement(3), "completed", "voided", 1), `"object":{"id":"https://lms.example/act/0"}`, `"object":{"objectType":"StatementRef","id":"`+uuidOf(2)+`"}`, 1))
	s.expect(404, "GET", "/statements?statementId="+uuidOf(2), "")
	sub := strings.Replace(statement(4), `"object":{"id":"https://lms.example/act/1"}`, `"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b/v"},"object":{"id":"http://a.b/o"},`+
		strings.TrimSuffix(strings.SplitAfter(declaring(9, "in sub"), `}],`)[0][strings.Index(declaring(9, "in sub"), `"attachments"`):], ",")+`}`, 1)
	s.expect(200, "POST", "/statements", whole(sub, "in sub"), "Content-Type", mixedType)
	s.expect(400, "POST", "/statements", whole(declaring(5, "orphan", "missing"), "orphan"), "Content-Type", mixedType)
	s.expect(409, "POST", "/statements", whole(strings.Replace(declaring(1, "refused"), "completed", "failed", 1), "refused"), "Content-Type", mixedType)
	collect(0, 0)
	now = now.Add(23 * time.Hour)
	s.expect(400, "POST", "/statements", whole(declaring(6, "refused", "missing"), "refused"), "Content-Type", mixedType) // renews its time
	now = now.Add(2 * time.Hour)
	collect(1, 6)
	for body, want := range map[string]bool{"plain": true, "voided": true, "in sub": true, "orphan": false, "refused": true} {
		if s.hasBlob(body) != want {
			t.Errorf("%q is kept: %v, want %v", body, !want, want)
		}
	}
	now = now.Add(24 * time.Hour)
	collect(1, 7)
	if _, _, err := s.lrs.CollectBlobs(t.Context(), 0); err != nil {
		t.Error(err)
	}
	s.expect(400, "POST", "/statements", whole(declaring(6, "new", "missing"), "new"), "Content-Type", mixedType)
	if n, _, err := s.lrs.CollectBlobs(t.Context(), 0); n != 0 || err != nil {
		t.Errorf("%d blobs that may belong to a request under way are collected, %v", n, err)
	}
}

// Clients send the same bytes again and again while a collector removes what
// nobody declares: no statement that is stored lacks its attachment.
func TestACollectorTakesNothingFromStatementsThatCome(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	blobs, err := lrsfiles.New(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	s.lrs, s.blobs = lrs.New(openHere(t), lrs.Options{Now: clock, Blobs: blobs}), blobs
	for round := range 15 {
		body := fmt.Sprint("round ", round)
		s.expect(400, "POST", "/statements", whole(declaring(1, body, "missing"), body), "Content-Type", mixedType) // an orphan
		mu.Lock()
		now = now.Add(48 * time.Hour)
		mu.Unlock()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, _, err := s.lrs.CollectBlobs(t.Context(), 24*time.Hour); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			s.expect(200, "POST", "/statements", whole(declaring(100+round, body), body), "Content-Type", mixedType)
		})
		wg.Wait()
		if !s.hasBlob(body) {
			t.Fatalf("round %d: the statement is stored, its attachment is gone", round)
		}
	}
}
