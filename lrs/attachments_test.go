package lrs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
	"github.com/cairn-lms/cairn/lrs/lrstest"
)

const mixedType = "multipart/mixed; boundary=XX"

// declaring is statement n with attachments of these bytes.
func declaring(n int, bodies ...string) string {
	var list []string
	for _, b := range bodies {
		list = append(list, fmt.Sprintf(`{"usageType":"https://e.org/u","display":{"en":"x"},"contentType":"text/plain","length":%d,"sha2":%q}`, len(b), lrstest.SHA256(b)))
	}
	return strings.Replace(statement(n), `"object"`, `"attachments":[`+strings.Join(list, ",")+`],"object"`, 1)
}

func firstPart(doc string) string {
	return "--XX\r\nContent-Type: application/json\r\n\r\n" + doc + "\r\n"
}

func nextPart(body string) string {
	return "--XX\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: " + lrstest.SHA256(body) + "\r\n\r\n" + body + "\r\n"
}

func whole(doc string, bodies ...string) string {
	out := firstPart(doc)
	for _, b := range bodies {
		out += nextPart(b)
	}
	return out + "--XX--\r\n"
}

func (s *server) hasBlob(body string) bool {
	s.t.Helper()
	r, _, err := s.blobs.Open(s.t.Context(), lrstest.SHA256(body))
	if errors.Is(err, lrs.ErrNotFound) {
		return false
	}
	if err != nil {
		s.t.Fatal(err)
	}
	r.Close()
	return true
}

func TestAnUploadIsBounded(t *testing.T) {
	s := start(t) // 1 MiB of statements, 4 MiB in all
	large := strings.Repeat("x", 5<<20)
	var numbered []string
	for i := range 1001 {
		numbered = append(numbered, fmt.Sprint(i))
	}
	for name, c := range map[string]struct {
		status             int
		path, reason, body string
	}{
		"an attachment that is too large":       {413, "body", "larger than the 4194304 bytes", whole(declaring(1, large), large)},
		"statements that are too large":         {413, "body", "larger", whole("[" + statement(1) + strings.Repeat(" ", 1<<20) + "]")},
		"a preamble without end":                {400, "parts[0]", "65536", strings.Repeat("preamble\r\n", 10_000) + whole(statement(1))},
		"a line without end":                    {400, "parts[0]", "a part is", strings.Repeat("x", 100_000)},
		"headers without end":                   {400, "parts[1]", "65536", firstPart(declaring(1, "x")) + "--XX\r\n" + strings.Repeat("X-A: b\r\n", 10_000) + "\r\nx\r\n--XX--\r\n"},
		"a header without end":                  {400, "parts[1]", "65536", firstPart(declaring(1, "x")) + "--XX\r\nX-A: " + strings.Repeat("b", 100_000) + "\r\n\r\nx\r\n--XX--\r\n"},
		"an epilogue without end":               {400, "after the last part", "65536", whole(declaring(1, "x"), "x") + strings.Repeat("epilogue\r\n", 10_000)},
		"an end that never comes":               {400, "parts[1]", "ends before", strings.TrimSuffix(whole(declaring(1, "x"), "x"), "--XX--\r\n")},
		"a thousand and one parts":              {413, "body", "1000", whole(declaring(1, "x"), slices.Repeat([]string{"x"}, 1001)...)},
		"a thousand and one attachments":        {400, "attachments", "1000", whole(declaring(1, numbered...), numbered...)},
		"a boundary of 71 characters":           {400, "Content-Type", "70", ""},
		"half a header":                         {400, "parts[1]", "a part is", firstPart(declaring(1, "x")) + "--XX\r\nX-A"},
		"a header that is none":                 {400, "parts[1]", "a part is", firstPart(declaring(1, "x")) + "--XX\r\nno header\r\n\r\nx\r\n--XX--\r\n"},
		"something between a part and the next": {400, "parts[1]", "a part is", firstPart(declaring(1, "x")) + "--XX \t y\r\n\r\nx\r\n--XX--\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			typ := mixedType
			if c.body == "" {
				typ = "multipart/mixed; boundary=" + strings.Repeat("x", 71)
			}
			s.refused(c.status, c.path, c.reason, "POST", "/statements", c.body, "Content-Type", typ)
		})
	}
	s.wantIDs("[]")
	if s.hasBlob(large) {
		t.Error("what was too large is kept")
	}
}

func TestAnEndWithoutALineBreakIsOne(t *testing.T) {
	s := start(t)
	s.expect(200, "POST", "/statements", strings.TrimSuffix(whole(declaring(1, "x"), "x"), "\r\n"), "Content-Type", mixedType)
	s.expect(200, "POST", "/statements", "preamble\r\n"+whole(declaring(2, "y"), "y")+"epilogue", "Content-Type", mixedType)
	s.expect(200, "POST", "/statements", strings.ReplaceAll(whole(declaring(3, "z"), "z"), "\r\n", "\n"), "Content-Type", mixedType)
	s.wantIDs("[3 2 1]")
	for _, body := range []string{"x", "y", "z"} {
		if got := lrstest.ReadBlob(t, s.blobs, lrstest.SHA256(body)); got != body {
			t.Errorf("%q is kept as %q", body, got)
		}
	}
}

// sendMixed writes the head of a multipart request that promises length bytes
// (less than 0: chunks), and body.
func (w *wire) sendMixed(s *server, length int, body string) {
	w.t.Helper()
	r, _ := http.NewRequestWithContext(w.t.Context(), "POST", s.url, nil)
	r.SetBasicAuth(s.cred.ID, s.cred.Secret)
	frame := fmt.Sprintf("Content-Length: %d", length)
	if length < 0 {
		frame = "Transfer-Encoding: chunked"
	}
	_, err := fmt.Fprintf(w.conn, "POST /xapi/statements HTTP/1.1\r\nHost: lrs\r\nAuthorization: %s\r\nX-Experience-API-Version: 1.0.3\r\nContent-Type: %s\r\n%s\r\n\r\n%s",
		r.Header.Get("Authorization"), mixedType, frame, body)
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAnUploadOf64MiBIs413BeforeItIsSent(t *testing.T) {
	s := start(t)
	w := s.wire()
	w.sendMixed(s, 64<<20, firstPart(declaring(1, "x"))) // and nothing more
	w.expect("POST", http.StatusRequestEntityTooLarge)

	w = s.wire() // one that does not say how long it is
	w.sendMixed(s, -1, "")
	go func() {
		chunk := strings.Repeat("x", 1<<20)
		_, _ = fmt.Fprintf(w.conn, "%x\r\n%s\r\n", len(firstPart(declaring(1, "x"))+nextPart("x")), firstPart(declaring(1, "x"))+nextPart("x"))
		for range 64 {
			if _, err := fmt.Fprintf(w.conn, "%x\r\n%s\r\n", len(chunk), chunk); err != nil {
				return // the server has seen enough
			}
		}
	}()
	w.expect("POST", http.StatusRequestEntityTooLarge)
	s.wantIDs("[]")
}

func TestAnUploadThatIsTooSlowIs408AndLeavesNothingBehind(t *testing.T) {
	s := start(t, func(web *httptest.Server) { web.Config.ReadTimeout = 200 * time.Millisecond })
	body := whole(declaring(1, "slow"), "slow")
	for _, sent := range []int{0, 10, strings.Index(body, "slow\r\n"), strings.Index(body, "slow\r\n") + 2, len(body) - 5, len(body)} {
		w := s.wire()
		w.sendMixed(s, len(body)+1, body[:sent])
		w.expect("POST", http.StatusRequestTimeout)
	}
	s.wantIDs("[]")
}

func TestAnUploadThatEndsEarlyLeavesNoStatementBehind(t *testing.T) {
	s := start(t)
	body := whole(declaring(1, "early"), "early")
	for sent := 0; sent < len(body)-4; sent += 7 {
		w := s.wire()
		w.sendMixed(s, len(body), body[:sent])
		if err := w.conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		w.expect("POST", http.StatusBadRequest)
	}
	s.wantIDs("[]")
}

// A slow client that gets on is not cut off by the server's general timeout.
func TestAnUploadMayTakeLongerThanOtherRequestsWhileItGetsOn(t *testing.T) {
	s := start(t, func(web *httptest.Server) {
		web.Config.ReadTimeout, web.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	})
	large := strings.Repeat("x", 3<<20)
	body := whole(declaring(1, large), large)
	began := time.Now()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/statements", io.MultiReader(
		strings.NewReader(body[:2<<20]), waiting{began.Add(500 * time.Millisecond)}, strings.NewReader(body[2<<20:])))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(s.cred.ID, s.cred.Secret)
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	r.Header.Set("Content-Type", mixedType)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if answer, err := io.ReadAll(a.Body); a.StatusCode != http.StatusOK || err != nil {
		t.Errorf("answers %d %s, %v", a.StatusCode, answer, err)
	}
}

// waiting is a reader that ends at a time.
type waiting struct{ until time.Time }

func (w waiting) Read([]byte) (int, error) {
	<-time.After(time.Until(w.until))
	return 0, io.EOF
}

// failing is a Blobs whose disk is full, or that loses what it had.
type failing struct {
	lrs.Blobs
	err error
}

func (f failing) Put(_ context.Context, _ string, r io.Reader) (int64, error) {
	_, _ = io.CopyN(io.Discard, r, 1)
	return 0, f.err
}

func TestNoStatementIsStoredWhoseAttachmentCouldNotBeKept(t *testing.T) {
	s := start(t)
	full := lrs.New(openHere(t), lrs.Options{Blobs: failing{s.blobs, errors.New("disk full")}})
	none := lrs.New(openHere(t), lrs.Options{})
	for l, status := range map[*lrs.LRS]int{full: 500, none: 501} {
		s.lrs = l
		s.expect(status, "POST", "/statements", whole("["+statement(2)+","+declaring(1, "x")+"]", "x"), "Content-Type", mixedType)
		s.wantIDs("[]")
		s.expect(200, "POST", "/statements", statement(3))
		s.expect(200, "GET", "/statements?attachments=true", "")
	}
}

func TestErasedBytesAreLeftOut(t *testing.T) {
	s := start(t)
	s.expect(200, "POST", "/statements", whole(declaring(1, "kept", "erased"), "kept", "erased"), "Content-Type", mixedType)
	if deleted, err := s.blobs.Delete(t.Context(), lrstest.SHA256("erased"), time.Now().Add(time.Hour)); !deleted || err != nil {
		t.Fatal(deleted, err)
	}
	a := s.expect(200, "GET", "/statements?attachments=true", "")
	if text := string(a.body); strings.Count(text, "\r\n\r\nkept\r\n") != 1 || strings.Contains(text, "\r\n\r\nerased") || a.ContentLength != int64(len(text)) {
		t.Errorf("the answer of %d bytes is\n%s", a.ContentLength, text)
	}
}

// What a statement declares as contentType cannot become another header.
func TestADeclaredContentTypeIsNoHeaderButContentType(t *testing.T) {
	s := start(t)
	for n, typ := range []string{`text/plain; a=\"b\"\r\nX-Evil: 1`, `text/plain;\r\n\r\nevil`, `text/plain; name=ä`} {
		doc := strings.Replace(declaring(n+1, "x"), "text/plain", typ, 1)
		s.expect(200, "POST", "/statements", whole(doc, "x"), "Content-Type", mixedType)
		a := s.expect(200, "GET", "/statements?attachments=true&statementId="+uuidOf(n+1), "")
		if text := string(a.body); !strings.Contains(text, "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n") &&
			!strings.Contains(text, "\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n") {
			t.Errorf("%s is told as\n%s", typ, text)
		}
	}
}

func BenchmarkUpload(b *testing.B) {
	folder := b.TempDir()
	blobs, err := lrsfiles.New(folder, nil)
	if err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	sha2 := lrstest.SHA256(body)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := blobs.Put(b.Context(), sha2, strings.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		b.Errorf("%v, %v", entries, err)
	}
}

// The digest says which bytes they are. A declared length that is not theirs is
// kept as it was said, by clients who count otherwise, and troubles nobody here.
func TestADeclaredLengthIsNotHeldAgainstTheBytes(t *testing.T) {
	s := start(t)
	doc := strings.Replace(declaring(1, "four"), `"length":4`, `"length":2`, 1)
	s.expect(200, "POST", "/statements", whole("["+doc+","+declaring(2, "four")+"]", "four"), "Content-Type", mixedType)
	if a := s.expect(200, "GET", "/statements?attachments=true", ""); !strings.Contains(string(a.body), "\r\n\r\nfour\r\n") || !strings.Contains(string(a.body), `"length":2`) {
		t.Errorf("the answer is %s", a.body)
	}
	verify := func(l *lrs.LRS) {
		t.Helper()
		report, err := l.Verify(t.Context(), lrs.VerifyOptions{Problem: func(p string) { t.Error(p) }})
		if err != nil || report.Attachments != 1 || report.Bytes != 4 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	verify(s.lrs)
	folder := t.TempDir()
	if _, err := s.lrs.Export(t.Context(), folder, lrs.ExportOptions{Source: "here"}); err != nil {
		t.Fatal(err)
	}
	blobs, err := lrsfiles.New(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	there := lrs.New(openHere(t), lrs.Options{Blobs: blobs})
	report, err := there.Import(t.Context(), folder, lrs.ImportOptions{Refused: func(err error) { t.Error(err) }})
	if err != nil || report.New != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	verify(there)
}
