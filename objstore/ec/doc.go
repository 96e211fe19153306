// SPDX-License-Identifier: Apache-2.0

// Package ec cuts a body into fragments with Reed-Solomon parity, and puts the
// body together again: arithmetic on memory, without any input or output.
//
// # Vocabulary
//
// A body is cut into stripes. A stripe is cut into k data shards, to which m
// parity shards are computed: any k of the k+m shards give the rest. Fragment i
// of a body is shard i of each stripe, in the order of the stripes. In a whole
// stripe a shard has BlockBytes. In the last stripe, which may be shorter, a
// shard has ceil(bytes / k), and the data is padded with zeros. So all
// fragments have the same length.
package ec
