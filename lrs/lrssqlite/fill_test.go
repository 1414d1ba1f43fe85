package lrssqlite_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/google/uuid"
)

// lessonJSON is a statement of 1.1 KB as an LMS sends it: 1,000 learners, 500
// activities, 10 verbs.
func lessonJSON(id string, actor, object, verb int) string {
	return fmt.Sprintf(`{"actor":{"account":{"homePage":"https://lms.example.org","name":"user-%d"},"name":"Learner %d","objectType":"Agent"},`+
		`"context":{"contextActivities":{"grouping":[{"id":"https://lms.example.org/course/%d","objectType":"Activity"}],`+
		`"parent":[{"id":"https://lms.example.org/module/%d","objectType":"Activity"}]},"extensions":{"https://lms.example.org/ext/session":%d},`+
		`"instructor":{"account":{"homePage":"https://lms.example.org","name":"user-%d"},"name":"Learner %d","objectType":"Agent"},`+
		`"language":"en-US","platform":"bench","registration":"00000000-0000-4000-8000-%012x"},"id":"%s",`+
		`"object":{"definition":{"name":{"en-US":"Step %d","fr":"Etape %d"},`+
		`"type":"http://adlnet.gov/expapi/activities/lesson"},"id":"https://lms.example.org/act/%d","objectType":"Activity"},`+
		`"result":{"completion":true,"duration":"PT12M3.25S","score":{"scaled":0.%d}},"timestamp":"2026-11-21T14:44:19.321Z",`+
		`"verb":{"display":{"en-US":"launched"},"id":"http://adlnet.gov/expapi/verbs/v%d"}}`,
		actor, actor, object%25, object%100, rand.IntN(1e6), 1000+object%20, 1000+object%20, actor*10+object%10, id, object, object, object, rand.IntN(100), verb)
}

// lesson is such a statement as the store gets it, with the 12 keys it is found by.
func lesson() lrs.Entry {
	id := uuid.NewString()
	actor, object, verb := rand.IntN(1000), rand.IntN(500), rand.IntN(10)
	doc := strings.TrimSuffix(lessonJSON(id, actor, object, verb), "}") +
		`,"authority":{"objectType":"Agent","account":{"homePage":"http://127.0.0.1:18601","name":"yWcLuEseAXFYWb9EGZea"}},"version":"1.0.0"}`
	key := func(kind string, values ...string) lrs.IndexKey {
		return lrs.IndexKey(kind + " " + strings.Join(values, "\x00"))
	}
	a := "account|user-" + strconv.Itoa(actor) + "|https://lms.example.org"
	o := "https://lms.example.org/act/" + strconv.Itoa(object)
	v := "http://adlnet.gov/expapi/verbs/v" + strconv.Itoa(verb)
	return lrs.Entry{ID: id, Doc: []byte(doc), Keys: []lrs.IndexKey{
		key("v", v), key("a", a), key("av", a, v), key("ao", a, o), key("o", o), key("ov", o, v), key("r", strconv.Itoa(actor*10+object%10)), key("u", "authority"),
		key("A", "authority"), key("A", "instructor", strconv.Itoa(object%20)), key("O", "module", strconv.Itoa(object%100)), key("O", "course", strconv.Itoa(object%25)),
	}}
}

// TestFill writes CAIRN_FILL statements in groups of CAIRN_GROUP (400) and tells
// the rate per 100,000: it must not fall.
func TestFill(t *testing.T) {
	total, _ := strconv.Atoi(os.Getenv("CAIRN_FILL"))
	if total == 0 {
		t.Skip("CAIRN_FILL is not set: how many statements to write")
	}
	group, _ := strconv.Atoi(os.Getenv("CAIRN_GROUP"))
	if group == 0 {
		group = 400
	}
	file := filepath.Join(t.TempDir(), "lrs.db")
	if kept := os.Getenv("CAIRN_FILE"); kept != "" {
		file = kept
	}
	s := open(t, file)
	var spent time.Duration
	cpu, slowest := usage(t), time.Duration(0)
	for n := 0; n < total; {
		batch := make([]lrs.Entry, group)
		for i := range batch {
			batch[i] = lesson()
		}
		n += group
		start := time.Now()
		if _, err := s.Insert(t.Context(), time.Now, batch); err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		spent, slowest = spent+took, max(slowest, took)
		if n%100_000 < group {
			used := usage(t)
			var size int64
			for _, f := range []string{file, file + "-wal"} {
				if info, err := os.Stat(f); err == nil {
					size += info.Size()
				}
			}
			fmt.Printf("%8d  %6.0f statements/s  cpu %.0f µs each  slowest %v  %d bytes each\n", n, 100_000/spent.Seconds(),
				float64((used-cpu).Microseconds())/100_000, slowest.Round(time.Millisecond), size/int64(n))
			cpu, spent, slowest = used, 0, 0
		}
	}
}

// usage is the CPU time of this process.
func usage(t *testing.T) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
