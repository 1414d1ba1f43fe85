package lrstest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cairn-lms/cairn/lrs"
)

// documents holds a store against the contract of lrs.Documents.
func documents(t *testing.T, newStore func(t *testing.T, name string) lrs.Store) {
	for name, test := range map[string]func(*testing.T, func(name string) lrs.Store){
		"a document is kept byte for byte":              documentKeepsBytes,
		"a document is made, replaced and removed":      documentChanges,
		"a change that is refused leaves all as it was": documentRefused,
		"every part of a place counts":                  documentPlaces,
		"names are listed since a time, oldest first":   documentNames,
		"a set is deleted and spares the others":        documentSets,
		"of many who replace one version one wins":      documentOneWinner,
		"of many concurrent changes none is lost":       documentNothingLost,
		"others write while a change is made":           documentChangeHoldsNobodyUp,
		"of many who make a document one makes it":      documentMadeOnce,
		"an agent's documents are listed and deleted":   agentDocuments,
		"an agent's documents move to another key":      agentDocumentsMove,
		"a large document is kept":                      documentLarge,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(name string) lrs.Store { return newStore(t, name) })
		})
	}
}

// state is the place of a state of the agent.
func state(agent, name string) lrs.DocumentID {
	return lrs.DocumentID{DocumentSet: lrs.DocumentSet{Resource: lrs.StateDocuments, Activity: "https://e.org/act", Agent: agent}, Name: name}
}

func put(t *testing.T, s lrs.Store, id lrs.DocumentID, updated int64, body string) {
	t.Helper()
	err := s.ChangeDocument(t.Context(), id, func(*lrs.Document) (*lrs.Document, error) {
		return &lrs.Document{Type: "text/plain", Updated: updated, Body: []byte(body)}, nil
	})
	if err != nil {
		t.Fatalf("put %v: %v", id, err)
	}
}

// holds wants the document to have the body, or, for "", not to be there.
func holds(t *testing.T, s lrs.Store, id lrs.DocumentID, body string) {
	t.Helper()
	d, err := s.Document(t.Context(), id)
	if body == "" {
		if !errors.Is(err, lrs.ErrNotFound) {
			t.Errorf("%v is %q, %v; want ErrNotFound", id, d.Body, err)
		}
	} else if err != nil || string(d.Body) != body {
		t.Errorf("%v is %q, %v; want %q", id, d.Body, err, body)
	}
}

func documentKeepsBytes(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	for i, body := range [][]byte{{}, nil, {0, 255, 0}, []byte("\r\n{\"a\" : 1}\n"), bytes.Repeat([]byte{0xf0}, 100_000)} {
		id := state("mbox|mailto:a@b.c", fmt.Sprintf("%d %%/?ü\x00.$", i))
		want := lrs.Document{Type: `Text/Plain ; Charset="UTF-8"`, Updated: 1_700_000_000_123_456_789, Body: body}
		if err := s.ChangeDocument(t.Context(), id, func(*lrs.Document) (*lrs.Document, error) { return &want, nil }); err != nil {
			t.Fatal(err)
		}
		got, err := newStore("a").Document(t.Context(), id)
		if err != nil || got.Type != want.Type || got.Updated != want.Updated || !bytes.Equal(got.Body, body) {
			t.Errorf("got %.100v, %v", got, err)
		}
		names, err := s.DocumentNames(t.Context(), id.DocumentSet, 0)
		if err != nil || !slices.ContainsFunc(names, func(n lrs.DocumentName) bool { return n.Name == id.Name }) {
			t.Errorf("%q is listed as %v, %v", id.Name, names, err)
		}
	}
}

func documentChanges(t *testing.T, newStore func(string) lrs.Store) {
	s, id := newStore("a"), state("a", "x")
	holds(t, s, id, "")
	for _, step := range []struct{ before, after string }{{"", "one"}, {"one", "two"}, {"two", ""}, {"", ""}, {"", "three"}} {
		err := s.ChangeDocument(t.Context(), id, func(old *lrs.Document) (*lrs.Document, error) {
			if got := old; got == nil && step.before != "" || got != nil && string(got.Body) != step.before {
				t.Errorf("the document before is %v, want %q", got, step.before)
			}
			if step.after == "" {
				return nil, nil
			}
			return &lrs.Document{Type: "a/b", Updated: 1, Body: []byte(step.after)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		holds(t, newStore("a"), id, step.after)
	}
}

func documentRefused(t *testing.T, newStore func(string) lrs.Store) {
	s, id := newStore("a"), state("a", "x")
	put(t, s, id, 1, "one")
	refusal := errors.New("no")
	for _, at := range []lrs.DocumentID{id, state("a", "y")} {
		err := s.ChangeDocument(t.Context(), at, func(*lrs.Document) (*lrs.Document, error) { return nil, refusal })
		if err != refusal { //nolint:errorlint // it is returned as it is
			t.Errorf("got %v", err)
		}
	}
	holds(t, s, id, "one")
	holds(t, s, state("a", "y"), "")
}

func documentPlaces(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	base := lrs.DocumentID{DocumentSet: lrs.DocumentSet{Resource: lrs.StateDocuments, Activity: "o:1", Agent: "a", Registration: id(1)}, Name: "x"}
	places := []lrs.DocumentID{base}
	for _, other := range []func(*lrs.DocumentID){
		func(d *lrs.DocumentID) { d.Resource = lrs.AgentProfileDocuments },
		func(d *lrs.DocumentID) { d.Resource = lrs.ActivityProfileDocuments },
		func(d *lrs.DocumentID) { d.Activity = "o:2" },
		func(d *lrs.DocumentID) { d.Activity = "O:1" },
		func(d *lrs.DocumentID) { d.Agent = "b" },
		func(d *lrs.DocumentID) { d.Agent = "" },
		func(d *lrs.DocumentID) { d.Agent = "a " },
		func(d *lrs.DocumentID) { d.Registration = "" },
		func(d *lrs.DocumentID) { d.Registration = id(2) },
		func(d *lrs.DocumentID) { d.Name = "X" },
		func(d *lrs.DocumentID) { d.Name = "x\x00" },
		func(d *lrs.DocumentID) { d.Agent, d.Activity = "o:1", "a" },
	} {
		d := base
		other(&d)
		places = append(places, d)
	}
	for i, at := range places {
		put(t, s, at, int64(i), fmt.Sprint(i+1))
	}
	for i, at := range places {
		holds(t, s, at, fmt.Sprint(i+1))
	}
}

// names are those of the set's documents since a time.
func names(t *testing.T, s lrs.Store, set lrs.DocumentSet, since int64) string {
	t.Helper()
	list, err := s.DocumentNames(t.Context(), set, since)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s@%d", d.Name, d.Updated))
	}
	return strings.Join(out, " ")
}

func documentNames(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	set := state("a", "").DocumentSet
	put(t, s, state("a", "x"), 30, "1")
	put(t, s, state("a", "y"), 10, "2")
	put(t, s, state("a", "z"), 20, "3")
	put(t, s, state("b", "w"), 20, "4")
	for since, want := range map[int64]string{-1 << 63: "y@10 z@20 x@30", 9: "y@10 z@20 x@30", 10: "z@20 x@30", 29: "x@30", 30: ""} {
		if got := names(t, s, set, since); got != want {
			t.Errorf("since %d there are %q, want %q", since, got, want)
		}
	}
	put(t, s, state("a", "y"), 40, "2")
	if got := names(t, s, set, 30); got != "y@40" {
		t.Errorf("since 30 there are %q, want the one that was changed", got)
	}
}

func documentSets(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	in := func(registration, name string) lrs.DocumentID {
		d := state("a", name)
		d.Registration = registration
		return d
	}
	for _, registration := range []string{"", id(1), id(2)} {
		put(t, s, in(registration, "x"), 1, "x")
		put(t, s, in(registration, "y"), 2, "y")
	}
	put(t, s, state("b", "x"), 1, "b")
	for _, registration := range []string{id(1), "", id(9)} {
		if err := s.DeleteDocuments(t.Context(), in(registration, "").DocumentSet); err != nil {
			t.Fatal(err)
		}
	}
	for registration, want := range map[string]string{"": "", id(1): "", id(2): "x@1 y@2"} {
		if got := names(t, s, in(registration, "").DocumentSet, 0); got != want {
			t.Errorf("registration %q has %q, want %q", registration, got, want)
		}
	}
	holds(t, s, state("b", "x"), "b")
}

const many = 20

// race runs f many times at once, half of them in another process's store.
func race(newStore func(string) lrs.Store, f func(s lrs.Store, n int)) {
	stores := []lrs.Store{newStore("a"), newStore("a")}
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() { f(stores[n%2], n) })
	}
	wg.Wait()
}

var errStale = errors.New("stale")

func documentOneWinner(t *testing.T, newStore func(string) lrs.Store) {
	place := state("a", "x")
	put(t, newStore("a"), place, 1, "first")
	var mu sync.Mutex
	won := 0
	race(newStore, func(s lrs.Store, n int) {
		err := s.ChangeDocument(t.Context(), place, func(old *lrs.Document) (*lrs.Document, error) {
			if old == nil || string(old.Body) != "first" {
				return nil, errStale
			}
			return &lrs.Document{Type: "a/b", Updated: 2, Body: fmt.Appendf(nil, "of %d", n)}, nil
		})
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			won++
		case !errors.Is(err, errStale):
			t.Error(err)
		}
	})
	if won != 1 {
		t.Errorf("%d of %d replaced the first version, want 1", won, many)
	}
}

// documentChangeHoldsNobodyUp changes the document and writes a statement within
// its change, whose first run sees what is overtaken.
func documentChangeHoldsNobodyUp(t *testing.T, newStore func(string) lrs.Store) {
	s, place := newStore("a"), state("a", "x")
	put(t, s, place, 1, "")
	runs := 0
	err := s.ChangeDocument(t.Context(), place, func(old *lrs.Document) (*lrs.Document, error) {
		if runs++; runs <= 2 {
			put(t, s, place, 1, fmt.Sprint("meanwhile ", runs))
			insert(t, s, newClock().now, entry(runs))
		}
		return &lrs.Document{Type: "a/b", Updated: 1, Body: append(slices.Clone(old.Body), " and then"...)}, nil
	})
	if err != nil || runs != 3 {
		t.Errorf("after %d runs: %v", runs, err)
	}
	holds(t, s, place, "meanwhile 2 and then")
}

func documentNothingLost(t *testing.T, newStore func(string) lrs.Store) {
	place := state("a", "x")
	race(newStore, func(s lrs.Store, n int) {
		err := s.ChangeDocument(t.Context(), place, func(old *lrs.Document) (*lrs.Document, error) {
			var body []byte
			if old != nil {
				body = slices.Clone(old.Body)
			}
			return &lrs.Document{Type: "a/b", Updated: 2, Body: fmt.Appendf(body, "<%d>", n)}, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	d, err := newStore("a").Document(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	for n := range many {
		if strings.Count(string(d.Body), fmt.Sprintf("<%d>", n)) != 1 {
			t.Errorf("change %d is not there once: %s", n, d.Body)
		}
	}
}

func documentMadeOnce(t *testing.T, newStore func(string) lrs.Store) {
	place := state("a", "x")
	var mu sync.Mutex
	made := 0
	race(newStore, func(s lrs.Store, n int) {
		err := s.ChangeDocument(t.Context(), place, func(old *lrs.Document) (*lrs.Document, error) {
			if old != nil {
				return nil, errStale
			}
			return &lrs.Document{Type: "a/b", Updated: 2, Body: fmt.Append(nil, n)}, nil
		})
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			made++
		case !errors.Is(err, errStale):
			t.Error(err)
		}
	})
	if made != 1 {
		t.Errorf("%d of %d made the document, want 1", made, many)
	}
}

func agentDocuments(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	profile := lrs.DocumentID{DocumentSet: lrs.DocumentSet{Resource: lrs.AgentProfileDocuments, Agent: "a"}, Name: "p"}
	registered := state("a", "x")
	registered.Registration = id(1)
	own := []lrs.DocumentID{profile, registered, state("a", "x")}
	others := []lrs.DocumentID{state("b", "x"), {DocumentSet: lrs.DocumentSet{Resource: lrs.ActivityProfileDocuments, Activity: "a"}, Name: "a"}}
	for _, at := range slices.Concat(own, others) {
		put(t, s, at, 1, "1")
	}
	got, err := s.AgentDocuments(t.Context(), "a")
	if err != nil || len(got) != len(own) {
		t.Errorf("the agent's documents are %v, %v", got, err)
	}
	for _, at := range own {
		if !slices.Contains(got, at) {
			t.Errorf("%v is missing in %v", at, got)
		}
	}
	for _, want := range []int{len(own), 0} {
		if n, err := s.DeleteAgentDocuments(t.Context(), "a"); err != nil || n != want {
			t.Errorf("deleted %d, %v; want %d", n, err, want)
		}
	}
	for _, at := range own {
		holds(t, s, at, "")
	}
	for _, at := range others {
		holds(t, s, at, "1")
	}
}

func agentDocumentsMove(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	put(t, s, state("a", "only"), 1, "a")
	put(t, s, state("a", "newer"), 9, "a")
	put(t, s, state("a", "older"), 1, "a")
	put(t, s, state("b", "newer"), 5, "b")
	put(t, s, state("b", "older"), 5, "b")
	put(t, s, state("c", "only"), 1, "c")
	for _, want := range []int{3, 0} {
		if n, err := s.MoveAgentDocuments(t.Context(), "a", "b"); err != nil || n != want {
			t.Errorf("moved %d, %v; want %d", n, err, want)
		}
	}
	if n, err := s.MoveAgentDocuments(t.Context(), "b", "b"); err != nil || n != 0 {
		t.Errorf("moved %d to where they are, %v", n, err)
	}
	for name, body := range map[string]string{"only": "a", "newer": "a", "older": "b"} {
		holds(t, s, state("a", name), "")
		holds(t, s, state("b", name), body)
	}
	holds(t, s, state("c", "only"), "c")
}

func documentLarge(t *testing.T, newStore func(string) lrs.Store) {
	s := newStore("a")
	body := strings.Repeat("0123456789abcdef", 14<<20/16)
	put(t, s, state("a", "x"), 1, body)
	d, err := s.Document(t.Context(), state("a", "x"))
	if err != nil || string(d.Body) != body {
		t.Errorf("%d of %d bytes come back, %v", len(d.Body), len(body), err)
	}
}
