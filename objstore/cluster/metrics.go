// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"time"

	"needletail/objstore"
)

// Exchange is a request to a server and its outcome, for metrics.
type Exchange struct {
	Server       Server
	Policy       objstore.PolicyIndex // of an object
	Addr, Device string               // "ip:port", and the device's name in the ring
	Method       string
	// Status is that of the answer; 0 means that no answer came. The status of
	// an upload is the final one.
	Status int
	// Took is the time until the head of the answer.
	Took    time.Duration
	Handoff bool // the node is no primary of the partition
}

// Metrics counts what happens between the Store and the servers. The methods
// are called by many goroutines and must return soon. The number of different
// values of Addr and Device is that of the cluster's devices.
type Metrics interface {
	// Exchanged: a request was answered, or failed.
	Exchanged(e Exchange)
	// BodyFailed: the body of an answer broke off.
	BodyFailed(server Server, addr, device string)
	// Limited: a node got no more requests for a while, after too many errors.
	Limited(server Server, addr, device string)
	// QuorumMissed: a request of a client failed for want of answers.
	QuorumMissed(server Server, method string)
}

type noMetrics struct{}

func (noMetrics) Exchanged(Exchange)                {}
func (noMetrics) BodyFailed(Server, string, string) {}
func (noMetrics) Limited(Server, string, string)    {}
func (noMetrics) QuorumMissed(Server, string)       {}
