// SPDX-License-Identifier: Apache-2.0

package device

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkPublish writes, syncs and publishes files of 128 KiB on a disk that is
// new, with IDs of which each has random digits, and with those of NewID.
func BenchmarkPublish(b *testing.B) {
	kinds := []struct {
		name  string
		newID func() ID
	}{{"random", func() (id ID) { rand.Read(id[:]); return id }}, {"runs", NewID}}
	for _, streams := range []int{1, 16} {
		for _, kind := range kinds {
			b.Run(fmt.Sprintf("ids=%s/streams=%d", kind.name, streams), func(b *testing.B) {
				d := open(b, vfs.Default, b.TempDir())
				var next atomic.Int64
				var wg sync.WaitGroup
				b.ResetTimer()
				for range streams {
					wg.Go(func() {
						p := AlignedBuffer(128 << 10)
						for next.Add(1) <= int64(b.N) {
							if err := publish(d, kind.newID(), p); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}

func publish(d *Device, id ID, p []byte) error {
	f, err := d.Create(id, int64(len(p)))
	if err != nil {
		return err
	}
	if _, err := f.Write(p); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return d.Publish(id)
}
