// SPDX-License-Identifier: Apache-2.0

package device

import "unsafe"

// AlignedBuffer returns a new buffer of n bytes, whose address is a multiple of
// AlignBytes.
func AlignedBuffer(n int) []byte {
	b := make([]byte, n+AlignBytes-1)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (AlignBytes - 1)
	return b[skip : skip+n : skip+n]
}

// Align is n rounded up to a multiple of AlignBytes.
func Align(n int64) int64 { return (n + AlignBytes - 1) &^ (AlignBytes - 1) }
