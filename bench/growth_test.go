// SPDX-License-Identifier: Apache-2.0

//go:build growth

package bench

import (
	"fmt"
	"strconv"
	"testing"
)

// How cost grows: `make growth`. Each benchmark is one curve family; the last
// part of a line's name, n=…, is its x. Every point is the median of
// growthRounds rounds.
//
//	by=streams     throughput against connections, 1 to 256
//	by=size        throughput against the size of an object, 1 B to 5 GiB
//	by=objects     requests against objects in their container, 10^3 to 10^7
//	by=pages       the pages of one listing, from the first to the last
//	by=containers  requests against containers in their account, to 10^6
//
// NEEDLETAIL_BENCH_OBJECTS ends the objects earlier, and containers at a tenth
// of it.

const growthRounds = 3

// growthBytesMax bounds what one round moves, and so what lies on the disk.
const growthBytesMax = 16 << 30

// point runs the load in growthRounds rounds and reports the median.
func point(b *testing.B, s *server, name string, l Load) {
	b.Run(name, func(b *testing.B) {
		var rounds []total
		if err := s.ResetPeakRSS(); err != nil {
			b.Fatal(err)
		}
		for range growthRounds {
			var t total
			t.round(b, s, l)
			rounds = append(rounds, t)
		}
		rss, err := s.PeakRSSBytes()
		if err != nil {
			b.Fatal(err)
		}
		m := median(rounds)
		if l.SizeBytes > 0 {
			b.ReportMetric(m.MBPerSecond(), "MB/s")
			b.ReportMetric(m.cpuSeconds/(float64(m.Bytes)/1e9), "cpu-s/GB")
		}
		b.ReportMetric(float64(m.Ops)/m.Elapsed.Seconds(), "op/s")
		b.ReportMetric(m.cpuSeconds/float64(m.Ops)*1e6, "cpu-µs/op")
		b.ReportMetric(milliseconds(m.Percentile(50)), "p50-ms")
		b.ReportMetric(milliseconds(m.Percentile(99)), "p99-ms")
		b.ReportMetric(float64(rss)/1e6, "peakRSS-MB")
		b.ReportMetric(0, "ns/op")
	})
}

// growthOps is how many requests of each stream make a round long enough to be
// measured.
func growthOps(size int64, streams int) int {
	ops := int64(512<<20) / max(size, 1) / int64(streams)
	return int(min(max(ops, 1), int64(max(16384/streams, 1))))
}

func BenchmarkGrowthStreams(b *testing.B) {
	s := startNeedletail(b)
	for _, size := range []struct {
		name  string
		bytes int64
	}{{"4KiB", 4 << 10}, {"1MiB", 1 << 20}, {"64MiB", 64 << 20}} {
		for _, method := range []string{"PUT", "GET"} {
			for streams := 1; streams <= 256; streams *= 2 {
				l := Load{
					Method: method, Streams: streams, OpsPerStream: growthOps(size.bytes, streams),
					SizeBytes: size.bytes, Path: s.streamPath,
				}
				point(b, s, fmt.Sprintf("by=streams/op=%s/size=%s/n=%d", method, size.name, streams), l)
			}
		}
	}
}

func BenchmarkGrowthSize(b *testing.B) {
	s := startNeedletail(b)
	const streams = 8
	for _, size := range []int64{
		1, 256, 4 << 10, 16 << 10, 64 << 10, 64<<10 + 1, 256 << 10, 1 << 20, 4 << 20,
		16 << 20, 64 << 20, 256 << 20, 1 << 30, 5<<30 - 1,
	} {
		for _, method := range []string{"PUT", "GET"} {
			l := Load{
				Method: method, Streams: int(min(streams, growthBytesMax/size)),
				OpsPerStream: growthOps(size, streams), SizeBytes: size, Path: s.streamPath,
			}
			point(b, s, fmt.Sprintf("by=size/op=%s/n=%d", method, size), l)
		}
	}
}

// subdirsListed is how many subdirs the delimiter listing returns.
const subdirsListed = 100

func BenchmarkGrowthObjects(b *testing.B) {
	s := startNeedletail(b)
	container := s.pathPrefix[:len(s.pathPrefix)-1]
	filled, last := 0, listedObjects(b, 10_000_000)
	for n := 1000; n <= last; n *= 10 {
		s.fill(b, s.pathPrefix, filled, n)
		filled = n
		s.growthOfListing(b, "objects", container, n)
		if n >= subdirsListed*subdirObjects {
			l := Load{Method: "GET", Streams: 1, OpsPerStream: 20, SizeBytes: -1, Path: func(int, int) string {
				return container + "?format=json&delimiter=-&limit=" + strconv.Itoa(subdirsListed)
			}}
			point(b, s, fmt.Sprintf("by=objects/op=delimiter/n=%d", n), l)
		}
		for _, method := range []string{"HEAD", "GET", "PUT"} {
			l := Load{Method: method, Streams: 16, OpsPerStream: 500, Path: func(stream, i int) string {
				return s.pathPrefix + itemName((stream*500+i)*7919%n)
			}}
			point(b, s, fmt.Sprintf("by=objects/op=%s/n=%d", method, n), l)
		}
	}
	const parts = 20
	for part := range parts {
		from := filled / parts * part
		point(b, s, fmt.Sprintf("by=pages/op=page/n=%d", from), s.pages(container, from, 5))
	}
}

func BenchmarkGrowthContainers(b *testing.B) {
	s := startNeedletail(b)
	account := s.pathPrefix[:len(s.pathPrefix)-len("/c/")]
	filled, last := 0, listedObjects(b, 10_000_000)/10
	for n := 1000; n <= last; n *= 10 {
		s.fill(b, account+"/", filled, n)
		filled = n
		s.growthOfListing(b, "containers", account, n)
		for _, op := range []struct{ name, method, path string }{
			{"HEAD-account", "HEAD", account},
			{"PUT-object", "PUT", s.pathPrefix + "o"},
		} {
			l := Load{Method: op.method, Streams: 16, OpsPerStream: 500, Path: func(int, int) string { return op.path }}
			point(b, s, fmt.Sprintf("by=containers/op=%s/n=%d", op.name, n), l)
		}
		l := Load{Method: "HEAD", Streams: 16, OpsPerStream: 500, Path: func(stream, i int) string {
			return account + "/" + itemName((stream*500+i)*7919%n)
		}}
		point(b, s, fmt.Sprintf("by=containers/op=HEAD-container/n=%d", n), l)
	}
}

// growthOfListing measures a full page at the beginning, in the middle and at
// the end. A container of a thousand gives a thousand: its page is not
// compared with a full one.
func (s *server) growthOfListing(b *testing.B, by, target string, n int) {
	if n < listingPage {
		return
	}
	for _, at := range []struct {
		name string
		from int
	}{{"first", 0}, {"middle", (n - listingPage) / 2}, {"last", n - listingPage}} {
		point(b, s, fmt.Sprintf("by=%s/op=page-%s/n=%d", by, at.name, n), s.pages(target, at.from, 10))
	}
}
