// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/device"
)

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perGB reports the processor's time per GB of bodies.
func perGB(b *testing.B, begin time.Duration, bytes int64) {
	b.ReportMetric((cpuTime(b)-begin).Seconds()/float64(bytes)*1e9, "cpu-s/GB")
}

// BenchmarkLayouts compares ways to keep a body of 32 MiB on eight devices:
// putting, getting (all bytes are verified), verifying and healing it.
func BenchmarkLayouts(b *testing.B) {
	const size = 32 << 20
	body := randomBody(1, size)
	for _, shape := range []string{"1 copy", "3 copies", "4+2"} {
		dir := chaosDir(b)
		o := severalDevices(filepath.Join(dir, "x"), chaosDevices, shape, nil)
		o.HealEvery = time.Hour
		e := openTest(b, filepath.Join(dir, "data"), o)
		makeBox(b, e)
		run := func(name string, op func()) {
			b.Run(shape+"/"+name, func(b *testing.B) {
				b.SetBytes(size)
				begin := cpuTime(b)
				for b.Loop() {
					op()
				}
				perGB(b, begin, int64(b.N)*size)
			})
		}
		run("put", func() { put(b, e, "o", body) })
		run("get", func() {
			obj := must[objstore.Object](b)(e.OpenObject(ctx, box.Object("o"), objstore.OpenOptions{}))
			n, err := io.Copy(io.Discard, obj.Range(0, size))
			if n != size || err != nil || obj.Close() != nil {
				b.Fatal(n, err)
			}
		})
		row, _, err := e.db.Object(box.Object("o"))
		if err != nil {
			b.Fatal(err)
		}
		run("verify", func() {
			if _, err := e.verify(ctx, &row, nil); err != nil {
				b.Fatal(err)
			}
		})
		if slots := row.Placement.Slots(); len(slots) > 1 {
			run("heal", func() {
				if _, err := e.fleet.set.Remove(device.ID(row.ID), slots[:1]); err != nil {
					b.Fatal(err)
				}
				if err := e.heal.healOne(ctx, damage{row.ID, false}); err != nil {
					b.Fatal(err)
				}
			})
			if got, err := get(e, "o"); err != nil || !bytes.Equal(got, body) {
				b.Fatal(len(got), err)
			}
			if h := e.presence(device.ID(row.ID), slots[0]); h != blob.SlotOK {
				b.Fatal("the slot was not healed", h)
			}
		}
		closeTest(b, e)
	}
}
