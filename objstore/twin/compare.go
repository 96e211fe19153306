package twin

import (
	"bytes"
	"errors"
	"fmt"
)

// errDiffer: two copies in step hold different content.
var errDiffer = errors.New("its content differs from the content of the other copy")

// Compare reads both copies to the end, if they are in step. Compare gives up a
// copy that cannot be read. If the copies differ, Compare gives up the copy that is
// not read, and a fill sets that copy aside. No write runs meanwhile: Compare is
// for small databases. The error is that of a database without a good copy.
func (d *DB) Compare() error {
	d.gate.Lock()
	defer d.gate.Unlock()
	if !d.paired.Load() {
		return nil
	}
	home := d.reader.Load()
	other := d.other(home)
	errHome, errOther := compare(home.source(), other.source())
	switch {
	case errHome != nil:
		home.fail(errHome)
		return errors.Join(d.lose(home), errOther)
	case errOther != nil:
		other.keep = errors.Is(errOther, errDiffer)
		other.fail(errOther)
		return d.lose(other)
	}
	return nil
}

// compare walks over two sources in step. errOther is errDiffer, with the key, if
// the content differs.
func compare(home, other Source) (errHome, errOther error) {
	a, errHome := home.Iter(nil)
	b, errOther := other.Iter(nil)
	if errHome == nil && errOther == nil {
		errHome, errOther = compareRest(a, b)
	}
	if a != nil && a.Iterator != nil {
		errHome = errors.Join(errHome, a.End())
	}
	if b != nil && b.Iterator != nil {
		errOther = errors.Join(errOther, b.End())
	}
	return errHome, errOther
}

func compareRest(a, b *Iterator) (errA, errB error) {
	for moreA, moreB := a.First(), b.First(); moreA || moreB; moreA, moreB = a.Next(), b.Next() {
		if errA, errB = a.Error(), b.Error(); errA != nil || errB != nil {
			return errA, errB
		}
		if !moreA || !moreB || !bytes.Equal(a.Key(), b.Key()) {
			return nil, errDiffer
		}
		va, errA := a.ValueAndErr()
		vb, errB := b.ValueAndErr()
		if errA != nil || errB != nil {
			return errA, errB
		}
		if !bytes.Equal(va, vb) {
			return nil, fmt.Errorf("%w: key %q", errDiffer, a.Key())
		}
	}
	return nil, nil
}
