//go:build compare

package bench

import (
	"fmt"
	"os"
	"slices"
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
//	swift    OpenStack Swift, one replica, memcached, all servers on this machine
//	floor    the direct floor: O_DIRECT and fdatasync, nothing else
//
// NEEDLETAIL_COMPARE_PEER="name=URL-prefix,pid" adds a running server that
// takes PUT and GET below the prefix without a token.

var compareSizes = []struct {
	name  string
	bytes int64
}{{"4KiB", 4 << 10}, {"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"64MiB", 64 << 20}, {"1GiB", 1 << 30}}

var compareStreams = []int{1, 8, 16}

const compareRounds = 3

func BenchmarkCompare(b *testing.B) {
	peers := []peer{
		{"needletail", startNeedletail(b)},
		{"nginx", startNginx(b)},
		{"swift", startSwift(b)},
		{"floor", startFloor(b, "direct")},
	}
	if extra := os.Getenv("NEEDLETAIL_COMPARE_PEER"); extra != "" {
		peers = append(peers, extraPeer(b, extra))
	}
	for _, method := range []string{"PUT", "GET"} {
		for _, size := range compareSizes {
			for _, streams := range compareStreams {
				l := Load{Method: method, Streams: streams, OpsPerStream: compareOps(size.bytes, streams), SizeBytes: size.bytes}
				b.Run(fmt.Sprintf("op=%s/size=%s/streams=%d", method, size.name, streams), func(b *testing.B) {
					compareShape(b, peers, l)
				})
			}
		}
	}
}

type peer struct {
	name string
	*server
}

// compareOps is less than the benchmarks' own: the slowest peer has to come to
// an end as well.
func compareOps(size int64, streams int) int {
	ops := int64(128<<20) / size / int64(streams)
	return int(min(max(ops, 1), int64(2048/streams)))
}

// compareShape gives every peer its rounds in turn and reports each peer's
// median.
func compareShape(b *testing.B, peers []peer, l Load) {
	rounds := map[string][]total{}
	for round := range compareRounds {
		for i := range peers {
			p := peers[(i+round)%len(peers)] // nobody is always first
			if l.Method == "GET" && p.name == "floor" {
				continue
			}
			if l.Method == "GET" && round == 0 {
				p.prepare(b, l)
			}
			var t total
			t.round(b, p.server, l)
			rounds[p.name] = append(rounds[p.name], t)
		}
	}
	for _, p := range peers {
		if len(rounds[p.name]) == 0 {
			continue
		}
		own, ref := median(rounds[p.name]), median(rounds["needletail"])
		b.Run("server="+p.name, func(b *testing.B) {
			b.ReportMetric(own.MBPerSecond(), "MB/s")
			b.ReportMetric(float64(own.Ops)/own.Elapsed.Seconds(), "op/s")
			b.ReportMetric(own.cpuSeconds/(float64(own.Bytes)/1e9), "cpu-s/GB")
			b.ReportMetric(own.cpuSeconds/float64(own.Ops)*1e6, "cpu-µs/op")
			b.ReportMetric(milliseconds(own.Percentile(50)), "p50-ms")
			b.ReportMetric(milliseconds(own.Percentile(99)), "p99-ms")
			b.ReportMetric(ref.MBPerSecond()/own.MBPerSecond(), "needletail-x")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(rounds []total) total {
	sorted := slices.Clone(rounds)
	slices.SortFunc(sorted, func(a, b total) int { return int(a.MBPerSecond()*1000) - int(b.MBPerSecond()*1000) })
	return sorted[len(sorted)/2]
}

// prepare stores what the GETs will read.
func (p peer) prepare(b *testing.B, l Load) {
	b.Helper()
	l.Method, l.OpsPerStream = "PUT", 1
	l.Addr, l.Token, l.Path = p.addr, p.token, p.streamPath
	if _, err := l.Run(); err != nil {
		b.Fatalf("%s: %v", p.name, err)
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
