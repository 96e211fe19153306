// SPDX-License-Identifier: Apache-2.0

// Package bench measures a needletail server from outside, over HTTP on
// loopback sockets: `go test -bench . ./bench`, or `make bench`.
//
// Each benchmark starts the real binary with the data on a real disk. In the same
// run it starts the floors, servers that do less than any store can:
//
//	discard   reads the body and drops the bytes
//	direct    reads the body and writes it with O_DIRECT and fdatasync, without
//	          a digest, an index or a name
//	nodigest  needletail built without its MD5 (build tag nodigest)
//
// The servers take turns, round by round: a noisy machine is noisy for all servers
// alike. Each line has, for needletail: MB/s (10^6 bytes), op/s, CPU seconds per GB
// (10^9 bytes), the peak of resident memory, and heap allocations per operation.
// The ratios x-discard, x-direct and x-nodigest are needletail's MB/s divided by
// the floor's MB/s.
//
// `make cluster-compare` measures proxies over a cluster (package swiftcluster): CPU
// times are the proxy's, and backends-cpu-µs/op is what the servers behind take.
//
// NEEDLETAIL_BENCH_DIR names a folder on the disk to measure; the default is
// the temporary folder's. NEEDLETAIL_BENCH_CPU_PROFILE names a file for the
// server's CPU profile. NEEDLETAIL_BENCH_LARGE_UPLOADS, set to anything, makes
// TestMemoryOfManyUploads send bodies of 16 and of 64 MiB, 20 GiB in all: the last
// time the peaks were 332 and 348 MB.
package bench
