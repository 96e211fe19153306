// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/fsck"
)

// The data folder is lost, with the index and all else: once with the second
// copy there, which gives back all, and once without it: then files of copies
// and fragments say what they hold, and all large objects are back.
func TestIndexIsLost(t *testing.T) {
	for _, shape := range []string{"4+2", "3 copies"} {
		t.Run(shape, func(t *testing.T) {
			c := openChaos(t, shape, nil)
			waitInStep(t, c.Engine)
			m := fillMixed(t, c.Engine, 120, rand.New(rand.NewPCG(7, 8)))
			for i, size := range []int{300_000, 2_500_000} { // several stripes
				name := objstore.ObjectName([]string{"long", "longer"}[i])
				m.large[name] = version{size: size, seed: uint64(i + 1)}
				put(t, c.Engine, name, randomBody(uint64(i+1), size))
			}
			id := c.ID()
			c.loseIndex()
			if c.ID() != id {
				t.Error("the store has another id")
			}
			m.wantOnly(t, c.Engine, m.small, m.large)
			c.rebuildFromFiles(m)
		})
	}
}

func (c *chaosStore) rebuildFromFiles(m *mixed) {
	t := c.t
	id, mirror := c.ID(), c.MirrorDir()
	closeTest(t, c.Engine)
	if err := errors.Join(os.RemoveAll(c.dir), os.RemoveAll(mirror)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c.dir, quiet(c.opts)); !errors.Is(err, datafolder.ErrForeign) {
		t.Errorf("a store without its index was opened: %v", err)
	}
	report := rebuildTest(t, c.dir, c.opts, fsck.RebuildOptions{})
	if report.Source != "" || report.Exact || report.Restored != int64(len(m.large)) || report.Incomplete+report.Damaged+report.Unnamed != 0 {
		t.Errorf("%+v", report)
	}
	t.Logf("no copy of the index: %d files gave %d objects in %v", report.Files, report.Restored, report.Took)
	c.Engine = openTest(t, c.dir, c.opts)
	if c.ID() != id {
		t.Error("the store has another id")
	}
	waitInStep(t, c.Engine)
	m.wantOnly(t, c.Engine, m.large)
	c.healed("sweep after the rebuild")
	c.waitTidy()
	c.checkData("rebuilt")
	m.wantOnly(t, c.Engine, m.large)
}

// Damaged files of one name on one device are all kept.
func TestQuarantineKeepsAll(t *testing.T) {
	c := openChaos(t, "3 copies", nil)
	put(t, c.Engine, "o", randomBody(1, 100_000))
	row, _, err := c.db.Object(box.Object("o"))
	if err != nil {
		t.Fatal(err)
	}
	on, name := row.Placement.Devices[0], device.ID(row.ID).String()
	path := c.paths[on-1]
	for range 3 {
		flip(t, path+"/data/"+name[:2]+"/"+name[2:4]+"/"+name, 50_000)
		if n := c.scrubNow(); n != 1 {
			t.Errorf("%d slots are damaged", n)
		}
		c.healed("the damaged copy")
	}
	for _, suffix := range []string{"", ".1", ".2"} {
		if _, err := os.Stat(path + "/quarantine/" + name + suffix); err != nil {
			t.Error(err)
		}
	}
	if h, err := c.verify(ctx, &row, nil); err != nil || h.Count(blob.SlotOK) != 3 {
		t.Errorf("%+v, %v", h, err)
	}
}

// The status says how the copies of the index and of the identity are.
func TestStatusOfCopies(t *testing.T) {
	c := openChaos(t, "3 copies", nil)
	state := func() string { return c.Status().Index.State() }
	waitFor(t, "copies in step", func() bool { return state() == "in step" })
	c.disks[0].fails.Store(true) // it has the second copy
	put(t, c.Engine, "o", []byte("x"))
	waitFor(t, "notice of the lost copy", func() bool { return state() != "in step" })
	if s := c.Status().Index; s.Copies != 2 || s.AloneSeconds == 0 || !strings.Contains(s.Lost, c.MirrorDir()) {
		t.Errorf("%+v", s)
	}
	c.disks[0].mend()
	waitFor(t, "copies in step again", func() bool { return state() == "in step" })
	if s := c.Status().Index; s.AloneSeconds != 0 || s.Lost != "" {
		t.Errorf("%+v", s)
	}
	if s := c.Status().Identity; s.State() != "one copy" {
		t.Errorf("%+v", s)
	}
	c.IdentityCopies(nil)
	if s := c.Status().Identity; s.State() != "in step" {
		t.Errorf("%+v", s)
	}
	c.IdentityCopies(errors.New("broken"))
	if s := c.Status().Identity; s.State() != "alone" || s.Lost != "broken" || s.AloneSeconds == 0 {
		t.Errorf("%+v", s)
	}
	if s := (CopyStatus{Copies: 2, Filling: true}).State(); s != "refilling" {
		t.Error(s)
	}
}
