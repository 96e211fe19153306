// SPDX-License-Identifier: Apache-2.0

//go:build !nodigest

package checksum

// takesMD5 is false in the benchmarks' floor alone (nodigest.go).
const takesMD5 = true
