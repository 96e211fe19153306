// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"sync"
	"time"

	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/ec"
)

// Sum ends the body.
func (u *upload) Sum() datafile.Digests {
	if u.sums == nil {
		if u.toDigest != nil {
			close(u.toDigest)
			<-u.digested
			u.toDigest = nil
		}
		u.digest(u.cur)
		u.cur = nil
		sums := u.hash.Sum()
		u.sums = &sums
	}
	return datafile.Digests{SizeBytes: u.sums.SizeBytes, MD5: u.sums.MD5, SHA512: u.sums.SHA512}
}

// Finish publishes all slots.
func (u *upload) Finish(f datafile.Footer) (Placement, error) {
	if u.err != nil {
		return nil, u.err
	}
	sum := u.Sum()
	if u.cutErr != nil {
		return nil, u.fail(u.cutErr)
	}
	if sum.SizeBytes > datafile.SizeMaxBytes {
		return nil, u.fail(datafile.ErrTooLarge)
	}
	f.Info.SizeBytes, f.Info.ETag, f.Info.SHA512 = sum.SizeBytes, sum.MD5, sum.SHA512
	u.footer = &f
	u.closeLanes()
	p, have := u.waitForQuorum()
	if have < u.layout.Quorum() {
		u.revoke(p)
		u.mu.Lock()
		defer u.mu.Unlock()
		return nil, u.fail(u.short(have))
	}
	u.release()
	u.err, u.ended = datafile.ErrDone, true
	return p, nil
}

// footerOf is the footer of the file of a slot.
func (u *upload) footerOf(slot int) datafile.Footer {
	return u.layout.footer(*u.footer, slot)
}

func (l Layout) footer(f datafile.Footer, slot int) datafile.Footer {
	f.Fragment = datafile.Fragment{}
	if l.Copies == 0 {
		f.Fragment = datafile.Fragment{
			SizeBytes:  ec.Geometry{Data: l.Data, SizeBytes: f.Info.SizeBytes}.FragmentBytes(),
			ShardBytes: ec.BlockBytes, Data: l.Data, Parity: l.Parity, Slot: slot,
		}
	}
	return f
}

// blocksOf is the checksums of the file of a slot.
func (u *upload) blocksOf(slot int) []uint64 {
	if u.blocks == nil {
		return u.sums.Blocks
	}
	return u.blocks[slot]
}

// waitForQuorum waits for the lanes: SyncWait for the quorum, then QuorumWait
// for the rest. It drops late lanes, which undo their work.
func (u *upload) waitForQuorum() (Placement, int) {
	p, have, waiting := make(Placement, u.layout.Slots()), 0, 0
	u.mu.Lock()
	for slot, l := range u.slots {
		p[slot] = device.None
		if l != nil && !l.dropped {
			waiting++
		}
	}
	u.mu.Unlock()
	timer := time.NewTimer(u.set.opts.SyncWait)
	defer timer.Stop()
	for late := false; waiting > 0 && !late; {
		select {
		case r := <-u.results:
			waiting--
			if r.err != nil {
				break
			}
			p[r.lane.slot] = r.lane.disk.spec.Index
			if have++; have == u.layout.Quorum() {
				timer.Reset(u.set.opts.QuorumWait)
			}
		case <-timer.C:
			late = true
		}
	}
	return u.dropLate(p, have)
}

// dropLate drops the lanes that have not settled, and counts the lanes settled
// since the last look.
func (u *upload) dropLate(p Placement, have int) (Placement, int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.results) > 0 {
		if r := <-u.results; r.err == nil {
			p[r.lane.slot] = r.lane.disk.spec.Index
			have++
		}
	}
	for slot, l := range u.slots {
		if l != nil && l.err == nil && p[slot] == device.None {
			u.drop(l)
		}
	}
	return p, have
}

// settle tells the result of a lane's publishing. It returns false if the lane
// was dropped meanwhile. A settled result counts.
func (u *upload) settle(l *lane, err error) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if l.dropped {
		return false
	}
	if err == nil {
		u.set.writing.CompareAndDelete(l.place(), l) // from now on it may be rebuilt
	} else {
		u.blame(l, err)
	}
	u.results <- laneResult{l, err}
	return true
}

// revoke removes the published files of an upload without quorum.
func (u *upload) revoke(p Placement) {
	var wait sync.WaitGroup
	for _, i := range p {
		if i != device.None {
			wait.Go(func() { u.set.removeFile(u.id, u.set.byIndex[i]) })
		}
	}
	waitFor(&wait, u.set.opts.WriteWait)
}

// Abort gives up the body. Abort waits at most WriteWait for devices.
func (u *upload) Abort() {
	if u.ended {
		return
	}
	u.ended = true
	u.fail(datafile.ErrDone)
	if u.toDigest != nil {
		close(u.toDigest)
		<-u.digested
		u.toDigest = nil
	}
	u.closeLanes()
	u.release()
	u.waitForLanes()
}

// closeLanes lets the lanes come to their end.
func (u *upload) closeLanes() {
	if u.closed {
		return
	}
	u.closed = true
	for _, l := range u.slots {
		if l != nil {
			close(l.queue)
		}
	}
}

func (u *upload) waitForLanes() { waitFor(&u.lanes, u.set.opts.WriteWait) }

// waitFor waits for at most limit.
func waitFor(wait *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() {
		wait.Wait()
		close(done)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// release gives back the hash and the stripes without a lane.
func (u *upload) release() {
	u.hash.Release()
	u.set.extraStripes.Add(-int64(u.made - 1))
	if u.cur != nil {
		giveStripe(u.cur)
		u.cur = nil
	}
	for {
		select {
		case st := <-u.free:
			giveStripe(st)
		default:
			return
		}
	}
}
