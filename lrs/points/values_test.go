package points

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// refuses posts the statement with other members and wants it refused at path.
func (s *server) refuses(path, reason string, but ...any) {
	s.t.Helper()
	s.post("/statements", statement(99, but...).String()).refused(400, path, reason)
}

// takes posts the statements n … made of values, and shows check what comes back.
func (s *server) takes(values []string, of func(n int, value string) obj, check func(value string, raw string, got map[string]any)) {
	s.t.Helper()
	var list []obj
	for i, v := range values {
		list = append(list, of(i+1, v))
	}
	s.post("/statements", batch(list...)).want(200)
	for i, v := range values {
		a := s.get("/statements" + query("statementId", id(i+1)))
		check(v, string(a.want(200).body), a.object())
	}
}

func TestPoint29_ExtensionKeysAreIRIsAndNullStaysInside(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, key := range []string{"x", "", "a b", "/x", "http://a b"} {
				for name, place := range map[string][]any{
					`result.extensions`:            {"result", obj{"extensions": obj{key: 1}}},
					`context.extensions`:           {"context", obj{"extensions": obj{key: 1}}},
					`object.definition.extensions`: {"object", obj{"id": "http://a.b", "definition": obj{"extensions": obj{key: 1}}}},
				} {
					a := s.post("/statements", statement(99, place...).String())
					if a.want(400); !strings.Contains(string(a.body), name) || !strings.Contains(string(a.body), "absolute IRI") {
						t.Errorf("extension key %q: %s", key, a.body)
					}
				}
			}
			for path, but := range map[string][]any{
				"result":                 {"result", (*int)(nil)},
				"actor.name":             {"actor", obj{"mbox": "mailto:a@b.c", "name": (*int)(nil)}},
				"result.score.raw":       {"result", obj{"score": obj{"raw": (*int)(nil)}}},
				"context.language":       {"context", obj{"language": (*int)(nil)}},
				"object.definition":      {"object", obj{"id": "http://a.b", "definition": (*int)(nil)}},
				"object.definition.name": {"object", obj{"id": "http://a.b", "definition": obj{"name": (*int)(nil)}}},
				"attachments":            {"attachments", (*int)(nil)},
				"timestamp":              {"timestamp", (*int)(nil)},
				"result.extensions":      {"result", obj{"extensions": (*int)(nil)}},
			} {
				s.refuses(path, "not null", but...)
			}
		})
		inside := `{"https://e.org/x":null,"urn:x:y":{"a":null,"b":[null]}}`
		s.post("/statements", fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b"},"result":{"extensions":%s}}`, id(1), inside)).want(200)
		if a := s.get("/statements" + query("statementId", id(1))).want(200); !strings.Contains(string(a.body), inside) {
			t.Errorf("null inside extensions comes back as %s", a.body)
		}
	})
}

func TestPoint30_Durations(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, d := range []string{"", "P", "PT", "P1W2D", "-PT1H", "PT1H-1M", "1H", "P1S", "PT1M1H", "PT.5S", "pt1h", "P1YT", "P1.5DT1H", " PT1S", "PT1S "} {
				s.refuses("result.duration", "ISO 8601", "result", obj{"duration": d})
			}
			s.refuses("result.duration", "string", "result", obj{"duration": 5})
		})
		s.takes([]string{"P1W", "PT16559.14S", "P3Y1M29DT4H35M59.14S", "PT0S", "P0.5D", "PT1.123456789S", "P1Y", "PT36H"},
			func(n int, d string) obj { return statement(n, "result", obj{"duration": d}) },
			func(d, _ string, got map[string]any) { same(t, "duration", at(t, got, "result", "duration"), d) })
	})
}

func TestPoint31_ComparisonEndsAtHundredthsOfASecond(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		of := func(d string) string { return statement(1, "result", obj{"duration": d}).String() }
		two, path := s.in("2.0.0"), "/statements"+query("statementId", id(1))
		two.put(path, of("PT1.231S")).want(204)
		two.put(path, of("PT1.23S")).want(204)
		two.put(path, of("PT1.239999S")).want(204)
		two.post("/statements", of("PT1.2345S")).want(200)
		two.put(path, of("PT1.22S")).want(409)
		two.put(path, of("PT1.24S")).want(409)
		two.put(path, of("PT1S")).want(409)
		s.put(path, of("PT1.239S")).want(409) // 1.0.3 compares durations as texts
		same(t, "what is kept", at(t, two.get(path).object(), "result", "duration"), "PT1.231S")
	})
}

func TestPoint32_Timestamps(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, at := range []string{"", "2026-11-21", "2026-11-21T09:44:10", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-21T09:44:10-00:00", "2026-11-21T09:44:10-0000",
				"2026-11-21T09:44:10-00", "2026-11-21T24:00:01Z", "2026-13-01T00:00:00Z", "21.11.2026", "2026-11-21 09:44:10Z", "2026-11-21T09:44:10.Z"} {
				s.refuses("timestamp", "ISO 8601", "timestamp", at)
			}
			s.refuses("timestamp", "string", "timestamp", 1234567890)
		})
		times := []string{"2026-11-21T09:44:10.123456789Z", "2026-11-21T09:44:10.123456789+05:30", "2026-11-21T09:44:10+01:00", "2024-02-29T00:00:00-08:00", "2026-11-21T09:44:10+0100"}
		s.takes(times, func(n int, at string) obj { return statement(n, "timestamp", at) },
			func(at, _ string, got map[string]any) { same(t, "timestamp in 1.0.3", got["timestamp"], at) })
		for i, want := range []string{"2026-11-21T09:44:10.123456789Z", "2026-11-21T04:14:10.123456789Z", "2026-11-21T08:44:10Z", "2024-02-29T08:00:00Z", "2026-11-21T08:44:10Z"} {
			got := s.in("2.0.0").get("/statements" + query("statementId", id(i+1))).object()["timestamp"].(string)
			read, err := time.Parse(time.RFC3339Nano, got)
			must(t, err)
			if wanted, _ := time.Parse(time.RFC3339Nano, want); !read.Equal(wanted) || !strings.HasSuffix(got, "Z") {
				t.Errorf("2.0 is told %s for %s, want UTC", got, times[i])
			}
		}
		inside := statement(9, "object", obj{"objectType": "SubStatement", "actor": obj{"mbox": "mailto:a@b.c"}, "verb": obj{"id": "http://a.b"}, "object": obj{"id": "http://a.b"}, "timestamp": "2026-11-21T09:44:10+01:00"})
		s.post("/statements", inside.String()).want(200)
		got := s.in("2.0.0").get("/statements" + query("statementId", id(9))).object()
		if text := fmt.Sprint(at(t, got, "object", "timestamp")); !strings.HasPrefix(text, "2026-11-21T08:44:10") || !strings.HasSuffix(text, "Z") {
			t.Errorf("the time of a sub-statement is %s in 2.0", text)
		}
	})
}

func TestPoint33_LanguageTags(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, tag := range []string{"", "a", "en_US", "en-", "-en", "en us", "abcdefghi", "x", "en-a", "de-DE-1996-1996", "é", "en-GB-"} {
				s.refuses("context.language", "RFC 5646", "context", obj{"language": tag})
				a := s.post("/statements", statement(99, "verb", obj{"id": "http://a.b", "display": obj{tag: "x"}}).String()).want(400)
				if !strings.Contains(string(a.body), "verb.display") {
					t.Errorf("language %q of a display: %s", tag, a.body)
				}
			}
			s.refuses("verb.display.en", "string", "verb", obj{"id": "http://a.b", "display": obj{"en": 1}})
		})
		s.takes([]string{"x-klingon", "zh-Hant-CN", "en", "de-CH-1996", "i-klingon", "es-419", "en-GB-oed", "sr-Latn-RS", "und"},
			func(n int, tag string) obj {
				return statement(n, "context", obj{"language": tag}, "verb", obj{"id": "http://a.b", "display": obj{tag: "x"}})
			},
			func(tag, _ string, got map[string]any) {
				same(t, "language", at(t, got, "context", "language"), tag)
				same(t, "display", at(t, got, "verb", "display", tag), "x")
			})
	})
}

func TestPoint34_IRIs(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, iri := range []string{"", "attended", "/a/b", "//host/x", "a b:c", "http://a b", "http://", "ab=c://x", ":x", "1http://x", "http://a.b/<x>", "http://a.b/\n", "http://a.b/{x}"} {
				s.refuses("verb.id", "absolute IRI", "verb", obj{"id": iri})
				s.refuses("object.id", "absolute IRI", "object", obj{"id": iri})
				s.refuses("context.contextActivities.other[1].id", "absolute IRI", "context", obj{"contextActivities": obj{"other": []obj{{"id": "http://a.b"}, {"id": iri}}}})
			}
			s.refuses("actor.account.homePage", "absolute IRI", "actor", obj{"account": obj{"homePage": "lms", "name": "1"}})
			s.refuses("actor.openid", "absolute IRI", "actor", obj{"openid": "sam"})
		})
		s.takes([]string{"urn:uuid:c1f1", "https://münchen.example/straße?q=ü#ß", "tag:e.org,2026:x", "http://moodle.example", "act:x", "https://例え.jp/パス", "urn:x:y"},
			func(n int, iri string) obj {
				return statement(n, "verb", obj{"id": iri}, "object", obj{"id": iri}, "context", obj{"contextActivities": obj{"parent": []obj{{"id": iri}}}})
			},
			func(iri, _ string, got map[string]any) {
				same(t, "object", at(t, got, "object", "id"), iri)
				same(t, "parent", at(t, got, "context", "contextActivities", "parent", 0, "id"), iri)
				s.wantIDs(strings.TrimLeft(got["id"].(string)[24:], "0"), "verb", iri, "activity", iri)
			})
	})
}

func TestPoint35_MailAddressesAndDigestsOfThem(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			for _, mbox := range []string{"", "mailto:", "mailto:a", "mailto:@b.c", "mailto:a@", "a@b.c", "MAILTO", "mailto:a b@c.d", "http://a@b.c", "mailto:a@b@c", "mailto:a@.c"} {
				s.refuses("actor.mbox", "mail address", "actor", obj{"mbox": mbox})
			}
			for _, sum := range []string{"", strings.Repeat("a", 39), strings.Repeat("a", 41), strings.Repeat("g", 40)} {
				s.refuses("actor.mbox_sha1sum", "40 hex", "actor", obj{"mbox_sha1sum": sum})
			}
		})
		s.takes([]string{"mailto:a@b.c", "mailto:o'neil+x@sub.e-x.org", "mailto:用户@例え.jp"}, func(n int, mbox string) obj { return statement(n, "actor", obj{"mbox": mbox}) },
			func(mbox, _ string, got map[string]any) { same(t, "mbox", at(t, got, "actor", "mbox"), mbox) })
		digest := "EBD31E95054c018b10727ccffd2ef2ec3a016ee9"
		s.post("/statements", statement(9, "actor", obj{"mbox_sha1sum": digest}).String()).want(200)
		s.wantIDs("9", "agent", obj{"mbox_sha1sum": strings.ToLower(digest)}.String())
	})
}

func TestPoint36_LongIRIsAndNULSurvive(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		long := "https://lms.example/" + strings.Repeat("ö", 2000)
		response := "a\x00b\t\"\\ \U0001F600 \u2028"
		s.post("/statements", statement(1, "object", obj{"id": long}, "actor", obj{"account": obj{"homePage": long, "name": response}},
			"result", obj{"response": response, "extensions": obj{long: response}}).String()).want(200)
		got := s.get("/statements" + query("statementId", id(1))).object()
		same(t, "object", at(t, got, "object", "id"), long)
		same(t, "response", at(t, got, "result", "response"), response)
		same(t, "extension", at(t, got, "result", "extensions", long), response)
		s.wantIDs("1", "activity", long)
		s.wantIDs("1", "agent", obj{"account": obj{"homePage": long, "name": response}}.String())
		s.wantIDs("", "activity", long+"ö")
		s.post("/statements", strings.Replace(statement(2, "result", obj{"response": "X"}).String(), `"X"`, `"\u0000\ud83d"`, 1)).want(200)
		if a := s.get("/statements" + query("statementId", id(2))).want(200); !strings.Contains(string(a.body), `"\u0000\ud83d"`) {
			t.Errorf("an escaped NUL and half an emoji come back as %s", a.body)
		}
	})
}

func TestPoint37_DeepJSONIsNoFailureOfTheServer(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.versions(func(t *testing.T, s *server) {
			list := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
			object := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
			for _, deep := range []string{list, object} {
				in := strings.Replace(statement(1, "result", obj{"extensions": obj{"https://e.org/x": "X"}}).String(), `"X"`, deep, 1)
				for _, body := range []string{deep, in, "[" + in + "]", deep[:20_000]} {
					s.post("/statements", body).want(400)
				}
				s.put("/statements"+query("statementId", id(1)), in).refused(400, `result.extensions["https://e.org/x"]`+pathOf(deep), "nested deeper")
			}
			s.get("/statements"+query("agent", object)).want(400, 414, 431)
			s.get("/statements" + query("agent", object[:5000])).want(400)
			s.wantIDs("")
		})
	})
}

func TestPoint37_AHundredLevelsAreTakenAndComeBack(t *testing.T) {
	const inside = 97 // below the statement, its result and the extensions
	eachVersion(t, func(t *testing.T, s *server) {
		for n, deep := range []string{
			strings.Repeat("[", inside) + strings.Repeat("]", inside),
			strings.Repeat(`{"a":`, inside) + "1" + strings.Repeat("}", inside),
		} {
			body := func(n int, deep string) string {
				return strings.Replace(statement(n, "result", obj{"extensions": obj{"https://e.org/x": "X"}}).String(), `"X"`, deep, 1)
			}
			one, two := 10*n+1, 10*n+2
			s.put("/statements"+query("statementId", id(one)), body(one, deep)).want(204)
			s.put("/statements"+query("statementId", id(one)), body(one, deep)).want(204)
			s.post("/statements", "["+body(two, deep)+"]").want(200)
			s.post("/statements", body(3, "["+deep+"]")).want(400)
			s.post("/statements", "["+body(3, "["+deep+"]")+"]").want(400)
			for _, format := range []string{"exact", "ids", "canonical"} {
				for _, reader := range []*server{s, s.in("1.0.3"), s.in("2.0.0")} {
					for _, n := range []int{one, two} {
						if a := reader.get("/statements" + query("statementId", id(n), "format", format)).want(200); format == "exact" && !strings.Contains(string(a.body), deep) {
							t.Errorf("%s came back as %s", deep, a.body)
						}
					}
				}
			}
		}
		s.wantIDs("12 11 2 1")
	})
}

// pathOf is where the decoder stops in what is too deep: an error's path is
// bounded too.
func pathOf(deep string) string {
	if deep[0] == '[' {
		return strings.Repeat("[0]", 97)
	}
	return strings.Repeat(".a", 97)
}

func TestPoint38_LargeIntegersKeepEveryDigit(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		numbers := `{"https://e.org/n":[9007199254740993,-9223372036854775809,12345678901234567890123,1.10,1e400,0.1000000000000000055511151231257827]}`
		score := `{"raw":9007199254740993,"max":9007199254740995,"min":9007199254740991.50}`
		s.post("/statements", fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://a.b"},"object":{"id":"http://a.b","definition":{"extensions":%s}},"result":{"score":%s,"extensions":%s}}`,
			id(1), numbers, score, numbers)).want(200)
		for _, format := range []string{"exact", "canonical", "ids"} {
			a := s.get("/statements" + query("format", format)).want(200)
			for _, part := range []string{numbers, score} {
				if !strings.Contains(string(a.body), part) {
					t.Errorf("format %s: %s lacks %s", format, a.body, part)
				}
			}
		}
		if a := s.get("/activities" + query("activityId", "http://a.b")).want(200); !strings.Contains(string(a.body), numbers) {
			t.Errorf("the activity is %s", a.body)
		}
		s.put("/statements"+query("statementId", id(2)), statement(2, "result", obj{"extensions": obj{"https://e.org/n": 9007199254740993}}).String()).want(204)
		s.put("/statements"+query("statementId", id(2)), statement(2, "result", obj{"extensions": obj{"https://e.org/n": 9007199254740992}}).String()).want(409)
	})
}

func TestPoint39_DotsAndDollarsSurviveAndNamesAreExact(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		extensions := obj{"https://e.org/a.b.c": obj{"x.y": 1, "$set": obj{"$inc": "."}}, "urn:$where:x": "$ne", "https://e.org/.": "."}
		s.post("/statements", statement(1, "result", obj{"extensions": extensions}, "context", obj{"extensions": extensions},
			"object", obj{"id": "https://e.org/$a.b", "definition": obj{"extensions": extensions}}).String()).want(200)
		for _, format := range []string{"exact", "canonical"} {
			got := s.shown(format, "")
			for _, path := range [][]any{{"result"}, {"context"}, {"object", "definition"}} {
				if text := obj(at(t, got, append(path, "extensions")...).(map[string]any)).String(); text != extensions.String() {
					t.Errorf("%s: extensions of %v are %s", format, path, text)
				}
			}
		}
		s.versions(func(t *testing.T, s *server) {
			s.refuses("ACTOR", `did you mean "actor"`, "actor", nil, "ACTOR", obj{"mbox": "mailto:a@b.c"})
			s.refuses("Result", `did you mean "result"`, "Result", obj{})
			s.refuses("actor.Mbox", `did you mean "mbox"`, "actor", obj{"Mbox": "mailto:a@b.c"})
			s.refuses("context.contextActivities.Parent", `did you mean "parent"`, "context", obj{"contextActivities": obj{"Parent": []obj{}}})
			s.refuses("result.score.scale", "no such property", "result", obj{"score": obj{"scale": 1}})
			s.refuses("foo", "no such property", "foo", 1)
			twice := strings.Replace(statement(1).String(), `{"actor":`, `{"verb":{"id":"http://a.b"},"actor":`, 1)
			s.post("/statements", twice).refused(400, "body", `"verb" appears twice`)
		})
	})
}
