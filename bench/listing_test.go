// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// listedObjects is how many objects are listed: NEEDLETAIL_BENCH_OBJECTS, or
// otherwise.
func listedObjects(b *testing.B, otherwise int) int {
	b.Helper()
	text := os.Getenv("NEEDLETAIL_BENCH_OBJECTS")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		b.Fatalf("NEEDLETAIL_BENCH_OBJECTS=%q", text)
	}
	return n
}

// listingPage is the largest page that a listing gives.
const listingPage = 10_000

// subdirObjects is how many names share what a delimiter listing rolls up.
const subdirObjects = 1000

// itemName is the name of the i-th object or container.
func itemName(i int) string { return fmt.Sprintf("%05d-%03d", i/subdirObjects, i%subdirObjects) }

// fill makes the objects or containers from..to-1 below prefix, empty.
func (s *server) fill(b *testing.B, prefix string, from, to int) Result {
	b.Helper()
	const streams = 64
	perStream := (to - from + streams - 1) / streams
	l := Load{
		Addr: s.addr, Token: s.token, Method: "PUT", Streams: streams, OpsPerStream: perStream,
		Path: func(stream, n int) string { return prefix + itemName(min(from+stream*perStream+n, to-1)) },
	}
	r, err := l.Run()
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// pages reads a page of a listing that begins with the item from, count times.
func (s *server) pages(target string, from, count int) Load {
	target += "?format=json&limit=" + strconv.Itoa(listingPage)
	if from > 0 {
		target += "&marker=" + itemName(from-1)
	}
	return Load{
		Addr: s.addr, Token: s.token, Method: "GET", Streams: 1, OpsPerStream: count, SizeBytes: -1,
		Path: func(int, int) string { return target },
	}
}

// BenchmarkListing reads pages of 10 000 entries at the beginning, in the
// middle and at the end of one large container. last/first is the ratio of
// their times.
func BenchmarkListing(b *testing.B) {
	s := startNeedletail(b)
	objects := listedObjects(b, 1_000_000)
	filled := s.fill(b, s.pathPrefix, 0, objects)
	b.Logf("filled: %d empty objects, %.0f/s", filled.Ops, float64(filled.Ops)/filled.Elapsed.Seconds())
	container := s.pathPrefix[:len(s.pathPrefix)-1]
	places := map[string]int{"first": 0, "middle": objects / 2, "last": objects - min(listingPage, objects)}
	elapsed := map[string]float64{}
	for range b.N {
		for where, from := range places {
			r, err := s.pages(container, from, 5).Run()
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
