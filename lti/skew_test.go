package lti_test

import (
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

func TestTheSkewThatIsBorneWithCanBeChosen(t *testing.T) {
	for _, c := range []struct {
		skew, ahead time.Duration
		code        string
	}{
		{0, 59 * time.Second, ""}, {0, 61 * time.Second, "issued_in_future"},
		{5 * time.Second, 5 * time.Second, ""}, {5 * time.Second, 6 * time.Second, "issued_in_future"},
		{5 * time.Second, -4 * time.Second, ""}, {5 * time.Second, -65 * time.Second, "token_expired"},
	} {
		w := newWorld(t, sqliteStore(t), func(o *lti.Options) { o.Skew = c.skew })
		a := w.attempt()
		at := w.clock.Now().Add(c.ahead).Unix()
		a.claims["iat"], a.claims["exp"] = at, at+60
		if got := a.post(); got.Code != c.code {
			t.Errorf("skew %s, a clock %s ahead: code %q, want %q", c.skew, c.ahead, got.Code, c.code)
		}
	}
}
