// Package ring places objects on devices as OpenStack Swift's rings do, and
// reads and writes Swift's ring files.
//
// Vocabulary:
//
//   - A partition is one of 2^power equal slices of the space of hashes. An
//     object's partition is the top bits of the MD5 of its path (Hash).
//   - A replica is one of the devices that a partition belongs to. A ring has
//     a number of replicas that may be fractional: with 2.25, the first
//     quarter of the partitions has three and the others have two.
//   - A row is the table of one replica number: partition -> device. All rows
//     are 2^power long, except the last one, which may be shorter.
//   - The nodes of a partition are its devices in the order of the rows; the
//     handoffs are all other devices in the order in which they stand in for
//     a missing one.
//   - A tier is a region, a zone of it, a server of it (an IP address), or a
//     device. The builder keeps the replicas of a partition apart, tier by
//     tier, and gives every device its share by weight.
//
// A Ring is immutable and safe for concurrent use. A Builder makes rings and
// remembers what it needs to change one with as few moves as possible; it has
// one user at a time.
//
// Invariants: every assignment of a Ring names a device that the ring has; a
// ring that was parsed can be written, and what was written parses as the same
// ring. Device ids are indices and stay what they are when another device is
// removed, so the list of devices has holes.
package ring
