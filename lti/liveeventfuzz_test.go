package lti

import "testing"

func FuzzLiveEvents(f *testing.F) {
	f.Add([]byte(`{"metadata":{"event_name":"course_completed","event_time":"2019-11-01T19:11:26.615Z","root_account_id":"21070000000000001"},"body":{"user":{"id":"1"},"course":{"id":2},"progress":{"requirement_count":1,"requirement_completed_count":1}}}`))
	f.Add([]byte(`{"data":[{"metadata":{"event_name":"enrollment_updated","event_time":1,"root_account_lti_guid":"g"},"body":{"type":"StudentEnrollment","workflow_state":"completed","user_id":1,"course_id":"2","updated_at":"2018-10-09T21:07:33Z"}}]}`))
	f.Add([]byte(`{"metadata":[],"body":{"user":"x"}}`))
	f.Add([]byte(`["a.b.c","d"]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		tokens, rej := liveEventTokens(body)
		if len(tokens) > maxLiveEvents || rej != nil && (rej.Detail == "" || rej.Status < 400) {
			t.Fatalf("%d tokens, %v", len(tokens), rej)
		}
		claims, err := parseObject(body)
		if err != nil {
			return
		}
		for _, o := range eventsIn(claims) {
			if e, ok := readLiveEvent(o); ok && (e.User == "" || e.Course == "" || e.At.IsZero() || e.ID == "" || e.Account+e.AccountID == "" || len(e.User) > maxEventMember) {
				t.Fatalf("taken for %+v", e)
			}
		}
	})
}
