package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// reportPage is a reporting tool: one page that asks the record store of its address.
const reportPage = `<!doctype html><title>report</title><script>
async function ask(endpoint, key, secret) {
	const headers = {Authorization: 'Basic ' + btoa(key + ':' + secret), 'X-Experience-API-Version': '2.0.0', 'Content-Type': 'application/json'};
	const statement = {actor: {mbox: 'mailto:a@b.c'}, verb: {id: 'v:v'}, object: {id: 'o:o'}};
	const of = '/activities/state?' + new URLSearchParams({activityId: 'o:o', agent: '{"mbox":"mailto:a@b.c"}', stateId: 's'});
	const out = {};
	try {
		let a = await fetch(endpoint + '/statements', {method: 'POST', headers, body: JSON.stringify(statement)});
		out.posted = a.status;
		a = await fetch(endpoint + '/statements', {headers});
		out.found = (await a.json()).statements.length;
		out.through = !!a.headers.get('X-Experience-API-Consistent-Through');
		a = await fetch(endpoint + of, {method: 'PUT', headers: {...headers, 'If-None-Match': '*'}, body: '{}'});
		a = await fetch(endpoint + of, {headers});
		const etag = a.headers.get('ETag');
		a = await fetch(endpoint + of, {method: 'DELETE', headers: {...headers, 'If-Match': etag}});
		out.deleted = a.status;
		a = await fetch(endpoint + '/statements', {headers: {...headers, Authorization: 'Basic eDp5'}});
		out.wrong = a.status + ' ' + !!a.headers.get('WWW-Authenticate');
	} catch (e) {
		out.error = String(e);
	}
	window.answer = out;
}
</script>`

// A page of an origin that the key allows reads and writes as a client does; one of
// another origin is stopped by the browser, at its first request.
func TestAReportingPageReadsTheRecordStoreFromItsOwnOrigin(t *testing.T) {
	b := newBrowser(t)
	page := func() *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(reportPage))
		}))
		t.Cleanup(s.Close)
		return s
	}
	reports, stranger := page(), page()
	s := newSite(t)
	s.serve()
	var made struct{ Endpoint, Key, Secret string }
	must(t, json.Unmarshal(s.command("key", "create", "-name", "reports", "-origin", reports.URL, "-json"), &made))
	for origin, want := range map[string]string{
		reports.URL:  `{"posted":200,"found":1,"through":true,"deleted":204,"wrong":"401 true"}`,
		stranger.URL: `{"error":"TypeError: Failed to fetch"}`,
	} {
		b.open(origin)
		args, err := json.Marshal([]string{made.Endpoint, made.Key, made.Secret})
		must(t, err)
		must(t, b.top().try("void ask(..."+string(args)+")", nil))
		b.top().eventually("window.answer")
		var got string
		must(t, b.top().try("JSON.stringify(window.answer)", &got))
		if strings.TrimSpace(got) != want {
			t.Errorf("a page of %s got %s, want %s", origin, got, want)
		}
	}
}
