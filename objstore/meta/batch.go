// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/twin"
)

// Batch collects the changes of an operation. The changes take effect together. The
// first failure sticks until Commit. A Batch is not safe for concurrent use, and ends
// with Commit or Close.
type Batch struct {
	copies     *twin.DB
	batch      twin.Batch
	key, value []byte // scratch
	err        error
}

// NewBatch begins a batch.
func (d *DB) NewBatch() *Batch {
	return &Batch{copies: d.copies, batch: d.copies.NewBatch(), key: make([]byte, 0, keyBytes), value: make([]byte, 0, keyBytes)}
}

// Commit makes the batch take effect. With sync the batch is on stable storage when
// Commit returns nil. Without sync a crash may lose the batch, but no earlier batch.
// With two copies every batch is synced. After an error the batch may or may not have
// taken effect.
func (b *Batch) Commit(sync bool) error {
	if b.err != nil {
		_ = b.batch.Close() // the batch is dropped; b.err says why
		return b.err
	}
	b.err = b.copies.Commit(b.batch, sync)
	return b.err
}

// Close drops a batch without Commit.
func (b *Batch) Close() error { return b.batch.Close() }

func (b *Batch) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *Batch) set(value []byte) { b.note(b.batch.Set(b.key, value, nil)) }
func (b *Batch) del()             { b.note(b.batch.Delete(b.key, nil)) }

func (b *Batch) add(c Counts) {
	if c.IsZero() {
		return
	}
	b.value = appendCounts(b.value[:0], c, 1)
	b.note(b.batch.Merge(b.key, b.value, nil))
}

// SetAccount writes an account's row.
func (b *Batch) SetAccount(a objstore.AccountName, r *AccountRow) {
	b.key = appendAccountKey(b.key[:0], prefixAccount, a)
	b.value = AppendAccountRow(b.value[:0], r)
	b.set(b.value)
}

// DeleteAccount removes an account's row and the account's counters of the policies.
func (b *Batch) DeleteAccount(a objstore.AccountName, policies []objstore.PolicyIndex) {
	b.key = appendAccountKey(b.key[:0], prefixAccount, a)
	b.del()
	for _, p := range policies {
		b.key = appendAccountCounterKey(b.key[:0], a, p)
		b.del()
	}
}

// AddAccount adds to an account's counters.
func (b *Batch) AddAccount(a objstore.AccountName, p objstore.PolicyIndex, c Counts) {
	b.key = appendAccountCounterKey(b.key[:0], a, p)
	b.add(c)
}

// SetContainer writes a container's row.
func (b *Batch) SetContainer(c objstore.ContainerID, r *ContainerRow) {
	b.key = appendContainerKey(b.key[:0], prefixContainer, c)
	b.value = AppendContainerRow(b.value[:0], r)
	b.set(b.value)
}

// DeleteContainer removes a container's row and counters.
func (b *Batch) DeleteContainer(c objstore.ContainerID) {
	b.key = appendContainerKey(b.key[:0], prefixContainer, c)
	b.del()
	b.key = appendContainerKey(b.key[:0], prefixContainerCounter, c)
	b.del()
}

// AddContainer adds to a container's counters.
func (b *Batch) AddContainer(c objstore.ContainerID, n Counts) {
	b.key = appendContainerKey(b.key[:0], prefixContainerCounter, c)
	b.add(n)
}

// FoldContainer replaces the deltas of a container's counters by their sum: a reader
// then adds no deltas up. No writer of the container may run meanwhile.
func (b *Batch) FoldContainer(c objstore.ContainerID, sum Counts) {
	b.key = appendContainerKey(b.key[:0], prefixContainerCounter, c)
	b.value = appendCounts(b.value[:0], sum, 1)
	b.set(b.value)
}

// FoldAccount is FoldContainer for a policy of an account.
func (b *Batch) FoldAccount(a objstore.AccountName, p objstore.PolicyIndex, sum Counts) {
	b.key = appendAccountCounterKey(b.key[:0], a, p)
	b.value = appendCounts(b.value[:0], sum, 1)
	b.set(b.value)
}

// SetObject writes an object's row, the expiry entry, and the owner of the data file.
// The caller removes the entries and the body of an older row.
func (b *Batch) SetObject(o objstore.ObjectID, r *ObjectRow) {
	var err error
	if b.value, err = AppendObjectRow(b.value[:0], r); err != nil {
		b.note(err)
		return
	}
	b.key = appendObjectKey(b.key[:0], o)
	b.set(b.value)
	if r.Info.DeleteAt != 0 {
		b.key = appendExpiryKey(b.key[:0], r.Info.DeleteAt, o)
		b.set(nil)
	}
	if r.Place == PlaceFile {
		b.key = appendIDKey(b.key[:0], prefixFile, r.ID)
		b.value = appendName(b.value[:0], o)
		b.set(b.value)
	}
}

// DeleteObject removes an object's row.
func (b *Batch) DeleteObject(o objstore.ObjectID) {
	b.key = appendObjectKey(b.key[:0], o)
	b.del()
}

// DeleteExpiry removes an expiry entry.
func (b *Batch) DeleteExpiry(atSeconds int64, o objstore.ObjectID) {
	b.key = appendExpiryKey(b.key[:0], atSeconds, o)
	b.del()
}

// SetInline writes an inline body.
func (b *Batch) SetInline(id FileID, body []byte) {
	b.key = appendIDKey(b.key[:0], prefixInline, id)
	b.set(body)
}

// DropBody removes an inline body, or queues the data files of the body for removal.
func (b *Batch) DropBody(r *ObjectRow) {
	if r.Place == PlaceInline {
		b.key = appendIDKey(b.key[:0], prefixInline, r.ID)
		b.note(b.batch.DeleteSized(b.key, uint32(r.Info.SizeBytes), nil))
		return
	}
	b.key = appendIDKey(b.key[:0], prefixFile, r.ID)
	b.del()
	for _, d := range r.Placement.Slots() {
		if d != device.None {
			b.QueueGC(d, r)
		}
	}
}

// QueueGC queues the data file of a row on a device for removal.
func (b *Batch) QueueGC(d device.Index, r *ObjectRow) {
	b.key = appendGCKey(b.key[:0], d, r.ID)
	b.value = AppendGCRow(b.value[:0], GCRow{Policy: r.Policy, SizeBytes: r.Info.SizeBytes})
	b.set(b.value)
}

// DoneGC takes a removed data file off the queue of the device.
func (b *Batch) DoneGC(d device.Index, id FileID) {
	b.key = appendGCKey(b.key[:0], d, id)
	b.del()
}

// QueueHeal queues a data file: the healer looks at the slots.
func (b *Batch) QueueHeal(id FileID, r HealRow) {
	b.key = appendIDKey(b.key[:0], prefixHeal, id)
	b.value = AppendHealRow(b.value[:0], r)
	b.set(b.value)
}

// DoneHeal takes a data file off the queue of the healer.
func (b *Batch) DoneHeal(id FileID) {
	b.key = appendIDKey(b.key[:0], prefixHeal, id)
	b.del()
}

// SetScrub records the progress of the scrubber.
func (b *Batch) SetScrub(r ScrubRow) {
	b.key = append(b.key[:0], keyScrub...)
	b.value = AppendScrubRow(b.value[:0], r)
	b.set(b.value)
}

// SetClock raises the greatest committed timestamp to t.
func (b *Batch) SetClock(t objstore.Timestamp) {
	b.value = binary.AppendVarint(b.value[:0], int64(t))
	b.note(b.batch.Merge([]byte(keyClock), b.value, nil))
}
