package lrs_test

import (
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/xapi"
)

// A client that never heard that its statement arrived sends it again, for ever if
// it is refused.
func TestARetryOfWhatWasErasedIsAnsweredAsSuccessAndStoresNothing(t *testing.T) {
	s := start(t)
	const id, fresh = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	of := func(id, actor string) string {
		return `{"id":"` + id + `","actor":{"mbox":"mailto:` + actor + `@e.org"},"verb":{"id":"https://e.org/did"},"object":{"id":"https://e.org/x"}}`
	}
	s.expect(204, "PUT", "/statements?statementId="+id, of(id, "ada"))
	report, err := s.lrs.Erase(t.Context(), lrs.Erasure{Agent: xapi.Agent{Mbox: "mailto:ada@e.org"}})
	if err != nil || report.Removed != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	s.expect(404, "GET", "/statements?statementId="+id, "")
	s.expect(204, "PUT", "/statements?statementId="+id, of(id, "ada"))
	a := s.expect(200, "POST", "/statements", "["+of(id, "ada")+","+of(fresh, "bob")+"]")
	if got := strings.TrimSpace(string(a.body)); got != `["`+id+`","`+fresh+`"]` {
		t.Errorf("the answer is %s", got)
	}
	s.expect(404, "GET", "/statements?statementId="+id, "")
	s.expect(404, "GET", "/statements?voidedStatementId="+id, "")
	s.expect(200, "GET", "/statements?statementId="+fresh, "")
	s.expect(409, "PUT", "/statements?statementId="+fresh, of(fresh, "eve")) // others' ids still conflict
}
