package objectversioning

import (
	"hash/maphash"
	"sync"

	"needletail/objstore"
)

// lockStripes is how many locks all names share; two names on a stripe only
// cost waiting.
const lockStripes = 1024

// locks order the changes of a name's link and versions. A lock is not held
// while a client's body is read.
type locks [lockStripes]sync.Mutex

var lockSeed = maphash.MakeSeed()

// lock holds the name until unlock.
func (l *locks) lock(o objstore.ObjectID) (unlock func()) {
	m := &l[maphash.Comparable(lockSeed, o)%lockStripes]
	m.Lock()
	return m.Unlock
}
