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

// writeBoth writes a batch to both copies at the same time. If one copy fails, the
// other copy records that before the answer. The order of two batches may differ
// between the copies; callers serialise changes of one key, except merges, so the
// result is the same.
func (d *DB) writeBoth(home *side, b *pebble.Batch) error {
	other := d.other(home)
	if err := admit(b.Len(), home.pebble, other.pebble); err != nil {
		return err
	}
	slot, err := d.journal.begin(b, d.opts.Format.Journal)
	if err != nil {
		return err
	}
	defer d.journal.end(slot)
	copied := other.pebble.NewBatch()
	if err := copied.Apply(b, nil); err != nil {
		return err
	}
	theirs, mine := other.pebble.Start(copied, true), home.pebble.Start(b, true)
	errTheirs, errMine := theirs.Wait(), mine.Wait()
	switch {
	case errTheirs == nil && errMine == nil:
		return errors.Join(copied.Close(), b.Close())
	case errTheirs != nil && errMine != nil:
		d.seal(errors.Join(errTheirs, errMine))
		return d.Sealed()
	case errTheirs != nil:
		return d.lose(other)
	default:
		return d.lose(home)
	}
}

// admit asks two copies in step whether a batch of so many bytes may begin. If one
// copy alone is behind because of its disk, admit seals that copy, and the batch
// may begin. admit returns durable.ErrBehind if both copies are behind, or if a
// copy lacks descriptors or memory, which is no fault of its disk.
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

// behind returns durable.ErrBehind if a copy is behind, and no other error: a
// sealed copy tells of the seal when it is written.
func behind(d *durable.DB, bytes int) error {
	if err := d.Admit(bytes); errors.Is(err, durable.ErrBehind) {
		return err
	}
	return nil
}

func (d *DB) other(s *side) *side {
	if s == d.first {
		return d.second
	}
	return d.first
}
