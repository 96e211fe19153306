// SPDX-License-Identifier: Apache-2.0

package objstore

import "context"

// DeletionQueue is a Store over a cluster whose daemons delete what they find in
// a queue. A caller without a DeletionQueue lets the objects expire.
type DeletionQueue interface {
	// QueueDeletions has objects of a container deleted later, as of at: an
	// object that is written after at stays. The deletions belong together under
	// the name of an object, such as the manifest of the objects. A failure may
	// leave a part of the deletions in the queue.
	QueueDeletions(ctx context.Context, under ObjectID, from ContainerID, names []ObjectName, at Timestamp) error
}
