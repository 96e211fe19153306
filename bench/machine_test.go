// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"crypto/md5"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// machineRate is what this machine can do in one thread, without a server: what
// a stream cannot be faster than.
type machineRate struct {
	name string
	run  func(sizeBytes int64) error
	size int64
}

// machineRates are those that bound the shape: one stream of a large object.
func machineRates(b *testing.B, l Load) []machineRate {
	if l.Streams != 1 || l.SizeBytes < 1<<30 {
		return nil
	}
	path := filepath.Join(benchDir(b), "machine")
	if l.Method == "PUT" {
		return []machineRate{
			{"md5", md5Rate, l.SizeBytes},
			{"odirect-write", func(n int64) error { return directWrite(path, n) }, l.SizeBytes},
		}
	}
	if err := directWrite(path, l.SizeBytes); err != nil {
		b.Fatal(err)
	}
	return []machineRate{{"odirect-read", func(n int64) error { return directRead(path, n) }, l.SizeBytes}}
}

func (m machineRate) round(b *testing.B) (t total) {
	b.Helper()
	var before, after unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &before)
	start := time.Now()
	err = errors.Join(err, m.run(m.size))
	t.Elapsed = time.Since(start)
	if err = errors.Join(err, unix.Getrusage(unix.RUSAGE_SELF, &after)); err != nil {
		b.Fatal(err)
	}
	t.Ops, t.Bytes, t.Latencies = 1, m.size, []time.Duration{t.Elapsed}
	t.cpuSeconds = cpuSeconds(after) - cpuSeconds(before)
	return t
}

func cpuSeconds(r unix.Rusage) float64 {
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

func md5Rate(sizeBytes int64) error {
	h := md5.New()
	for left := sizeBytes; left > 0; left -= chunkBytes {
		h.Write(filler())
	}
	h.Sum(nil)
	return nil
}

// directWrite writes a file past the page cache and makes it durable.
func directWrite(path string, sizeBytes int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC|unix.O_DIRECT, 0o600)
	if err != nil {
		return err
	}
	buf := alignedBuffer(chunkBytes)
	copy(buf, filler())
	for left := sizeBytes; left > 0 && err == nil; left -= chunkBytes {
		_, err = f.Write(buf)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// directRead reads a file past the page cache.
func directRead(path string, sizeBytes int64) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	buf := alignedBuffer(chunkBytes)
	var done int64
	for done < sizeBytes && err == nil {
		var n int
		n, err = f.Read(buf)
		done += int64(n)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return errors.Join(err, f.Close())
}
