// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/ring"
)

// scriptedServer stands for a server of a cluster.
type scriptedServer struct {
	name   string            // in the header Server
	recon  map[string]string // answers to /recon/NAME; without an answer 404
	listen *httptest.Server
}

func (s *scriptedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", s.name)
	if r.Method == http.MethodOptions {
		return
	}
	answer, ok := s.recon[strings.TrimPrefix(r.URL.Path, "/recon/")]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if answer == "now" {
		answer = fmt.Sprintf("%.6f", float64(time.Now().UnixNano())/1e9)
	}
	fmt.Fprint(w, answer)
}

// scriptedCluster is a swift_dir whose servers are scripted: two of each kind.
type scriptedCluster struct {
	dir     string
	servers map[string]*scriptedServer // "account1", "account2", "container1"…
}

func startScriptedCluster(t *testing.T) *scriptedCluster {
	t.Helper()
	c := &scriptedCluster{dir: t.TempDir(), servers: map[string]*scriptedServer{}}
	for _, kind := range []string{"account", "container", "object"} {
		var devices []ring.Device
		for n := 1; n <= 2; n++ {
			s := &scriptedServer{name: kind + "-server/2.30.1"}
			s.listen = httptest.NewServer(s)
			t.Cleanup(s.listen.Close)
			c.servers[fmt.Sprint(kind, n)] = s
			port := s.listen.Listener.Addr().(*net.TCPAddr).Port
			for _, name := range []string{"sda", "sdb"} {
				devices = append(devices, ring.Device{ID: len(devices), Region: 1, Zone: n, Weight: 1, IP: "127.0.0.1", Port: port, Device: name})
			}
		}
		writeClusterRing(t, filepath.Join(c.dir, kind+".ring.gz"), devices)
		if kind == "object" { // policy 1 is on the first object server alone
			writeClusterRing(t, filepath.Join(c.dir, "object-1.ring.gz"), devices[:2])
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "swift.conf"), []byte(clusterConf), 0o600))
	for name, s := range c.servers {
		sums := map[string]string{}
		for _, file := range []string{"account.ring.gz", "container.ring.gz", "object.ring.gz", "object-1.ring.gz"} {
			if file != "object-1.ring.gz" || name != "object2" {
				sums[file] = c.sum(t, file)
			}
		}
		s.recon = map[string]string{
			"ringmd5": sumsJSON(sums), "swiftconfmd5": sumsJSON(map[string]string{"swift.conf": c.sum(t, "swift.conf")}), "time": "now",
		}
	}
	return c
}

func (c *scriptedCluster) sum(t *testing.T, name string) string {
	t.Helper()
	sum, err := fileMD5(filepath.Join(c.dir, name))
	require.NoError(t, err)
	return sum
}

// sumsJSON is an answer of recon; "null" is a file that cannot be read.
func sumsJSON(sums map[string]string) string {
	var fields []string
	for name, sum := range sums {
		if sum != "null" {
			sum = `"` + sum + `"`
		}
		fields = append(fields, fmt.Sprintf(`"/etc/swift/%s": %s`, name, sum))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func writeClusterRing(t *testing.T, path string, devices []ring.Device) {
	t.Helper()
	b, err := ring.NewBuilder(4, 2, 1)
	require.NoError(t, err)
	for _, d := range devices {
		require.NoError(t, b.Add(d))
	}
	_, err = b.Rebalance(1)
	require.NoError(t, err)
	r, err := b.Ring(ring.Hash{})
	require.NoError(t, err)
	require.NoError(t, r.WriteFile(path, 1))
}

func (c *scriptedCluster) check(t *testing.T, flags ...string) (string, int) {
	t.Helper()
	patient := []string{"cluster", "check", "--swift-dir", c.dir, "--timeout", "1m", "--clock-difference", "1h"}
	return runCommand(t, append(patient, flags...)...)
}

// line is how the output names a server.
func (c *scriptedCluster) line(name string) string {
	return fmt.Sprintf("%s server %s: ", strings.TrimRight(name, "12"), c.servers[name].listen.Listener.Addr())
}

func TestClusterCheckAgrees(t *testing.T) {
	c := startScriptedCluster(t)
	out, code := c.check(t)
	require.Zero(t, code, out)
	require.Equal(t, "6 of 6 servers agree.\n", out)
	out, code = c.check(t, "-v")
	require.Zero(t, code, out)
	for name := range c.servers {
		require.Contains(t, out, c.line(name)+"agrees\n")
	}
}

// TestClusterCheckFindings: each fault of a server is told with the server's
// name, and the others agree.
func TestClusterCheckFindings(t *testing.T) {
	other := strings.Repeat("0", 32)
	for name, f := range map[string]struct {
		server string
		change func(t *testing.T, c *scriptedCluster, s *scriptedServer)
		says   string
	}{
		"is dead": {"account1", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.listen.Close() }, "no answer: "},
		"of another kind": {"container1", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.name = "object-server/2.30.1" },
			`is not a server of this kind: its name is "object-server"`},
		"without recon": {"object1", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.recon = nil },
			"the filter recon does not answer (/recon/ringmd5: 404 Not Found)"},
		"another ring": {"object2", func(t *testing.T, c *scriptedCluster, s *scriptedServer) {
			s.recon["ringmd5"] = sumsJSON(map[string]string{"object.ring.gz": other})
		}, "object.ring.gz is another one: MD5 " + other + " there, "},
		"another ring of another kind": {"object2", func(t *testing.T, c *scriptedCluster, s *scriptedServer) {
			s.recon["ringmd5"] = sumsJSON(map[string]string{"object.ring.gz": c.sum(t, "object.ring.gz"), "account.ring.gz": other})
		}, "account.ring.gz is another one"},
		"a ring of its policy is missing": {"object1", func(t *testing.T, c *scriptedCluster, s *scriptedServer) {
			s.recon["ringmd5"] = sumsJSON(map[string]string{"object.ring.gz": c.sum(t, "object.ring.gz")})
		}, "object-1.ring.gz is missing"},
		"a ring that cannot be read": {"object2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) {
			s.recon["ringmd5"] = sumsJSON(map[string]string{"object.ring.gz": "null"})
		}, "object.ring.gz cannot be read"},
		"another swift.conf": {"account2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) {
			s.recon["swiftconfmd5"] = sumsJSON(map[string]string{"swift.conf": other})
		}, "swift.conf is another one: MD5 " + other},
		"an unreadable swift.conf": {"account2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) {
			s.recon["swiftconfmd5"] = sumsJSON(map[string]string{"swift.conf": "null"})
		}, "swift.conf cannot be read"},
		"no swift.conf":    {"account2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.recon["swiftconfmd5"] = "{}" }, "swift.conf is missing"},
		"a clock behind":   {"container2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.recon["time"] = "1.5" }, " behind"},
		"a clock ahead":    {"container2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.recon["time"] = "1e300" }, " ahead"},
		"nonsense":         {"container2", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.recon["time"] = `"noon"` }, `the answer to /recon/time is not understood: "\"noon\""`},
		"nonsense of sums": {"object1", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) { s.recon["ringmd5"] = "[1]" }, "the answer to /recon/ringmd5 is not understood"},
		"too long": {"object1", func(_ *testing.T, _ *scriptedCluster, s *scriptedServer) {
			s.recon["ringmd5"] = strings.Repeat(" ", maxReconBytes+1)
		}, "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			c := startScriptedCluster(t)
			f.change(t, c, c.servers[f.server])
			out, code := c.check(t)
			require.Equal(t, exitWarning, code, out)
			require.Contains(t, out, c.line(f.server))
			require.Contains(t, out, f.says)
			require.Contains(t, out, "5 of 6 servers agree.\n")
		})
	}
}

// TestClusterCheckLongestAnswer: an answer of the longest length is read.
func TestClusterCheckLongestAnswer(t *testing.T) {
	c := startScriptedCluster(t)
	answer := c.servers["object1"].recon["ringmd5"]
	c.servers["object1"].recon["ringmd5"] = answer + strings.Repeat(" ", maxReconBytes-len(answer))
	out, code := c.check(t)
	require.Zero(t, code, out)
}

// TestClusterCheckSilentServer: a server that takes connections and is silent
// does not hold the others up.
func TestClusterCheckSilentServer(t *testing.T) {
	c := startScriptedCluster(t)
	s := c.servers["object2"]
	block := make(chan struct{})
	s.listen.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block })
	out, code := c.check(t, "--timeout", "300ms")
	close(block)
	require.Equal(t, exitWarning, code, out)
	require.Contains(t, out, c.line("object2")+"no answer: ")
}

func TestClusterCheckFaults(t *testing.T) {
	c := startScriptedCluster(t)
	_, code := c.check(t, "--timeout", "0s")
	require.Equal(t, exitUsage, code)
	_, code = c.check(t, "--clock-difference", "-1s")
	require.Equal(t, exitUsage, code)
	_, code = c.check(t, "extra")
	require.Equal(t, exitUsage, code)

	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "swift.conf"), []byte("[storage-policy:0]\nname = a b\n"), 0o600))
	out, code := c.check(t)
	require.Equal(t, exitFailure, code)
	require.Contains(t, out, "swift_hash_path_suffix")
	require.Contains(t, out, `"a b"`)
	require.NoError(t, os.Remove(filepath.Join(c.dir, "swift.conf")))
	_, code = c.check(t)
	require.Equal(t, exitNotFound, code)
}

func TestClockDifference(t *testing.T) {
	before, after := time.Unix(1000, 0), time.Unix(1002, 0)
	for seconds, want := range map[float64]time.Duration{
		1000: 0, 1001.5: 0, 1002: 0, 999.5: -500 * time.Millisecond, 1002.25: 250 * time.Millisecond,
	} {
		require.Equal(t, want, clockDifference(before, after, seconds), "%v", seconds)
	}
	require.Greater(t, clockDifference(before, after, 1e300), 100*365*24*time.Hour)
	require.Less(t, clockDifference(before, after, -1e300), -100*365*24*time.Hour)
}
