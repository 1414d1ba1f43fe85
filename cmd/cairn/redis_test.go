package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// nudgeAll has two workers send one nudge to each of many learners by way of a Redis; half-way something happens.
func nudgeAll(t *testing.T, redisURL string, learners int, halfWay func()) {
	t.Helper()
	monday := time.Now().UTC().Truncate(24 * time.Hour).Add(9*time.Hour + 5*time.Minute)
	for monday.Weekday() != time.Monday || time.Until(monday) < time.Hour {
		monday = monday.Add(24 * time.Hour)
	}
	clock := clockAt(t, "clock.json", monday)
	out := startSink(t, clock.Now, func(int) post { return takes })
	data := t.TempDir()
	opens := monday.Add(30 * time.Minute)
	gather(t, map[string]string{"-data": data, "-dev-clock": clock.file}, fmt.Sprintf(nudgedOnce, "", "09:00-17:00"), learners,
		func(i int) time.Time { return opens.Add(time.Duration(i) * 10 * time.Second) }, func(int) string { return "UTC" })
	s := &site{t: t}
	for range 2 {
		s.start("worker", "-data", data, "-redis-url", redisURL, "-smtp-url", "smtp://"+out.addr+"?tls=none", "-mail-from", "Cairn <cairn@test.example>",
			"-public-url", "http://127.0.0.1:1", "-dev-clock", clock.file)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	must(t, clock.Advance(30*time.Minute))
	happened := false
	until(t, ctx, "every nudge", func() bool {
		n := distinct(out.arrived())
		if n >= learners/2 && !happened {
			happened = true
			halfWay()
		}
		if clock.Now().Before(opens.Add(time.Hour + time.Duration(learners)*10*time.Second)) {
			must(t, clock.Advance(20*time.Second))
		}
		return n >= learners
	})
	if mails := out.arrived(); len(mails) != learners {
		t.Errorf("%d mails for %d learners", len(mails), learners)
	}
}

func TestAFailoverOfTheSentinelsMasterLosesNothing(t *testing.T) {
	heavy(t, "starts a Redis with Sentinels and two workers")
	master := newRedis(t, "--requirepass", "open sesame", "--masterauth", "open sesame")
	host, port, _ := net.SplitHostPort(master.addr)
	replica := newRedis(t, "--requirepass", "open sesame", "--masterauth", "open sesame", "--replicaof", host+" "+port)
	var sentinels []string
	for range 3 {
		folder, addr := t.TempDir(), freeAddr(t)
		own, ownPort, _ := net.SplitHostPort(addr)
		file := filepath.Join(folder, "sentinel.conf")
		must(t, os.WriteFile(file, fmt.Appendf(nil, "bind %s\nport %s\ndir %s\nsentinel monitor mymaster %s %s 2\nsentinel auth-pass mymaster \"open sesame\"\n"+
			"sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n", own, ownPort, folder, host, port), 0o600))
		cmd := exec.Command("redis-server", file, "--sentinel")
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		accepts(t, addr)
		sentinels = append(sentinels, addr)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	until(t, ctx, "the Sentinels know the replica and each other", func() bool {
		said := ask(t, sentinels[0], "SENTINEL", "master", "mymaster")
		return strings.Contains(said, "num-slaves\n1\n") && strings.Contains(said, "num-other-sentinels\n2\n")
	})
	nudgeAll(t, "redis-sentinel://:open%20sesame@"+strings.Join(sentinels, ",")+"/mymaster", 60, func() {
		master.stop()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, port, _ := net.SplitHostPort(replica.addr)
		until(t, ctx, "the replica is the master", func() bool {
			return strings.Contains(ask(t, sentinels[1], "SENTINEL", "get-master-addr-by-name", "mymaster"), port)
		})
	})
}

func TestTheQueueWorksOnARedisCluster(t *testing.T) {
	heavy(t, "starts a Redis cluster and two workers")
	needs(t, haveTool("redis-cli"), "redis-cli")
	var nodes []string
	for range 3 {
		nodes = append(nodes, newClusterNode(t).addr)
	}
	out, err := exec.Command("redis-cli", append(append([]string{"--cluster", "create"}, nodes...), "--cluster-yes")...).CombinedOutput()
	if err != nil {
		t.Fatalf("make the cluster: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, n := range nodes {
		until(t, ctx, "the cluster is whole", func() bool { return strings.Contains(ask(t, n, "CLUSTER", "INFO"), "cluster_state:ok") })
	}
	nudgeAll(t, "redis-cluster://"+strings.Join(nodes, ","), 60, func() {})
	keys := 0
	for _, n := range nodes {
		keys += len(strings.Fields(ask(t, n, "KEYS", "asynq*")))
	}
	if keys == 0 {
		t.Error("nothing of the queue is in the cluster")
	}
}

// newClusterNode starts a node; its bus listens 10,000 ports higher.
func newClusterNode(t *testing.T) *redisServer {
	t.Helper()
	return newRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "3000", "--cluster-port", func() string {
		_, port, _ := net.SplitHostPort(freeAddr(t))
		return port
	}())
}

// ask is the answer of redis-cli.
func ask(t testing.TB, addr string, words ...string) string {
	t.Helper()
	needs(t, haveTool("redis-cli"), "redis-cli")
	host, port, _ := net.SplitHostPort(addr)
	out, _ := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, words...)...).Output()
	return string(out)
}

// accepts waits until somebody listens.
func accepts(t testing.TB, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	until(t, ctx, addr+" accepts connections", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}
