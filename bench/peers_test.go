//go:build compare

package bench

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", port), pathPrefix: "/", Group: Group{[]int{root}}}
	awaitHTTP(b, "http://"+s.addr+"/")
	return s
}

// startSwift runs OpenStack Swift: account, container and object server, proxy
// and memcached, one replica, two workers each.
func startSwift(b *testing.B) *server {
	b.Helper()
	dir := benchDir(b)
	if _, err := os.Stat("/etc/swift/swift.conf"); err != nil {
		writeFile(b, "/etc/swift/swift.conf", "[swift-hash]\nswift_hash_path_suffix = bench\nswift_hash_path_prefix = bench\n[storage-policy:0]\nname = Policy-0\ndefault = yes\n")
	}
	ports := freePorts(b, 5)
	object, container, account, proxy, cache := ports[0], ports[1], ports[2], ports[3], ports[4]
	if err := os.Mkdir(filepath.Join(dir, "d1"), 0o755); err != nil {
		b.Fatal(err)
	}
	rings := map[string]int{"object": object, "object-1": object, "container": container, "account": account}
	for name, port := range rings {
		makeSwiftRing(b, dir, name, port)
	}
	roots := []int{startPeer(b, "memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", fmt.Sprint(cache))}
	for name, port := range map[string]int{"object": object, "container": container, "account": account} {
		path := filepath.Join(dir, name+"-server.conf")
		writeFile(b, path, fmt.Sprintf("[DEFAULT]\ndevices = %[1]s\nmount_check = false\nbind_ip = 127.0.0.1\nbind_port = %[2]d\nworkers = 2\nuser = root\nlog_level = ERROR\nswift_dir = %[1]s\n[pipeline:main]\npipeline = %[3]s-server\n[app:%[3]s-server]\nuse = egg:swift#%[3]s\n", dir, port, name))
		roots = append(roots, startPeer(b, "swift-"+name+"-server", path))
	}
	path := filepath.Join(dir, "proxy-server.conf")
	writeFile(b, path, fmt.Sprintf(`[DEFAULT]
bind_ip = 127.0.0.1
bind_port = %d
workers = 2
user = root
log_level = ERROR
swift_dir = %s
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:%d
[filter:tempauth]
use = egg:swift#tempauth
user_bench_bench = %s .admin
`, proxy, dir, cache, benchKey)+swiftFilters())
	roots = append(roots, startPeer(b, "swift-proxy-server", path))
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", proxy), Group: Group{roots}}
	awaitHTTP(b, "http://"+s.addr+"/healthcheck")
	s.logIn(b)
	return s
}

func swiftFilters() string {
	var text strings.Builder
	for _, name := range []string{"catch_errors", "gatekeeper", "healthcheck", "listing_formats", "copy", "slo", "dlo"} {
		fmt.Fprintf(&text, "[filter:%s]\nuse = egg:swift#%s\n", name, name)
	}
	return text.String()
}

func makeSwiftRing(b *testing.B, dir, name string, port int) {
	b.Helper()
	builder := filepath.Join(dir, name+".builder")
	for _, args := range [][]string{
		{"create", "8", "1", "1"},
		{"add", fmt.Sprintf("r1z1-127.0.0.1:%d/d1", port), "1"},
		{"rebalance"},
	} {
		out, err := exec.Command("swift-ring-builder", append([]string{builder}, args...)...).CombinedOutput()
		// Exit code 1 is a warning: one device for one replica.
		if _, statErr := os.Stat(filepath.Join(dir, name+".ring.gz")); err != nil && (args[0] != "rebalance" || statErr != nil) {
			b.Fatalf("swift-ring-builder %v: %v\n%s", args, err, out)
		}
	}
}
