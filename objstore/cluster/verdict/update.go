// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"fmt"
	"strings"

	"needletail/objstore"
	"needletail/ring"
)

// Updates is how many rows the object servers of a write are told to send, so
// that a quorum of container servers gets the row although only a quorum of
// object servers succeed, and so that each container server is named
// (swift/proxy/controllers/obj.py: num_container_updates).
func Updates(containerReplicas, objectRequests, objectQuorum int) int {
	return max(Quorum(containerReplicas)+objectRequests-objectQuorum, containerReplicas)
}

// Deal gives updates to the requests of a write: for each request, the numbers
// of the container servers that this object server tells. Rows of the expirer's
// queue are dealt reversed, so that the same object server does not get the
// first of both (swift/proxy/controllers/obj.py: _backend_requests).
func Deal(requests, updates, servers int, reversed bool) [][]int {
	dealt := make([][]int, requests)
	if requests == 0 || servers == 0 {
		return dealt
	}
	for i := range updates {
		to := i % requests
		if reversed {
			to = requests - 1 - to
		}
		dealt[to] = append(dealt[to], i%servers)
	}
	return dealt
}

// Server is a container server in a header.
type Server struct {
	Host   string // "ip:port"
	Device string
}

// ServerLists are the values of X-Container-Host and X-Container-Device, or of
// X-Delete-At-Host and X-Delete-At-Device, for one object request. Both are empty
// if the request has no update.
func ServerLists(servers []Server, numbers []int) (hosts, devices string) {
	var h, d []string
	for _, n := range numbers {
		h, d = append(h, servers[n].Host), append(d, servers[n].Device)
	}
	return strings.Join(h, ","), strings.Join(d, ",")
}

// queueCleaners is how many requests of a write clean the expirer's queue. More
// would be more work for the updaters, and none is no harm: the expirer finds an
// old row, and removes the row.
const queueCleaners = 2

// CleansQueue reports whether a request has X-Backend-Clean-Expiring-Object-Queue:
// t. Requests are numbered from 0.
func CleansQueue(request int) bool { return request < queueCleaners }

// Queue of the expirer (swift/obj/expirer.py: ExpirerConfig).
const (
	// QueueSeconds is how much time the names of task containers share
	// (expiring_objects_container_divisor).
	QueueSeconds = 86400
	// queueContainers is how many containers share that time.
	queueContainers = 100
	// maxQueueTime is the last time of ten digits.
	maxQueueTime = 9999999999
)

// DeleteAtContainer is X-Delete-At-Container: the container of the expirer's
// queue for an object and a time in Unix seconds.
func DeleteAtContainer(hash ring.Hash, o objstore.ObjectID, deleteAt int64) string {
	shard := int64(0)
	for _, b := range hash.Sum(string(o.Account), string(o.Container), string(o.Object)) {
		shard = (shard*256 + int64(b)) % queueContainers
	}
	return fmt.Sprintf("%010d", min(max(0, deleteAt/QueueSeconds*QueueSeconds-shard), maxQueueTime))
}
