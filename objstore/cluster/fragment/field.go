// SPDX-License-Identifier: Apache-2.0

package fragment

import "sync"

// field is GF(2^bits) as the powers of its element x, which generates all
// elements but 0.
type field struct {
	logs   []uint16 // logs[a]: x^logs[a] = a, for a ≥ 1
	powers []uint16 // powers[n] = x^n, twice over, so that sums of two logs fit
}

// newField makes the field of a primitive polynomial.
func newField(bits int, polynomial uint32) *field {
	order := 1<<bits - 1
	f := &field{logs: make([]uint16, order+1), powers: make([]uint16, 2*order)}
	element := uint32(1)
	for n := range order {
		f.logs[element] = uint16(n)
		f.powers[n], f.powers[n+order] = uint16(element), uint16(element)
		if element <<= 1; element > uint32(order) {
			element ^= polynomial
		}
	}
	return f
}

// The two fields in use. The tables of the second take 384 KiB.
var (
	byteField = sync.OnceValue(func() *field { return newField(8, 0x11d) })
	wordField = sync.OnceValue(func() *field { return newField(16, wordPolynomial) })
)

// wordPolynomial is x^16 + x^12 + x^3 + x + 1.
const wordPolynomial = 0x1100b

func (f *field) multiply(a, b uint16) uint16 {
	if a == 0 || b == 0 {
		return 0
	}
	return f.powers[int(f.logs[a])+int(f.logs[b])]
}

// invert returns 1/a. There is no inverse of 0.
func (f *field) invert(a uint16) uint16 {
	order := len(f.logs) - 1
	return f.powers[order-int(f.logs[a])]
}

// addRow adds factor times row from to row to.
func (f *field) addRow(to, from []uint16, factor uint16) {
	if factor == 0 {
		return
	}
	for i, a := range from {
		to[i] ^= f.multiply(a, factor)
	}
}

// scaleRow multiplies a row.
func (f *field) scaleRow(row []uint16, factor uint16) {
	for i, a := range row {
		row[i] = f.multiply(a, factor)
	}
}
