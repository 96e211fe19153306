// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"needletail/objstore/durable"
	"needletail/objstore/oserror"
)

// Batch collects changes that take effect together. A Batch ends with Commit or
// Close.
type Batch struct {
	*pebble.Batch
	home *side // the copy that made the batch
}

// NewBatch begins a batch.
func (d *DB) NewBatch() Batch {
	s := d.reader.Load()
	return Batch{s.pebble.NewBatch(), s}
}

// Commit makes a batch take effect on all copies, and closes the batch on success.
// With sync the batch is on stable storage when Commit returns nil. Without sync a
// crash may lose the batch, but no earlier batch. With two copies each batch is
// synced. After an error the batch may or may not have taken effect, except for
// durable.ErrBehind: then nothing has changed.
func (d *DB) Commit(b Batch, sync bool) error {
	if err := d.Sealed(); err != nil {
		_ = b.Close() // dropped; err says why
		return err
	}
	d.gate.RLock()
	defer d.gate.RUnlock()
	switch {
	case !d.mirrored:
		if err := d.first.pebble.Commit(b.Batch, sync); err != nil {
			return err
		}
		return b.Close()
	case d.paired.Load():
		return d.writeBoth(b.home, b.Batch)
	default:
		return d.writeAlone(b.home, b.Batch)
	}
}

// writeAlone writes a batch to the copy that is left.
func (d *DB) writeAlone(home *side, b *pebble.Batch) error {
	keys, err := touched(nil, b)
	if err != nil {
		return err
	}
	s := d.reader.Load()
	if home != s {
		own := s.pebble.NewBatch()
		if err := errors.Join(own.Apply(b, nil), b.Close()); err != nil {
			return err
		}
		b = own
	}
	if err := s.commit(b); err != nil {
		if s.err() != nil {
			d.seal(err)
		}
		return err
	}
	d.dirty.add(keys) // after the write: see fill
	return b.Close()
}

// writeBoth writes a batch to the two copies at the same time. If a copy fails, its
// peer records the loss before the answer. Two batches may take effect in a different
// order in each copy. The result is the same: callers serialise changes of a key,
// except merges.
func (d *DB) writeBoth(home *side, b *pebble.Batch) error {
	peer := d.peer(home)
	if err := admit(b.Len(), home.pebble, peer.pebble); err != nil {
		return err
	}
	slot, err := d.journal.begin(b, d.opts.Format.Journal)
	if err != nil {
		return err
	}
	defer d.journal.end(slot)
	copied := peer.pebble.NewBatch()
	if err := copied.Apply(b, nil); err != nil {
		return err
	}
	theirs, mine := peer.pebble.Start(copied, true), home.pebble.Start(b, true)
	errTheirs, errMine := theirs.Wait(), mine.Wait()
	switch {
	case errTheirs == nil && errMine == nil:
		return errors.Join(copied.Close(), b.Close())
	case errTheirs != nil && errMine != nil:
		d.seal(errors.Join(errTheirs, errMine))
		return d.Sealed()
	case errTheirs != nil:
		return d.lose(peer)
	default:
		return d.lose(home)
	}
}

// admit asks two copies in step whether a batch of the given bytes may begin. If a
// single copy is behind because of its disk, admit seals the copy, and the batch may
// begin. admit returns durable.ErrBehind if the two copies are behind. A lack of
// descriptors or memory is no fault of the disk: admit then returns ErrBehind and
// seals no copy.
func admit(bytes int, one, two *durable.DB) error {
	errOne, errTwo := behind(one, bytes), behind(two, bytes)
	err := errors.Join(errOne, errTwo)
	if errOne != nil && errTwo != nil || oserror.Exhausted(err) {
		return err
	}
	if errOne != nil {
		one.Seal(errOne)
	}
	if errTwo != nil {
		two.Seal(errTwo)
	}
	return nil
}

// behind returns durable.ErrBehind if a copy is behind, and no further error: the
// write to a sealed copy tells of the seal.
func behind(d *durable.DB, bytes int) error {
	if err := d.Admit(bytes); errors.Is(err, durable.ErrBehind) {
		return err
	}
	return nil
}

// peer returns the copy beside s.
func (d *DB) peer(s *side) *side {
	if s == d.first {
		return d.second
	}
	return d.first
}
