// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"bytes"
	"errors"
	"fmt"
)

// errDiffer: two copies in step hold different content.
var errDiffer = errors.New("its content differs from the content of the other copy")

// Compare reads two copies in step to their end. Compare gives up an unreadable copy.
// If the content differs, Compare gives up the peer of the copy in use, and a fill
// sets the peer aside. No write runs meanwhile: Compare is for small databases.
// Compare returns an error if no good copy is left.
func (d *DB) Compare() error {
	d.gate.Lock()
	defer d.gate.Unlock()
	if !d.paired.Load() {
		return nil
	}
	home := d.reader.Load()
	peer := d.peer(home)
	errHome, errPeer := compare(home.source(), peer.source())
	switch {
	case errHome != nil:
		home.fail(errHome)
		return errors.Join(d.lose(home), errPeer)
	case errPeer != nil:
		peer.keep = errors.Is(errPeer, errDiffer)
		peer.fail(errPeer)
		return d.lose(peer)
	}
	return nil
}

// compare walks over two sources in step. errPeer is errDiffer if the content
// differs.
func compare(home, peer Source) (errHome, errPeer error) {
	a, errHome := home.Iter(nil)
	b, errPeer := peer.Iter(nil)
	if errHome == nil && errPeer == nil {
		errHome, errPeer = compareRest(a, b)
	}
	if a != nil && a.Iterator != nil {
		errHome = errors.Join(errHome, a.End())
	}
	if b != nil && b.Iterator != nil {
		errPeer = errors.Join(errPeer, b.End())
	}
	return errHome, errPeer
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
