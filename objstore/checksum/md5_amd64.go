// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"

	"golang.org/x/sys/cpu"
)

// The vector units with a kernel.
var (
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL
	hasAVX2   = cpu.X86.HasAVX2
)

// kernelFrom returns the number of lanes from which the kernels take less of a
// processor than crypto/md5, or 0 on a processor without a kernel. Bytes per
// second of one core (BenchmarkKernels, Zen 4): plain 0.81e9 for any number;
// AVX-512 0.71e9 for each of up to 8 lanes and 0.56e9 for each of up to 16,
// 9.0e9 in all; AVX2 0.58e9 for each of up to 8.
func kernelFrom() int {
	switch {
	case hasAVX512:
		return 2
	case hasAVX2:
		return 3 // two plain ones on two processors end sooner
	}
	return 0
}

// md5Blocks16, md5Blocks8VL and md5Blocks8 add blocks of 64 bytes, at least one,
// of each lane to its state; state[i][l] is word i of lane l. Every lane must be
// there. The first two want AVX-512, the last AVX2.
//
//go:noescape
func md5Blocks16(state *[4][16]uint32, lanes *[16]*byte, blocks int)

//go:noescape
func md5Blocks8VL(state *[4][8]uint32, lanes *[8]*byte, blocks int)

//go:noescape
func md5Blocks8(state *[4][8]uint32, lanes *[8]*byte, blocks int)

// addSideBySide adds the bytes of a round to their digests. All lanes have
// equally many bytes, a multiple of md5.BlockSize.
func addSideBySide(round []turn) {
	switch {
	case len(round) <= 8:
		add8(round)
	case hasAVX512:
		add16(round)
	default:
		add8(round[:8])
		add8(round[8:])
	}
}

// add16 fills unused lanes with the first lane's bytes, at no cost.
func add16(round []turn) {
	var state [4][16]uint32
	var at [16]*byte
	for l := range at {
		from := round[0]
		if l < len(round) {
			from = round[l]
		}
		at[l] = &from.bytes[0]
		for word := range state {
			state[word][l] = from.state[word]
		}
	}
	md5Blocks16(&state, &at, len(round[0].bytes)/md5.BlockSize)
	for l, to := range round {
		for word := range state {
			to.state[word] = state[word][l]
		}
	}
}

func add8(round []turn) {
	var state [4][8]uint32
	var at [8]*byte
	for l := range at {
		from := round[0]
		if l < len(round) {
			from = round[l]
		}
		at[l] = &from.bytes[0]
		for word := range state {
			state[word][l] = from.state[word]
		}
	}
	if blocks := len(round[0].bytes) / md5.BlockSize; hasAVX512 {
		md5Blocks8VL(&state, &at, blocks)
	} else {
		md5Blocks8(&state, &at, blocks)
	}
	for l, to := range round {
		for word := range state {
			to.state[word] = state[word][l]
		}
	}
}
