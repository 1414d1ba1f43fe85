package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/web/api"
)

const structured = "application/cloudevents+json"

// event is one event of the CRM with the given attributes over the usual.
func event(change ...string) string {
	m := map[string]any{"specversion": "1.0", "id": "1", "source": "/crm", "type": "crm.opportunity.created",
		"data": map[string]any{"owner_email": "sam@example.org", "amount": 60000}}
	for i := 0; i+1 < len(change); i += 2 {
		var v any
		if json.Unmarshal([]byte(change[i+1]), &v) != nil {
			v = change[i+1]
		}
		if m[change[i]] = v; v == "-" {
			delete(m, change[i])
		}
	}
	b, _ := json.Marshal(m)
	return string(b)
}

type takenReply struct {
	Events []struct {
		Key       string
		Duplicate bool
	}
}

func TestEventsComeInStructuredBatchedAndBinary(t *testing.T) {
	w := newWorld(t)
	sender := w.key(lrs.ScopeEventsWrite)
	var reply takenReply
	w.as(sender, "POST", "/api/events", event(), "Content-Type", structured+"; charset=utf-8").want(t, 202).into(t, &reply)
	w.as(sender, "POST", "/api/events", "["+event("id", `"1"`)+","+event("id", `"2"`)+"]", "Content-Type", "application/cloudevents-batch+json").want(t, 202).into(t, &reply)
	if len(reply.Events) != 2 || !reply.Events[0].Duplicate || reply.Events[1].Duplicate {
		t.Errorf("batch: %+v", reply)
	}
	w.as(sender, "POST", "/api/events", `{"owner_email":"sam@example.org","amount":5}`, "Ce-Specversion", "1.0", "Ce-Id", "b%201", "Ce-Source", "/crm",
		"Ce-Type", "crm.opportunity.created", "Ce-Myextension", "x").want(t, 202).into(t, &reply)
	var ev map[string]any
	w.get("/api/v1/events/"+reply.Events[0].Key).want(t, 200).into(t, &ev)
	if ev["id"] != "b 1" || ev["data"].(map[string]any)["amount"] != 5.0 {
		t.Errorf("binary: %v", ev)
	}
	var prompts struct{ Items []map[string]any }
	w.get("/api/v1/people/"+string(w.sam.Learner)+"/prompts").want(t, 200).into(t, &prompts)
	if len(prompts.Items) != 1 || prompts.Items[0]["aid"] != "planner" || !strings.Contains(fmt.Sprint(prompts.Items[0]["content"]), "three trades") {
		t.Errorf("prompts: %v", prompts.Items)
	}
	poor := w.key(lrs.ScopeEventsRead)
	if a := w.as(poor, "GET", "/api/v1/events", "").want(t, 200); strings.Contains(a.text, "sam@example.org") || strings.Contains(a.text, "60000") {
		t.Errorf("who may not read people reads %s", a.text)
	}
}

func TestWrongEventsAreRefusedWithTheirPlace(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ body, pointer, detail string }{
		{event("id", "-"), "/id", "missing"}, {event("source", "-"), "/source", "missing"}, {event("type", "-"), "/type", "missing"},
		{event("specversion", "-"), "/specversion", "missing"}, {event("specversion", `"0.3"`), "/specversion", "1.0"}, {event("id", `""`), "/id", "empty"},
		{event("source", "not a uri"), "/source", "URI"}, {event("type", "a b"), "/type", "letters"}, {event("time", "yesterday"), "/time", "RFC 3339"},
		{event("time", "2026-02-30T00:00:00Z"), "/time", "RFC 3339"}, {event("MyAttr", "x"), "/MyAttr", "lower-case"}, {event("id", "5"), "/id", "a text"},
		{event("subject", `""`), "/subject", "empty"}, {event("ext", `{"a":1}`), "/ext", "a text, a number"}, {event("datacontenttype", ";"), "/datacontenttype", "media type"},
		{event("data_base64", "eA=="), "/data_base64", "there already"}, {event("data", "-", "data_base64", "%"), "/data_base64", "base64"},
		{event("data", "-", "data_base64", "eA=="), "/data_base64", "JSON"}, {event("dataschema", "relative"), "/dataschema", "URI"},
		{event("data", `"`+strings.Repeat("x", engine.MaxEventData)+`"`), "/data", "at most"},
		{`{"id":"1","id":"2"}`, "/id", "twice"}, {`{"a":`, "", "no JSON"}, {`[]`, "", "an object"}, {event() + "x", "", "behind"}, {"\xff", "", "UTF-8"},
		{strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), "", "deeper"},
	} {
		a := w.as(w.all, "POST", "/api/events", c.body, "Content-Type", structured).want(t, 400)
		var p struct {
			Errors []struct {
				Pointer, Detail string
				Line, Column    int
			}
		}
		a.into(t, &p)
		found := false
		for _, e := range p.Errors {
			found = found || (e.Pointer == c.pointer || c.pointer == "") && strings.Contains(e.Detail, c.detail)
		}
		if !found || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.80s: want %s %s in %s", c.body, c.pointer, c.detail, a.text)
		}
	}
	batch := "application/cloudevents-batch+json"
	var many []string
	for i := range engine.MaxEventBatch + 1 {
		many = append(many, event("id", fmt.Sprintf(`"%d"`, i)))
	}
	w.as(w.all, "POST", "/api/events", "["+strings.Join(many, ",")+"]", "Content-Type", batch).want(t, 400)
	w.as(w.all, "POST", "/api/events", "[]", "Content-Type", batch).want(t, 400)
	if a := w.as(w.all, "POST", "/api/events", "["+event()+",\n "+event("id", "-")+"]", "Content-Type", batch).want(t, 400); !strings.Contains(a.text, `"/1/id"`) || !strings.Contains(a.text, `"line":2`) {
		t.Errorf("the place in a batch: %s", a.text)
	}
	w.as(w.all, "POST", "/api/events", event()).want(t, 415) // application/json is none
	w.as(w.all, "POST", "/api/events", "{}", "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/x", "Ce-Type", "x", "Ce-Time", "no").want(t, 400)
	w.as(w.all, "POST", "/api/events", "{}", "Ce-Specversion", "1.0", "Ce-Id", "%zz", "Ce-Source", "/x", "Ce-Type", "x").want(t, 400)
	w.as(w.all, "POST", "/api/events", strings.Repeat(" ", 3<<20), "Content-Type", structured).want(t, 413)
	var log struct{ Items []any }
	w.get("/api/v1/events").want(t, 200).into(t, &log)
	if len(log.Items) != 0 {
		t.Errorf("%d refused events were kept", len(log.Items))
	}
}

func TestSignedEventsAreTakenAndEveryForgeryIsRefused(t *testing.T) {
	w := newWorld(t)
	src, err := w.engine.AddEventSource(t.Context(), "CRM", 5)
	must(t, err)
	path, secret := "/api/events/"+api.SourceName("main", src), api.SourceSecret(w.secret, "main", src)
	send := func(change func(h http.Header), id, body string, at time.Time) answer {
		t.Helper()
		h := http.Header{}
		api.Sign(h, secret, id, at, []byte(body))
		if change != nil {
			change(h)
		}
		headers := []string{"Content-Type", structured}
		for name := range h {
			headers = append(headers, name, h.Get(name))
		}
		w.advance(time.Minute) // the quota is five a minute
		return w.as(lrs.Credential{}, "POST", path, body, headers...)
	}
	body := event()
	send(nil, "m1", body, w.now).want(t, 202)
	send(nil, "m1", body, w.now).want(t, 202)               // a retry
	send(nil, "m1", event("id", `"2"`), w.now).want(t, 409) // the id for another message
	send(func(h http.Header) { h.Set("Webhook-Signature", "v1,AAAA "+h.Get("Webhook-Signature")) }, "m2", body, w.now).want(t, 202)
	for name, change := range map[string]func(http.Header){
		"another id":   func(h http.Header) { h.Set("Webhook-Id", "other") },
		"another time": func(h http.Header) { h.Set("Webhook-Timestamp", "1") },
		"no signature": func(h http.Header) { h.Del("Webhook-Signature") },
		"another version": func(h http.Header) {
			h.Set("Webhook-Signature", strings.Replace(h.Get("Webhook-Signature"), "v1,", "v2,", 1))
		},
		"no time":           func(h http.Header) { h.Set("Webhook-Timestamp", "now") },
		"no id":             func(h http.Header) { h.Del("Webhook-Id") },
		"another signature": func(h http.Header) { h.Set("Webhook-Signature", "v1,"+strings.Repeat("A", 43)+"=") },
	} {
		if a := send(change, "m3", body, w.now); a.StatusCode != 401 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
	send(nil, "old", body, w.now.Add(-7*time.Minute)).want(t, 401)
	send(nil, "early", body, w.now.Add(7*time.Minute)).want(t, 401)
	for _, other := range []string{"main.none", "none", "other." + src.ID, "main." + src.ID + "x"} {
		w.as(lrs.Credential{}, "POST", "/api/events/"+other, body, "Content-Type", structured).want(t, 401)
	}
	turned, err := w.engine.TurnEventSource(t.Context(), src.ID)
	must(t, err)
	send(nil, "m4", body, w.now).want(t, 401)
	secret = api.SourceSecret(w.secret, "main", turned)
	send(nil, "m5", body, w.now).want(t, 202)
	must(t, w.engine.RevokeEventSource(t.Context(), src.ID))
	send(nil, "m6", body, w.now).want(t, 401)
}

func TestASourceHasAQuota(t *testing.T) {
	w := newWorld(t)
	src, err := w.engine.AddEventSource(t.Context(), "CRM", 2)
	must(t, err)
	path, secret := "/api/events/"+api.SourceName("main", src), api.SourceSecret(w.secret, "main", src)
	send := func() answer {
		h := http.Header{}
		api.Sign(h, secret, "m", w.now, []byte(event()))
		return w.as(lrs.Credential{}, "POST", path, event(), "Content-Type", structured, "Webhook-Id", "m", "Webhook-Timestamp", h.Get("Webhook-Timestamp"), "Webhook-Signature", h.Get("Webhook-Signature"))
	}
	send().want(t, 202)
	send().want(t, 202)
	if a := send().want(t, 429); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.advance(30 * time.Second)
	send().want(t, 202)
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add(structured, []byte(event()))
	f.Add("application/cloudevents-batch+json", []byte("["+event()+"]"))
	f.Add(structured, []byte(`{"data_base64":"eA==","time":null}`))
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		events, err := api.DecodeEvents(http.Header{"Content-Type": {media}, "Ce-Id": {"1"}, "Ce-Source": {"/x"}, "Ce-Type": {"x"}, "Ce-Specversion": {"1.0"}}, body)
		if err != nil {
			return
		}
		for _, ev := range events {
			if ev.ID == "" || ev.Source == "" || ev.Type == "" || len(ev.Data) > engine.MaxEventData || len(ev.Data) > 0 && !json.Valid(ev.Data) {
				t.Errorf("%q was taken as %+v", body, ev)
			}
		}
	})
}

func FuzzDecodeBody(f *testing.F) {
	f.Add([]byte(`{"workflow":"w","course":{"issuer":"i","id":"2"},"name":"Ä"}`))
	f.Add([]byte(`{"Workflow":"w"}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		ok := api.DecodesEnrolment(body)
		if ok && (!json.Valid(body) || !bytes.Contains(body, []byte(`"`))) {
			t.Errorf("%q was taken", body)
		}
	})
}
