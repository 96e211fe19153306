// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The comparison with peers: `make compare` installs nginx and OpenStack Swift
// from Debian and drives them and needletail with the same load, in turns, in
// one run. What the peers do differs and is part of what the numbers say:
//
//	nginx    dav PUT: no digest, no sync, no listing; GET by sendfile
//	minio    MinIO on one folder, if there is a binary; requests need no signature
//	swift    OpenStack Swift, one replica, memcached, all servers on this machine
//	floor    the direct floor: O_DIRECT and fdatasync, nothing else
//	nodigest needletail built without its MD5
//
// For the upload and download of one large object there are also the machine's
// own rates (machine_test.go): md5, write and read.
//
// NEEDLETAIL_COMPARE_MINIO adds MinIO, of which it is the binary.
// NEEDLETAIL_COMPARE_PEER="name=URL-prefix,pid" adds a running server that
// takes PUT, GET and DELETE below the prefix without a token.

var compareSizes = []struct {
	name  string
	bytes int64
}{{"4KiB", 4 << 10}, {"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"64MiB", 64 << 20}, {"1GiB", 1 << 30}}

var compareStreams = []int{1, 8, 16}

const (
	// compareFor is how long a round goes on beginning requests: the slowest
	// peer has to come to an end as well.
	compareFor    = 2 * time.Second
	compareRounds = 3
	// heavyBytes is what one request of each stream moves from which on a shape
	// gets one round, after which each peer's objects are deleted: not all peers'
	// fit on the disk at once.
	heavyBytes = 8 << 30
)

func heavy(l Load) bool { return l.SizeBytes*int64(l.Streams) >= heavyBytes }

func BenchmarkCompare(b *testing.B) {
	peers := []peer{
		{"needletail", startNeedletail(b)},
		{"nginx", startNginx(b)},
		{"swift", startSwift(b)},
		{"floor", startFloor(b, "direct")},
		{"nodigest", startNoDigest(b)},
	}
	if binary := os.Getenv("NEEDLETAIL_COMPARE_MINIO"); binary != "" {
		peers = append(peers, peer{"minio", startMinIO(b, binary)})
	}
	if extra := os.Getenv("NEEDLETAIL_COMPARE_PEER"); extra != "" {
		peers = append(peers, extraPeer(b, extra))
	}
	for _, method := range []string{"PUT", "GET"} {
		for _, size := range compareSizes {
			for _, streams := range compareStreams {
				l := Load{Method: method, Streams: streams, OpsPerStream: opsMax, For: compareFor, SizeBytes: size.bytes}
				b.Run(fmt.Sprintf("op=%s/size=%s/streams=%d", method, size.name, streams), func(b *testing.B) {
					compareShape(b, peers, l)
				})
			}
		}
	}
}

// opsMax is no limit beside compareFor.
const opsMax = 1 << 30

// compareShape gives every peer its rounds in turn and reports each peer's
// median.
func compareShape(b *testing.B, peers []peer, l Load) {
	machine := machineRates(b, l)
	count := compareRounds
	if heavy(l) {
		count = 1
	}
	t := turns{peers: peers, load: l, rounds: map[string][]total{}, clear: heavy(l)}
	t.reset(b)
	for range count {
		t.round(b)
		for _, m := range machine {
			t.rounds[m.name] = append(t.rounds[m.name], m.round(b))
		}
	}
	for _, m := range machine {
		peers = append(peers, peer{name: m.name})
	}
	reportCompared(b, peers, t.rounds)
}

// reportCompared gives each peer a line of the round of its median rate; the CPU
// times are the medians of all rounds. needletail-x is
// needletail's throughput divided by the peer's. A peer without a server is the
// machine itself.
func reportCompared(b *testing.B, peers []peer, rounds map[string][]total) {
	for _, p := range peers {
		if len(rounds[p.name]) == 0 {
			continue
		}
		own, ref := median(rounds[p.name]), median(rounds["needletail"])
		b.Run("server="+p.name, func(b *testing.B) {
			b.ReportMetric(own.MBPerSecond(), "MB/s")
			b.ReportMetric(float64(own.Ops)/own.Elapsed.Seconds(), "op/s")
			b.ReportMetric(medianOf(rounds[p.name], total.cpuSecondsPerGB), "cpu-s/GB")
			b.ReportMetric(medianOf(rounds[p.name], total.cpuMicrosecondsPerOp), "cpu-µs/op")
			b.ReportMetric(milliseconds(own.Percentile(50)), "p50-ms")
			b.ReportMetric(milliseconds(own.Percentile(99)), "p99-ms")
			if p.server != nil {
				rss, err := p.PeakRSSBytes()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(rss)/1e6, "peakRSS-MB")
				if len(p.backends.Roots) > 0 {
					b.ReportMetric(medianOf(rounds[p.name], total.backendMicrosecondsPerOp), "backends-cpu-µs/op")
				}
			}
			b.ReportMetric(ref.MBPerSecond()/own.MBPerSecond(), "needletail-x")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func extraPeer(b *testing.B, spec string) peer {
	b.Helper()
	name, rest, _ := strings.Cut(spec, "=")
	url, pid, ok := strings.Cut(rest, ",")
	root, err := strconv.Atoi(pid)
	addr, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	if !ok || err != nil {
		b.Fatalf("NEEDLETAIL_COMPARE_PEER=%q is not name=URL,pid", spec)
	}
	return peer{name, &server{addr: addr, pathPrefix: "/" + path, Group: Group{[]int{root}}}}
}
