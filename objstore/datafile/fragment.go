// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/binary"

	"needletail/objstore/checksum"
)

// The section of a fragment, in the footer of a file of version 2:
//
//	offset  bytes  what
//	0       8      size of the fragment in bytes
//	8       4      bytes of the fragment in a whole stripe: a multiple of the
//	               block size
//	12      2      k, the number of data fragments, 1 or more
//	14      2      m, the number of parity fragments, 1 or more
//	16      2      slot: 0 to k-1 is data, k to k+m-1 parity
//	18      6      zero
const fragmentBytes = 24

// fragmentsMax bounds k+m: a byte of Reed-Solomon tells 256 fragments apart.
const fragmentsMax = 256

// Fragment says which part of an erasure-coded body a file holds. The zero
// value is a whole body without a code.
type Fragment struct {
	SizeBytes  int64 // of this fragment; all of an object have the same
	ShardBytes int   // of each fragment in a whole stripe
	Data       int   // k
	Parity     int   // m
	Slot       int   // of this fragment
}

func (f Fragment) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(f.SizeBytes))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.ShardBytes))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.Data))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.Parity))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.Slot))
	return append(dst, 0, 0, 0, 0, 0, 0)
}

// valid bounds each number, so that sums do not overflow.
func (f Fragment) valid() bool {
	return f.SizeBytes >= 0 && f.SizeBytes <= SizeMaxBytes &&
		f.ShardBytes > 0 && f.ShardBytes%checksum.BlockBytes == 0 && f.ShardBytes <= 1<<30 &&
		f.Data > 0 && f.Parity > 0 && f.Data+f.Parity <= fragmentsMax &&
		f.Slot >= 0 && f.Slot < f.Data+f.Parity
}

// parseFragment reads the section at the start of p.
func parseFragment(p []byte) (Fragment, error) {
	if len(p) < fragmentBytes {
		return Fragment{}, corrupt("footer is too short for its fragment")
	}
	le := binary.LittleEndian
	f := Fragment{
		SizeBytes:  int64(le.Uint64(p)),
		ShardBytes: int(le.Uint32(p[8:])),
		Data:       int(le.Uint16(p[12:])),
		Parity:     int(le.Uint16(p[14:])),
		Slot:       int(le.Uint16(p[16:])),
	}
	if !f.valid() || !allZero(p[18:fragmentBytes]) {
		return Fragment{}, corrupt("footer has a malformed fragment")
	}
	return f, nil
}
