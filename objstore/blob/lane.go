// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// lane writes the file of a slot, in a goroutine of its own: no other goroutine
// ever waits for the slot's device.
type lane struct {
	u     *upload
	slot  int
	disk  *disk
	queue chan *stripe // closed by upload.close
	part  *datafile.Part

	// The following are guarded by upload.mu.
	dropped bool // too slow; what it does from now on is undone by itself
	err     error
}

// laneResult is the report of a lane after each of its two phases: the file was
// created, or published.
type laneResult struct {
	lane *lane
	err  error
}

// run creates the file, writes the stripes of the queue, and, once the queue is
// closed, publishes the file if the upload has a footer.
func (l *lane) run(created chan<- laneResult) {
	u := l.u
	defer u.lanes.Done()
	at := l.place()
	u.set.writing.Store(at, l)
	defer u.set.writing.CompareAndDelete(at, l)
	err := l.create()
	created <- laneResult{l, err}
	if err != nil {
		return
	}
	for st := range l.queue {
		l.write(st)
	}
	l.end()
}

func (l *lane) place() place { return place{l.u.id, l.disk.spec.Index} }

func (l *lane) create() error {
	return l.disk.do(l.u.set.opts.CreateWait, func(dev *device.Device) (err error) {
		l.part, err = datafile.CreatePart(dev, l.u.id, l.u.partBytes())
		return err
	})
}

// write adds the slot's shard. A failed or dropped lane only hands stripes on.
func (l *lane) write(st *stripe) {
	if l.usable() {
		err := l.disk.do(l.u.set.opts.WriteWait, func(*device.Device) error {
			_, err := l.part.Write(st.shards[l.slot])
			return err
		})
		if err != nil {
			l.u.laneFailed(l, err)
		}
	}
	l.u.handBack(st, l.slot)
}

func (l *lane) usable() bool {
	l.u.mu.Lock()
	defer l.u.mu.Unlock()
	return l.err == nil && !l.dropped
}

// end publishes the file, or removes the file.
func (l *lane) end() {
	u := l.u
	if l.publishes() {
		return
	}
	err := l.disk.do(u.set.opts.WriteWait, func(*device.Device) error { return l.part.Abort() })
	if err != nil {
		u.set.opts.Events.Leftover(u.id, l.disk.spec.Index, err)
	}
}

// publishes publishes the file if the upload has a footer; false if something is
// left to be aborted.
func (l *lane) publishes() bool {
	u := l.u
	u.mu.Lock()
	dropped, err := l.dropped, l.err
	u.mu.Unlock()
	if dropped || u.footer == nil {
		return false
	}
	if err == nil {
		err = l.disk.do(u.set.opts.SyncWait, func(*device.Device) error {
			return l.part.Finish(u.footerOf(l.slot), u.blocksOf(l.slot))
		})
	}
	if !u.settle(l, err) && err == nil {
		u.set.removeFile(u.id, l.disk)
	}
	return err == nil
}

// removeFile removes a published file without a placement.
func (s *Set) removeFile(id device.ID, d *disk) {
	err := d.do(s.opts.WriteWait, func(dev *device.Device) error { return dev.Remove(id) })
	if err != nil {
		s.opts.Events.Leftover(id, d.spec.Index, err)
	}
}
