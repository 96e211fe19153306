// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A segment of a byte too much is refused before a byte of it is read: the
// memory of the segment cannot be read.
func TestSegmentOfTooManyBytes(t *testing.T) {
	segment, err := unix.Mmap(-1, 0, SegmentBytesMax+1, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(segment)) }()
	c := newCodec(t, "isa_l_rs_vand", 4, 2)
	require.ErrorIs(t, c.Encode(segment, make([][]byte, 6)), ErrLength)
}
