package meta

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Two copies of the index are written at the same time, so a crash may leave
// in one of them what the other lacks: batches that were under way. To find
// them at the next Open without reading everything, each batch notes the keys
// that it touches in a slot of the journal. A slot is used again only when its
// batch is on both disks, so slots that differ name all that may differ.
//
// The last batchesMax batches keep their slots in any case: there are twice as
// many slots, and the one that was free for longest is taken. So copies that
// are further apart than batchesMax batches show that too.
const (
	journalSlots = 2 * batchesMax
	batchesMax   = 1024 // under way at once; more wait
)

// A slot's value:
//
//	sequence number 8, big-endian | keys, each counted by a uvarint
const sequenceBytes = 8

type journal struct {
	free    chan uint16   // slots
	permits chan struct{} // one per batch under way
	last    atomic.Uint64 // sequence number
}

func newJournal() *journal {
	j := &journal{free: make(chan uint16, journalSlots), permits: make(chan struct{}, batchesMax)}
	for i := range journalSlots {
		j.free <- uint16(i)
	}
	return j
}

// begin adds the slot of a batch to it; end gives the slot back, when the
// batch is on both disks or one copy was given up.
func (j *journal) begin(b *pebble.Batch) (slot uint16, err error) {
	keys, err := touched(make([]byte, sequenceBytes, 512), b)
	if err != nil {
		return 0, err
	}
	j.permits <- struct{}{}
	slot = <-j.free
	binary.BigEndian.PutUint64(keys, j.last.Add(1))
	if err := b.Set(appendSlotKey(nil, slot), keys, nil); err != nil {
		j.end(slot)
		return 0, err
	}
	return slot, nil
}

func (j *journal) end(slot uint16) {
	j.free <- slot
	<-j.permits
}

// touched appends the keys of a batch.
func touched(dst []byte, b *pebble.Batch) ([]byte, error) {
	r := b.Reader()
	for {
		kind, key, _, ok, err := r.Next()
		if err != nil || !ok {
			return dst, err
		}
		if kind != pebble.InternalKeyKindLogData { // that is no key
			dst = appendString(dst, key)
		}
	}
}

// touchedKeys calls visit with each key of a slot's value, or of what touched
// appended to nothing.
func touchedKeys(keys []byte, visit func(key []byte) error) error {
	d := decoder{rest: keys}
	for len(d.rest) > 0 {
		if key := d.raw(); d.err == nil {
			if err := visit(key); err != nil {
				return err
			}
		}
	}
	return d.err
}

// slots reads the journal of a copy: the values, and the greatest sequence
// number.
func (s *side) slots() (values [][]byte, last uint64, err error) {
	values = make([][]byte, journalSlots)
	err = View{plain{s.pebble}}.scan([]byte{prefixJournal}, func(k, value []byte) error {
		if len(k) != 3 || len(value) < sequenceBytes {
			return fmt.Errorf("%w: journal key %q", ErrCorrupt, k)
		}
		slot := binary.BigEndian.Uint16(k[1:])
		if int(slot) >= journalSlots {
			return fmt.Errorf("%w: journal slot %d", ErrCorrupt, slot)
		}
		values[slot] = append([]byte(nil), value...)
		last = max(last, binary.BigEndian.Uint64(value))
		return nil
	})
	return values, last, err
}

func appendSlotKey(dst []byte, slot uint16) []byte {
	return binary.BigEndian.AppendUint16(append(dst, prefixJournal), slot)
}
