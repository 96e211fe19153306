// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strconv"
)

// pointsPerServer is how often a server stands on the ring
// (swift/common/memcached.py: NODE_WEIGHT).
const pointsPerServer = 50

// serversMax bounds the servers, and so the points.
const serversMax = 256

// ring tells the servers of a key, in the order in which Swift asks them. The
// points of a server are the MD5s of "SERVER-0" to "SERVER-49".
type ring struct {
	points  []point // by hash
	servers int
}

type point struct {
	hash   string // 32 hex digits
	server int
}

// newRing places the servers. Two equal servers are an error: Swift's search
// for distinct servers would not end.
func newRing(servers []string) (ring, error) {
	if len(servers) > serversMax {
		return ring{}, fmt.Errorf("%d memcached servers, more than %d", len(servers), serversMax)
	}
	r := ring{servers: len(servers)}
	for i, s := range servers {
		if slices.Contains(servers[:i], s) {
			return ring{}, fmt.Errorf("memcached server %q is given twice", s)
		}
		for n := range pointsPerServer {
			sum := md5.Sum([]byte(s + "-" + strconv.Itoa(n)))
			r.points = append(r.points, point{hex.EncodeToString(sum[:]), i})
		}
	}
	slices.SortFunc(r.points, func(a, b point) int { return cmp.Compare(a.hash, b.hash) })
	return r, nil
}

// order returns the indexes of up to tries servers for a key. The walk begins
// one point after the point behind the key, as Swift's does
// (swift/common/memcached.py: _get_conns).
func (r ring) order(key string, tries int) []int {
	tries = min(tries, r.servers)
	found := make([]int, 0, tries)
	at := sort.Search(len(r.points), func(i int) bool { return r.points[i].hash > key })
	for len(found) < tries {
		at = (at + 1) % len(r.points)
		if s := r.points[at].server; !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}
