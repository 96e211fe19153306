package objectversioning

import (
	"hash/maphash"
	"sync"

	"needletail/objstore"
)

// lockStripes is how many locks all names share; two names on one stripe cost
// waiting only.
const lockStripes = 1024

// locks order the changes of one name's link and versions. They are held over
// writes without a client's body alone.
type locks [lockStripes]sync.Mutex

var lockSeed = maphash.MakeSeed()

// lock holds the name until unlock.
func (l *locks) lock(o objstore.ObjectID) (unlock func()) {
	m := &l[maphash.Comparable(lockSeed, o)%lockStripes]
	m.Lock()
	return m.Unlock
}
