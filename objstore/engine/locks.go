// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"hash/maphash"
	"sync"

	"needletail/objstore"
)

// Stripes of each level. Two names may share a stripe, which only costs waiting.
const (
	accountStripes   = 64
	containerStripes = 256
	objectStripes    = 2048
)

// locks order the changes of the index. A writer of an object reads the old row,
// and holds the stripe of the object until the commit. The writer holds the
// stripes of container and account shared: writers of one container do not wait
// for each other, and share syncs of the log. A delete, a make and a fold must
// see no writer inside, and hold the stripe of the container or of the account
// alone. The order is account, container, object, with at most one stripe of
// each level.
type locks struct {
	accounts   [accountStripes]sync.RWMutex
	containers [containerStripes]sync.RWMutex
	objects    [objectStripes]sync.Mutex
}

var hashSeed = maphash.MakeSeed()

func (l *locks) account(a objstore.AccountName) *sync.RWMutex {
	return &l.accounts[maphash.String(hashSeed, string(a))%accountStripes]
}

func (l *locks) container(c objstore.ContainerID) *sync.RWMutex {
	return &l.containers[maphash.Comparable(hashSeed, c)%containerStripes]
}

func (l *locks) object(o objstore.ObjectID) *sync.Mutex {
	return &l.objects[maphash.Comparable(hashSeed, o)%objectStripes]
}

// lockObject locks for a change of the row of one object.
func (l *locks) lockObject(o objstore.ObjectID) (unlock func()) {
	a, c, m := l.account(o.Account), l.container(o.ContainerID()), l.object(o)
	a.RLock()
	c.RLock()
	m.Lock()
	return func() {
		m.Unlock()
		c.RUnlock()
		a.RUnlock()
	}
}

// lockContainer locks for a change of the row of one container.
func (l *locks) lockContainer(c objstore.ContainerID) (unlock func()) {
	a, m := l.account(c.Account), l.container(c)
	a.RLock()
	m.Lock()
	return func() {
		m.Unlock()
		a.RUnlock()
	}
}

// lockAccount locks for a change of the row of an account, and for making a
// container, which may make the account.
func (l *locks) lockAccount(a objstore.AccountName) (unlock func()) {
	m := l.account(a)
	m.Lock()
	return m.Unlock
}
