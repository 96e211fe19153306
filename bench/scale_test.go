package bench

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// BenchmarkManyUploads holds 64 uploads of 256 MiB at once: what matters is
// peakRSS-MB, which must not follow the size of the bodies.
func BenchmarkManyUploads(b *testing.B) {
	s := startNeedletail(b)
	measure(b, s, Load{Method: "PUT", Streams: 64, OpsPerStream: 1, SizeBytes: 256 << 20}, nil)
}

// listedObjects is how many objects BenchmarkListing lists; a million, unless
// NEEDLETAIL_BENCH_OBJECTS says otherwise.
func listedObjects(b *testing.B) int {
	text := os.Getenv("NEEDLETAIL_BENCH_OBJECTS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		b.Fatalf("NEEDLETAIL_BENCH_OBJECTS=%q", text)
	}
	return n
}

// BenchmarkListing reads pages of 10 000 entries at the beginning, in the
// middle and at the end of one large container. last/first is the ratio of
// their times.
func BenchmarkListing(b *testing.B) {
	s := startNeedletail(b)
	objects := listedObjects(b)
	const streams = 64
	perStream := objects / streams
	name := func(i int) string { return fmt.Sprintf("object-%08d", i) }
	fill := Load{
		Addr: s.addr, Token: s.token, Method: "PUT", Streams: streams, OpsPerStream: perStream,
		Path: func(stream, n int) string { return s.pathPrefix + name(stream*perStream+n) },
	}
	filled, err := fill.Run()
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("filled: %d empty objects, %.0f/s", filled.Ops, float64(filled.Ops)/filled.Elapsed.Seconds())
	const page = 10_000
	container := s.pathPrefix[:len(s.pathPrefix)-1]
	markers := map[string]string{"first": "", "middle": name(filled.Ops / 2), "last": name(filled.Ops - page - 1)}
	var elapsed = map[string]float64{}
	for range b.N {
		for where, marker := range markers {
			get := Load{
				Addr: s.addr, Token: s.token, Method: "GET", Streams: 1, OpsPerStream: 5, SizeBytes: -1,
				Path: func(int, int) string { return container + "?format=json&limit=10000&marker=" + marker },
			}
			r, err := get.Run()
			if err != nil {
				b.Fatal(err)
			}
			elapsed[where] += r.Elapsed.Seconds() * 1000 / float64(r.Ops*b.N)
		}
	}
	for where, ms := range elapsed {
		b.ReportMetric(ms, where+"-ms")
	}
	b.ReportMetric(elapsed["last"]/elapsed["first"], "last/first")
	b.ReportMetric(elapsed["middle"]/elapsed["first"], "middle/first")
	b.ReportMetric(0, "ns/op")
}
