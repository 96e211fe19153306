// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(floorEnv); kind != "" {
		if err := runFloor(kind, os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const benchKey = "benchmark-key"

// server is a running process that takes PUTs.
type server struct {
	addr, token, pathPrefix string
	dir                     string // of its data, if it is known
	// dial connects to addr; nil means net.Dial.
	dial func(network, addr string) (net.Conn, error)
	// backends are the servers behind the server; most servers have none.
	backends Group
	Group
}

// start runs a server that prints "listening on http://HOST:PORT" and stops it
// with the benchmark.
func start(tb testing.TB, cmd *exec.Cmd) *server {
	tb.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, addr, ok := strings.Cut(lines.Text(), "listening on http://"); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return &server{addr: strings.TrimSpace(addr), pathPrefix: "/", Group: Group{[]int{cmd.Process.Pid}}}
		}
	}
	tb.Fatal("the server ended before it listened")
	return nil
}

// streamPath gives each stream one object, which it replaces again and again.
func (s *server) streamPath(stream, _ int) string { return s.pathPrefix + "o" + strconv.Itoa(stream) }

func benchDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(os.Getenv("NEEDLETAIL_BENCH_DIR"), "needletail-bench-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func startNeedletail(tb testing.TB) *server {
	tb.Helper()
	return startBuilt(tb, "", os.Getenv("NEEDLETAIL_BENCH_CPU_PROFILE"))
}

// startBuilt builds needletail with build tags and starts it; profile is the
// file of its CPU profile, or "".
func startBuilt(tb testing.TB, tags, profile string) *server {
	tb.Helper()
	dir := benchDir(tb)
	binary := filepath.Join(dir, "needletail")
	if out, err := exec.Command("go", "build", "-tags", tags, "-o", binary, "needletail/cmd/needletail").CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return startBinary(tb, dir, binary, profile)
}

// startBinary starts a build of needletail with its data in dir.
func startBinary(tb testing.TB, dir, binary, profile string) *server {
	tb.Helper()
	config := filepath.Join(dir, "bench.toml")
	if err := os.WriteFile(config, []byte("[log]\nlevel = \"warn\"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	args := []string{"serve", "--data", filepath.Join(dir, "data"), "--config", config,
		"--listen", "127.0.0.1:0", "--tempauth-user", "bench:bench=" + benchKey + ",.admin"}
	if profile != "" {
		args = append(args, "--cpu-profile", profile)
	}
	s := start(tb, exec.Command(binary, args...))
	s.dir = filepath.Join(dir, "data")
	s.logIn(tb)
	return s
}

// logIn gets a token from TempAuth and makes the container that is written to.
func (s *server) logIn(tb testing.TB) {
	tb.Helper()
	s.authenticate(tb, "bench:bench", benchKey)
	s.makeContainer(tb, "/v1/AUTH_bench/c")
}

func (s *server) authenticate(tb testing.TB, user, key string) {
	tb.Helper()
	s.token = s.request(tb, "GET", "/auth/v1.0", "X-Auth-User", user, "X-Auth-Key", key).Get("X-Auth-Token")
}

// makeContainer makes the container of all later requests. More header fields are
// pairs of a name and a value.
func (s *server) makeContainer(tb testing.TB, path string, more ...string) {
	tb.Helper()
	s.request(tb, "PUT", path, append(more, "X-Auth-Token", s.token)...)
	s.pathPrefix = path + "/"
}

// request returns the header of an answer, which has to be 2xx. The fields are
// pairs of a name and a value.
func (s *server) request(tb testing.TB, method, path string, fields ...string) http.Header {
	tb.Helper()
	req, err := http.NewRequest(method, "http://"+s.addr+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if s.dial != nil {
		transport.DialContext = func(_ context.Context, network, addr string) (net.Conn, error) { return s.dial(network, addr) }
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil || res.StatusCode/100 != 2 {
		tb.Fatalf("%s %s: %v %v", method, path, res, err)
	}
	res.Body.Close()
	return res.Header
}

func startFloor(tb testing.TB, kind string) *server {
	tb.Helper()
	cmd := exec.Command(os.Args[0], benchDir(tb))
	cmd.Env = append(os.Environ(), floorEnv+"="+kind)
	return start(tb, cmd)
}

// mallocs is the server's count of heap allocations, from its own metrics.
func (s *server) mallocs(tb testing.TB) float64 {
	tb.Helper()
	res, err := http.Get("http://" + s.addr + "/metrics")
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "go_memstats_mallocs_total "); ok {
			n, err := strconv.ParseFloat(v, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return n
		}
	}
	tb.Fatal("no go_memstats_mallocs_total in /metrics")
	return 0
}

// total adds rounds up.
type total struct {
	Result
	cpuSeconds     float64
	backendSeconds float64 // of the servers behind
}

// round runs the load and ends the benchmark if that fails.
func (t *total) round(b *testing.B, s *server, l Load) {
	b.Helper()
	if err := t.run(s, l); err != nil {
		b.Fatal(err)
	}
}

// run runs the load, of the streams' own objects if it names no others.
func (t *total) run(s *server, l Load) error {
	l = s.aim(l)
	behind, err := s.backends.CPUSeconds()
	if err != nil {
		return err
	}
	before, err := s.CPUSeconds()
	if err != nil {
		return err
	}
	r, err := l.Run()
	if err != nil {
		return err
	}
	after, err := s.CPUSeconds()
	if err != nil {
		return err
	}
	behindAfter, err := s.backends.CPUSeconds()
	if err != nil {
		return err
	}
	t.backendSeconds += behindAfter - behind
	t.Ops += r.Ops
	t.Latencies = r.Latencies
	t.Bytes += r.Bytes
	t.Elapsed += r.Elapsed
	t.cpuSeconds += after - before
	return nil
}

// aim gives a load the server for its target, and the streams' own objects if the
// load names no others.
func (s *server) aim(l Load) Load {
	l.Addr, l.Dial, l.Token = s.addr, s.dial, s.token
	if l.Path == nil {
		l.Path = s.streamPath
	}
	return l
}

// roundBytes is what one round moves at least, so that CPU time, which the
// kernel counts in hundredths of a second, means something.
const roundBytes = 256 << 20

func opsPerStream(size int64, streams int) int {
	ops := roundBytes / size / int64(streams)
	return int(min(max(ops, 1), int64(4096/streams)))
}

var (
	benchSizes = []struct {
		name  string
		bytes int64
	}{{"4KiB", 4 << 10}, {"1MiB", 1 << 20}, {"64MiB", 64 << 20}, {"1GiB", 1 << 30}}
	benchStreams = []int{1, 4, 16}
)

func forEachShape(b *testing.B, run func(b *testing.B, l Load)) {
	for _, size := range benchSizes {
		for _, streams := range benchStreams {
			b.Run(fmt.Sprintf("size=%s/streams=%d", size.name, streams), func(b *testing.B) {
				run(b, Load{Streams: streams, OpsPerStream: opsPerStream(size.bytes, streams), SizeBytes: size.bytes})
			})
		}
	}
}

func BenchmarkUpload(b *testing.B) {
	s, discard, direct := startNeedletail(b), startFloor(b, "discard"), startFloor(b, "direct")
	noDigest := startNoDigest(b)
	forEachShape(b, func(b *testing.B, l Load) {
		l.Method = "PUT"
		measure(b, s, l, map[string]*server{"x-discard": discard, "x-direct": direct, "x-nodigest": noDigest})
	})
}

func BenchmarkDownload(b *testing.B) {
	s := startNeedletail(b)
	forEachShape(b, func(b *testing.B, l Load) {
		put := l
		put.Method, put.OpsPerStream = "PUT", 1
		if _, err := s.aim(put).Run(); err != nil {
			b.Fatal(err)
		}
		l.Method = "GET"
		measure(b, s, l, nil)
	})
}

// measure runs b.N rounds of the load, the floors' in between, and reports.
func measure(b *testing.B, s *server, l Load, floors map[string]*server) {
	b.Helper()
	if err := s.ResetPeakRSS(); err != nil {
		b.Fatal(err)
	}
	var own total
	floorTotals := map[string]*total{}
	for name := range floors {
		floorTotals[name] = &total{}
	}
	mallocs := 0.0
	for range b.N {
		before := s.mallocs(b)
		own.round(b, s, l)
		mallocs += s.mallocs(b) - before
		for name, f := range floors {
			floorTotals[name].round(b, f, l)
		}
	}
	rss, err := s.PeakRSSBytes()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(own.MBPerSecond(), "MB/s")
	b.ReportMetric(float64(own.Ops)/own.Elapsed.Seconds(), "op/s")
	b.ReportMetric(own.cpuSeconds/(float64(own.Bytes)/1e9), "cpu-s/GB")
	b.ReportMetric(float64(rss)/1e6, "peakRSS-MB")
	b.ReportMetric(mallocs/float64(own.Ops), "mallocs/op")
	b.ReportMetric(float64(own.Elapsed)/float64(time.Millisecond)/float64(own.Ops)*float64(l.Streams), "ms/op")
	for name, f := range floorTotals {
		b.ReportMetric(own.MBPerSecond()/f.MBPerSecond(), name)
	}
	b.ReportMetric(0, "ns/op")
}
