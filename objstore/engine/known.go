// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/objstore"
	"needletail/objstore/meta"
)

// Every request asks for the metadata and counters of the container, some
// requests for the account, and several times. A read from the index adds up
// deltas each time. Containers and accounts of recent requests are kept in
// memory, and are exact. A load holds the stripe alone: the entry does not
// change during the load. Each commit applies the change to the entry before the
// commit releases the stripes.

// Bounds of the number of entries. The oldest entries go first.
const (
	knownContainersMax = 8192
	knownAccountsMax   = 4096
	knownAbsentMax     = 1024
)

// known holds containers and accounts that exist.
type known struct {
	containers *lru.Cache[objstore.ContainerID, *knownContainer]
	accounts   *lru.Cache[objstore.AccountName, *knownAccount]
	// absent holds missing accounts with the value of made at the time of the
	// look. The account is still missing while made has the value. A reader
	// learns about a missing account without stopping writers.
	absent *lru.Cache[objstore.AccountName, uint64]
	made   atomic.Uint64 // counts made accounts
}

// knownContainer is a container in memory, with the counters of the last commit.
type knownContainer struct {
	row    meta.ContainerRow // not changed: a POST makes a new entry
	mu     sync.Mutex        // protects counts
	counts meta.Counts
}

// knownAccount is an account in memory, with the counters of the last commit.
type knownAccount struct {
	row    meta.AccountRow // not changed: a POST makes a new entry
	mu     sync.Mutex      // protects the fields below
	counts map[objstore.PolicyIndex]meta.Counts
	shown  *objstore.AccountInfo // made of counts at the first request; nil after a change of counts
}

func (kn *known) init() {
	kn.containers = newLRU[objstore.ContainerID, *knownContainer](knownContainersMax)
	kn.accounts = newLRU[objstore.AccountName, *knownAccount](knownAccountsMax)
	kn.absent = newLRU[objstore.AccountName, uint64](knownAbsentMax)
}

// newLRU returns a cache for size entries.
func newLRU[K comparable, V any](size int) *lru.Cache[K, V] {
	cache, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // the size is not a positive constant: a bug
	}
	return cache
}

// container returns a container, or KindNotFound. The caller holds no stripe.
func (e *Engine) container(c call) (*knownContainer, error) {
	id := c.id.ContainerID()
	if k, ok := e.known.containers.Get(id); ok {
		return k, nil
	}
	// A request for a missing container must not stop writers: the first look is
	// without the stripe.
	if _, err := e.findContainer(c); err != nil {
		return nil, err
	}
	defer e.locks.lockContainer(id)()
	if k, ok := e.known.containers.Get(id); ok {
		return k, nil
	}
	row, err := e.findContainer(c)
	if err != nil {
		return nil, err
	}
	n, err := e.db.ContainerCounts(id)
	if err != nil {
		return nil, c.wrap(err)
	}
	e.foldIfLong(fold{container: id}, n)
	k := &knownContainer{row: row, counts: n.Counts}
	e.known.containers.Add(cloneID(c.id).ContainerID(), k)
	return k, nil
}

// containerPolicy returns the policy of a container. The caller may hold
// stripes.
func (e *Engine) containerPolicy(c call) (objstore.PolicyIndex, error) {
	if k, ok := e.known.containers.Get(c.id.ContainerID()); ok {
		return k.row.Policy, nil
	}
	row, err := e.findContainer(c)
	return row.Policy, err
}

// account returns an account, or KindNotFound. The caller holds no stripe.
func (e *Engine) account(c call) (*knownAccount, error) {
	a := c.id.Account
	if k, ok := e.known.accounts.Get(a); ok {
		return k, nil
	}
	made := e.known.made.Load()
	if seen, ok := e.known.absent.Get(a); ok && seen == made {
		return nil, c.fail(objstore.KindNotFound, nil)
	}
	if _, err := e.findAccount(c); err != nil {
		if errors.Is(err, objstore.KindNotFound) {
			e.known.absent.Add(cloneID(c.id).Account, made)
		}
		return nil, err
	}
	defer e.locks.lockAccount(a)()
	if k, ok := e.known.accounts.Get(a); ok {
		return k, nil
	}
	row, err := e.findAccount(c)
	if err != nil {
		return nil, err
	}
	k := &knownAccount{row: row, counts: map[objstore.PolicyIndex]meta.Counts{}}
	err = e.db.AccountCounts(a, func(p objstore.PolicyIndex, n meta.Counter) error {
		e.foldIfLong(fold{container: objstore.ContainerID{Account: a}, policy: p}, n)
		k.counts[p] = n.Counts
		return nil
	})
	if err != nil {
		return nil, c.wrap(err)
	}
	e.known.accounts.Add(cloneID(c.id).Account, k)
	return k, nil
}

// info returns the container as HEAD shows the container. The caller may change
// the result.
func (k *knownContainer) info() objstore.ContainerInfo {
	k.mu.Lock()
	defer k.mu.Unlock()
	return objstore.ContainerInfo{
		Created: k.row.Created, Modified: k.row.Modified, Policy: k.row.Policy,
		Metadata: k.row.Metadata.Clone(), ObjectCount: k.counts.Objects, BytesUsed: k.counts.Bytes,
	}
}

// info returns the account as HEAD shows the account. The caller may change the
// result, except Policies.
func (k *knownAccount) info() objstore.AccountInfo {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shown == nil {
		k.shown = k.sum()
	}
	info := *k.shown
	info.Metadata = info.Metadata.Clone()
	return info
}

// sum adds up the counts. The caller holds mu.
func (k *knownAccount) sum() *objstore.AccountInfo {
	info := &objstore.AccountInfo{Created: k.row.Created, Metadata: k.row.Metadata}
	for _, p := range slices.Sorted(maps.Keys(k.counts)) {
		n := k.counts[p]
		if n.Containers == 0 {
			continue
		}
		info.ContainerCount += n.Containers
		info.ObjectCount += n.Objects
		info.BytesUsed += n.Bytes
		info.Policies = append(info.Policies, objstore.PolicyUsage{
			Policy: p, ContainerCount: n.Containers, ObjectCount: n.Objects, BytesUsed: n.Bytes,
		})
	}
	return info
}

// The functions below are called after a commit, by the holder of the stripes.

// addObject applies a change of the objects of a container.
func (kn *known) addObject(c objstore.ContainerID, p objstore.PolicyIndex, change meta.Counts) {
	if k, ok := kn.containers.Get(c); ok {
		k.mu.Lock()
		k.counts = k.counts.Add(change)
		k.mu.Unlock()
	}
	kn.addAccount(c.Account, p, change)
}

// addAccount applies a change of the counters of an account for one policy.
func (kn *known) addAccount(a objstore.AccountName, p objstore.PolicyIndex, change meta.Counts) {
	if k, ok := kn.accounts.Get(a); ok {
		k.mu.Lock()
		k.counts[p], k.shown = k.counts[p].Add(change), nil
		k.mu.Unlock()
	}
}

// setContainer replaces the row of a container in memory.
func (kn *known) setContainer(c objstore.ContainerID, row *meta.ContainerRow) {
	if k, ok := kn.containers.Get(c); ok {
		k.mu.Lock()
		defer k.mu.Unlock()
		kn.containers.Add(c, &knownContainer{row: *row, counts: k.counts})
	}
}

// setAccount replaces the row of an account in memory.
func (kn *known) setAccount(a objstore.AccountName, row *meta.AccountRow) {
	if k, ok := kn.accounts.Get(a); ok {
		k.mu.Lock()
		defer k.mu.Unlock()
		kn.accounts.Add(a, &knownAccount{row: *row, counts: maps.Clone(k.counts)})
	}
}

// forget takes a container and the account out of memory: after a commit with an
// unknown outcome, and after a removal.
func (kn *known) forget(c objstore.ContainerID) {
	kn.containers.Remove(c)
	kn.accounts.Remove(c.Account)
	kn.made.Add(1)
}
