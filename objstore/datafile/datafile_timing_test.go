// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"syscall"
	"testing"

	"needletail/objstore/device"
)

const benchBytes = 64 << 20

// BenchmarkWrite stores bodies of 64 MiB durably. "floor" writes the same bytes
// in the same pieces and syncs and publishes them, with no digest, copy or
// overlap.
func BenchmarkWrite(b *testing.B) {
	body := make([]byte, benchBytes)
	for i := range body {
		body[i] = byte(i * 7)
	}
	full := func(b *testing.B, d *device.Device, id device.ID) error {
		return store(b, d, id, onlyReader{bytes.NewReader(body)}, WriterOptions{SizeHintBytes: benchBytes})
	}
	floor := func(b *testing.B, d *device.Device, id device.ID) error {
		f, err := d.Create(id, benchBytes)
		if err != nil {
			return err
		}
		p := device.AlignedBuffer(deepBytes)
		for range benchBytes / deepBytes {
			if _, err := f.Write(p); err != nil {
				return err
			}
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		return d.Publish(id)
	}
	for _, streams := range []int{1, 16} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) { parallel(b, streams, full) })
		b.Run(fmt.Sprintf("floor/streams=%d", streams), func(b *testing.B) { parallel(b, streams, floor) })
	}
}

// onlyReader hides the WriteTo of a bytes.Reader.
type onlyReader struct{ io.Reader }

// parallel runs write on many goroutines at once and removes the files.
func parallel(b *testing.B, streams int, write func(*testing.B, *device.Device, device.ID) error) {
	d := openDevice(b)
	b.SetBytes(int64(streams) * benchBytes)
	b.ReportAllocs()
	before := cpuSeconds()
	for b.Loop() {
		var wg sync.WaitGroup
		ids := make([]device.ID, streams)
		for i := range ids {
			ids[i] = device.NewID()
			wg.Go(func() {
				if err := write(b, d, ids[i]); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		for _, id := range ids {
			if err := d.Remove(id); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
	}
	b.ReportMetric((cpuSeconds()-before)/(float64(b.N*streams)*benchBytes/1e9), "cpu-s/GB")
}

// cpuSeconds is the processor time of the whole process so far.
func cpuSeconds() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// BenchmarkRead reads a body of 64 MiB from the page cache, checked. "floor"
// reads the same file without a check.
func BenchmarkRead(b *testing.B) {
	d, id := openDevice(b), device.NewID()
	if err := store(b, d, id, bytes.NewReader(make([]byte, benchBytes)), WriterOptions{}); err != nil {
		b.Fatal(err)
	}
	b.Run("checked", func(b *testing.B) {
		b.SetBytes(benchBytes)
		b.ReportAllocs()
		for b.Loop() {
			if err := Verify(d, id); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(benchBytes)
		p := make([]byte, narrowBytes)
		for b.Loop() {
			f, err := d.OpenFile(id)
			if err != nil {
				b.Fatal(err)
			}
			for off := int64(0); off < benchBytes; off += narrowBytes {
				if _, err := f.ReadAt(p, off); err != nil {
					b.Fatal(err)
				}
			}
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
