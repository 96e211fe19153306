// SPDX-License-Identifier: Apache-2.0

//go:build nodigest

package checksum

// takesMD5: with the build tag nodigest the server is the benchmarks' floor. It
// never takes an MD5, every ETag is random, and all the rest is the same.
const takesMD5 = false
