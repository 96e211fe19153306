package meta

import (
	"encoding/binary"

	"needletail/objstore"
	"needletail/objstore/device"
	"needletail/objstore/twin"
)

// Batch collects the changes of one operation, which take effect together. The
// first failure sticks until Commit. Not safe for concurrent use. A Batch ends
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

// Commit makes the batch take effect. With sync it is on stable storage when
// Commit returns nil; without, a crash may lose it, but no earlier batch. Where
// there are two copies every batch is synced. An error leaves it open whether
// the batch took effect.
func (b *Batch) Commit(sync bool) error {
	if b.err != nil {
		_ = b.batch.Close() // the batch is dropped; b.err says why
		return b.err
	}
	b.err = b.copies.Commit(b.batch, sync)
	return b.err
}

// Close drops a batch that was not committed.
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

// DeleteAccount removes an account's row and its counters of those policies.
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

// FoldContainer replaces a container's counters by their sum, so that a reader
// need not add up many deltas. The caller keeps writers of the container away.
func (b *Batch) FoldContainer(c objstore.ContainerID, sum Counts) {
	b.key = appendContainerKey(b.key[:0], prefixContainerCounter, c)
	b.value = appendCounts(b.value[:0], sum, 1)
	b.set(b.value)
}

// FoldAccount is FoldContainer for one policy of an account.
func (b *Batch) FoldAccount(a objstore.AccountName, p objstore.PolicyIndex, sum Counts) {
	b.key = appendAccountCounterKey(b.key[:0], a, p)
	b.value = appendCounts(b.value[:0], sum, 1)
	b.set(b.value)
}

// SetObject writes an object's row, its expiry entry, and for a data file the
// entry that says whose it is. What an older row had is the caller's to remove.
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

// DropBody removes an inline body, or queues its data files for their removal.
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

// QueueGC queues the data file of a row on one device for its removal.
func (b *Batch) QueueGC(d device.Index, r *ObjectRow) {
	b.key = appendGCKey(b.key[:0], d, r.ID)
	b.value = AppendGCRow(b.value[:0], GCRow{Policy: r.Policy, SizeBytes: r.Info.SizeBytes})
	b.set(b.value)
}

// DoneGC takes a data file that is gone off the queue of its device.
func (b *Batch) DoneGC(d device.Index, id FileID) {
	b.key = appendGCKey(b.key[:0], d, id)
	b.del()
}

// QueueHeal queues a data file for a look at its slots.
func (b *Batch) QueueHeal(id FileID, r HealRow) {
	b.key = appendIDKey(b.key[:0], prefixHeal, id)
	b.value = AppendHealRow(b.value[:0], r)
	b.set(b.value)
}

// DoneHeal takes a data file off that queue.
func (b *Batch) DoneHeal(id FileID) {
	b.key = appendIDKey(b.key[:0], prefixHeal, id)
	b.del()
}

// SetScrub notes how far the scrubber has come.
func (b *Batch) SetScrub(r ScrubRow) {
	b.key = append(b.key[:0], keyScrub...)
	b.value = AppendScrubRow(b.value[:0], r)
	b.set(b.value)
}

// SetClock raises the clock's mark to t.
func (b *Batch) SetClock(t objstore.Timestamp) {
	b.value = binary.AppendVarint(b.value[:0], int64(t))
	b.note(b.batch.Merge([]byte(keyClock), b.value, nil))
}
