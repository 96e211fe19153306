// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/swiftcluster"
)

// The comparison of proxies over one cluster: `make cluster-compare` starts a Swift
// of four storage nodes with Swift's proxy and needletail's beside it, both with the
// users and filters of Swift's sample and with as many workers as there are
// processors. Neither proxy logs requests. Objects lie in memory, so that no disk
// takes part; a set of objects beyond the page cache would ask more of the object
// servers, which are the same for both.
//
// NEEDLETAIL_CLUSTER_EC_TYPE is the ec_type of the policy ec42.

var (
	clusterPolicies = []string{"gold", "ec42"}
	clusterSizes    = []string{"4KiB", "1MiB", "64MiB"} // of compareSizes
	clusterStreams  = []int{1, 8, 16}
)

const (
	clusterFor = 1500 * time.Millisecond // of a round
	// clusterRoundBytes bounds what the streams of a round move, beyond a request of
	// each.
	clusterRoundBytes = 512 << 20
	clusterRounds     = 3
	// clusterRoundsMax is how many rounds a shape gets that misses an aim, if the last
	// begins within clusterShapeFor.
	clusterRoundsMax = 9
	clusterShapeFor  = 30 * time.Second
	clusterForgiven  = 3
	clusterDiskBytes = 7 << 30
)

// sampleFilters are the pipeline of Swift's sample (etc/proxy-server.conf-sample),
// between catch_errors and the application.
var sampleFilters = strings.Fields("gatekeeper healthcheck proxy-logging cache listing_formats container_sync bulk " +
	"tempurl ratelimit tempauth copy container-quotas account-quotas slo dlo versioned_writes symlink proxy-logging")

// aims are what needletail's proxy is to reach beside Swift's.
const (
	smallRequestAim = 0.10 // CPU of a request of 4 KiB
	bytesAim        = 0.25 // CPU of a GB
	rateAim         = 1.0  // throughput, at least
)

func BenchmarkCluster(b *testing.B) {
	c := startCluster(b)
	var missed []string
	for _, policy := range clusterPolicies {
		peers := clusterPeers(b, c, policy)
		for _, l := range clusterLoads() {
			shape := fmt.Sprintf("policy=%s/op=%s/size=%s/streams=%d", policy, l.Method, sizeName(l.SizeBytes), l.Streams)
			b.Run(shape, func(b *testing.B) {
				for _, miss := range clusterShape(b, peers, l) {
					missed = append(missed, shape+": "+miss)
				}
			})
		}
	}
	if len(missed) > 0 {
		b.Errorf("missed:\n%s", strings.Join(missed, "\n"))
	}
}

func clusterLoads() (loads []Load) {
	for _, method := range []string{"PUT", "GET"} {
		for _, size := range compareSizes {
			if !strings.Contains(strings.Join(clusterSizes, " "), size.name) {
				continue
			}
			for _, streams := range clusterStreams {
				ops := max(clusterRoundBytes/size.bytes/int64(streams), 1)
				loads = append(loads, Load{Method: method, Streams: streams, OpsPerStream: int(ops), For: clusterFor, SizeBytes: size.bytes})
			}
		}
	}
	return loads
}

func sizeName(bytes int64) string {
	for _, s := range compareSizes {
		if s.bytes == bytes {
			return s.name
		}
	}
	return fmt.Sprint(bytes)
}

// clusterShape gives both proxies their rounds, and further rounds while an aim is
// missed: a busy machine is not the proxy's fault. The result tells which aims were
// missed in the end.
func clusterShape(b *testing.B, peers []peer, l Load) (missed []string) {
	t := turns{peers: peers, load: l, rounds: map[string][]total{}, shared: true, forgiven: clusterForgiven}
	t.clear = l.Method == "PUT" && l.SizeBytes*int64(l.Streams) >= clusterRoundBytes
	t.reset(b)
	begin := time.Now()
	for t.count < clusterRounds || len(missed) > 0 && t.count < clusterRoundsMax && time.Since(begin) < clusterShapeFor {
		t.round(b)
		missed = missedAims(t.rounds, l.SizeBytes)
	}
	if !t.clear {
		peers[0].clear(b, l)
	}
	reportCompared(b, peers, t.rounds)
	return missed
}

func missedAims(rounds map[string][]total, sizeBytes int64) (missed []string) {
	own, other := rounds["needletail"], rounds["swift"]
	cpu := medianOf(own, total.cpuMicrosecondsPerOp) / medianOf(other, total.cpuMicrosecondsPerOp)
	aim := bytesAim
	if sizeBytes == compareSizes[0].bytes {
		aim = smallRequestAim
	}
	if cpu > aim {
		missed = append(missed, fmt.Sprintf("needletail takes %.3f of the CPU of Swift, not %.2f", cpu, aim))
	}
	if rate := median(own).opsPerSecond() / median(other).opsPerSecond(); rate < rateAim {
		missed = append(missed, fmt.Sprintf("needletail has %.2f of the throughput of Swift", rate))
	}
	return missed
}

// startCluster starts a cluster with both proxies.
func startCluster(b *testing.B) *swiftcluster.Cluster {
	b.Helper()
	ctx := context.Background()
	dir := benchDir(b)
	c, err := swiftcluster.Start(ctx, swiftcluster.Options{
		Dir: filepath.Join(dir, "cluster"), ECType: os.Getenv("NEEDLETAIL_CLUSTER_EC_TYPE"), Filters: sampleFilters,
		DiskBytes: clusterDiskBytes, Workers: runtime.NumCPU(), LogLevel: "WARNING",
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Stop(); err != nil {
			b.Error(err)
		}
	})
	binary := filepath.Join(dir, "needletail")
	if out, err := exec.Command("go", "build", "-o", binary, "needletail/cmd/needletail").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	config := swiftcluster.NeedletailConfig(swiftcluster.NeedletailAddr, "[log]\nlevel = \"warn\"\n")
	if err := c.StartNeedletail(ctx, binary, config); err != nil {
		b.Fatal(err)
	}
	return c
}

// clusterPeers are both proxies, over one container of the policy.
func clusterPeers(b *testing.B, c *swiftcluster.Cluster, policy string) []peer {
	b.Helper()
	pids, err := c.HostPIDs(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	var backends Group
	for _, name := range swiftcluster.StorageServers() {
		backends.Roots = append(backends.Roots, pids[name])
	}
	dial := func(network, addr string) (net.Conn, error) { return c.Dial(context.Background(), network, addr) }
	var peers []peer
	for _, p := range []struct{ name, addr, process string }{
		{"needletail", swiftcluster.NeedletailAddr, "needletail"},
		{"swift", swiftcluster.ProxyAddr, swiftcluster.ProxyServer},
	} {
		s := &server{addr: p.addr, dial: dial, backends: backends, Group: Group{[]int{pids[p.process]}}}
		s.authenticate(b, "test:tester", "testing")
		s.makeContainer(b, "/v1/AUTH_test/"+policy, "X-Storage-Policy", policy)
		peers = append(peers, peer{p.name, s})
	}
	return peers
}
