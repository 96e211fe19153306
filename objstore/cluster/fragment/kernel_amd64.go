// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"encoding/binary"

	"golang.org/x/sys/cpu"
)

// vectorBlockBytes is the block of all vector kernels.
const vectorBlockBytes = 64

// The vector kernels.
var (
	gfni512 = &kernel{"AVX-512 and GFNI", vectorBlockBytes, func(coefficients []uint16) products {
		return &vectorProducts{bitMatrices(coefficients), computeGFNI512}
	}}
	gfni256 = &kernel{"AVX2 and GFNI", vectorBlockBytes, func(coefficients []uint16) products {
		return &vectorProducts{bitMatrices(coefficients), computeGFNI256}
	}}
	avx2 = &kernel{"AVX2", vectorBlockBytes, func(coefficients []uint16) products {
		return &vectorProducts{nibbleTables(coefficients), computeAVX2}
	}}
)

// kernels are the kernels of this processor, the fastest first.
func kernels() []*kernel {
	list := []*kernel{portable}
	if !cpu.X86.HasAVX2 {
		return list
	}
	list = append([]*kernel{avx2}, list...)
	if !hasGFNI() {
		return list
	}
	list = append([]*kernel{gfni256}, list...)
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW {
		list = append([]*kernel{gfni512}, list...)
	}
	return list
}

// hasGFNI asks the processor. golang.org/x/sys/cpu tells of GFNI with AVX-512
// alone. The processor must have AVX2.
func hasGFNI() bool

// computeGFNI512, computeGFNI256 and computeAVX2 fill bytes of dst, a multiple
// of 64, with the sum of the products of count inputs from their byte from. The
// tables of the coefficients lie one behind the other.
//
//go:noescape
func computeGFNI512(dst, tables *byte, inputs *[]byte, count, from, bytes int)

//go:noescape
func computeGFNI256(dst, tables *byte, inputs *[]byte, count, from, bytes int)

//go:noescape
func computeAVX2(dst, tables *byte, inputs *[]byte, count, from, bytes int)

// vectorProducts are products by a vector kernel.
type vectorProducts struct {
	tables []byte
	kernel func(dst, tables *byte, inputs *[]byte, count, from, bytes int)
}

func (p *vectorProducts) compute(dst []byte, inputs [][]byte, from int) {
	for _, in := range inputs {
		_ = in[from : from+len(dst)] // the kernels check no bounds
	}
	p.kernel(&dst[0], &p.tables[0], &inputs[0], len(inputs), from, len(dst))
}

// bitMatrices makes the tables of the kernels with GFNI, 32 bytes for each
// coefficient. Multiplication is linear in the bits of a word:
//
//	low byte of the product  = A × low byte + B × high byte
//	high byte of the product = C × low byte + D × high byte
//
// with matrices of 8 by 8 bits, in the order A, D, C, B. Byte 7-i of a matrix
// has the row of bit i.
func bitMatrices(coefficients []uint16) []byte {
	tables := make([]byte, 0, 32*len(coefficients))
	for _, coefficient := range coefficients {
		bits := bitProducts(coefficient)
		for _, part := range [4][2]int{{0, 0}, {8, 8}, {0, 8}, {8, 0}} { // first bit of the word, of the product
			var m uint64
			for column := range 8 {
				m |= columns[byte(bits[part[0]+column]>>part[1])] << column
			}
			tables = binary.LittleEndian.AppendUint64(tables, m)
		}
	}
	return tables
}

// columns holds column 0 of a matrix for each value of the column: bit i in byte
// 7-i.
var columns = func() (all [256]uint64) {
	for value := range all {
		for row := range 8 {
			all[value] |= uint64(value>>row&1) << (8 * (7 - row))
		}
	}
	return all
}()

// nibbleTables makes the tables of the kernel without GFNI, 128 bytes for each
// coefficient: for each of the four nibbles of a word, from the lowest, the low
// bytes of the products of the 16 values of the nibble, then the high bytes.
func nibbleTables(coefficients []uint16) []byte {
	tables := make([]byte, 0, 128*len(coefficients))
	for _, coefficient := range coefficients {
		bits := bitProducts(coefficient)
		for nibble := range 4 {
			var products [16]uint16
			for b := range 4 {
				for low := range 1 << b {
					products[1<<b|low] = products[low] ^ bits[4*nibble+b]
				}
			}
			for _, shift := range []int{0, 8} {
				for _, p := range products {
					tables = append(tables, byte(p>>shift))
				}
			}
		}
	}
	return tables
}
