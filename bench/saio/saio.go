// SPDX-License-Identifier: Apache-2.0

// Package saio starts an OpenStack Swift on loopback, from Debian's packages, to
// compare needletail with Swift. The name is Swift's own: "Swift All In One". One
// replica, an account, a container, an object and a proxy server, memcached, and
// TempAuth.
//
// Data, rings and configuration lie in one folder, swift.conf too. Whether the
// machine has an /etc/swift/swift.conf, and what policies it has, makes no
// difference.
package saio

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Options configure the servers.
type Options struct {
	Dir     string   // must exist; holds data, rings and configuration
	Filters []string // of the proxy's pipeline, between catch_errors and the application
	// Users are lines of TempAuth's configuration: "user_test_tester = testing .admin".
	Users []string
	// Settings holds further lines of a filter's section, by the name of the filter.
	Settings map[string]string
	Workers  int // of each server
}

// Cluster is a running Swift.
type Cluster struct {
	Addr  string // HOST:PORT of the proxy
	Roots []int  // process IDs; the workers are descendants
	cmds  []*exec.Cmd
}

// swiftConf has the policies of a needletail without configuration.
const swiftConf = "[swift-hash]\nswift_hash_path_suffix = peer\nswift_hash_path_prefix = peer\n" +
	"[storage-policy:0]\nname = Policy-0\ndefault = yes\n[storage-policy:1]\nname = silver\n"

// launcher starts a server of Swift's under the interpreter of its own first line.
// The servers read /etc/swift/swift.conf, whatever swift_dir says, when the modules
// with limits and policies are imported. swift.common.utils, with the name of the
// file, imports none of them.
const (
	python   = "/usr/bin/python3"
	launcher = `import runpy, sys
from swift.common.utils import set_swift_dir
set_swift_dir(sys.argv[1])
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
`
)

// startTimeout bounds the wait for a server's first answer: most of a minute on a
// machine that is busy with other work.
const startTimeout = 3 * time.Minute

// Start starts all servers and returns when the proxy answers. The servers run
// until Stop. After an error no server runs.
func Start(o Options) (c *Cluster, err error) {
	c = &Cluster{}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if err := os.WriteFile(filepath.Join(o.Dir, "swift.conf"), []byte(swiftConf), 0o644); err != nil {
		return c, err
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, "d1"), 0o755); err != nil {
		return c, err
	}
	ports, err := freePorts(5)
	if err != nil {
		return c, err
	}
	backends := []backend{{"object", ports[0]}, {"container", ports[1]}, {"account", ports[2]}}
	for _, r := range append(backends, backend{"object-1", ports[0]}) {
		if err := makeRing(o.Dir, r); err != nil {
			return c, err
		}
	}
	if err := c.run("memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", fmt.Sprint(ports[4])); err != nil {
		return c, err
	}
	for _, b := range backends {
		if err := c.runServer(o.Dir, b.name, b.config(o)); err != nil {
			return c, err
		}
	}
	if err := c.runServer(o.Dir, "proxy", proxyConfig(o, ports[3], ports[4])); err != nil {
		return c, err
	}
	c.Addr = fmt.Sprintf("127.0.0.1:%d", ports[3])
	for _, port := range ports {
		if err := awaitPort(port); err != nil {
			return c, err
		}
	}
	return c, c.await()
}

// awaitPort returns when a server listens on the port. The proxy answers before
// the servers behind the proxy listen, and would answer 503.
func awaitPort(port int) error {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(100 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("swift does not listen: %w", err)
		}
	}
}

// Stop ends all servers, and returns when the processes have ended.
func (c *Cluster) Stop() {
	for _, cmd := range c.cmds {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	c.cmds = nil
}

func (c *Cluster) run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return notInstalled(name, err)
	}
	c.cmds = append(c.cmds, cmd)
	c.Roots = append(c.Roots, cmd.Process.Pid)
	return nil
}

func (c *Cluster) runServer(dir, name, config string) error {
	path := filepath.Join(dir, name+"-server.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return err
	}
	script, err := exec.LookPath("swift-" + name + "-server")
	if err != nil {
		return notInstalled("swift-"+name+"-server", err)
	}
	return c.run(python, "-c", launcher, dir, script, path)
}

func notInstalled(name string, err error) error {
	return fmt.Errorf("%s: %w (Debian has it in the packages swift-proxy, swift-object, swift-container, swift-account and memcached)", name, err)
}

func (c *Cluster) await() error {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(100 * time.Millisecond) {
		res, err := http.Get("http://" + c.Addr + "/healthcheck")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("swift does not answer: %w", err)
		}
	}
}

// freePorts returns n ports on which no process listens at the moment.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		ports[i] = ln.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

type backend struct {
	name string
	port int
}

func (b backend) config(o Options) string {
	return fmt.Sprintf(`[DEFAULT]
devices = %s
mount_check = false
bind_ip = 127.0.0.1
bind_port = %d
workers = %d
user = root
log_level = ERROR
swift_dir = %[1]s
[pipeline:main]
pipeline = %[4]s-server
[app:%[4]s-server]
use = egg:swift#%[4]s
`, o.Dir, b.port, o.Workers, b.name)
}

func makeRing(dir string, b backend) error {
	builder := filepath.Join(dir, b.name+".builder")
	for _, args := range [][]string{
		{"create", "8", "1", "1"},
		{"add", fmt.Sprintf("r1z1-127.0.0.1:%d/d1", b.port), "1"},
		{"rebalance"},
	} {
		out, err := exec.Command("swift-ring-builder", append([]string{builder}, args...)...).CombinedOutput()
		if err == nil {
			continue
		}
		// Exit code 1 of a rebalance is a warning: one device for one replica.
		if _, statErr := os.Stat(filepath.Join(dir, b.name+".ring.gz")); args[0] != "rebalance" || statErr != nil {
			return fmt.Errorf("swift-ring-builder %v: %w\n%s", args, err, out)
		}
	}
	return nil
}

func proxyConfig(o Options, port, cachePort int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = %d
workers = %d
user = root
log_level = ERROR
swift_dir = %s
[pipeline:main]
pipeline = catch_errors %s proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 120
recoverable_node_timeout = 120
[filter:catch_errors]
use = egg:swift#catch_errors
`, port, o.Workers, o.Dir, strings.Join(o.Filters, " "))
	for _, f := range o.Filters {
		// The section has the filter's name, the entry point is in snake case.
		entry := strings.ReplaceAll(f, "-", "_")
		switch f {
		case "cache":
			entry = "memcache"
		}
		fmt.Fprintf(&b, "[filter:%s]\nuse = egg:swift#%s\n", f, entry)
		b.WriteString(o.Settings[f])
		switch f {
		case "cache":
			fmt.Fprintf(&b, "memcache_servers = 127.0.0.1:%d\n", cachePort)
		case "tempauth":
			fmt.Fprintln(&b, strings.Join(o.Users, "\n"))
		case "versioned_writes":
			fmt.Fprintln(&b, "allow_versioned_writes = true\nallow_object_versioning = true")
		}
	}
	return b.String()
}
