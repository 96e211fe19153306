package engine

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"needletail/objstore"
)

// Small objects that are read again and again are kept in memory, verified and
// decoded: the index is two look-ups, a checksum and a dozen allocations away.
//
// What is kept is exact. Who changes an object takes it out before the change
// can be seen and lets it in again once that is committed (begin, end), and what
// was read while anything changed is not kept (stamp). So while a change is
// under way all readers ask the index, and none sees an older state than
// another did before.
const (
	// hotBytesMax bounds the bodies and metadata that are kept, with
	// hotEntryBytes for each object besides.
	hotBytesMax   = 16 << 20
	hotEntryBytes = 1 << 10
	// hotSeenSlots is how many of the last objects are remembered as read once.
	// An object is kept when it is read again: one pass over a million objects
	// copies none.
	hotSeenSlots = 4096
)

type hot struct {
	seed maphash.Seed

	mu       sync.Mutex // protects the fields below and what is in them
	objects  *simplelru.LRU[objstore.ObjectID, *hotObject]
	bytes    int // as hotBytesMax counts them
	stamp    uint64
	changing map[objstore.ObjectID]int // changes under way
	seen     [hotSeenSlots]uint64      // hashes
}

// hotObject is not changed.
type hotObject struct {
	info objstore.ObjectInfo
	body []byte
}

// exists says whether there is such an object for the caller; nil is none.
func (o *hotObject) exists(opts objstore.OpenOptions) bool {
	return o != nil && (opts.AllowExpired || !expired(&o.info))
}

// copyInfo is what the caller may change.
func (o *hotObject) copyInfo() objstore.ObjectInfo {
	info := o.info
	info.Metadata = info.Metadata.Clone()
	return info
}

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

// get gives the object, or the stamp under which it may be offered once it was
// read.
func (h *hot) get(id objstore.ObjectID) (o *hotObject, stamp uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o, _ = h.objects.Get(id)
	return o, h.stamp
}

// offer keeps an object whose row and body were read after get gave the stamp,
// if it was read before and nothing changed meanwhile.
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

// begin comes before a change of an object; end must follow, whatever became of
// the change.
func (h *hot) begin(id objstore.ObjectID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stamp++
	h.changing[id]++
	h.objects.Remove(id)
}

func (h *hot) end(id objstore.ObjectID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stamp++
	if h.changing[id]--; h.changing[id] == 0 {
		delete(h.changing, id)
	}
}

// cloneID is an id that does not keep the request alive whose text its names
// are cut from. Keys of what is kept are such.
func cloneID(id objstore.ObjectID) objstore.ObjectID {
	return objstore.ObjectID{
		Account:   objstore.AccountName(strings.Clone(string(id.Account))),
		Container: objstore.ContainerName(strings.Clone(string(id.Container))),
		Object:    objstore.ObjectName(strings.Clone(string(id.Object))),
	}
}
