package engine

import (
	"hash/maphash"
	"sync"

	"needletail/objstore"
)

// Stripes of each level. Two names may share a stripe; that costs waiting only.
const (
	accountStripes   = 64
	containerStripes = 256
	objectStripes    = 2048
)

// locks order the changes of the index. A write to an object reads the row
// that it replaces, so it holds the object's stripe until its commit, and the
// stripes of container and account shared: writers of one container do not
// wait for one another, and their commits share one sync of the log. What must
// see no writer inside (delete, make, fold) takes container or account alone.
// Order: account, container, object; one stripe of each level at most.
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

// lockObject is for a change of one object's row.
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

// lockContainer is for a change of one container's row.
func (l *locks) lockContainer(c objstore.ContainerID) (unlock func()) {
	a, m := l.account(c.Account), l.container(c)
	a.RLock()
	m.Lock()
	return func() {
		m.Unlock()
		a.RUnlock()
	}
}

// lockAccount is for a change of an account's row, and for making a container,
// which may make the account.
func (l *locks) lockAccount(a objstore.AccountName) (unlock func()) {
	m := l.account(a)
	m.Lock()
	return m.Unlock
}
