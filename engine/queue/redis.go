package queue

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// The addresses of Redis that are understood, as they are explained to whoever gives another. A first s in the scheme's
// place behind redis (rediss…) means TLS.
const redisForms = "redis://host:port/0, rediss://…, unix:///path?db=0, " +
	"redis-sentinel://:password@host1:26379,host2:26379/master?db=0 or redis-cluster://host1:6379,host2:6379"

const maxRedisHosts = 100

// redisAddress is where a Redis is: one server, Sentinels that know one, or a cluster.
type redisAddress struct {
	hosts              []string // host:port
	user, password     string
	sentinelPassword   string
	master             string // not empty: hosts are Sentinels
	db                 int
	cluster, encrypted bool
	single             *redis.Options // one server: read by the library
}

// parseRedis reads an address. No error shows the password.
func parseRedis(address string) (redisAddress, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return redisAddress{}, errors.New("want " + redisForms)
	}
	switch scheme {
	case "redis", "rediss", "unix":
		o, err := redis.ParseURL(address)
		if err != nil {
			return redisAddress{}, errors.New("want " + redisForms) // the error would show the password
		}
		return redisAddress{single: o}, nil
	case "redis-sentinel", "rediss-sentinel", "redis-cluster", "rediss-cluster":
	default:
		return redisAddress{}, errors.New("unknown scheme; want " + redisForms)
	}
	a := redisAddress{encrypted: strings.HasPrefix(scheme, "rediss"), cluster: strings.HasSuffix(scheme, "cluster")}
	rest, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if err := a.credentials(rest[:at]); err != nil {
			return redisAddress{}, err
		}
		rest = rest[at+1:]
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if err := a.addHosts(hosts); err != nil {
		return redisAddress{}, err
	}
	if err := a.options(query); err != nil {
		return redisAddress{}, err
	}
	switch {
	case a.cluster && (path != "" || a.db != 0 || a.sentinelPassword != ""):
		return redisAddress{}, errors.New("a cluster has no path, database or sentinel_password: want redis-cluster://host1:6379,host2:6379")
	case a.cluster:
		return a, nil
	}
	master, err := url.PathUnescape(path)
	if err != nil || master == "" || strings.ContainsAny(master, "/ \t\r\n") {
		return redisAddress{}, errors.New("the name of the master is missing: want redis-sentinel://host1:26379,host2:26379/master?db=0")
	}
	a.master = master
	return a, nil
}

func (a *redisAddress) credentials(s string) error {
	user, password, _ := strings.Cut(s, ":")
	var err1, err2 error
	a.user, err1 = url.PathUnescape(user)
	a.password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return errors.New("user or password: write special characters as %XX")
	}
	return nil
}

func (a *redisAddress) addHosts(list string) error {
	standard := "6379"
	if !a.cluster {
		standard = "26379"
	}
	for i, h := range strings.Split(list, ",") {
		if i >= maxRedisHosts {
			return fmt.Errorf("more than %d hosts", maxRedisHosts)
		}
		host, port, err := net.SplitHostPort(h)
		if err != nil { // without a port
			if host, port, err = net.SplitHostPort(h + ":" + standard); err != nil {
				host = ""
			}
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, " \t\r\n") {
			return fmt.Errorf("host %d of the list is not host:port", i+1)
		}
		a.hosts = append(a.hosts, net.JoinHostPort(host, port))
	}
	return nil
}

func (a *redisAddress) options(query string) error {
	if query == "" {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what stands behind ? cannot be read")
	}
	for name, v := range values {
		switch name {
		case "db":
			if a.db, err = strconv.Atoi(v[0]); err != nil || a.db < 0 || a.db > 1<<20 {
				return errors.New("db: want a number from 0")
			}
		case "sentinel_password":
			a.sentinelPassword = v[0]
		default:
			return errors.New("behind ? only db and sentinel_password are known")
		}
	}
	return nil
}

// connect makes a Redis client for an address. It does not connect yet. Whoever waits for a page must not wait for
// Redis: patience is how long one command may take.
func connect(redisURL string, patience time.Duration) (redis.UniversalClient, error) {
	quiet()
	a, err := parseRedis(redisURL)
	if err != nil {
		return nil, fmt.Errorf("queue: Redis URL: %w", err)
	}
	if o := a.single; o != nil {
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, 2*patience
		o.DialerRetries, o.MaxRetries, o.ContextTimeoutEnabled = 1, 1, true
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClient(o), nil
	}
	var secure *tls.Config
	if a.encrypted {
		secure = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if a.cluster {
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: a.hosts, Username: a.user, Password: a.password, TLSConfig: secure,
			DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: 2 * patience,
			DialerRetries: 1, MaxRetries: 1, ContextTimeoutEnabled: true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}), nil
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: a.master, SentinelAddrs: a.hosts, SentinelPassword: a.sentinelPassword,
		Username: a.user, Password: a.password, DB: a.db, TLSConfig: secure,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: 2 * patience,
		DialerRetries: 1, MaxRetries: 1, ContextTimeoutEnabled: true,
	}), nil
}
