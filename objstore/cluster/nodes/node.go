// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"net"
	"strconv"

	"needletail/ring"
)

// Node is a device in its role for a partition. A node belongs to a request, its
// device to a ring.
type Node struct {
	*ring.Device
	Index        int // among the primaries; -1 for a handoff
	HandoffIndex int // among the handoffs; -1 for a primary
	// ReplicationNetwork makes Address the device's address for replication,
	// as X-Backend-Use-Replication-Network: true does.
	ReplicationNetwork bool
}

// Handoff reports whether the node stands in for a primary.
func (n Node) Handoff() bool { return n.HandoffIndex >= 0 }

// Address is where requests go: "ip:port" in the form of net.Dial.
func (n Node) Address() string {
	if n.ReplicationNetwork {
		return net.JoinHostPort(n.ReplicationIP, strconv.Itoa(n.ReplicationPort))
	}
	return net.JoinHostPort(n.IP, strconv.Itoa(n.Port))
}

// String is the name of the node in logs and errors: "ip:port/device"
// (swift/common/utils: node_to_string).
func (n Node) String() string { return n.Address() + "/" + n.Device.Device }

// primaries are the nodes of a partition.
func primaries(r *ring.Ring, partition uint32) []Node {
	devices := r.Nodes(partition)
	list := make([]Node, len(devices), 2*len(devices))
	for i, d := range devices {
		list[i] = Node{Device: d, Index: i, HandoffIndex: -1}
	}
	return list
}
