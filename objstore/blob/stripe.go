// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"sync"
	"time"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
	"needletail/objstore/ec"
)

const (
	// copyStripeBytes is how much an upload of copies hands to its devices at
	// once.
	copyStripeBytes = 512 << 10
	// stripesEach is the number of stripes of an upload: a stripe is being
	// read, a stripe is being digested, and two stripes are being written.
	stripesEach = 4
	// extraStripesMax bounds the stripes of a Set beyond the first of each
	// upload. With 4+2, whose stripe is 768 KiB, the stripes are 144 MiB.
	extraStripesMax = 192
)

// stripe is a part of a body on its way to the devices.
type stripe struct {
	buf    []byte // aligned: room for the body, then for parity
	body   []byte // what is filled
	shards [][]byte
	// sent is when the lanes got the stripe.
	sent time.Time

	// The following are guarded by upload.mu.
	pending uint64 // bit per slot whose lane has not done with it
	// tainted says that a lane was left alone with the stripe. The lane may
	// still read the stripe at any time, so the stripe is not filled again.
	tainted bool
}

// bodyRoom is the length of the body in a whole stripe.
func (l Layout) bodyRoom() int {
	if l.Copies > 0 {
		return copyStripeBytes
	}
	return l.Data * ec.BlockBytes
}

// stripePools holds a *sync.Pool per length: as many pools as layouts.
var stripePools sync.Map

func stripePool(bytes int) *sync.Pool {
	if p, ok := stripePools.Load(bytes); ok {
		return p.(*sync.Pool)
	}
	p, _ := stripePools.LoadOrStore(bytes, &sync.Pool{New: func() any {
		return &stripe{buf: device.AlignedBuffer(bytes)}
	}})
	return p.(*sync.Pool)
}

func takeStripe(l Layout) *stripe {
	st := stripePool(l.bodyRoom() + l.Parity*ec.BlockBytes).Get().(*stripe)
	if st.shards == nil || len(st.shards) != l.Slots() {
		st.shards = make([][]byte, l.Slots())
	}
	st.body, st.pending, st.tainted = st.buf[:0], 0, false
	return st
}

func giveStripe(st *stripe) { stripePool(len(st.buf)).Put(st) }

// cut sets the shards of the filled stripe, and computes parity.
func (st *stripe) cut(l Layout, code *ec.Code) error {
	if l.Copies > 0 {
		for slot := range st.shards {
			st.shards[slot] = st.body
		}
		return nil
	}
	n := ec.ShardBytes(len(st.body), l.Data)
	clear(st.buf[len(st.body) : n*l.Data])
	for slot := range l.Data {
		st.shards[slot] = st.buf[slot*n : (slot+1)*n]
	}
	for i := range l.Parity {
		at := l.bodyRoom() + i*ec.BlockBytes
		st.shards[l.Data+i] = st.buf[at : at+n]
	}
	return code.Encode(st.shards)
}

// appendSums adds the checksums of a fragment's shard.
func (st *stripe) appendSums(blocks [][]uint64) {
	for slot, shard := range st.shards {
		if len(shard) > 0 {
			blocks[slot] = append(blocks[slot], checksum.Block(shard))
		}
	}
}
