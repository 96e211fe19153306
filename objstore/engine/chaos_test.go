// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// chaosDevices is the number of devices of the tests here.
const chaosDevices = 8

// faultyFS is a disk that can err and hang.
type faultyFS struct {
	vfs.FS
	fails atomic.Bool
	mu    sync.Mutex
	hangs chan struct{} // closed when the disk answers again; nil while it does
}

func newFaultyFS(under vfs.FS) *faultyFS {
	f := &faultyFS{}
	f.FS = errorfs.Wrap(under, errorfs.InjectorFunc(func(op errorfs.Op) error {
		f.mu.Lock()
		hang := f.hangs
		f.mu.Unlock()
		if hang != nil {
			<-hang
		}
		if f.fails.Load() {
			return &fs.PathError{Op: "injected", Path: op.Path, Err: syscall.EIO}
		}
		return nil
	}))
	return f
}

func (f *faultyFS) hang() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hangs = make(chan struct{})
}

func (f *faultyFS) mend() {
	f.fails.Store(false)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hangs != nil {
		close(f.hangs)
		f.hangs = nil
	}
}

// chaosStore is a store on eight disks that can fail.
type chaosStore struct {
	*Engine
	t     *testing.T
	opts  Options
	dir   string
	paths []string // of the devices 1 to 8, from 0 on
	disks []*faultyFS
	// refused counts the writes that failed while disks erred; nil: no write may.
	refused *atomic.Int64
}

// quickBlob are limits that make a slow disk show soon.
func quickBlob() blob.Options {
	return blob.Options{
		WriteWait: 3 * time.Second, CreateWait: 3 * time.Second, SyncWait: 10 * time.Second,
		QuorumWait: time.Second, ReadWait: 8 * time.Second, ProbeEvery: 50 * time.Millisecond,
	}
}

// chaosDir is a folder in memory where there is one: eight devices on one real
// disk wait for one another's syncs, which no eight disks do.
func chaosDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "needletail")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func openChaos(t *testing.T, shape string, change func(*Options)) *chaosStore {
	dir := chaosDir(t)
	c := &chaosStore{t: t, dir: filepath.Join(dir, "data")}
	o := severalDevices(filepath.Join(dir, "x"), chaosDevices, shape, vfs.Default)
	o.InlineMaxBytes, o.Blob, o.FailedAfter, o.GCEvery = 4096, quickBlob(), time.Hour, 50*time.Millisecond
	o.IndexFillEvery = 50 * time.Millisecond
	o.Monitor = device.MonitorOptions{SlowAfter: 2 * time.Second, HungAfter: 3 * time.Second}
	for i := range o.Devices {
		disk := newFaultyFS(vfs.Default)
		o.Devices[i].FS = disk
		c.disks, c.paths = append(c.disks, disk), append(c.paths, o.Devices[i].Path)
	}
	if change != nil {
		change(&o)
	}
	c.opts = o
	c.Engine = openTest(t, c.dir, o)
	t.Cleanup(func() {
		for _, d := range c.disks {
			d.mend()
		}
		closeTest(t, c.Engine)
	})
	makeBox(t, c.Engine)
	return c
}

// wipe loses all that is on a disk, and puts a new one in its place, as an
// operator does.
func (c *chaosStore) wipe(i device.Index) {
	c.t.Helper()
	path := c.paths[i-1]
	for range 100 { // others may be writing
		if os.RemoveAll(path) == nil {
			break
		}
	}
	waitFor(c.t, "notice of the lost disk", func() bool { return c.fleet.set.State(i) == device.StateFailed })
	if err := device.Format(vfs.Default, path, device.Identity{Store: c.id, Index: i}); err != nil {
		c.t.Fatal(err)
	}
	waitFor(c.t, "the new disk", func() bool { return c.fleet.set.State(i) != device.StateFailed })
}

// corrupt flips a byte at n random places of a disk's files.
func (c *chaosStore) corrupt(i device.Index, n int, rng *rand.Rand) (done int) {
	c.t.Helper()
	names := files(c.t, c.paths[i-1], published)
	if len(names) == 0 {
		c.t.Fatal("nothing to corrupt")
	}
	for tries := 0; done < n && tries < 10*n; tries++ {
		f, err := os.OpenFile(names[rng.IntN(len(names))], os.O_RDWR, 0)
		if err != nil {
			continue // replaced meanwhile
		}
		stat, err := f.Stat()
		if err == nil && stat.Size() > 0 {
			b, at := []byte{0}, rng.Int64N(stat.Size())
			if _, err = f.ReadAt(b, at); err == nil {
				b[0] ^= 1 << rng.IntN(8)
				if _, err = f.WriteAt(b, at); err == nil {
					done++
				}
			}
		}
		f.Close()
	}
	return done
}

// scrubNow makes one pass and says how much damage it found.
func (c *chaosStore) scrubNow() int64 {
	c.t.Helper()
	before := c.scrub.read().Damaged
	if err := c.scrub.pass(ctx); err != nil {
		c.t.Fatal(err)
	}
	return c.scrub.read().Damaged - before
}

// healed waits until nothing is left to heal and a pass finds no damage.
func (c *chaosStore) healed(what string) {
	c.t.Helper()
	begin, why := time.Now(), ""
	waitFor(c.t, what, func() bool {
		if n := c.scrubNow(); n > 0 {
			why = fmt.Sprintf("verifying found %d damaged slots", n)
			return false
		}
		if wrong := c.healthy(); wrong != "" {
			why = wrong
			return false
		}
		return true
	})
	c.t.Logf("%s: took %v; last there was: %s", what, time.Since(begin).Round(time.Millisecond), why)
}

// healthy says what is wrong with the first body that is not whole, or "".
func (c *chaosStore) healthy() (wrong string) {
	jobs, err := c.heal.next(meta.FileID{})
	if err != nil || len(jobs) > 0 {
		return fmt.Sprintf("%d in the queue, %v", len(jobs), err)
	}
	err = c.db.Objects(func(o objstore.ObjectID, row meta.ObjectRow) error {
		if wrong == "" && row.Placement.Missing() > 0 {
			wrong = fmt.Sprintf("%s is on %v", o, row.Placement.Devices)
		}
		return nil
	})
	return wrong + errorText(err)
}

// checkData is `needletail check --read-data`, which must find nothing at all but
// the files of refused writes: a disk that erred may not have removed them.
func (c *chaosStore) checkData(what string) {
	c.t.Helper()
	refused := c.refused != nil && c.refused.Load() > 0
	r, err := c.Check(ctx, fsck.CheckOptions{ReadData: true, Found: func(f fsck.Finding) {
		if f.Kind == fsck.KindDark && refused {
			c.t.Logf("%s: check found %+v", what, f)
			return
		}
		c.t.Errorf("%s: check found %+v", what, f)
	}})
	if err != nil || r.IndexCopies != 2 || r.BodiesRead == 0 {
		c.t.Errorf("%s: check: %+v, %v", what, r, err)
	}
	c.t.Logf("%s: check --read-data: %d files on %d devices, %d bodies of %d bytes read: %d damaged, %d to heal", what, r.Files, r.Devices, r.BodiesRead, r.BytesRead, r.Damage, r.Chores)
}

// checkAll reads every byte of every slot, compares the index with itself, and
// the devices with the index. It is for when devices are away, which check tells.
func (c *chaosStore) checkAll(what string) {
	c.t.Helper()
	err := c.db.Objects(func(o objstore.ObjectID, row meta.ObjectRow) error {
		if row.Place == meta.PlaceInline {
			return nil
		}
		h, err := c.verify(ctx, &row, nil)
		if err != nil || h.Count(blob.SlotOK) != len(row.Placement.Slots()) {
			c.t.Errorf("%s: %s on %v: %v, %v, %v", what, o, row.Placement.Devices, h.Slots, h.Errs, err)
		}
		return nil
	})
	if err != nil {
		c.t.Errorf("%s: %v", what, err)
	}
	wantRecount(c.t, c.Engine)
}

// chaosSizes are mostly of bodies in files.
var chaosSizes = []int{0, 1000, 70_000, 300_000, 700_000, 1_500_000}

// crowd is 8 writers and 8 verifying readers at work.
type crowd struct {
	store         *chaosStore
	ledger        *ledger
	names         int // per writer
	stop          chan struct{}
	ended         sync.Once
	wg            sync.WaitGroup
	writes, reads atomic.Int64
	refused       atomic.Int64 // writes that failed; none may be lost
	short         atomic.Int64 // reads that failed for a slot not yet healed
	wrong         atomic.Int64
	failed        atomic.Int64
}

const crowdSize = 8

func (c *chaosStore) crowd(names int, seed uint64) *crowd {
	w := &crowd{store: c, ledger: newLedger(), names: names, stop: make(chan struct{})}
	c.refused = &w.refused
	for id := range crowdSize {
		w.wg.Go(func() { w.write(id, rand.New(rand.NewPCG(seed, uint64(id)))) })
		w.wg.Go(func() { w.read(rand.New(rand.NewPCG(seed, uint64(100+id)))) })
	}
	c.t.Cleanup(w.end)
	return w
}

func (w *crowd) running() bool {
	select {
	case <-w.stop:
		return false
	default:
		return true
	}
}

func (w *crowd) end() {
	w.ended.Do(func() { close(w.stop) })
	w.wg.Wait()
}

func (w *crowd) write(id int, rng *rand.Rand) {
	for w.running() {
		name := objstore.ObjectName(fmt.Sprintf("%d/%d", id, rng.IntN(w.names)))
		now := w.ledger.get(name)
		next := version{size: chaosSizes[rng.IntN(len(chaosSizes))], seed: rng.Uint64N(1<<30) + 1, color: "new"}
		if now.seed != 0 && rng.IntN(6) == 0 {
			next = version{}
		}
		op := w.ledger.begin(name, next)
		var err error
		if next.seed == 0 {
			_, err = w.store.DeleteObject(ctx, box.Object(name), objstore.DeleteOptions{})
		} else {
			_, err = w.store.PutObject(ctx, box.Object(name), bytes.NewReader(randomBody(next.seed, next.size)), objstore.PutOptions{
				SizeBytes: int64(next.size), Metadata: objstore.Metadata{{Name: "X-Object-Meta-Color", Value: "new"}}})
		}
		if err != nil {
			if w.refused.Add(1) <= 5 {
				w.store.t.Logf("a write of %s was refused: %v", name, err)
			}
			continue
		}
		w.ledger.end(name, op)
		w.writes.Add(1)
	}
}

func (w *crowd) read(rng *rand.Rand) {
	for w.running() {
		name := objstore.ObjectName(fmt.Sprintf("%d/%d", rng.IntN(crowdSize), rng.IntN(w.names)))
		acked := w.ledger.ackedOp(name)
		body, err := get(w.store.Engine, name)
		if missesSlot(err) {
			w.short.Add(1)
			continue
		}
		if err != nil && !errors.Is(err, objstore.KindNotFound) {
			if w.failed.Add(1) <= 5 {
				w.store.t.Errorf("read of %s: %v", name, err)
			}
			continue
		}
		got := found{body: body, color: "new", exists: err == nil}
		if !w.ledger.allows(name, acked, got) {
			w.wrong.Add(1)
			w.store.t.Errorf("read of %s gave %d bytes, there %v, that nobody wrote", name, len(body), got.exists)
		}
		w.reads.Add(1)
	}
}

// missesSlot reports whether a read failed for a body that was stored without one
// of its slots. Until the slot is healed the body bears the loss of one device
// less, and this test takes two away.
func missesSlot(err error) bool {
	var short *blob.ShortError
	return errors.As(err, &short) && slices.ContainsFunc(short.Slots, func(e *blob.SlotError) bool { return e.Device == device.None })
}

// ackedOp is the number of the write that was acknowledged last.
func (l *ledger) ackedOp(name objstore.ObjectName) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked[name]
}

// allows says that a read that began after the acknowledgement of op may give
// got: that version, or one asked for since.
func (l *ledger) allows(name objstore.ObjectName, op int, got found) bool {
	l.mu.Lock()
	since := append([]version(nil), l.asked[name][max(op-1, 0):]...)
	l.mu.Unlock()
	if op == 0 {
		since = append(since, version{})
	}
	for _, v := range since {
		if v.matches(got) {
			return true
		}
	}
	return false
}

// work waits for so many more writes and reads.
func (w *crowd) work(n int64, what string) {
	w.store.t.Helper()
	writes, reads := w.writes.Load()+n, w.reads.Load()+n
	waitFor(w.store.t, what, func() bool { return w.writes.Load() >= writes && w.reads.Load() >= reads })
}

// chaosSize is how much the tests do: NEEDLETAIL_CHAOS, 1 without it.
func chaosSize(t *testing.T) int {
	text := os.Getenv("NEEDLETAIL_CHAOS")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 100 {
		t.Fatalf("NEEDLETAIL_CHAOS is %q, not from 1 to 100", text)
	}
	return n
}

// TestChaos: while writers and readers work, a disk is lost and replaced and
// another one rots; when that is healed a third errs and a fourth hangs. No read
// fails or is wrong, no write is lost, and after healing all bodies are whole.
func TestChaos(t *testing.T) {
	for _, shape := range []string{"4+2", "3 copies"} {
		t.Run(shape, func(t *testing.T) { testChaos(t, shape) })
	}
}

func testChaos(t *testing.T, shape string) {
	size := chaosSize(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, size %d", seed, size)
	rng := rand.New(rand.NewPCG(seed, 7))
	c := openChaos(t, shape, func(o *Options) { o.FailedAfter = 500 * time.Millisecond })
	// Names of a writer, writes and reads of a step, and bytes that rot: few for
	// a test among others.
	names, work, flips := 5*size, int64(60*size), min(1000, 100*size)
	if size == 1 {
		names, work, flips = 3, 20, 40
	}
	w := c.crowd(names, seed)
	w.work(work, "first writes")

	begin := time.Now()
	c.wipe(3)
	flips = c.corrupt(5, flips, rng)
	w.work(work/2, "work with a lost and a rotten disk")
	c.healed("healing of the lost and the rotten disk")
	t.Logf("wiped device 3 and flipped %d bytes of device 5: healed after %v", flips, time.Since(begin).Round(time.Millisecond))

	begin = time.Now()
	c.disks[0].fails.Store(true)
	c.disks[1].hang()
	w.work(work, "work with a disk that errs and one that hangs")
	t.Logf("worked with a disk that errs and one that hangs after %v", time.Since(begin).Round(time.Millisecond))
	c.healed("healing without the two disks")
	w.end()
	c.healed("healing of the last writes")
	t.Logf("device 1 erred and device 2 hung: healed on six devices after %v", time.Since(begin).Round(time.Millisecond))
	c.checkAll("without the two disks")
	w.ledger.check(t, c.Engine, "without the two disks")

	begin = time.Now()
	for _, d := range c.disks {
		d.mend()
	}
	waitFor(t, "return of the disks", func() bool {
		return c.fleet.set.State(1) != device.StateFailed && c.fleet.set.State(2) != device.StateFailed
	})
	c.healed("filling of the disks that came back")
	c.waitTidy()
	t.Logf("both came back: filled after %v", time.Since(begin).Round(time.Millisecond))
	waitInStep(t, c.Engine)
	c.checkData("at the end")
	w.ledger.check(t, c.Engine, "at the end")
	m := c.Metrics()
	t.Logf("%d writes (%d refused, 0 lost), %d reads, %d wrong, %d failed, %d of bodies without a slot; %d short puts, %d slots healed (%d MB), %d quarantined",
		w.writes.Load(), w.refused.Load(), w.reads.Load(), w.wrong.Load(), w.failed.Load(), w.short.Load(), m.ShortPuts, m.HealedSlots, m.HealedBytes>>20, m.QuarantinedSlots)
	if w.wrong.Load() > 0 || w.failed.Load() > 0 || m.HealedSlots == 0 {
		t.Error("see above")
	}
	// Of a few bodies the rotten ones may all be replaced before anybody reads them.
	if size > 1 && m.QuarantinedSlots == 0 {
		t.Error("no rot was found")
	}
	c.loseIndex()
	w.ledger.check(t, c.Engine, "after the loss of the index")
}

// loseIndex loses the disk with Pebble and all else that is not on a device. An
// empty one in its place becomes the same store, with the same listings and
// counts, out of the second copy.
func (c *chaosStore) loseIndex() {
	c.t.Helper()
	want, begin := listingOf(c.t, c.Engine), time.Now()
	closeTest(c.t, c.Engine)
	if err := os.RemoveAll(c.dir); err != nil {
		c.t.Fatal(err)
	}
	c.Engine = openTest(c.t, c.dir, c.opts)
	if got := listingOf(c.t, c.Engine); got != want {
		c.t.Errorf("listings and counts are\n%s\nand were\n%s", got, want)
	}
	waitInStep(c.t, c.Engine)
	c.healed("sweep after the loss of the index")
	c.waitTidy()
	c.t.Logf("lost the disk with the index: all is back after %v, listings and counts as before", time.Since(begin).Round(time.Millisecond))
	c.checkData("after the loss of the index")
}

// listingOf is all that accounts, containers and listings say.
func listingOf(t testing.TB, e *Engine) string {
	t.Helper()
	var out strings.Builder
	account := must[objstore.AccountInfo](t)(e.HeadAccount(ctx, box.Account, objstore.InfoOptions{}))
	fmt.Fprintf(&out, "%d containers, %d objects, %d bytes\n", account.ContainerCount, account.ObjectCount, account.BytesUsed)
	container := must[objstore.ContainerInfo](t)(e.HeadContainer(ctx, box, objstore.InfoOptions{}))
	fmt.Fprintf(&out, "%d objects, %d bytes, policy %d\n", container.ObjectCount, container.BytesUsed, container.Policy)
	err := e.ListObjects(ctx, box, objstore.ListOptions{Limit: 1e6}, func(o *objstore.ObjectEntry) error {
		fmt.Fprintf(&out, "%+v\n", *o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (c *chaosStore) waitTidy() {
	c.t.Helper()
	last := ""
	defer func() {
		if last != "" {
			c.t.Error(last)
		}
	}()
	waitFor(c.t, "tidy devices", func() bool { last = c.tidy(); return last == "" })
}

// tidy says what a device holds that no row puts there, or the reverse, or "".
func (c *chaosStore) tidy() string {
	for _, d := range c.fleet.devices {
		files := map[meta.FileID]bool{}
		err := c.fleet.set.Device(d.index).Walk(func(id device.ID) error {
			files[meta.FileID(id)] = true
			return nil
		})
		if err != nil {
			return err.Error()
		}
		var wrong strings.Builder
		err = c.db.Objects(func(o objstore.ObjectID, row meta.ObjectRow) error {
			if row.Place == meta.PlaceFile && row.Placement.Holds(d.index) {
				if !files[row.ID] {
					fmt.Fprintf(&wrong, "%s is not on device %v; ", o, d.index)
				}
				delete(files, row.ID)
			}
			return nil
		})
		if err != nil || wrong.Len() > 0 || len(files) > 0 {
			orphans := ""
			for id := range files {
				owner, row, found, _ := c.rowOf(id)
				queued, _ := c.db.InGCQueue(d.index, id)
				orphans += fmt.Sprintf("; orphan %x: owner %v %v on %v, queued %v, read %v", id[:4], found, owner, row.Placement.Devices, queued, c.inUse.has(c.inUse.readers, id))
			}
			return fmt.Sprintf("%s on device %v, %v%s", wrong.String(), d.index, err, orphans)
		}
	}
	return ""
}

// TestTooManyLosses: with m+1 devices away the objects on all of them give a
// clear error and no other does; nothing is deleted, deletes work, and all is
// there when one device is back.
func TestTooManyLosses(t *testing.T) {
	// One device per zone, or all copies are never on those that are lost.
	for shape, lost := range map[string][]device.Index{"4+2": {1, 2, 3}, "3 copies": {1, 3, 5, 7}} {
		t.Run(shape, func(t *testing.T) { testTooManyLosses(t, shape, lost) })
	}
}

func testTooManyLosses(t *testing.T, shape string, lost []device.Index) {
	c := openChaos(t, shape, nil)
	const n = 40
	name := func(i int) objstore.ObjectName { return objstore.ObjectName(fmt.Sprint(i)) }
	for i := range n {
		put(t, c.Engine, name(i), randomBody(uint64(i), 200_000))
	}
	waitFor(t, "quiet", func() bool { return c.healthy() == "" })
	for _, i := range lost {
		c.disks[i-1].fails.Store(true)
	}
	waitFor(t, "notice of the lost disks", func() bool {
		return !slices.ContainsFunc(lost, func(i device.Index) bool { return c.fleet.set.State(i) != device.StateFailed })
	})
	hit, deleted := 0, -1
	for i := range n {
		row, _, err := c.db.Object(box.Object(name(i)))
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, d := range row.Placement.Slots() {
			if d != device.None && !slices.Contains(lost, d) {
				left++
			}
		}
		body, err := get(c.Engine, name(i))
		switch {
		case left >= rowLayout(&row).Need():
			if err != nil || !bytes.Equal(body, randomBody(uint64(i), 200_000)) {
				t.Errorf("object %d has %d slots and gives %d bytes, %v", i, left, len(body), err)
			}
		case !errors.Is(err, objstore.KindUnavailable) || !strings.Contains(err.Error(), string(box.Object(name(i)).Object)):
			t.Errorf("object %d has %d slots: %v", i, left, err)
		default:
			hit, deleted = hit+1, i
		}
	}
	if hit == 0 || hit == n {
		t.Fatalf("%d of %d objects are hit: the test tests nothing", hit, n)
	}
	if _, err := c.DeleteObject(ctx, box.Object(name(deleted)), objstore.DeleteOptions{}); err != nil {
		t.Errorf("delete of an object that cannot be read: %v", err)
	}
	if m := c.Metrics(); m.QuarantinedSlots != 0 || m.DarkFound != 0 {
		t.Errorf("%d slots in quarantine, %d dark files", m.QuarantinedSlots, m.DarkFound)
	}
	t.Logf("%d of %d objects were hit by the loss of %d devices", hit, n, len(lost))
	back := lost[:len(lost)-2] // both shapes can do without two
	for _, i := range back {
		c.disks[i-1].mend()
	}
	waitFor(t, "return of a disk", func() bool {
		return !slices.ContainsFunc(back, func(i device.Index) bool { return c.fleet.set.State(i) == device.StateFailed })
	})
	for i := range n {
		body, err := get(c.Engine, name(i))
		if i == deleted {
			if !errors.Is(err, objstore.KindNotFound) {
				t.Errorf("the deleted object: %v", err)
			}
		} else if err != nil || !bytes.Equal(body, randomBody(uint64(i), 200_000)) {
			t.Errorf("object %d after the return: %d bytes, %v", i, len(body), err)
		}
	}
	for _, d := range c.disks {
		d.mend()
	}
	c.waitTidy()
	c.checkAll("with all devices")
}
