package swift

import (
	"errors"
	"sync"

	"needletail/objstore"
)

// AccountInfo returns an account, or KindNotFound. The Store is asked once for
// a client's request and all its subrequests; the counters are as of that
// look-up. AccountUsage has exact counters. Nothing outlives the request.
// (swift/proxy/controllers/base.py: get_account_info.)
func (r *Request) AccountInfo(store objstore.AccountStore, a objstore.AccountName) (objstore.AccountInfo, error) {
	return r.account(plainAccounts(store), a, false)
}

// ContainerInfo returns a container, or KindNotFound, as AccountInfo does for an
// account (swift/proxy/controllers/base.py: get_container_info).
func (r *Request) ContainerInfo(store objstore.ContainerStore, c objstore.ContainerID) (objstore.ContainerInfo, error) {
	return r.container(plainContainers(store), c, false)
}

// AccountUsage is AccountInfo with counters that include all writes of this
// request. Over Totals the bytes are those that Totals counts.
func (r *Request) AccountUsage(store objstore.AccountStore, a objstore.AccountName) (objstore.AccountInfo, error) {
	info, err := r.account(plainAccounts(store), a, true)
	if t, ok := store.(Totals); ok && err == nil {
		err = t.AddToAccount(r, a, &info)
	}
	return info, err
}

// ContainerUsage is ContainerInfo with counters that include all writes of this
// request. Over Totals the bytes are those that Totals counts.
func (r *Request) ContainerUsage(store objstore.ContainerStore, c objstore.ContainerID) (objstore.ContainerInfo, error) {
	info, err := r.container(plainContainers(store), c, true)
	if t, ok := store.(Totals); ok && err == nil {
		err = t.AddToContainer(r, c, &info)
	}
	return info, err
}

// Totals is a Store for features that need other numbers of bytes than the
// Store has itself: a container with hidden versions is larger than its own
// objects.
type Totals interface {
	objstore.Store
	// Plain returns the Store without the additions.
	Plain() objstore.Store
	// AddToAccount and AddToContainer add to info the bytes that Plain does not
	// count for the name.
	AddToAccount(r *Request, a objstore.AccountName, info *objstore.AccountInfo) error
	AddToContainer(r *Request, c objstore.ContainerID, info *objstore.ContainerInfo) error
}

func plainAccounts(store objstore.AccountStore) objstore.AccountStore {
	if t, ok := store.(Totals); ok {
		return t.Plain()
	}
	return store
}

func plainContainers(store objstore.ContainerStore) objstore.ContainerStore {
	if t, ok := store.(Totals); ok {
		return t.Plain()
	}
	return store
}

func (r *Request) account(store objstore.AccountStore, a objstore.AccountName, counters bool) (objstore.AccountInfo, error) {
	k := r.lookups()
	return lookUp(k, &k.accounts, a, counters, func() (objstore.AccountInfo, error) {
		return store.HeadAccount(r.Context(), a)
	})
}

func (r *Request) container(store objstore.ContainerStore, c objstore.ContainerID, counters bool) (objstore.ContainerInfo, error) {
	k := r.lookups()
	return lookUp(k, &k.containers, c, counters, func() (objstore.ContainerInfo, error) {
		return store.HeadContainer(r.Context(), c)
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

// lookups returns the memory that a client's request shares with its
// subrequests. Door makes the memory; a Request from elsewhere, as in a test,
// gets its own.
func (r *Request) lookups() *known {
	if r.known == nil {
		r.known = new(known)
	}
	return r.known
}

// knownSlots is how many accounts and how many containers a request remembers:
// a copy has two of each, and most requests have one. A request that touches
// thousands of containers, such as a bulk delete, remembers the last ones, so
// the memory is bounded.
const knownSlots = 2

// known is what a client's request and its subrequests have looked up. Some
// features run subrequests in parallel, so known is safe for concurrent use.
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

type slot[Name comparable, Info any] struct {
	full bool
	name Name
	info Info
	err  error // nil, or of KindNotFound
	// objectWrites is known.objectWrites when the look-up began.
	objectWrites uint
}

func (s *shelf[Name, Info]) find(name Name) *slot[Name, Info] {
	for i := range s.slots {
		if at := &s.slots[i]; at.full && at.name == name {
			return at
		}
	}
	return nil
}

func (s *shelf[Name, Info]) put(entry slot[Name, Info]) {
	at := s.find(entry.name)
	if at == nil {
		at = &s.slots[s.next]
		s.next = (s.next + 1) % knownSlots
	}
	*at = entry
}

func (s *shelf[Name, Info]) forget() { *s = shelf[Name, Info]{} }

// lookUp returns what the shelf has, or else what ask returns. With counters, an
// entry from before a write of an object does not count. A result during which
// a parallel subrequest changed an account or a container is not kept: the
// result may be older than the change.
func lookUp[Name comparable, Info any](k *known, s *shelf[Name, Info], name Name, counters bool, ask func() (Info, error)) (Info, error) {
	k.mu.Lock()
	if at := s.find(name); at != nil && (!counters || at.objectWrites == k.objectWrites) {
		info, err := at.info, at.err
		k.mu.Unlock()
		return info, err
	}
	changes, objectWrites := k.changes, k.objectWrites
	k.mu.Unlock()
	info, err := ask()
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return info, err
	}
	k.mu.Lock()
	if k.changes == changes {
		s.put(slot[Name, Info]{full: true, name: name, info: info, err: err, objectWrites: objectWrites})
	}
	k.mu.Unlock()
	return info, err
}
