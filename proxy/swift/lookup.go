// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"errors"
	"sync"

	"needletail/objstore"
)

// NewestHeader asks for the newest state of all replicas.
const NewestHeader = "X-Newest"

// AccountInfo returns an account, or KindNotFound. The Store is asked once for
// a client's request and all subrequests; the counters are as of the look-up,
// and a Store over a cluster may answer from a cache. AccountUsage has exact
// counters. The next request of a client looks everything up anew (swift/proxy/controllers/base.py: get_account_info).
func (r *Request) AccountInfo(store objstore.AccountStore, a objstore.AccountName) (objstore.AccountInfo, error) {
	return r.account(plainAccounts(store), a, false)
}

// ContainerInfo returns a container, or KindNotFound, as AccountInfo does for an
// account (swift/proxy/controllers/base.py: get_container_info).
func (r *Request) ContainerInfo(store objstore.ContainerStore, c objstore.ContainerID) (objstore.ContainerInfo, error) {
	return r.container(plainContainers(store), c, false)
}

// AccountUsage is AccountInfo with counters that include all writes of this
// request. With a store of type Totals, Totals' bytes are added.
func (r *Request) AccountUsage(store objstore.AccountStore, a objstore.AccountName) (objstore.AccountInfo, error) {
	info, err := r.account(plainAccounts(store), a, true)
	if t, ok := store.(Totals); ok && err == nil {
		err = t.AddToAccount(r, a, &info)
	}
	return info, err
}

// ContainerUsage is ContainerInfo with counters that include all writes of this
// request. With a store of type Totals, Totals' bytes are added.
func (r *Request) ContainerUsage(store objstore.ContainerStore, c objstore.ContainerID) (objstore.ContainerInfo, error) {
	info, err := r.container(plainContainers(store), c, true)
	if t, ok := store.(Totals); ok && err == nil {
		err = t.AddToContainer(r, c, &info)
	}
	return info, err
}

// Totals is a Store for features with a wider count of bytes: hidden versions
// make a container larger than the sum of the listed objects.
type Totals interface {
	objstore.Store
	// Plain returns the Store without the additions.
	Plain() objstore.Store
	// AddToAccount and AddToContainer add to info the bytes that Plain does not
	// count for the name.
	AddToAccount(r *Request, a objstore.AccountName, info *objstore.AccountInfo) error
	AddToContainer(r *Request, c objstore.ContainerID, info *objstore.ContainerInfo) error
}

// plainAccounts returns the Store to ask: the Store below a Totals.
func plainAccounts(store objstore.AccountStore) objstore.AccountStore {
	if t, ok := store.(Totals); ok {
		return t.Plain()
	}
	return store
}

// plainContainers is plainAccounts for containers.
func plainContainers(store objstore.ContainerStore) objstore.ContainerStore {
	if t, ok := store.(Totals); ok {
		return t.Plain()
	}
	return store
}

func (r *Request) account(store objstore.AccountStore, a objstore.AccountName, counters bool) (objstore.AccountInfo, error) {
	k := r.lookups()
	return lookUp(k, &k.accounts, a, counters, func() (objstore.AccountInfo, bool, error) {
		info, err := store.HeadAccount(r.Context(), a, objstore.InfoOptions{Cached: !counters, Newest: counters && IsTrue(r.Header.Get(NewestHeader))})
		return info, info.Cached, err
	})
}

func (r *Request) container(store objstore.ContainerStore, c objstore.ContainerID, counters bool) (objstore.ContainerInfo, error) {
	k := r.lookups()
	return lookUp(k, &k.containers, c, counters, func() (objstore.ContainerInfo, bool, error) {
		info, err := store.HeadContainer(r.Context(), c, objstore.InfoOptions{Cached: !counters, Newest: counters && IsTrue(r.Header.Get(NewestHeader))})
		return info, info.Cached, err
	})
}

// ForgetInfo makes this request, its client's request and all subrequests look
// accounts and containers up again. Every change of an account or a container
// calls ForgetInfo.
func (r *Request) ForgetInfo() {
	k := r.lookups()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	k.accounts.forget()
	k.containers.forget()
}

// ForgetUsage makes AccountUsage and ContainerUsage look counters up again.
// Metadata stays known. Every write of an object calls ForgetUsage.
func (r *Request) ForgetUsage() {
	k := r.lookups()
	k.mu.Lock()
	k.objectWrites++
	k.mu.Unlock()
}

// lookups returns the look-ups shared by a client's request and all
// subrequests. Door makes them. A Request without Door, as in a test, makes
// them here.
func (r *Request) lookups() *known {
	if r.known == nil {
		r.known = new(known)
	}
	return r.known
}

// knownSlots is the number of accounts, and of containers, that a request
// remembers. A copy needs two of each; most requests need a single account and
// a single container. A request for thousands of containers, for example a bulk
// delete, remembers the last few, and the memory stays bounded.
const knownSlots = 2

// known has the look-ups of a client's request and all subrequests. It is safe
// for concurrent use, because some features run subrequests in parallel.
type known struct {
	mu           sync.Mutex
	changes      uint // of accounts and containers by this request
	objectWrites uint // by this request
	accounts     shelf[objstore.AccountName, objstore.AccountInfo]
	containers   shelf[objstore.ContainerID, objstore.ContainerInfo]
}

// shelf has the last look-ups of one kind.
type shelf[Name comparable, Info any] struct {
	slots [knownSlots]slot[Name, Info]
	next  int // the slot to replace
}

// slot has the result of a look-up.
type slot[Name comparable, Info any] struct {
	full bool
	name Name
	info Info
	err  error // nil, or of KindNotFound
	// cached: the Store took the result from a cache.
	cached bool
	// objectWrites is known.objectWrites when the look-up began.
	objectWrites uint
}

// find returns the slot of a name, or nil.
func (s *shelf[Name, Info]) find(name Name) *slot[Name, Info] {
	for i := range s.slots {
		if at := &s.slots[i]; at.full && at.name == name {
			return at
		}
	}
	return nil
}

// put stores a result in the slot of its name, or in place of the oldest.
func (s *shelf[Name, Info]) put(entry slot[Name, Info]) {
	at := s.find(entry.name)
	if at == nil {
		at = &s.slots[s.next]
		s.next = (s.next + 1) % knownSlots
	}
	*at = entry
}

func (s *shelf[Name, Info]) forget() { *s = shelf[Name, Info]{} }

// lookUp returns the entry of the shelf, or else the result of ask, which also
// says whether it came from a cache. With counters, an entry from before a write
// of an object or from a cache is ignored. An absence found with Cached counts
// as from a cache, because no answer can say so. If a parallel
// subrequest changes an account or a container during ask, the result is not
// kept: the result may be older than the change.
func lookUp[Name comparable, Info any](k *known, s *shelf[Name, Info], name Name, counters bool, ask func() (info Info, cached bool, err error)) (Info, error) {
	k.mu.Lock()
	if at := s.find(name); at != nil && (!counters || !at.cached && at.objectWrites == k.objectWrites) {
		info, err := at.info, at.err
		k.mu.Unlock()
		return info, err
	}
	changes, objectWrites := k.changes, k.objectWrites
	k.mu.Unlock()
	info, cached, err := ask()
	cached = cached || err != nil && !counters
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return info, err
	}
	k.mu.Lock()
	if k.changes == changes {
		s.put(slot[Name, Info]{full: true, name: name, info: info, err: err, cached: cached, objectWrites: objectWrites})
	}
	k.mu.Unlock()
	return info, err
}
