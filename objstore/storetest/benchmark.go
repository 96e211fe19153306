// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"needletail/objstore"
)

const benchmarkBytes = 4 << 10

// Benchmark measures puts of 4 KiB into a container: one after the other, and
// by 16 writers a processor.
func Benchmark(b *testing.B, open func(b *testing.B) objstore.Store) {
	c := objstore.ContainerID{Account: testAccount, Container: "c"}
	body := makeBody(1, benchmarkBytes)
	var n atomic.Int64
	put := func(b *testing.B, s objstore.Store) {
		id := c.Object(objstore.ObjectName(strconv.FormatInt(n.Add(1), 10)))
		_, err := s.PutObject(context.Background(), id, bytes.NewReader(body),
			objstore.PutOptions{SizeBytes: benchmarkBytes, ContentType: "application/octet-stream"})
		if err != nil {
			b.Error(err)
		}
	}
	start := func(b *testing.B) objstore.Store {
		s := open(b)
		if _, err := s.PutContainer(context.Background(), c, objstore.PutContainerOptions{}); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(benchmarkBytes)
		b.ReportAllocs()
		return s
	}
	b.Run("put-4KiB-serial", func(b *testing.B) {
		s := start(b)
		defer s.Close()
		for b.Loop() {
			put(b, s)
		}
	})
	b.Run("put-4KiB-parallel", func(b *testing.B) {
		s := start(b)
		defer s.Close()
		b.SetParallelism(16)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				put(b, s)
			}
		})
	})
}
