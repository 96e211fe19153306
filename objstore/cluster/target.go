// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
	"needletail/ring"
)

// Server is a kind of server.
type Server uint8

// The three kinds of servers.
const (
	AccountServer Server = iota
	ContainerServer
	ObjectServer
)

var serverText = [...]string{AccountServer: "account", ContainerServer: "container", ObjectServer: "object"}

// String is the name in logs and metrics.
func (s Server) String() string { return serverText[s] }

// target is where a name lies: the ring, and the partition in the ring.
type target struct {
	server                     Server
	ring                       *ring.Ring
	partition                  uint32
	policy                     objstore.PolicyIndex // of an object
	code                       *coding              // of an object; nil for copies
	account, container, object string
}

func (s *Store) accountTarget(a objstore.AccountName) *target {
	t := &target{server: AccountServer, ring: s.dir.AccountRing(), account: string(a)}
	t.partition = t.ring.Partition(t.account, "", "")
	return t
}

func (s *Store) containerTarget(c objstore.ContainerID) *target {
	t := &target{server: ContainerServer, ring: s.dir.ContainerRing(), account: string(c.Account), container: string(c.Container)}
	t.partition = t.ring.Partition(t.account, t.container, "")
	return t
}

// objectTarget is false for a policy that swift.conf does not have.
func (s *Store) objectTarget(o objstore.ObjectID, policy objstore.PolicyIndex) (*target, bool) {
	r, ok := s.dir.ObjectRing(policy)
	if !ok {
		return nil, false
	}
	t := &target{server: ObjectServer, ring: r, policy: policy,
		account: string(o.Account), container: string(o.Container), object: string(o.Object)}
	t.partition = r.Partition(t.account, t.container, t.object)
	return t, true
}

// iter begins a walk over the nodes of the target.
func (s *Store) iter(t *target, order nodes.Order) *nodes.Iter { return s.nodes.Iter(t.walk(order)) }

func (t *target) walk(order nodes.Order) nodes.Request {
	q := nodes.Request{Ring: t.ring, Partition: t.partition, Order: order}
	if t.server == ObjectServer {
		q.Policy = &t.policy
	}
	return q
}

// primaries is the number of the partition's nodes.
func (t *target) primaries() int { return len(t.ring.Nodes(t.partition)) }

// path is the path of a request to a device.
func (t *target) path(device, query string) string {
	return wire.Path(device, int(t.partition), t.account, t.container, t.object, query)
}
