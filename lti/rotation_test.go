package lti_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lti"
)

// published are the ids of the keys that /lti/jwks shows.
func (w *world) published() []string {
	w.t.Helper()
	res, err := http.Get(w.server.URL + "/lti/jwks")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var set struct{ Keys []map[string]any }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		w.t.Fatal(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k["kid"].(string))
	}
	return ids
}

// signsWith is the kid of the next assertion to the platform's token endpoint.
func (w *world) signsWith() string {
	w.t.Helper()
	w.clock.Advance(2 * time.Hour)                 // past the last access token
	_ = w.tool.PostScore(w.t.Context(), w.score()) // the platform has no gradebook; the token comes first
	calls := w.platform.requests("/token")
	form, err := url.ParseQuery(calls[len(calls)-1].Body)
	if err != nil {
		w.t.Fatal(err)
	}
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(form.Get("client_assertion"), ".")[0])
	if err != nil {
		w.t.Fatal(err)
	}
	var h struct{ Kid string }
	if err := json.Unmarshal(head, &h); err != nil {
		w.t.Fatal(err)
	}
	return h.Kid
}

func TestANewKeyIsPublishedADayBeforeItSignsAndTheOldOneADayAfter(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		old := w.published()
		if len(old) != 1 || w.signsWith() != old[0] {
			t.Fatalf("got %v", old)
		}
		fresh, err := w.tool.RotateKey(t.Context(), w.reg.ID, false)
		if err != nil || fresh.State != lti.KeyUpcoming {
			t.Fatalf("got %+v, %v", fresh, err)
		}
		if _, err := w.tool.RotateKey(t.Context(), w.reg.ID, false); !errors.Is(err, lti.ErrConflict) {
			t.Errorf("a second rotation on top of the first: %v", err)
		}
		both := []string{old[0], fresh.ID}
		if got := w.published(); !slices.Equal(got, both) || w.signsWith() != old[0] {
			t.Fatalf("in the first day: %v", got)
		}
		w.clock.Advance(22 * time.Hour)
		if got := w.published(); !slices.Equal(got, both) || w.signsWith() != fresh.ID {
			t.Fatalf("in the second day: %v", got)
		}
		states, err := w.tool.OurKeys(t.Context(), w.reg.ID)
		if err != nil || len(states) != 2 || states[0].State != lti.KeyRetired || states[1].State != lti.KeySigning || states[0].Until.IsZero() {
			t.Fatalf("got %+v, %v", states, err)
		}
		w.clock.Advance(24 * time.Hour)
		if got := w.published(); !slices.Equal(got, both[1:]) || w.signsWith() != fresh.ID {
			t.Fatalf("in the third day: %v", got)
		}
		if err := w.tool.RotateDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		kept, err := s.KeysOf(t.Context(), w.reg.ID)
		if err != nil || len(kept) != 1 || kept[0].ID != fresh.ID {
			t.Fatalf("%d keys are kept, %v", len(kept), err)
		}
	})
}

func TestAKeyThatOthersMayKnowIsReplacedAtOnce(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	old := w.published()[0]
	w.clock.Advance(time.Minute) // keys of one instant have no order
	waiting, err := w.tool.RotateKey(t.Context(), w.reg.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := w.tool.RotateKey(t.Context(), w.reg.ID, true)
	if err != nil || fresh.State != lti.KeySigning {
		t.Fatalf("got %+v, %v", fresh, err)
	}
	if got := w.published(); !slices.Equal(got, []string{old, fresh.ID}) {
		t.Fatalf("got %v; %s had signed nothing", got, waiting.ID)
	}
	w.clock.Advance(11 * time.Minute)
	if got := w.published(); !slices.Equal(got, []string{fresh.ID}) || w.signsWith() != fresh.ID {
		t.Fatalf("got %v", got)
	}
	if _, err := w.tool.RotateKey(t.Context(), "nobody", true); !errors.Is(err, lti.ErrNotFound) {
		t.Errorf("a key for no registration: %v", err)
	}
}

func TestKeysAreRotatedEveryNinetyDays(t *testing.T) {
	stores(t, func(t *testing.T, s lti.Store) {
		w := newWorld(t, s)
		daily := func(days int) {
			for range days {
				w.clock.Advance(24 * time.Hour)
				for range 2 {
					if err := w.tool.RotateDue(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		old := w.published()
		daily(89)
		if got := w.published(); !slices.Equal(got, old) {
			t.Fatalf("after 89 days: %v", got)
		}
		daily(1)
		if got := w.published(); len(got) != 2 || got[0] != old[0] {
			t.Fatalf("after 90 days: %v", got)
		}
		daily(3)
		if got := w.published(); len(got) != 1 || got[0] == old[0] {
			t.Fatalf("after 93 days: %v", got)
		}
		if err := w.tool.SuspendRegistration(t.Context(), w.reg.ID, lti.ByOperator); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(365 * 24 * time.Hour)
		daily(1)
		if got := w.published(); len(got) != 1 {
			t.Fatalf("a suspended platform needs no new key: %v", got)
		}
	})
}

// The clock of a development server may stand years ahead; a lease is another process's all the same.
func TestARotationUnderWayIsLeftAloneWhateverTheDevelopmentClockSays(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	now := time.Now()
	if mine, err := w.store.TakeLease(t.Context(), "lti-rotate-keys", "another process", now, now.Add(10*time.Minute)); err != nil || !mine {
		t.Fatal(mine, err)
	}
	w.clock.Advance(time.Since(w.clock.Now()) + 365*24*time.Hour)
	if err := w.tool.RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.published(); len(got) != 1 {
		t.Fatalf("two processes rotate at once: %v", got)
	}
	if err := w.store.ReleaseLease(t.Context(), "lti-rotate-keys", "another process"); err != nil {
		t.Fatal(err)
	}
	if err := w.tool.RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.published(); len(got) != 2 {
		t.Fatalf("got %v", got)
	}
}

func TestAWrongSecretIsCalledThatAndThePreviousOneOpensAndReseals(t *testing.T) {
	s := sqliteStore(t)
	w := newWorld(t, s)
	kid := w.published()[0]
	with := func(secret, previous []byte) *world {
		o := newWorld(t, sqliteStore(t), func(o *lti.Options) { o.Secret, o.PreviousSecret = secret, previous })
		tool, err := lti.New(s, o.options)
		if err != nil {
			t.Fatal(err)
		}
		c := *w
		c.tool = tool
		return &c
	}
	old, fresh := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)
	wrong := with(fresh, nil)
	if err := wrong.tool.PostScore(t.Context(), w.score()); !errors.Is(err, lti.ErrSecret) || !strings.Contains(err.Error(), kid) {
		t.Fatalf("got %v", err)
	}
	if _, err := wrong.tool.Reseal(t.Context()); !errors.Is(err, lti.ErrSecret) {
		t.Fatalf("got %v", err)
	}
	changed := with(fresh, old)
	if got := changed.signsWith(); got != kid {
		t.Fatalf("got %v", got)
	}
	if err := changed.tool.RotateDue(t.Context()); err != nil { // reseals
		t.Fatal(err)
	}
	if n, err := changed.tool.Reseal(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d left to reseal, %v", n, err)
	}
	if got := with(fresh, nil).signsWith(); got != kid {
		t.Fatalf("got %v", got)
	}
}
