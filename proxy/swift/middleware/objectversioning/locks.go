// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"hash/maphash"
	"sync"

	"needletail/objstore"
)

// lockStripes is the number of locks. All names share them; two names with the
// same lock only wait for each other.
const lockStripes = 1024

// locks order the changes of a name's link and versions. A lock is never held
// while a client's body is read.
type locks [lockStripes]sync.Mutex

var lockSeed = maphash.MakeSeed()

// lock locks the name until unlock is called.
func (l *locks) lock(o objstore.ObjectID) (unlock func()) {
	m := &l[maphash.Comparable(lockSeed, o)%lockStripes]
	m.Lock()
	return m.Unlock
}
