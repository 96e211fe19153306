// SPDX-License-Identifier: Apache-2.0

package fragment

import "encoding/binary"

// portable is the kernel for every processor: a table of 256 products for the
// low byte of a word and another for the high byte.
var portable = &kernel{name: "portable", blockBytes: 2, compile: compilePortable}

// bestKernel is the fastest kernel of this processor.
var bestKernel = kernels()[0]

// wordTables holds the products of a coefficient.
type wordTables struct{ low, high [256]uint16 }

type portableProducts []wordTables

func compilePortable(coefficients []uint16) products {
	p := make(portableProducts, len(coefficients))
	for i, coefficient := range coefficients {
		bits := bitProducts(coefficient)
		for b := range 8 {
			for low := range 1 << b {
				p[i].low[1<<b|low] = bits[b] ^ p[i].low[low]
				p[i].high[1<<b|low] = bits[8+b] ^ p[i].high[low]
			}
		}
	}
	return p
}

// bitProducts are the products of a coefficient and each bit of a word.
func bitProducts(coefficient uint16) (products [16]uint16) {
	p := uint32(coefficient)
	for b := range products {
		products[b] = uint16(p)
		if p <<= 1; p > 0xffff {
			p ^= wordPolynomial
		}
	}
	return products
}

func (p portableProducts) compute(dst []byte, inputs [][]byte, from int) {
	clear(dst)
	for i := range p {
		p[i].add(dst, inputs[i][from:from+len(dst)])
	}
}

// add adds the products of the words of in to dst.
func (t *wordTables) add(dst, in []byte) {
	for len(dst) >= 8 && len(in) >= 8 {
		word := binary.LittleEndian.Uint64(in)
		product := uint64(t.low[byte(word)] ^ t.high[byte(word>>8)])
		product |= uint64(t.low[byte(word>>16)]^t.high[byte(word>>24)]) << 16
		product |= uint64(t.low[byte(word>>32)]^t.high[byte(word>>40)]) << 32
		product |= uint64(t.low[byte(word>>48)]^t.high[byte(word>>56)]) << 48
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)^product)
		dst, in = dst[8:], in[8:]
	}
	for ; len(dst) >= 2 && len(in) >= 2; dst, in = dst[2:], in[2:] {
		product := t.low[in[0]] ^ t.high[in[1]]
		dst[0] ^= byte(product)
		dst[1] ^= byte(product >> 8)
	}
}
