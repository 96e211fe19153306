// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// newRand is a generator whose seed is printed if the test fails.
func newRand(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomBytes(rng *rand.Rand, n int) []byte {
	p := make([]byte, 0, n+8)
	for len(p) < n {
		p = binary.LittleEndian.AppendUint64(p, rng.Uint64())
	}
	return p[:n]
}

const testStore = "00112233445566778899aabbccddeeff"

// bench is a store of devices in memory, each with faults of its own.
type bench struct {
	*Set
	t      testing.TB
	mem    []*vfs.MemFS
	faults []*faults
	specs  []Spec

	mu       sync.Mutex // guards what follows
	damaged  map[int]error
	leftover int
}

// newBench opens n devices.
func newBench(t testing.TB, n int, o Options) *bench {
	b := &bench{t: t, damaged: map[int]error{}}
	for i := range n {
		mem := vfs.NewCrashableMem()
		mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40})
		f := &faults{}
		b.mem, b.faults = append(b.mem, mem), append(b.faults, f)
		b.specs = append(b.specs, Spec{Index: device.Index(i), Dir: "/disk", FS: f.wrap(mem), Format: true})
	}
	o.Events.Damaged = func(_ device.ID, slot int, _ device.Index, err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.damaged[slot] = err
	}
	o.Events.Leftover = func(device.ID, device.Index, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.leftover++
	}
	var err error
	b.Set, err = Open(testStore, b.specs, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, f := range b.faults {
			f.clear()
		}
	})
	return b
}

// order is all devices from number first on.
func (b *bench) order(first int) []device.Index {
	var o []device.Index
	for i := range b.mem {
		o = append(o, device.Index((first+i)%len(b.mem)))
	}
	return o
}

// sample is a footer with names; Finish completes it.
func sample() datafile.Footer {
	return datafile.Footer{
		Object: objstore.ObjectID{Account: "AUTH_a", Container: "c", Object: "o"},
		Info:   objstore.ObjectInfo{ContentType: "text/plain", Metadata: objstore.Metadata{{Name: "Color", Value: "blue"}}},
	}
}

// store stores a body as a client would send it.
func (b *bench) store(l Layout, order []device.Index, body []byte, hint int64) (device.ID, Placement, error) {
	id := device.NewID()
	w, err := b.Create(id, l, order, datafile.WriterOptions{SizeHintBytes: hint})
	if err != nil {
		return id, nil, err
	}
	defer w.Abort()
	if _, err := w.ReadFrom(bytes.NewReader(body)); err != nil {
		return id, nil, err
	}
	p, err := w.Finish(sample())
	return id, p, err
}

func (b *bench) mustStore(l Layout, body []byte) (device.ID, Placement) {
	b.t.Helper()
	id, p, err := b.store(l, b.order(0), body, int64(len(body)))
	require.NoError(b.t, err)
	return id, p
}

// read reads a range and the footer.
func (b *bench) read(id device.ID, l Layout, p Placement, off, length int64) ([]byte, error) {
	r, err := b.Open(id, l, p)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var got bytes.Buffer
	_, err = got.ReadFrom(r.Range(off, length))
	return got.Bytes(), err
}

// sameBody checks that a body reads back whole.
func (b *bench) sameBody(id device.ID, l Layout, p Placement, body []byte) {
	b.t.Helper()
	r, err := b.Open(id, l, p)
	require.NoError(b.t, err)
	defer r.Close()
	sum := md5.Sum(body)
	f := r.Footer()
	require.Equal(b.t, hex.EncodeToString(sum[:]), f.Info.ETag)
	require.Equal(b.t, sample().Object, f.Object)
	require.Equal(b.t, sample().Info.Metadata, f.Info.Metadata)
	require.EqualValues(b.t, len(body), r.SizeBytes())
	var got bytes.Buffer
	_, err = got.ReadFrom(r.Range(0, r.SizeBytes()))
	require.NoError(b.t, err)
	require.True(b.t, bytes.Equal(body, got.Bytes()), "other bytes")
}

// files lists what lies on a device in data/ and tmp/, looked up behind its back.
func (b *bench) files(i int) []string {
	var names []string
	var walk func(path string)
	walk = func(path string) {
		entries, err := b.mem[i].List(path)
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		require.NoError(b.t, err)
		for _, name := range entries {
			full := b.mem[i].PathJoin(path, name)
			if stat, err := b.mem[i].Stat(full); err == nil && stat.IsDir() {
				walk(full)
			} else {
				names = append(names, full)
			}
		}
	}
	walk("/disk/data")
	walk("/disk/tmp")
	return names
}
