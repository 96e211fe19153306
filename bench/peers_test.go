// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"needletail/bench/saio"
)

// freePorts gives ports that nobody listens on at the moment.
func freePorts(b *testing.B, n int) []int {
	b.Helper()
	ports := make([]int, n)
	for i := range ports {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		ports[i] = ln.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// startPeer runs a peer's process, which ends with the benchmark, and gives its
// id.
func startPeer(b *testing.B, name string, args ...string) int {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatalf("%s: %v (make compare installs it)", name, err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func awaitHTTP(b *testing.B, url string) {
	b.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		res, err := http.Get(url)
		if err == nil {
			res.Body.Close()
			if res.StatusCode < 500 {
				return
			}
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s does not answer: %v", url, err)
		}
	}
}

func writeFile(b *testing.B, path, text string) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// startNginx runs nginx with its dav module over a folder: two workers, as
// there are two cores; sendfile; no digest, no sync.
func startNginx(b *testing.B) *server {
	b.Helper()
	dir := benchDir(b)
	if err := os.Chmod(dir, 0o777); err != nil { // the workers are another user
		b.Fatal(err)
	}
	port := freePorts(b, 1)[0]
	conf := fmt.Sprintf(`daemon off;
user root;
worker_processes 2;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_max_body_size 0; client_body_temp_path %[1]s/tmp;
  server {
    listen 127.0.0.1:%[2]d; root %[1]s/root;
    location / { dav_methods PUT DELETE; create_full_put_path on; }
  }
}
`, dir, port)
	path := filepath.Join(dir, "nginx.conf")
	writeFile(b, path, conf)
	if err := os.Mkdir(filepath.Join(dir, "root"), 0o755); err != nil {
		b.Fatal(err)
	}
	root := startPeer(b, "nginx", "-c", path, "-e", filepath.Join(dir, "error.log"))
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", port), pathPrefix: "/", dir: filepath.Join(dir, "root"), Group: Group{[]int{root}}}
	awaitHTTP(b, "http://"+s.addr+"/")
	return s
}

// startSwift runs OpenStack Swift with the filters that a small site has.
func startSwift(b *testing.B) *server {
	b.Helper()
	p, err := saio.Start(saio.Options{
		Dir:     benchDir(b),
		Filters: []string{"gatekeeper", "healthcheck", "cache", "listing_formats", "tempauth", "copy", "slo", "dlo"},
		Users:   []string{"user_bench_bench = " + benchKey + " .admin"},
		Workers: 2,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Stop)
	s := &server{addr: p.Addr, Group: Group{p.Roots}}
	s.logIn(b)
	return s
}
