// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

// version is what a client knows of one object. The zero value is absent.
type version struct {
	size  int
	seed  uint64 // of the body
	color string // metadata
}

// ledger is what clients know: all versions that they asked for of each name,
// and the last one of them that was acknowledged.
type ledger struct {
	mu    sync.Mutex // protects the fields below
	asked map[objstore.ObjectName][]version
	acked map[objstore.ObjectName]int // index in asked, plus 1
}

func newLedger() *ledger {
	return &ledger{asked: map[objstore.ObjectName][]version{}, acked: map[objstore.ObjectName]int{}}
}

func (l *ledger) begin(name objstore.ObjectName, v version) (op int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[name] = append(l.asked[name], v)
	return len(l.asked[name])
}

func (l *ledger) end(name objstore.ObjectName, op int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[name] = op
}

// get is the version that was acknowledged last.
func (l *ledger) get(name objstore.ObjectName) version {
	l.mu.Lock()
	defer l.mu.Unlock()
	if op := l.acked[name]; op > 0 {
		return l.asked[name][op-1]
	}
	return version{}
}

func (l *ledger) answers() map[objstore.ObjectName]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.acked)
}

// since is a ledger with those answers and all questions until now.
func (l *ledger) since(acked map[objstore.ObjectName]int) *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &ledger{acked: acked, asked: map[objstore.ObjectName][]version{}}
	for name, vs := range l.asked {
		c.asked[name] = slices.Clone(vs)
	}
	return c
}

// check compares the store with what clients know: a name holds the version
// that was acknowledged last, or one that was asked for later.
func (l *ledger) check(t *testing.T, e *Engine, what string) {
	t.Helper()
	for name, asked := range l.asked {
		got, err := stored(e, name)
		if err != nil {
			t.Errorf("%s: %q: %v", what, name, err)
			continue
		}
		allowed := append([]version{l.get(name)}, asked[l.acked[name]:]...)
		if !slices.ContainsFunc(allowed, func(v version) bool { return v.matches(got) }) {
			t.Errorf("%s: %q holds %d bytes, colour %q; allowed is %+v", what, name, len(got.body), got.color, allowed)
		}
	}
}

type found struct {
	body   []byte
	color  string
	exists bool
}

func stored(e *Engine, name objstore.ObjectName) (found, error) {
	info, err := e.HeadObject(ctx, box.Object(name), objstore.OpenOptions{})
	if objstore.KindOf(err) == objstore.KindNotFound && err != nil {
		return found{}, nil
	}
	if err != nil {
		return found{}, err
	}
	body, err := get(e, name)
	return found{body, info.Metadata.Get("X-Object-Meta-Color"), true}, err
}

func (v version) matches(f found) bool {
	if v.seed == 0 {
		return !f.exists
	}
	return f.exists && f.color == v.color && bytes.Equal(f.body, randomBody(v.seed, v.size))
}

// client does random operations on names of its own.
type client struct {
	e      *Engine
	ledger *ledger
	rng    *rand.Rand
	id     int
}

var crashSizes = []int{0, 100, 3000, 5000, 150_000}

func (c *client) step() error {
	name := objstore.ObjectName(fmt.Sprintf("%d/%d", c.id, c.rng.IntN(5)))
	now := c.ledger.get(name)
	next := version{}
	var run func() error
	switch op := c.rng.IntN(10); {
	case op < 6:
		next = version{size: crashSizes[c.rng.IntN(len(crashSizes))], seed: c.rng.Uint64N(1<<30) + 1, color: "new"}
		run = func() error {
			_, err := c.e.PutObject(ctx, box.Object(name), bytes.NewReader(randomBody(next.seed, next.size)), objstore.PutOptions{
				SizeBytes: int64(next.size), Metadata: objstore.Metadata{{Name: "X-Object-Meta-Color", Value: next.color}}})
			return err
		}
	case now.seed == 0:
		return nil
	case op < 8:
		next = now
		next.color = fmt.Sprint(c.rng.IntN(1000))
		run = func() error {
			_, err := c.e.PostObject(ctx, box.Object(name), objstore.PostOptions{
				Metadata: objstore.Metadata{{Name: "X-Object-Meta-Color", Value: next.color}}})
			return err
		}
	default:
		run = func() error {
			_, err := c.e.DeleteObject(ctx, box.Object(name), objstore.DeleteOptions{})
			return err
		}
	}
	id := c.ledger.begin(name, next)
	err := run()
	if err == nil {
		c.ledger.end(name, id)
	}
	return err
}

// wantTidy checks that the device holds exactly the files that rows name.
func wantTidy(t *testing.T, e *Engine, what string) {
	t.Helper()
	if _, err := e.gc.pass(ctx); err != nil {
		t.Errorf("%s: gc: %v", what, err)
	}
	files := int64(0)
	if err := e.dev.Walk(func(id device.ID) error {
		files++
		if _, found, err := e.db.FileOwner(meta.FileID(id)); err != nil || !found {
			t.Errorf("%s: orphan %v, %v", what, id, err)
		}
		return nil
	}); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	r := wantRecount(t, e)
	if r.Files != files || r.Queued != 0 {
		t.Errorf("%s: %d files, %d named, %d queued", what, files, r.Files, r.Queued)
	}
}

// wantWholeDark checks that files which no row names were moved, not harmed.
func wantWholeDark(t *testing.T, e *Engine, what string) {
	t.Helper()
	n := int64(0)
	if err := e.dev.WalkDark(func(f device.DarkFile) error {
		n++
		r, err := datafile.OpenDark(e.dev, f)
		if err != nil {
			return err
		}
		return errors.Join(r.Verify(io.Discard), r.Close())
	}); err != nil {
		t.Errorf("%s: dark data: %v", what, err)
	}
	if found := e.stats.darkFound.Load(); len(e.opts.Devices) == 0 && n < found {
		t.Errorf("%s: %d dark files of %d are left", what, n, found)
	}
}

type crash struct {
	fs     *vfs.MemFS
	ledger *ledger
	at     int
}

// TestCrash cuts the power at random calls of the file system while clients
// work, and looks at what the next Open finds.
func TestCrash(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, clients := range []int{1, 4} {
		for round := range uint64(2) {
			testCrash(t, seed+round, clients, Options{InlineMaxBytes: 4096})
		}
	}
}

// TestCrashLosesADisk is TestCrash on devices; after the crash the data folder
// or the second copy of the index is gone at times.
func TestCrashLosesADisk(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	testCrash(t, seed, 4, onDevices(nil, "d1", "d2"))
}

func testCrash(t *testing.T, seed uint64, clients int, o Options) {
	rng := rand.New(rand.NewPCG(seed, uint64(clients)))
	mem, l := roomy(vfs.NewCrashableMem()), newLedger()
	var (
		mu      sync.Mutex // protects calls, crashes and rng
		calls   int
		crashes []crash
	)
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if calls++; len(crashes) < 25 && rng.IntN(12) == 0 {
			acked := l.answers() // before the clone: all of this must be in it
			cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng}
			clone := mem.CrashClone(cfg)
			crashes = append(crashes, crash{clone, l.since(acked), calls})
		}
		return nil
	}))
	o.FS = fs
	e := openTest(t, "store", o)
	if len(o.Devices) > 0 {
		waitInStep(t, e)
	}
	mu.Lock()
	crashes = nil // the container must be there
	mu.Unlock()
	makeBox(t, e)
	mu.Lock()
	crashes = nil
	mu.Unlock()
	var wg sync.WaitGroup
	for id := range clients {
		c := &client{e: e, ledger: l, rng: rand.New(rand.NewPCG(seed, uint64(100+id))), id: id}
		wg.Go(func() {
			for range 60 {
				if err := c.step(); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	wg.Wait()
	closeTest(t, e)
	for i, c := range crashes {
		what := fmt.Sprintf("seed %d, %d clients, crash before call %d", seed, clients, c.at)
		if lost := i % 3; lost < 2 && len(o.Devices) > 0 {
			dir := []string{"store", "d1/" + datafolder.SecondName}[lost]
			if err := c.fs.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			what += ", lost " + dir
		}
		checkCrash(t, c, o, what)
	}
}

func checkCrash(t *testing.T, c crash, o Options, what string) {
	t.Helper()
	o.FS = roomy(c.fs)
	e, err := Open("store", quiet(o))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	c.ledger.check(t, e, what)
	wantWholeDark(t, e, what)
	if len(o.Devices) == 0 {
		wantTidy(t, e, what)
		closeTest(t, e)
		return
	}
	waitInStep(t, e)
	if kinds, r := checkTest(t, e, "", o, fsck.CheckOptions{ReadData: true}); r.Damage > 0 {
		t.Errorf("%s: %v, %+v", what, kinds, r)
	}
	closeTest(t, e)
	var sums [2]string
	for i, dir := range []string{"store/" + datafolder.IndexName, "d1/" + datafolder.SecondName + "/" + datafolder.IndexName} {
		db, err := meta.OpenReadOnly(c.fs, dir)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		_, sums[i], err = db.DumpSum()
		if err := errors.Join(err, db.Close()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("%s: the copies of the index differ", what)
	}
}
