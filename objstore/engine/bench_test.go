// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"needletail/objstore"
)

// BenchmarkPutSmall: durable puts of 4 KiB by so many writers into one
// container, on the disk of the temporary folder.
func BenchmarkPutSmall(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			e := openTest(b, b.TempDir(), Options{})
			defer closeTest(b, e)
			makeBox(b, e)
			body := randomBody(1, 4096)
			b.SetBytes(4096)
			b.ReportAllocs()
			b.ResetTimer()
			benchPut(b, e, writers, body)
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}

func benchPut(b *testing.B, e *Engine, writers int, body []byte) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				_, err := e.PutObject(ctx, box.Object(objstore.ObjectName(fmt.Sprintf("%09d", i))),
					bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkPutSize compares bodies inline with bodies in files, by size.
func BenchmarkPutSize(b *testing.B) {
	for _, kib := range []int{16, 32, 64, 128, 256} {
		for name, inline := range map[string]int{"file": -1, "inline": inlineLimitBytes} {
			b.Run(fmt.Sprintf("%dKiB/%s", kib, name), func(b *testing.B) {
				e := openTest(b, b.TempDir(), Options{InlineMaxBytes: inline})
				defer closeTest(b, e)
				makeBox(b, e)
				body := randomBody(1, kib<<10)
				b.SetBytes(int64(len(body)))
				b.ResetTimer()
				benchPut(b, e, 16, body)
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
			})
		}
	}
}

func BenchmarkPutLarge(b *testing.B) {
	e := openTest(b, b.TempDir(), Options{})
	defer closeTest(b, e)
	makeBox(b, e)
	body := randomBody(1, 64<<20)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		_, err := e.PutObject(ctx, box.Object("o"), bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetSmall(b *testing.B) {
	e := openTest(b, b.TempDir(), Options{})
	defer closeTest(b, e)
	makeBox(b, e)
	put(b, e, "o", randomBody(1, 4096))
	b.ReportAllocs()
	for b.Loop() {
		obj, err := e.OpenObject(ctx, box.Object("o"), objstore.OpenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, obj.Range(0, 4096)); n != 4096 || err != nil {
			b.Fatal(n, err)
		}
		if err := obj.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList: a page of 1000 names of 100 000, wherever it begins, and a
// page of subdirs.
func BenchmarkList(b *testing.B) {
	const rows = 100_000
	e := openTest(b, b.TempDir(), Options{})
	defer closeTest(b, e)
	makeBox(b, e)
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < rows; i += 64 {
				put(b, e, objstore.ObjectName(fmt.Sprintf("%03d/%06d", i/1000, i)), nil)
			}
		})
	}
	wg.Wait()
	for _, c := range []struct {
		name string
		o    objstore.ListOptions
		want int
	}{
		{"first", objstore.ListOptions{}, 1000},
		{"middle", objstore.ListOptions{Marker: "050/"}, 1000},
		{"last", objstore.ListOptions{Marker: "099/"}, 1000},
		{"reverse", objstore.ListOptions{Reverse: true}, 1000},
		{"subdirs", objstore.ListOptions{Delimiter: "/"}, 100},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.o.Limit = 1000
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				err := e.ListObjects(ctx, box, c.o, func(*objstore.ObjectEntry) error { n++; return nil })
				if err != nil || n != c.want {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric(float64(c.want)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkHeadContainer: HEAD of a container that was written to until now.
func BenchmarkHeadContainer(b *testing.B) {
	e := openTest(b, b.TempDir(), Options{})
	defer closeTest(b, e)
	makeBox(b, e)
	for i := range foldDeltas {
		put(b, e, objstore.ObjectName(fmt.Sprint(i)), nil)
	}
	for b.Loop() {
		if _, err := e.HeadContainer(ctx, box, objstore.InfoOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
