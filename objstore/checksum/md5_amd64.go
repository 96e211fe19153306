package checksum

import (
	"crypto/md5"

	"golang.org/x/sys/cpu"
)

// kernelLanes is the number of lanes that one call of the kernel takes, or 0 if
// this processor has none.
var kernelLanes = func() int {
	switch {
	case cpu.X86.HasAVX512F:
		return 16
	case cpu.X86.HasAVX2:
		return 8
	}
	return 0
}()

// md5Blocks16 and md5Blocks8 add blocks of 64 bytes, at least one, of each lane
// to its state; state[i][l] is word i of lane l. Every lane must be there.
//
//go:noescape
func md5Blocks16(state *[4][16]uint32, lanes *[16]*byte, blocks int)

//go:noescape
func md5Blocks8(state *[4][8]uint32, lanes *[8]*byte, blocks int)

// addSideBySide adds the bytes of a round, which are equally many and a multiple
// of md5.BlockSize, to their digests.
func addSideBySide(round []turn) {
	if kernelLanes == 16 {
		add16(round)
		return
	}
	add8(round[:min(len(round), 8)])
	if len(round) > 8 {
		add8(round[8:])
	}
}

// add16 fills the lanes that are left over with the first one's bytes, for
// nothing.
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
	md5Blocks8(&state, &at, len(round[0].bytes)/md5.BlockSize)
	for l, to := range round {
		for word := range state {
			to.state[word] = state[word][l]
		}
	}
}
