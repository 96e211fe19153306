// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/ring"
)

// writeRing makes a ring file of so many replicas, with a device for each, and
// the version that a lookup can tell the ring by.
func writeRing(t *testing.T, path string, replicas float64, devices int) {
	t.Helper()
	b, err := ring.NewBuilder(4, replicas, 1)
	require.NoError(t, err)
	for i := range devices {
		require.NoError(t, b.Add(ring.Device{ID: i, Region: 1, Zone: i, Weight: 1, IP: fmt.Sprintf("10.0.0.%d", i+1), Port: 6200, Device: "sda"}))
	}
	_, err = b.Rebalance(1)
	require.NoError(t, err)
	r, err := b.Ring(ring.Hash{})
	require.NoError(t, err)
	require.NoError(t, r.WriteFile(path, 1))
}

// clock is a clock that a test sets.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_400_000_000, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// swiftDir is a folder with the sample and its rings.
func swiftDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(sample), 0o600))
	for name, replicas := range map[string]float64{"account": 3, "container": 3, "object": 3, "object-1": 2.5, "object-2": 6} {
		writeRing(t, filepath.Join(dir, name+".ring.gz"), replicas, 6)
	}
	return dir
}

func TestOpen(t *testing.T) {
	d, err := Open(swiftDir(t), DirOptions{})
	require.NoError(t, err)
	require.Equal(t, 3.0, d.AccountRing().Replicas())
	require.Equal(t, 3.0, d.ContainerRing().Replicas())
	for index, replicas := range map[objstore.PolicyIndex]float64{0: 3, 1: 2.5, 2: 6} {
		r, ok := d.ObjectRing(index)
		require.True(t, ok)
		require.Equal(t, replicas, r.Replicas())
		want := ring.Hash{Prefix: "changeme", Suffix: "too-much"}.Sum("a", "c", "o")
		require.Equal(t, r.PartitionOf(want), r.Partition("a", "c", "o"))
	}
	_, ok := d.ObjectRing(3)
	require.False(t, ok)
	var copies []int
	for _, p := range d.Config().StorePolicies() {
		copies = append(copies, p.Copies)
	}
	require.Equal(t, []int{3, 2, 0}, copies)
	require.NoError(t, d.Config().StorePolicies().Validate())
}

// TestOpenNamesRings: each ring that is missing, broken, or of another number of
// replicas is named.
func TestOpenNamesRings(t *testing.T) {
	dir := swiftDir(t)
	require.NoError(t, os.Remove(filepath.Join(dir, "account.ring.gz")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "container.ring.gz"), []byte("x"), 0o600))
	writeRing(t, filepath.Join(dir, "object-2.ring.gz"), 5, 6)
	_, err := Open(dir, DirOptions{})
	require.ErrorIs(t, err, ErrRing)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(dir, "account.ring.gz"))
	require.ErrorContains(t, err, filepath.Join(dir, "container.ring.gz"))
	require.ErrorContains(t, err, "policy 2 (ec42) needs a ring of exactly 6 replicas, (4 data + 2 parity fragments) × 1, and the ring has 5")
}

func TestOpenNeedsConf(t *testing.T) {
	_, err := Open(t.TempDir(), DirOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// reloading is an open folder with a clock and the faults that were told.
type reloading struct {
	*Dir
	path  string
	clock clock
	told  []error
}

func openReloading(t *testing.T) *reloading {
	t.Helper()
	r := &reloading{path: swiftDir(t)}
	var err error
	r.Dir, err = Open(r.path, DirOptions{Broken: func(err error) { r.told = append(r.told, err) }, Now: r.clock.now})
	require.NoError(t, err)
	return r
}

func (r *reloading) file(name string) string { return filepath.Join(r.path, name+".ring.gz") }

// touch gives a file another time of change, later each time.
func touch(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	later := info.ModTime().Add(time.Second)
	require.NoError(t, os.Chtimes(path, later, later))
}

func TestReload(t *testing.T) {
	r := openReloading(t)
	before := r.AccountRing()
	writeRing(t, r.file("account"), 4, 6)
	touch(t, r.file("account"))

	r.clock.advance(lookEvery - 1)
	require.Same(t, before, r.AccountRing(), "no look before 15 s")
	r.clock.advance(1)
	after := r.AccountRing()
	require.Equal(t, 4.0, after.Replicas())
	touch(t, r.file("account"))
	r.clock.advance(lookEvery - 1)
	require.Same(t, after, r.AccountRing(), "the next look is 15 s after the last")
	r.clock.advance(1)
	require.NotSame(t, after, r.AccountRing())
	after = r.AccountRing()

	r.clock.advance(lookEvery)
	require.Same(t, after, r.AccountRing(), "a file that did not change is not read again")
	container := r.ContainerRing()
	touch(t, r.file("container"))
	r.clock.advance(lookEvery)
	require.NotSame(t, container, r.ContainerRing(), "a file of another time is read again")
	require.Empty(t, r.told)
}

// TestReloadKeepsTheRingBefore: a broken file is told once, and a ring that does
// not fit its policy does not come into use.
func TestReloadKeepsTheRingBefore(t *testing.T) {
	r := openReloading(t)
	object := func() *ring.Ring { got, _ := r.ObjectRing(2); return got }
	before := object()
	look := func() *ring.Ring { r.clock.advance(lookEvery); return object() }

	writeRing(t, r.file("object-2"), 5, 6)
	touch(t, r.file("object-2"))
	for range 3 {
		require.Same(t, before, look())
	}
	require.Len(t, r.told, 1)
	require.ErrorIs(t, r.told[0], ErrRing)
	require.ErrorContains(t, r.told[0], "policy 2 (ec42) needs a ring of exactly 6 replicas")

	require.NoError(t, os.WriteFile(r.file("object-2"), []byte("half a ri"), 0o600))
	for range 3 {
		require.Same(t, before, look())
	}
	require.Len(t, r.told, 2)
	require.ErrorContains(t, r.told[1], r.file("object-2"))

	require.NoError(t, os.Remove(r.file("object-2")))
	for range 3 {
		require.Same(t, before, look())
	}
	require.Len(t, r.told, 3)
	require.ErrorIs(t, r.told[2], os.ErrNotExist)

	writeRing(t, r.file("object-2"), 6, 6)
	touch(t, r.file("object-2"))
	require.NotSame(t, before, look())
	require.Len(t, r.told, 3)
}

// TestReloadConcurrently: lookups go on with the ring before while another
// lookup reads the file, and afterwards all have the new ring.
func TestReloadConcurrently(t *testing.T) {
	r := openReloading(t)
	writeRing(t, r.file("account"), 4, 6)
	touch(t, r.file("account"))
	r.clock.advance(lookEvery)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if n := r.AccountRing().Replicas(); n != 3 && n != 4 {
					t.Errorf("%v replicas", n)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, 4.0, r.AccountRing().Replicas())
}
