// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"needletail/objstore"
)

// Small objects with repeated reads are kept in memory, verified and decoded. A
// read from the index costs two look-ups, a checksum and a dozen allocations.
//
// The objects in memory are exact. A writer takes the object out before the
// change becomes visible (begin), and lets the object in again after the commit
// (end). A reader offers an object with the stamp from before the reading, and
// the offer is dropped if anything changed meanwhile. During a change all
// readers ask the index: no reader sees an older state than an earlier reader.
const (
	// hotBytesMax bounds the bytes of bodies and metadata in memory, plus
	// hotEntryBytes for each object.
	hotBytesMax   = 16 << 20
	hotEntryBytes = 1 << 10
	// hotSeenSlots is the number of objects remembered as read once. The second
	// read of an object keeps the object in memory: a single pass over a million
	// objects keeps no object.
	hotSeenSlots = 4096
)

// hot is a cache of small objects, bounded by hotBytesMax. All methods may be
// called at the same time.
type hot struct {
	seed maphash.Seed

	mu       sync.Mutex // protects the fields below, with the objects in the cache
	objects  *simplelru.LRU[objstore.ObjectID, *hotObject]
	bytes    int // as hotBytesMax counts them
	stamp    uint64
	changing map[objstore.ObjectID]int // changes under way
	seen     [hotSeenSlots]uint64      // hashes
}

// hotObject is never changed after offer.
type hotObject struct {
	info objstore.ObjectInfo
	body []byte
}

// exists says whether the object exists for the caller. A nil object does not
// exist.
func (o *hotObject) exists(opts objstore.OpenOptions) bool {
	return o != nil && (opts.AllowExpired || !expired(&o.info))
}

// copyInfo returns a copy of the information that the caller may change.
func (o *hotObject) copyInfo() objstore.ObjectInfo {
	info := o.info
	info.Metadata = info.Metadata.Clone()
	return info
}

// cost returns the bytes that an object counts toward hotBytesMax.
func (o *hotObject) cost() int {
	n := hotEntryBytes + len(o.body)
	for _, f := range o.info.Metadata {
		n += len(f.Name) + len(f.Value)
	}
	return n
}

func (h *hot) init() {
	h.seed, h.changing = maphash.MakeSeed(), map[objstore.ObjectID]int{}
	evicted := func(_ objstore.ObjectID, o *hotObject) { h.bytes -= o.cost() }
	objects, err := simplelru.NewLRU(hotBytesMax/hotEntryBytes, evicted)
	if err != nil {
		panic(err) // the size is not a positive constant: a bug
	}
	h.objects = objects
}

// get returns an object in memory, or nil. stamp is for the offer after a read
// from the index.
func (h *hot) get(id objstore.ObjectID) (o *hotObject, stamp uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o, _ = h.objects.Get(id)
	return o, h.stamp
}

// offer keeps an object that was read from the index. The offer is dropped if
// the object was not read before, or if anything changed since get gave the
// stamp.
func (h *hot) offer(id objstore.ObjectID, info *objstore.ObjectInfo, body []byte, stamp uint64) {
	hash := maphash.Comparable(h.seed, id)
	h.mu.Lock()
	defer h.mu.Unlock()
	slot := &h.seen[hash%hotSeenSlots]
	again := *slot == hash
	*slot = hash
	if !again || h.stamp != stamp || h.changing[id] > 0 || h.objects.Contains(id) {
		return
	}
	o := &hotObject{info: *info, body: bytes.Clone(body)}
	o.info.Metadata = info.Metadata.Clone()
	h.objects.Add(cloneID(id), o)
	for h.bytes += o.cost(); h.bytes > hotBytesMax; {
		h.objects.RemoveOldest()
	}
}

// begin is called before a change of an object becomes visible. end must follow,
// also after an error.
func (h *hot) begin(id objstore.ObjectID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stamp++
	h.changing[id]++
	h.objects.Remove(id)
}

// end ends a change. Readers that began before end have an old stamp, and offer
// in vain.
func (h *hot) end(id objstore.ObjectID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stamp++
	if h.changing[id]--; h.changing[id] == 0 {
		delete(h.changing, id)
	}
}

// cloneID returns an id with text of its own. The names in a request are cut
// from the text of the request, and a key of a cache must not keep the text
// alive.
func cloneID(id objstore.ObjectID) objstore.ObjectID {
	return objstore.ObjectID{
		Account:   objstore.AccountName(strings.Clone(string(id.Account))),
		Container: objstore.ContainerName(strings.Clone(string(id.Container))),
		Object:    objstore.ObjectName(strings.Clone(string(id.Object))),
	}
}
