// SPDX-License-Identifier: Apache-2.0

// Package cluster is an objstore.Store over the account, container and object
// servers of an OpenStack Swift cluster: the work of Swift's proxy server below
// its middlewares.
//
// # Vocabulary
//
// A target is a name with its ring and partition. A node is a server's device in
// the ring. An answer is a node's final answer to a request, read whole. A source
// is an answer whose body is still to come. A verdict is what the answers of
// several nodes mean together. A lane is the way of an upload to a single node:
// a goroutine, a connection and a short queue of chunks. An archive is what a
// node keeps of an erasure-coded object: the fragments of an index (package
// fragment). A bucket gathers the archives of a version. A straggler is a node
// that has not answered yet when the verdict is known. The version of an object
// is the timestamp of its data together with its ETag.
//
// # Division of work
//
// Package nodes says whom to ask, wire speaks to the nodes, verdict counts
// answers, swiftconf knows the rings. This package maps values of the contract
// to headers and back (infos.go, override.go, requests.go, updates.go, rows.go),
// and runs the dialogues: write.go for requests that go to all nodes, find.go
// for reads, connect.go, put.go and lane.go for uploads, open.go and stream.go for
// bodies, teed.go for uploads that go from socket to sockets (package pipe),
// document.go for the parts of a body with several ranges, and shard_list.go
// and shard_update.go for containers that are divided into shards: a shard is a
// container with the rows of a range of names. The files
// ec_*.go serve erasure-coded policies: ec_put.go cuts an upload into stripes and
// runs its two phases, ec_buckets.go decides which node a read asks next,
// ec_gather.go asks, ec_parts.go says which part of the archives a range needs,
// and ec_stream.go decodes. sealed.go stands where Swift's filter encryption
// stands, with package swiftcrypto.
//
// # Invariants
//
//   - Each write has a single timestamp, given at its beginning.
//   - A write succeeds only with a quorum of answers. A failed write may be there
//     all the same, and is not rolled back.
//   - No request waits for a node that says nothing while enough others answer,
//     but for a node that stops taking the bytes of an upload: the node has
//     NodeTimeout, as in Swift.
//   - Bytes of two versions never meet in one read.
//   - Every goroutine of a request ends: at the verdict, at the end of the
//     context, or as a straggler within the nodes' timeouts. Close waits for all,
//     but not for open objects, whose connections their own Close ends.
//   - The memory of an upload is laneChunks + 2 chunks, with any number of nodes;
//     of an erasure-coded upload ecLaneStripes + 2 stripes. An erasure-coded read
//     has two segments, and two fragments of each archive. Options.CodedBytes bounds
//     the memory of all erasure-coded bodies together. Package pipe bounds the
//     bytes that go from socket to socket and never come to memory.
//   - An error names the server that failed.
//   - With root secrets that write, no server sees a byte of a body, its digests, a
//     value of user metadata, or the ETag of a listing.
package cluster
