package engine_test

import (
	"strings"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// A platform's word about its people's addresses counts for what its own courses ask, and nowhere else: else any
// platform of a tenant could read what another one's learners sent to a manager.
func TestAnAddressIsVouchedForByThePlatformThatAsksOnly(t *testing.T) {
	h, _ := standing(t)
	ctx := t.Context()
	link := h.request("max@example.org")
	comes := func(issuer, subject string) engine.PersonID {
		t.Helper()
		a := arrival("first-steps", nil)
		a.Issuer, a.Subject, a.Name, a.Email, a.Course.Issuer, a.Course.ID = issuer, subject, "Max Manager", "MAX@example.org", issuer, "77"
		e, err := h.Arrive(ctx, a)
		must(t, err)
		return e.Learner
	}
	ours, theirs := comes(lms, "4"), comes("https://other.example", "1")

	for name, c := range map[string]struct {
		who   engine.PersonID
		finds bool
	}{"of the learner's platform": {ours, true}, "of another platform": {theirs, false}} {
		list, err := h.Waitlist(ctx, c.who)
		must(t, err)
		if have := len(list.Asked) > 0; have != c.finds {
			t.Errorf("the account %s sees that Max is asked: %t", name, have)
		}
		asked, err := h.RequestsTo(ctx, c.who, h.id)
		must(t, err)
		if have := len(asked) > 0; have != c.finds {
			t.Errorf("the account %s is asked: %t", name, have)
		}
		data := h.data(c.who, true)
		if have := strings.Contains(data["requests.json"], `"rate"`); have != c.finds {
			t.Errorf("the data of the account %s hold the request: %t\n%s", name, have, data["requests.json"])
		}
		if have := strings.Contains(data["messages.json"], `"survey_request"`); have != c.finds {
			t.Errorf("the data of the account %s hold the messages: %t\n%s", name, have, data["messages.json"])
		}
		if have := strings.Contains(data["about.json"], engine.DataAsideElsewhere); have == c.finds {
			t.Errorf("the data of the account %s say that something is elsewhere: %t", name, have)
		}
	}
	// Whoever is asked still answers by the link that came to the address.
	must(t, h.Answer(ctx, h.id, link, engine.Answer{Outcome: engine.OutcomeResponse, Ratings: map[engine.BehaviourID]int{"b": 2}}))
}
