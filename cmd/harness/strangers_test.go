// SPDX-License-Identifier: Apache-2.0

//go:build strangers

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

const (
	strangersPerKind = 200
	// strangersPerConnection bounds them where only a handful of connections is
	// allowed, for which all would queue.
	strangersPerConnection = 5
	strangersMemory        = 512 << 20
	// strangersEnv is for how many seconds they stay.
	strangersEnv     = "NEEDLETAIL_STRANGERS_SECONDS"
	strangersSeconds = 15
	// idleAfter is when all must be as before, after they have left.
	idleAfter = 5 * time.Second
	// idleCPU is how much of a second's processor an idle server may use.
	idleCPU = 100 * time.Millisecond
)

// TestStrangers has 200 strangers of each kind use a server up at once, in a
// cgroup of 512 MiB and with few descriptors, from the address of the legitimate
// clients and from another. 100 legitimate requests a second all succeed, the
// process stays within its memory, and five seconds after the strangers have left
// it is idle. Without the right to make a cgroup the server is told of its memory
// by limits.memory_bytes, and only its RSS is looked at.
func TestStrangers(t *testing.T) {
	seconds := strangersSeconds
	if s := os.Getenv(strangersEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("%s: %v", strangersEnv, err)
		}
		seconds = n
	}
	for _, files := range []int{64, 128, 256, 1024} {
		for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
			t.Run(fmt.Sprintf("files=%d/from=%s", files, from), func(t *testing.T) {
				s := newStrangersSite(t, files, strangersMemory)
				s.attackFor(t, time.Duration(seconds)*time.Second, from)
			})
		}
	}
}

// strangersSite is a server with what the strangers ask for.
type strangersSite struct {
	process     *testserver.Process
	address     string // HOST:PORT
	memoryBytes int64  // that the server may use
	connections int    // that the server accepts

	account, token    string // of the legitimate clients, and of the listing
	other, otherToken string // of an ordinary user
	imageToken        string
	manifest          string
}

var connectionsLogged = regexp.MustCompile(`msg=budget.* connections=(\d+)`)

func newStrangersSite(t *testing.T, files int, memoryBytes int64) *strangersSite {
	t.Helper()
	binary, err := testserver.Build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config, enter := "[log]\naccess = false\n", "true"
	group, err := newCgroup(t, memoryBytes)
	if err != nil {
		t.Logf("no cgroup (%v): limits.memory_bytes and RSS instead", err)
		config += fmt.Sprintf("[limits]\nmemory_bytes = %d\n", memoryBytes)
	} else {
		enter = group.enter()
	}
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_BOOTSTRAP_PASSWORD", "pw")
	p := testserver.StartCommand(t, filepath.Join(dir, "data"), "sh", "-c",
		fmt.Sprintf(`%s && ulimit -n %d && exec "$0" "$@"`, enter, files), binary, "serve", "--config", path,
		"--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0",
		"--tempauth-user", "test:tester=testing,.admin", "--tempauth-user", "test2:tester2=testing2,.admin")
	s := &strangersSite{
		process: p, memoryBytes: memoryBytes, address: strings.TrimPrefix(p.URL, "http://"), account: "/v1/AUTH_test", other: "/v1/AUTH_test2",
		manifest: "[" + strings.Repeat("1,", 4_190_000) + "1]",
	}
	found := connectionsLogged.FindStringSubmatch(p.Output())
	if found == nil {
		t.Fatalf("the server does not say how many connections it takes:\n%s", p.Output())
	}
	s.connections, _ = strconv.Atoi(found[1])
	s.fill(t)
	return s
}

// fill makes containers, a listing of 2 MiB and images of 10 MiB.
func (s *strangersSite) fill(t *testing.T) {
	t.Helper()
	login := func(user, key string) string {
		_, h, _ := s.must(t, 200, "GET", "/auth/v1.0", nil, "X-Auth-User", user, "X-Auth-Key", key)
		return h.Get("X-Auth-Token")
	}
	s.token, s.otherToken = login("test:tester", "testing"), login("test2:tester2", "testing2")
	s.must(t, 201, "PUT", s.account+"/own", nil, "X-Auth-Token", s.token)
	s.must(t, 201, "PUT", s.account+"/listed", nil, "X-Auth-Token", s.token, "X-Container-Read", ".r:*,.rlistings")
	s.must(t, 201, "PUT", s.other+"/c", nil, "X-Auth-Token", s.otherToken)
	for i := range 1000 {
		name := fmt.Sprintf("%s%04d", strings.Repeat("%01", 900), i)
		s.must(t, 201, "PUT", s.account+"/listed/"+name, nil, "X-Auth-Token", s.token)
	}
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"pw"}}},` +
		`"scope":{"project":{"name":"admin","domain":{"id":"default"}}}}}`
	_, h, _ := s.must(t, 201, "POST", "/identity/v3/auth/tokens", []byte(body), "Content-Type", "application/json")
	s.imageToken = h.Get("X-Subject-Token")
	image, err := json.Marshal(map[string]string{"name": "i", "visibility": "community", "p": strings.Repeat("p", 65536), "q": strings.Repeat("q", 40000)})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s.must(t, 201, "POST", "/image/v2/images", image, "Content-Type", "application/json", "X-Auth-Token", s.imageToken)
	}
}

func (s *strangersSite) must(t *testing.T, status int, method, path string, body []byte, lines ...string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for ; len(lines) > 0; lines = lines[2:] {
		r.Header.Set(lines[0], lines[1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Fatalf("%s %.60s: status %d, want %d: %.200s %v", method, path, res.StatusCode, status, text, err)
	}
	return res.StatusCode, res.Header, text
}

// attackFor has the strangers come, and looks at all that must hold.
func (s *strangersSite) attackFor(t *testing.T, d time.Duration, from string) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	pid := s.process.Cmd.Process.Pid
	before, err := usageOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	sampler := newSampler(pid)
	load := &legitimate{site: s, kept: min(10, max(1, s.connections/4))}
	ctx, leave := context.WithTimeout(t.Context(), d)
	defer leave()
	counts := make([]atomic.Int64, len(strangerKinds))
	var strangers, clients sync.WaitGroup
	start := time.Now()
	clients.Go(func() { load.run(ctx) })
	for i, kind := range strangerKinds {
		n := min(strangersPerKind, strangersPerConnection*s.connections)
		if kind.known {
			n = min(n, s.connections/8)
		}
		for range n {
			strangers.Go(func() { s.stranger(ctx, kind, &net.TCPAddr{IP: net.ParseIP(from)}, &counts[i]) })
		}
	}
	strangers.Wait()
	clients.Wait()
	took := time.Since(start)
	most := sampler.end()
	t.Logf("%d connections allowed, before: %v; at most: %v", s.connections, before, most)
	for i, kind := range strangerKinds {
		t.Logf("%-36s %d connections", kind.name, counts[i].Load())
	}
	t.Logf("legitimate: %d requests, %.0f a second, %d failed; p50 %v, p99 %v, longest %v", len(load.took),
		float64(len(load.took))/took.Seconds(), len(load.failed), load.percentile(0.5), load.percentile(0.99), load.percentile(1))
	for _, err := range load.failed[:min(5, len(load.failed))] {
		t.Errorf("a legitimate request failed: %v", err)
	}
	if len(load.took) == 0 {
		t.Error("no legitimate request was sent")
	}
	if most.rssBytes > s.memoryBytes {
		t.Errorf("RSS was %d MiB", most.rssBytes>>20)
	}
	s.wantIdle(t, before)
}

// wantIdle looks at the server after its strangers have left.
func (s *strangersSite) wantIdle(t *testing.T, before usage) {
	t.Helper()
	pid := s.process.Cmd.Process.Pid
	time.Sleep(idleAfter)
	first, err := usageOf(pid)
	if err != nil {
		t.Fatalf("the server has gone: %v\n%s", err, testserver.Tail(s.process.Output(), 4000))
	}
	time.Sleep(time.Second)
	second, err := usageOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("idle: %v, %v of processor in a second", second, second.cpu-first.cpu)
	if used := second.cpu - first.cpu; used > idleCPU {
		t.Errorf("%v after the last stranger the server uses %v of processor in a second", idleAfter, used)
	}
	const fewMore = 16 // tables of the index that are open
	if second.files > before.files+fewMore {
		t.Errorf("%d descriptors, %d before", second.files, before.files)
	}
	if second.rssBytes > s.memoryBytes {
		t.Errorf("RSS is %d MiB", second.rssBytes>>20)
	}
	s.must(t, 204, "HEAD", s.account, nil, "X-Auth-Token", s.token)
}
