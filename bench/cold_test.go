// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkCold reads objects that are not in the page cache, one stream and
// eight, beside nginx and beside as many threads that read files of the same
// length with O_DIRECT.
func BenchmarkCold(b *testing.B) {
	peers := []peer{{"needletail", startNeedletail(b)}, {"nginx", startNginx(b)}}
	for _, l := range []Load{
		{Method: "GET", Streams: 1, OpsPerStream: 1, SizeBytes: 1 << 30},
		{Method: "GET", Streams: 8, OpsPerStream: 1, SizeBytes: 256 << 20},
	} {
		b.Run(fmt.Sprintf("op=cold-GET/size=%dMiB/streams=%d", l.SizeBytes>>20, l.Streams), func(b *testing.B) {
			coldShape(b, peers, l)
		})
	}
}

func coldShape(b *testing.B, peers []peer, l Load) {
	dir := benchDir(b)
	paths := make([]string, l.Streams)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprint(i))
		if err := directWrite(paths[i], l.SizeBytes); err != nil {
			b.Fatal(err)
		}
	}
	machine := machineRate{"odirect-read", func(int64) error {
		errs := make([]error, len(paths))
		var wg sync.WaitGroup
		for i, path := range paths {
			wg.Go(func() { errs[i] = directRead(path, l.SizeBytes) })
		}
		wg.Wait()
		return errors.Join(errs...)
	}, l.SizeBytes * int64(l.Streams)}
	for _, p := range peers {
		p.prepare(b, l)
	}
	rounds := map[string][]total{}
	for range compareRounds {
		for _, p := range peers {
			if err := evict(p.dir); err != nil {
				b.Fatal(err)
			}
			var t total
			t.round(b, p.server, l)
			rounds[p.name] = append(rounds[p.name], t)
		}
		rounds[machine.name] = append(rounds[machine.name], machine.round(b))
	}
	reportCompared(b, append(peers, peer{name: machine.name}), rounds)
}

// evict drops a folder's files from the page cache.
func evict(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return ignoreGone(err)
		}
		f, err := os.Open(path)
		if err != nil {
			return ignoreGone(err)
		}
		return errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
	})
}

// ignoreGone forgives what the server removed meanwhile.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
