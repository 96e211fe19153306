// SPDX-License-Identifier: Apache-2.0

// Package nodes says which server a request asks next.
//
// Vocabulary:
//
//   - A node is a device of a ring in its role for one partition. A primary has
//     an index: its place among the nodes of the partition. A handoff has a
//     handoff index: its place among those that stand in.
//   - The order of the primaries is random, or by the time of the last connect,
//     or by regions and zones (read affinity). Handoffs stay in the order of the
//     ring.
//   - A write affinity names local regions and zones: nodes there are written
//     first, handoffs before primaries elsewhere, and replication moves the data
//     later.
//   - A node with too many errors is limited: no request asks the node until a
//     minute has passed without an error.
//   - A node is late while it is silent although others were asked in its place.
//     Late nodes come last among the primaries.
//   - The budget of a request is how many nodes the request may use up. A node
//     that became limited while it was asked costs nothing.
//
// Selector has what the requests of a process share: limits, timings and late nodes. Iter is
// the walk of one request, shared by the request's workers.
//
// Invariants: an Iter gives each node at most once, and no node that was limited
// at that moment, but for Skipped. The tables of a Selector are bounded, whatever rings come and
// go.
package nodes
