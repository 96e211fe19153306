// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// The copies are written at the same time, and a crash may leave a batch in a single
// copy. The next Open finds the batch without reading the whole database: each batch
// records its keys in a slot of the journal. A slot is used again only when its batch
// is on the two disks. Slots with different values name every key that may differ.
//
// The journal has twice as many slots as batches under way, and a batch takes the slot
// that was free for longest. Hence the last batchesMax batches keep their slots, and
// Open notices copies that are further apart.
const (
	journalSlots = 2 * batchesMax
	batchesMax   = 1024 // under way at once; more batches wait
)

// A slot's value:
//
//	sequence number 8, big-endian | keys, each counted by a uvarint
const sequenceBytes = 8

type journal struct {
	free    chan uint16   // slots
	permits chan struct{} // a value per batch under way
	last    atomic.Uint64 // sequence number
}

func newJournal() *journal {
	j := &journal{free: make(chan uint16, journalSlots), permits: make(chan struct{}, batchesMax)}
	for i := range journalSlots {
		j.free <- uint16(i)
	}
	return j
}

// begin adds a slot to a batch. end gives the slot back when the batch is on the two
// disks, or when a copy was given up.
func (j *journal) begin(b *pebble.Batch, prefix []byte) (slot uint16, err error) {
	keys, err := touched(make([]byte, sequenceBytes, 512), b)
	if err != nil {
		return 0, err
	}
	j.permits <- struct{}{}
	slot = <-j.free
	binary.BigEndian.PutUint64(keys, j.last.Add(1))
	if err := b.Set(slotKey(prefix, slot), keys, nil); err != nil {
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
		if kind != pebble.InternalKeyKindLogData { // LogData has no key
			dst = binary.AppendUvarint(dst, uint64(len(key)))
			dst = append(dst, key...)
		}
	}
}

// touchedKeys calls visit with each key of keys, which touched has made.
func touchedKeys(keys []byte, visit func(key []byte) error) error {
	for len(keys) > 0 {
		length, n := binary.Uvarint(keys)
		if n <= 0 || length > uint64(len(keys)-n) {
			return fmt.Errorf("%w: a slot of the journal is cut short", ErrCorrupt)
		}
		keys = keys[n:]
		if err := visit(keys[:length]); err != nil {
			return err
		}
		keys = keys[length:]
	}
	return nil
}

// slots reads the journal of a copy: the values by slot, and the greatest sequence
// number.
func (s *side) slots() (values [][]byte, last uint64, err error) {
	values = make([][]byte, journalSlots)
	prefix := s.opts.Format.Journal
	err = ScanPrefix(s.source(), prefix, func(k, value []byte) error {
		if len(k) != len(prefix)+2 || len(value) < sequenceBytes {
			return fmt.Errorf("%w: journal key %q", ErrCorrupt, k)
		}
		slot := binary.BigEndian.Uint16(k[len(prefix):])
		if int(slot) >= journalSlots {
			return fmt.Errorf("%w: journal slot %d", ErrCorrupt, slot)
		}
		values[slot] = append([]byte(nil), value...)
		last = max(last, binary.BigEndian.Uint64(value))
		return nil
	})
	return values, last, err
}

func slotKey(prefix []byte, slot uint16) []byte {
	key := make([]byte, 0, len(prefix)+2)
	return binary.BigEndian.AppendUint16(append(key, prefix...), slot)
}
