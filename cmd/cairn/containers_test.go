package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// composeFile is what the test reads of docker-compose.yml.
type composeFile struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Healthcheck struct {
			Test []string `yaml:"test"`
		} `yaml:"healthcheck"`
		Deploy struct {
			Replicas int `yaml:"replicas"`
		} `yaml:"deploy"`
	} `yaml:"services"`
}

// There is no container engine where this runs, so the commands, environments
// and health checks of the images are run as processes, with a Redis and a
// MongoDB in place of those of the compose file.
func TestWhatTheContainersRunStartsAndBecomesHealthy(t *testing.T) {
	mongo, redis := mongoURI(t), startRedis(t)
	var compose composeFile
	data, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	must(t, err)
	must(t, yaml.Unmarshal(data, &compose))
	image := imageEnvironment(t)
	for _, name := range []string{"web", "worker", "mongo", "redis", "mail"} {
		if len(compose.Services[name].Healthcheck.Test) == 0 {
			t.Errorf("service %s has no health check", name)
		}
	}
	if n := compose.Services["worker"].Deploy.Replicas; n != 2 {
		t.Errorf("%d workers, want 2", n)
	}

	s := newSite(t)
	key := filepath.Join(t.TempDir(), "cairn.key")
	must(t, writeFile(key, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"))
	here := map[string]string{
		"CAIRN_ADDR": s.addr, "CAIRN_DATA": t.TempDir(), "CAIRN_MONGO_URI": mongo, "CAIRN_REDIS_URL": redis,
		"CAIRN_SMTP_URL": "smtp://" + s.mailbox.SMTPAddr(), "CAIRN_SECRET_KEY_FILE": key, "CAIRN_PUBLIC_URL": "http://" + s.addr,
	}
	for _, name := range []string{"web", "worker"} {
		service := compose.Services[name]
		environment := maps.Clone(image)
		maps.Copy(environment, service.Environment)
		for variable, value := range here {
			if _, used := environment[variable]; !used {
				t.Errorf("service %s does not set %s", name, variable)
			}
			environment[variable] = value
		}
		debug := freeAddr(t) // the two share this machine's loopback
		environment["CAIRN_DEBUG_ADDR"] = debug
		s.env = nil
		for _, variable := range slices.Sorted(maps.Keys(environment)) {
			if strings.Contains(environment[variable], "${") {
				environment[variable] = defaultOf(environment[variable])
			}
			s.env = append(s.env, variable+"="+environment[variable])
		}
		p := s.start(service.Command...)
		p.waitReady("http://" + debug + "/readyz")
		check := service.Healthcheck.Test
		if len(check) < 3 || check[0] != "CMD" || check[1] != "/usr/local/bin/cairn" {
			t.Fatalf("the health check of %s is %q", name, check)
		}
		args := slices.Clone(check[2:])
		for i := range args {
			args[i] = strings.Replace(args[i], "127.0.0.1:6060", debug, 1)
		}
		if out, err := s.exec(args...).CombinedOutput(); err != nil {
			t.Errorf("the health check of %s: %v: %s", name, err, out)
		}
	}
	if out, err := s.exec("healthcheck", "-addr", freeAddr(t)).CombinedOutput(); err == nil {
		t.Errorf("the health check of nothing is healthy: %s", out)
	}
}

// imageEnvironment reads the ENV of the Dockerfile, and checks what the image
// promises: an entry point, a user who is not root, nothing to download at run time.
func imageEnvironment(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	must(t, err)
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	for _, line := range []string{`ENTRYPOINT ["/usr/local/bin/cairn"]`, "USER 65532:65532", "CGO_ENABLED=0", "FROM scratch", "HEALTHCHECK"} {
		if !strings.Contains(text, line) {
			t.Errorf("the Dockerfile does not say %s", line)
		}
	}
	environment := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^ENV (.*)$`).FindAllStringSubmatch(text, -1) {
		for _, pair := range strings.Fields(line[1]) {
			name, value, _ := strings.Cut(pair, "=")
			environment[name] = value
		}
	}
	return environment
}

// defaultOf is the value of ${NAME:-value} when NAME is not set.
func defaultOf(text string) string {
	return regexp.MustCompile(`\$\{\w+:-([^}]*)\}`).ReplaceAllString(text, "$1")
}
