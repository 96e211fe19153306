// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"needletail/objstore"
)

const (
	// ampBytes of bodies are put in one case, which fills several levels of the
	// index; but no more than ampFilesMax of data files, whose own bytes do not
	// depend on how many there are.
	ampBytes    = 1 << 30
	ampFilesMax = 8192
	ampWriters  = 64
	// ampPoolBytes of random bytes are what bodies are cut from: those that lie
	// in one block of a table must not be alike, for it is compressed.
	ampPoolBytes = 16 << 20
)

// BenchmarkWriteAmplification counts the bytes that are written per byte of a
// body, by size and by where it lies: objects with random names are put
// ("put"), then half of them is put again and the other half deleted ("all").
//
//	index-x   by Pebble: log, flushes and compactions
//	process-x by the process, of /proc/self/io
//	disk-x    by the disk, with the file system's journal and whatever else uses
//	          it: means something where TMPDIR is a disk of its own
//	cpu-us    the process's CPU per put in µs, flushes and compactions included
//
// With -benchtime 1x: one round takes up to two minutes and 2 GiB.
func BenchmarkWriteAmplification(b *testing.B) {
	for _, kib := range []int{4, 16, 64, 128, 256} {
		for _, place := range []string{"inline", "file"} {
			b.Run(fmt.Sprintf("%dKiB/%s", kib, place), func(b *testing.B) {
				for range b.N {
					amplification(b, kib<<10, place == "inline")
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func amplification(b *testing.B, size int, inline bool) {
	dir := b.TempDir()
	o, objects := Options{InlineMaxBytes: inlineLimitBytes}, ampBytes/size
	if !inline {
		o.InlineMaxBytes, objects = -1, min(objects, ampFilesMax)
	}
	e := openTest(b, dir, o)
	defer closeTest(b, e)
	makeBox(b, e)
	bodies := randomBody(1, ampPoolBytes)
	store := func(k int, name objstore.ObjectName) {
		put(b, e, name, bodies[k*4099%(ampPoolBytes-size):][:size])
	}
	before, cpu := written(b, e, dir), cpuTime(b)
	report := func(phase string, puts int) {
		settle(b, e)
		b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(puts), phase+"-cpu-us")
		for kind, n := range written(b, e, dir) {
			b.ReportMetric(float64(n-before[kind])/float64(puts)/float64(size), phase+"-"+kind)
		}
	}
	each(0, objects, store)
	report("put", objects)
	each(0, objects/2, store)
	each(objects/2, objects, func(_ int, name objstore.ObjectName) {
		if _, err := e.DeleteObject(ctx, box.Object(name), objstore.DeleteOptions{}); err != nil {
			b.Error(err)
		}
	})
	report("all", objects+objects/2)
}

// each calls do for objects i to j-1 and their names, with ampWriters at once.
// The names of objects that follow each other lie anywhere.
func each(i, j int, do func(int, objstore.ObjectName)) {
	var wg sync.WaitGroup
	for w := range ampWriters {
		wg.Go(func() {
			for k := i + w; k < j; k += ampWriters {
				do(k, objstore.ObjectName(fmt.Sprintf("%08x", uint32(k)*2654435761)))
			}
		})
	}
	wg.Wait()
}

// settle waits until flushes and compactions have nothing to do.
func settle(b *testing.B, e *Engine) {
	for idle, tries := 0, 0; idle < 5; tries++ {
		time.Sleep(200 * time.Millisecond)
		m := e.db.Metrics()
		idle++
		if m.Compact.NumInProgress > 0 || m.Flush.NumInProgress > 0 {
			idle = 0
		}
		if tries == 1500 {
			b.Fatal("compactions do not end")
		}
	}
}

// written is the bytes written so far, by who counts them.
func written(b *testing.B, e *Engine, dir string) map[string]int64 {
	m := e.db.Metrics()
	index := m.WAL.BytesWritten
	for _, l := range m.Levels {
		index += l.TableBytesFlushed + l.TableBytesCompacted
	}
	f, err := os.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var st unix.Stat_t
	if err := errors.Join(unix.Syncfs(int(f.Fd())), unix.Fstat(int(f.Fd()), &st)); err != nil {
		b.Fatal(err)
	}
	disk := readFields(b, fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev)))
	const sectorBytes = 512
	return map[string]int64{"index-x": int64(index), "process-x": writtenByProcess(b), "disk-x": disk[6] * sectorBytes}
}

func writtenByProcess(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	line, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func readFields(b *testing.B, path string) (fields []int64) {
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range strings.Fields(string(text)) {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		fields = append(fields, n)
	}
	return fields
}
