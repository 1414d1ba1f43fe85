package lrs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

// largest is a statement of ada's with as many values as one may have; with its
// properties the other way round if turned.
func largest(id string, turned bool) string {
	const most, others = 200_000, 12
	parts := []string{
		`"id":"` + id + `"`,
		`"actor":{"mbox":"mailto:ada@e.org"}`,
		`"verb":{"id":"https://e.org/did"}`,
		`"object":{"id":"https://e.org/x"}`,
		`"result":{"success":true,"extensions":{"https://e.org/all":[` + strings.Repeat("0,", most-others-1) + `0]}}`,
	}
	if turned {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// What the record store adds to a statement must not make it too large for the
// record store.
func TestTheLargestStatementIsGoodForEverything(t *testing.T) {
	s := start(t)
	id := uuidOf(1)
	s.refused(400, `result.extensions["https://e.org/all"][199988]`, "more than 200000 values", "POST", "/statements", strings.Replace(largest(id, false), "[0", "[0,0", 1))
	s.expect(200, "POST", "/statements", largest(id, false))
	s.expect(200, "POST", "/statements", statement(2))

	for _, format := range []string{"exact", "ids", "canonical"} {
		s.expect(200, "GET", "/statements?format="+format, "", "X-Experience-API-Version", "2.0.0")
		s.expect(200, "GET", "/statements?format="+format+"&statementId="+id, "")
	}
	s.expect(200, "GET", "/statements?attachments=true", "")
	s.expect(200, "GET", `/agents?agent={"mbox":"mailto:ada@e.org"}`, "")
	s.expect(200, "POST", "/statements", largest(id, true))
	s.expect(409, "POST", "/statements", strings.Replace(largest(id, true), "did", "undid", 1))

	records, err := s.lrs.Follow(t.Context(), 0, 10)
	if err != nil || len(records) != 2 || len(records[0].Raw) < 400_000 {
		t.Fatalf("Follow tells %d records, %v", len(records), err)
	}
	report, err := s.lrs.Verify(t.Context(), lrs.VerifyOptions{Problem: func(p string) { t.Error(p) }})
	if err != nil || report.Statements != 2 {
		t.Errorf("%+v, %v", report, err)
	}

	folder := filepath.Join(t.TempDir(), "export")
	if _, err := s.lrs.Export(t.Context(), folder, lrs.ExportOptions{Source: "main"}); err != nil {
		t.Fatal(err)
	}
	other := start(t)
	imported, err := other.lrs.Import(t.Context(), folder, lrs.ImportOptions{Refused: func(err error) { t.Error(err) }})
	if err != nil || imported.New != 2 {
		t.Errorf("imported %+v, %v", imported, err)
	}

	for _, pseudonymise := range []bool{true, false} {
		report, err := other.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{Mbox: "mailto:ada@e.org"}, Pseudonymise: pseudonymise})
		if err != nil || report.Actor != map[bool]int{true: 1}[pseudonymise] {
			t.Errorf("%+v, %v", report, err)
		}
	}
	erased, err := s.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{Mbox: "mailto:ada@e.org"}})
	if err != nil || erased.Removed != 1 {
		t.Errorf("%+v, %v", erased, err)
	}
}

// What is nested as deep as may be is nested one deeper where a reader gets a
// list instead of the one activity that was sent.
func TestTheDeepestStatementIsGoodForEveryReader(t *testing.T) {
	s := start(t)
	const most, around = 100, 7 // statement, context, contextActivities, activity, definition, extensions, and the list
	doc := strings.Replace(statement(1), `[{"id":"https://lms.example/course"}]`,
		`{"id":"https://lms.example/course","definition":{"extensions":{"https://e.org/deep":`+strings.Repeat("[", most-around+1)+strings.Repeat("]", most-around+1)+`}}}`, 1)
	if a := s.expect(400, "POST", "/statements", strings.Replace(doc, "[]", "[[]]", 1)); !strings.Contains(string(a.body), "nested deeper than 100") {
		t.Errorf("one deeper is refused with %s", a.body)
	}
	s.expect(200, "POST", "/statements", doc)
	for _, format := range []string{"exact", "ids", "canonical"} {
		s.expect(200, "GET", "/statements?format="+format, "")
	}
}

// walk asks for the path and all that more leads to; it returns the sizes of the
// pages and the ids.
func (s *server) walk(path string) (sizes []int, all []string) {
	s.t.Helper()
	for path != "" {
		a := s.expect(200, "GET", path, "")
		page := a.body
		if strings.HasPrefix(a.Header.Get("Content-Type"), "multipart/mixed") {
			_, params, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
			if err != nil {
				s.t.Fatal(err)
			}
			parts, err := partsOf(bytes.NewReader(a.body), params["boundary"])
			if err != nil {
				s.t.Fatal(err)
			}
			page = parts[0]
			sizes = append(sizes, len(parts)-1)
		} else {
			sizes = append(sizes, len(page))
		}
		r := decode[result](s.t, page)
		if len(r.Statements) == 0 {
			s.t.Fatal("a page is empty")
		}
		all = append(all, ids(r)...)
		path = strings.TrimPrefix(*r.More, "/xapi")
	}
	return sizes, all
}

func partsOf(body io.Reader, boundary string) (parts [][]byte, err error) {
	r := multipart.NewReader(body, boundary)
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		parts = append(parts, data)
	}
}

// Every mention of an activity gets its definition: 130 KB that were sent would
// be 180 MB.
func TestACanonicalPageIsBounded(t *testing.T) {
	s := start(t)
	const most = 17 << 20
	definition := `"definition":{"name":{"en":"` + strings.Repeat("x", 60_000) + `"}}`
	mentions := strings.Repeat(`{"id":"https://lms.example/big"},`, 3_000)
	huge := func(n int) string {
		return strings.Replace(statement(n), `[{"id":"https://lms.example/course"}]`, `[`+mentions+`{"id":"https://lms.example/big",`+definition+`}]`, 1)
	}
	large := func(n int) string {
		return strings.Replace(statement(n), `[{"id":"https://lms.example/course"}]`, `[`+mentions[:150*33-1]+`]`, 1)
	}
	s.expect(200, "POST", "/statements", huge(1))
	for n := 2; n <= 4; n++ {
		s.expect(200, "POST", "/statements", large(n))
	}
	s.expect(200, "POST", "/statements", huge(5))
	s.expect(200, "POST", "/statements", statement(6))
	a := s.expect(200, "GET", "/statements?format=canonical&statementId="+uuidOf(1), "")
	if len(a.body) > most || bytes.Count(a.body, []byte("xxx\"")) < 200 {
		t.Errorf("one statement is %d bytes, with %d definitions", len(a.body), bytes.Count(a.body, []byte("xxx\"")))
	}
	for order, want := range map[string]string{"true": "1 2 3 4 5 6", "false": "6 5 4 3 2 1"} {
		sizes, all := s.walk("/statements?format=canonical&ascending=" + order)
		if strings.Join(all, " ") != want || slices.Max(sizes) > most || len(sizes) < 3 {
			t.Errorf("ascending=%s answers %v, pages of %d bytes", order, all, sizes)
		}
	}
}

func TestTheAttachmentsOfAPageAreBounded(t *testing.T) {
	s := start(t)
	for n := 1; n <= 3; n++ { // two of them are one page
		var bodies []string
		for i := range 501 - n {
			bodies = append(bodies, fmt.Sprintf("%d of %d", i, n))
		}
		s.expect(200, "POST", "/statements", whole(declaring(n, bodies...), bodies...), "Content-Type", mixedType)
	}
	s.expect(200, "POST", "/statements", statement(4))
	for order, want := range map[string]string{"true": "1 2 3 4", "false": "4 3 2 1"} {
		parts, all := s.walk("/statements?attachments=true&ascending=" + order)
		if strings.Join(all, " ") != want || fmt.Sprint(parts) != map[string]string{"true": "[999 498]", "false": "[997 500]"}[order] {
			t.Errorf("ascending=%s answers %v, with %v attachments", order, all, parts)
		}
	}
	if _, all := s.walk("/statements?attachments=false&ascending=true"); len(all) != 4 {
		t.Errorf("without attachments: %v", all)
	}
}
