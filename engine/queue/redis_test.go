package queue

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAnAddressOfRedisIsUnderstoodOrExplained(t *testing.T) {
	for address, want := range map[string]redisAddress{
		"redis-sentinel://:pw@a:26379,b:26380/mymaster?db=3":           {hosts: []string{"a:26379", "b:26380"}, password: "pw", master: "mymaster", db: 3},
		"rediss-sentinel://u:p%40w@a,b/m?sentinel_password=s":          {hosts: []string{"a:26379", "b:26379"}, user: "u", password: "p@w", sentinelPassword: "s", master: "m", encrypted: true},
		"redis-sentinel://[::1]:26379/m":                               {hosts: []string{"[::1]:26379"}, master: "m"},
		"redis-cluster://127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003": {hosts: []string{"127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003"}, cluster: true},
		"rediss-cluster://:pw@node":                                    {hosts: []string{"node:6379"}, password: "pw", cluster: true, encrypted: true},
	} {
		if have, err := parseRedis(address); err != nil || !reflect.DeepEqual(have, want) {
			t.Errorf("%s: %+v, %v; want %+v", address, have, err, want)
		}
	}
	for _, address := range []string{"redis://localhost:6379/2", "rediss://:pw@h:1", "unix:///run/redis.sock?db=1"} {
		if have, err := parseRedis(address); err != nil || have.single == nil {
			t.Errorf("%s: %+v, %v", address, have, err)
		}
	}
	for address, says := range map[string]string{
		"":                                                      "want redis://",
		"localhost:6379":                                        "want redis://",
		"http://:secret@h":                                      "unknown scheme",
		"redis://:secret@h:99999999/x":                          "want redis://",
		"redis-sentinel://:secret@h:26379":                      "name of the master",
		"redis-sentinel://:secret@h:0/m":                        "host 1",
		"redis-sentinel://:secret@h,:1/m":                       "host 2",
		"redis-sentinel://:secret@h/m?db=-1":                    "db",
		"redis-sentinel://:secret@h/m?x=1":                      "only db",
		"redis-sentinel://:secret%zz@h/m":                       "%XX",
		"redis-cluster://:secret@h:1/2":                         "no path",
		"redis-cluster://:secret@h:1?db=2":                      "no path",
		"redis-cluster://:secret@h:1:2":                         "host 1",
		"redis-cluster://:secret@h" + strings.Repeat(",h", 200): "more than",
	} {
		_, err := connect(address, time.Second)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.60s: %v; should say %q", address, err, says)
		}
	}
}

func FuzzRedisAddress(f *testing.F) {
	for _, s := range []string{"redis://:pw@h:1/0", "redis-sentinel://u:pw@a:1,b/m?db=1&sentinel_password=x", "redis-cluster://[::1]:1,b", "unix:///x", "redis-sentinel://@/%2f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		a, err := parseRedis(address)
		if err != nil {
			if credentials, _, ok := strings.Cut(address, "@"); ok {
				if _, password, ok := strings.Cut(strings.TrimPrefix(credentials, "redis"), "://"); ok && len(password) > 20 && strings.Contains(err.Error(), password) {
					t.Errorf("the error shows the password: %v", err)
				}
			}
			return
		}
		if a.single == nil && (len(a.hosts) == 0 || a.cluster == (a.master != "")) {
			t.Errorf("%q: %+v", address, a)
		}
		if c, err := connect(address, time.Second); err == nil {
			_ = c.Close()
		} else {
			t.Errorf("%q is parsed, but: %v", address, err)
		}
	})
}
