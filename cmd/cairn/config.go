package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"
)

// config is what a process of Cairn is told by flags and environment. Every
// zero value runs on loopback with everything embedded.
type config struct {
	addr         string // where pages, LTI and xAPI are served
	debugAddr    string // where metrics and profiles are served; empty: nowhere
	publicURL    string // as browsers and platforms see us; empty: http://<addr>
	data         string // folder of the SQLite files and of the key made at first start
	mongoURI     string // empty: SQLite under data
	redisURL     string // empty: the in-process Redis (serve and demo only)
	smtpURL      string // smtp://…, smtps://…; empty: messages wait
	mailFrom     string
	secret       string     // base64 of 32 bytes; empty: made at first start under data
	previous     string     // base64 of the secret before; empty: it never changed
	otlpEndpoint string     // OpenTelemetry collector for traces; empty: none
	devClock     string     // file of the development clock; empty: real time
	tenant       string     // the tenant of commands that concern one
	logFormat    string     // text or json
	logLevel     slog.Level // what is logged at all; the zero value is info

	maxUpload int64 // MiB of a request with attachments; 0: what the record store takes by itself

	worker                bool  // serve also runs the worker
	allowAnonymous        bool  // launches without a person are let in
	clockSkew             int64 // seconds that a platform's clock may be off; 0: one minute
	allowPrivatePlatforms bool  // development: platforms on loopback and http
}

// environment names the variable of a flag: -mongo-uri ⇔ CAIRN_MONGO_URI.
func environment(flag string) string {
	return "CAIRN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variable is a cli.ValueSource: the variable itself, or the file that the
// variable with _FILE behind its name points to (for secrets).
type variable struct {
	name   string
	getenv func(string) string
}

func (v variable) Lookup() (string, bool) {
	if value := v.getenv(v.name); value != "" {
		return value, true
	}
	file := v.getenv(v.name + "_FILE")
	if file == "" {
		return "", false
	}
	data, err := os.ReadFile(file)
	if err != nil {
		// A secret that cannot be read must not silently become a default.
		return "unreadable: " + err.Error(), true
	}
	return strings.TrimSpace(string(data)), true
}

func (v variable) String() string   { return "environment variable " + v.name }
func (v variable) GoString() string { return fmt.Sprintf("variable{%q}", v.name) }

// flags builds the flags of commands; each is also an environment variable.
type flags struct {
	getenv func(string) string
	cfg    *config
}

func (f flags) text(name, value, usage string, to *string) cli.Flag {
	return &cli.StringFlag{
		Name: name, Value: value, Usage: usage + " [" + environment(name) + "]", Destination: to,
		Sources: cli.NewValueSourceChain(variable{environment(name), f.getenv}),
	}
}

func (f flags) number(name string, value int64, usage string, to *int64) cli.Flag {
	return &cli.Int64Flag{
		Name: name, Value: value, Usage: usage + " [" + environment(name) + "]", Destination: to,
		Sources: cli.NewValueSourceChain(variable{environment(name), f.getenv}),
	}
}

func (f flags) toggle(name string, value bool, usage string, to *bool) cli.Flag {
	return &cli.BoolFlag{
		Name: name, Value: value, Usage: usage + " [" + environment(name) + "]", Destination: to,
		Sources: cli.NewValueSourceChain(variable{environment(name), f.getenv}),
	}
}

// stores are the flags of every command that opens the stores.
func (f flags) stores() []cli.Flag {
	return []cli.Flag{
		f.text("data", "cairn-data", "folder of the SQLite databases and the installation's key", &f.cfg.data),
		f.text("mongo-uri", "", "MongoDB to keep everything in, instead of SQLite", &f.cfg.mongoURI),
		f.text("secret-key", "", "base64 of 32 bytes that seals keys and signs links (default: made at first start under -data)", &f.cfg.secret),
		f.text("previous-secret-key", "", "the secret key before the one in use: opens what it sealed, which the worker then seals anew", &f.cfg.previous),
		f.text("public-url", "", "address under which browsers and platforms reach Cairn (default: http://<addr>)", &f.cfg.publicURL),
		f.text("addr", "127.0.0.1:8080", "address to listen on", &f.cfg.addr),
		f.text("dev-clock", "", "file of the development clock; never set it in production", &f.cfg.devClock),
		f.text("log-format", "text", "text or json", &f.cfg.logFormat),
		f.number("clock-skew", 60, "seconds that the clocks of platforms may be off, 1 to 600", &f.cfg.clockSkew),
		f.toggle("allow-anonymous", false, "let people in whom their platform does not name (a launch without sub)", &f.cfg.allowAnonymous),
		f.toggle("allow-private-platforms", false, "development only: platforms may be on loopback and http", &f.cfg.allowPrivatePlatforms),
	}
}

// work are the flags of the processes that run or feed the worker.
func (f flags) work() []cli.Flag {
	return []cli.Flag{
		f.text("redis-url", "", "Redis of the queue, redis://… (default for serve: in-process)", &f.cfg.redisURL),
		f.text("smtp-url", "", "mail server, smtp://user:password@host:port or smtps://…", &f.cfg.smtpURL),
		f.text("mail-from", "Cairn <cairn@localhost>", "sender of the mails", &f.cfg.mailFrom),
		f.text("debug-addr", "", "address for /metrics and /debug/pprof (default: off)", &f.cfg.debugAddr),
		f.text("otlp-endpoint", "", "OpenTelemetry collector for traces of LTI and xAPI requests, http://host:4318 (default: off)", &f.cfg.otlpEndpoint),
	}
}

func (f flags) forTenant() cli.Flag {
	return f.text("tenant", "main", "tenant the command is for", &f.cfg.tenant)
}

var tenantName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// tenantNames says how tenants may be called.
const tenantNames = "lower-case letters, digits and hyphens, at most 31; not control"

func isTenantName(name string) bool { return tenantName.MatchString(name) && name != "control" }

// check refuses what cannot work, in the words of the flag.
func (c *config) check() error {
	if c.publicURL != "" {
		u, err := url.Parse(c.publicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return fmt.Errorf("-public-url %q: give scheme and host only, as in https://learn.example.org", c.publicURL)
		}
		if u.Scheme == "http" && !isLoopback(u.Hostname()) {
			return fmt.Errorf("-public-url %q: outside this machine browsers and platforms need https", c.publicURL)
		}
		c.publicURL = strings.TrimRight(c.publicURL, "/")
	}
	if c.tenant != "" && !isTenantName(c.tenant) {
		return fmt.Errorf("-tenant %q: %s", c.tenant, tenantNames)
	}
	if c.clockSkew < 0 || c.clockSkew > 600 {
		return fmt.Errorf("-clock-skew %d: seconds, at most 600", c.clockSkew)
	}
	if c.maxUpload < 0 || c.maxUpload > 1<<20 {
		return fmt.Errorf("-max-upload %d: MiB, at most 1048576", c.maxUpload)
	}
	if c.logFormat != "" && c.logFormat != "text" && c.logFormat != "json" {
		return fmt.Errorf("-log-format %q: text or json", c.logFormat)
	}
	return nil
}

// secretKey is the installation's key: 32 bytes that seal private keys at rest
// and sign personal links. Without -secret-key it is made at first start and
// kept under the data folder.
func (c *config) secretKey() ([]byte, error) {
	if c.secret != "" {
		key, err := decodeKey(c.secret)
		if err != nil {
			return nil, fmt.Errorf("-secret-key: %w", err)
		}
		return key, nil
	}
	file := filepath.Join(c.data, "secret.key")
	for range 2 {
		data, err := os.ReadFile(file)
		if err == nil {
			key, err := decodeKey(strings.TrimSpace(string(data)))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			return key, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the installation's key: %w", err)
		}
		if err := c.makeSecretKey(file); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s vanished while it was read", file)
}

// previousSecretKey is the secret key before the one in use; nil if none is named.
func (c *config) previousSecretKey() ([]byte, error) {
	if c.previous == "" {
		return nil, nil
	}
	key, err := decodeKey(c.previous)
	if err != nil {
		return nil, fmt.Errorf("-previous-secret-key: %w", err)
	}
	return key, nil
}

// makeSecretKey writes a new key unless another process just did.
func (c *config) makeSecretKey(file string) error {
	if err := os.MkdirAll(c.data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	temporary, err := os.CreateTemp(c.data, ".secret-*")
	if err != nil {
		return fmt.Errorf("make the installation's key: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, temporary.Chmod(0o600), temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("make the installation's key: %w", err)
	}
	if err := os.Link(temporary.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep the installation's key: %w", err)
	}
	return nil
}

func decodeKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, errors.New("not the base64 of 32 bytes (make one: head -c 32 /dev/urandom | base64)")
	}
	return key, nil
}

// isLoopback tells whether a host is this machine, by its address or the one name for it.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
