package points

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
)

// storedOf are the values of stored, oldest first, as the answers have them.
func (s *server) storedOf(params ...string) []string {
	s.t.Helper()
	page := s.list(append(params, "ascending", "true")...)
	list := page.Statements
	for page.More != "" {
		page = s.next(page)
		list = append(list, page.Statements...)
	}
	out := make([]string, len(list))
	for i, st := range list {
		out[i] = st["stored"].(string)
	}
	return out
}

// upTo is "n … 2 1".
func upTo(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(n - i)
	}
	return strings.Join(out, " ")
}

func TestPoint01_AscendingIsTheOrderOfTheBatch(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		var list []obj
		var want []string
		for n := 30; n > 0; n-- { // ids and timestamps against the order
			list = append(list, statement(n, "timestamp", "2026-01-"+id(n)[34:]+"T00:00:00Z"))
			want = append(want, strconv.Itoa(n))
		}
		s.post("/statements", batch(list[:20]...)).want(200)
		s.post("/statements", batch(list[20:]...)).want(200)
		s.wantIDs(strings.Join(want, " "), "ascending", "true")
		slices.Reverse(want)
		s.wantIDs(strings.Join(want, " "))
		s.wantIDs(strings.Join(want, " "), "ascending", "false")
	})
}

func TestPoint02_StoredIsDistinctAndIncreasing(t *testing.T) {
	still := newClock() // even while the clock stands still, or goes back
	eachVersion(t, func(t *testing.T, s *server) {
		still.now = newClock().now
		for n := range 3 {
			s.post("/statements", batch(statement(3*n+1), statement(3*n+2), statement(3*n+3))).want(200)
			still.now = still.now.Add(-time.Second)
		}
		stored := s.storedOf()
		at := make([]time.Time, len(stored))
		for i, text := range stored {
			var err error
			at[i], err = time.Parse(time.RFC3339Nano, text)
			must(t, err)
			if i > 0 && !at[i].After(at[i-1]) {
				t.Errorf("stored %s comes after %s", text, stored[i-1])
			}
		}
		s.wantIDs("1 2 3 4 5 6 7 8 9", "ascending", "true")
	}, still.everywhere)
}

// everywhere is the clock of the service and of the record stores.
func (c *clock) everywhere(s *setup) {
	c.use(s)
	options := s.options
	s.options = func(tenant string) lrs.Options {
		o := options(tenant)
		o.Now = func() time.Time { return c.now }
		return o
	}
}

func TestPoint03_SinceIsExclusiveAndTakesTheStoredWeReturned(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.post("/statements", batch(statement(1), statement(2), statement(3), statement(4))).want(200)
		stored := s.storedOf()
		s.wantIDs("4 3", "since", stored[1])
		s.wantIDs("3 4", "since", stored[1], "ascending", "true")
		s.wantIDs("", "since", stored[3])
		s.wantIDs("3", "since", stored[1], "until", stored[2])
	})
}

func TestPoint04_UntilIsInclusive(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s.post("/statements", batch(statement(1), statement(2), statement(3), statement(4))).want(200)
		stored := s.storedOf()
		s.wantIDs("2 1", "until", stored[1])
		s.wantIDs("1 2", "until", stored[1], "ascending", "true")
		at, err := time.Parse(time.RFC3339Nano, stored[1])
		must(t, err)
		s.wantIDs("2 1", "until", at.In(time.FixedZone("", 5*3600+1800)).Format(time.RFC3339Nano)) // the same instant elsewhere
		s.wantIDs("1", "until", at.Add(-time.Nanosecond).Format(time.RFC3339Nano))
	})
}

func TestPoint05_LimitZeroIsTheMostTheServerGives(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		var list []obj
		for n := 1; n <= 25; n++ {
			list = append(list, statement(n))
		}
		s.post("/statements", batch(list...)).want(200)
		for _, limit := range []string{"0", "20", "21", "2147483647"} { // the server gives 20
			page := s.list("limit", limit)
			if len(page.Statements) != 20 || page.More == "" {
				t.Errorf("limit=%s gives %d, more is %q", limit, len(page.Statements), page.More)
			}
			s.wantIDs(upTo(25), "limit", limit)
		}
		if page := s.list("limit", "19"); len(page.Statements) != 19 || page.More == "" {
			t.Errorf("limit=19 gives %d, more is %q", len(page.Statements), page.More)
		}
		if page := s.list("limit", "0", "until", s.storedOf()[19]); len(page.Statements) != 20 || page.More != "" {
			t.Errorf("all of 20 are %d, more is %q", len(page.Statements), page.More)
		}
	})
}

func TestPoint06_MoreIsAPathWithoutHostAndGoodForADay(t *testing.T) {
	c := newClock()
	eachVersion(t, func(t *testing.T, s *server) {
		c.now = newClock().now
		s.post("/statements", batch(statement(1), statement(2), statement(3))).want(200)
		page := s.list("limit", "1", "agent", `{"account":{"homePage":"https://lms.example","name":"ann"}}`, "format", "ids")
		if !strings.HasPrefix(page.More, "/xapi/statements/more/") || strings.ContainsAny(page.More, " \"\\<>") {
			t.Fatalf("more is %q", page.More)
		}
		c.now = c.now.Add(24 * time.Hour)
		if got := s.next(page).numbers(); strings.Join(got, " ") != "2" {
			t.Errorf("after a day the next page is %v", got)
		}
		s.get("/statements/more/x").want(400)
		s.get(strings.TrimPrefix(page.More, "/xapi") + "x").want(400)
		if page := s.list("limit", "3"); page.More != "" {
			t.Errorf("at the end more is %q", page.More)
		}
	}, c.everywhere)
}

func TestPoint06_MoreOfALongQueryCanBeFetched(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		long := "http://a.b/" + strings.Repeat("/", 20_000)
		s.store(statement(1, "object", obj{"id": long}), statement(2, "object", obj{"id": long}))
		page := decode[result](t, s.get("/statements?limit=1&activity="+long).want(200).body)
		if ids := s.next(page).numbers(); strings.Join(ids, " ") != "1" {
			t.Errorf("the second page shows %v", ids)
		}
		s.get("/statements?limit=1&activity="+long+strings.Repeat("/", 5_000)).refused(400, "activity", "too long")
	}, func(with *setup) { with.web.Config.MaxHeaderBytes = 64 << 10 })
}

func TestPoint07_AWalkIsCompleteWhileOthersInsert(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		const before = 24
		for n := 1; n <= before; n++ {
			s.post("/statements", statement(n).String()).want(200)
		}
		done := make(chan struct{})
		var wg sync.WaitGroup
		for writer := range 3 {
			wg.Go(func() {
				for n := 1000 * (writer + 1); n < 1000*(writer+1)+50; n += 2 {
					select {
					case <-done:
						return
					default:
						s.post("/statements", batch(statement(n), statement(n+1)))
					}
				}
			})
		}
		for _, params := range [][]string{nil, {"ascending", "true"}, {"activity", "https://lms.example/act"}, {"activity", "https://lms.example/act", "related_activities", "true"}} {
			page := s.list(append(params, "limit", "5")...)
			seen := map[string]int{}
			for {
				for _, n := range page.numbers() {
					seen[n]++
				}
				if page.More == "" {
					break
				}
				page = s.next(page)
			}
			for n := 1; n <= before; n++ {
				if times := seen[strconv.Itoa(n)]; times != 1 {
					t.Errorf("%v: statement %d was seen %d times", params, n, times)
				}
			}
			for n, times := range seen {
				if times != 1 {
					t.Errorf("%v: statement %s was seen %d times", params, n, times)
				}
			}
		}
		close(done)
		wg.Wait()
	})
}

func TestPoint08_EveryStatementAnswerIsConsistentThrough(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		one := "/statements" + query("statementId", id(1))
		var last string // stored of the latest statement
		check := func(a answer, status int) {
			t.Helper()
			a.want(status)
			through, err := time.Parse(time.RFC3339Nano, a.Header.Get("X-Experience-API-Consistent-Through"))
			if err != nil {
				t.Errorf("%s: %v", a.what, err)
				return
			}
			if at, err := time.Parse(time.RFC3339Nano, last); err == nil && through.Before(at) {
				t.Errorf("%s is consistent through %v only, though %s was acknowledged", a.what, through, last)
			}
		}
		posted := s.post("/statements", batch(statement(1), statement(2), statement(3)))
		last = s.list("limit", "1").Statements[0]["stored"].(string)
		check(posted, 200)
		check(s.put("/statements"+query("statementId", id(4)), statement(4).String()), 204)
		check(s.get("/statements"), 200)
		check(s.get("/statements"+query("attachments", "true")), 200)
		check(s.do("HEAD", "/statements", ""), 200)
		check(s.get(one), 200)
		check(s.do("HEAD", one, ""), 200)
		check(s.get(strings.TrimPrefix(s.list("limit", "1").More, "/xapi")), 200)
		check(s.get("/statements?nonsense=1"), 400)
		check(s.post("/statements", "{"), 400)
		check(s.get("/statements"+query("statementId", id(9))), 404)
		check(s.get("/statements/more/x"), 400)
		check(s.delete("/statements"), 405)
		check(s.put(one, statement(1, "result", obj{"success": true}).String()), 409)
		check(s.post("/statements", strings.Repeat(" ", 5<<20)), 413)
		check(s.as(s.key(lrs.ScopeState)).get("/statements"), 403)
		check(s.in("").get("/statements"), 400)
		check(s.in("3.0").post("/statements", statement(1).String()), 400)
		check(s.in("3.0").get("/statements/more/x"), 400)
		check(s.post("/statements?method=GET&x=1", "", "Content-Type", "application/x-www-form-urlencoded"), 400)
		// Without a good key there is no tenant to be consistent with.
		for status, c := range map[int]*server{401: s.as(lrs.Credential{}), 400: s.as(lrs.Credential{}).in("3.0")} {
			if through := c.get("/statements").want(status).Header.Get("X-Experience-API-Consistent-Through"); through != "" {
				t.Errorf("an answer of %d to nobody is consistent through %q", status, through)
			}
		}
	})
}
