// SPDX-License-Identifier: Apache-2.0

// Package ring places objects on devices as OpenStack Swift's rings do, and
// reads and writes Swift's ring files.
//
// Vocabulary:
//
//   - A partition is one of 2^power equal slices of the space of hashes. The
//     top bits of the MD5 of an object's path are the object's partition (Hash).
//   - A replica is a device of a partition. The number of replicas of a ring
//     may be fractional: with 2.25, the first quarter of the partitions has
//     three replicas and the rest has two.
//   - A row is the table of a replica number: partition -> device. All rows
//     are 2^power long, except the last row, which may be shorter.
//   - The nodes of a partition are its devices in the order of the rows. The
//     handoffs are all remaining devices in the order in which they stand in
//     for a missing node.
//   - A tier is a region, a zone of a region, a server of a zone (an IP
//     address), or a device. The builder keeps the replicas of a partition
//     apart, tier by tier, and gives every device its share by weight.
//
// A Ring is immutable and safe for concurrent use. A Builder makes rings and
// remembers enough to change a ring with as few moves as possible. A Builder
// has one user at a time.
//
// Invariants: every assignment of a Ring names a device of the ring. A parsed
// ring can be written, and the written file parses as the same ring. Device ids
// are indices. The removal of a device leaves the ids of the rest as they are,
// so the list of devices has holes.
package ring
