package lrs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// sized is statement n, of this many bytes.
func sized(n, bytes int) string {
	doc := statement(n)
	doc = doc[:len(doc)-1] + `,"result":{"response":"` + `"}}`
	return strings.Replace(doc, `"response":"`, `"response":"`+strings.Repeat("x", bytes-len(doc)), 1)
}

func TestAStatementHasABoundOfItsOwn(t *testing.T) {
	s := start(t)
	const most = 4 << 10
	s.lrs = lrs.New(openStore(t, newFile(t)), lrs.Options{MaxStatement: most})
	s.refused(413, "statements[1]", "4096 bytes", "POST", "/statements", "["+statement(1)+","+sized(2, most+1)+"]")
	s.refused(413, "body", "4096 bytes", "POST", "/statements", sized(2, most+1))
	s.refused(413, "body", "4096 bytes", "PUT", "/statements?statementId="+uuidOf(2), sized(2, most+1))
	s.wantIDs("[]")
	s.expect(200, "POST", "/statements", "["+sized(1, most)+","+sized(2, most)+"]")

	file := filepath.Join(t.TempDir(), "statements.ndjson")
	if err := os.WriteFile(file, []byte(sized(3, most)+"\n"+sized(4, most+1)+"\n"+sized(5, most)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := ""
	report, err := s.lrs.Import(t.Context(), file, lrs.ImportOptions{Refused: func(err error) { refused = err.Error() }})
	if err != nil || report.New != 2 || report.Refused != 1 || !strings.HasPrefix(refused, file+":2: ") || !strings.Contains(refused, "4096 bytes") {
		t.Errorf("imported %+v, %v; refused %s", report, err, refused)
	}
}
