// Package ec cuts a body into fragments with Reed-Solomon parity, and puts it
// together again: arithmetic on memory, without any input or output.
//
// # Vocabulary
//
// A body is cut into stripes. A stripe is cut into k data shards, to which m
// parity shards are computed: any k of the k+m give the others. Fragment i of a
// body is shard i of each stripe, one after another. In a whole stripe a shard
// has BlockBytes; in the last one, which may be shorter, ceil(bytes / k), and
// the data is padded with zeros. So all fragments have the same length.
package ec
