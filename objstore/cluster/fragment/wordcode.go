// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"crypto/subtle"
	"sync"
)

// wordTransform computes in GF(2^16), with words of two bytes, little endian.
type wordTransform struct {
	inputs     int
	rows       []wordRow
	chunkBytes int
	short      sync.Pool // of *shortPieces
}

// wordRow computes an output: a sum of products. Without products, all
// coefficients are 1 and the output is the plain sum.
type wordRow struct{ products products }

// products computes words of an output from the inputs.
type products interface {
	// compute fills dst from bytes from to from+len(dst) of each input. The
	// length of dst is a multiple of the kernel's block.
	compute(dst []byte, inputs [][]byte, from int)
}

// kernel is a way to compute products.
type kernel struct {
	name       string
	blockBytes int // a power of 2
	compile    func(coefficients []uint16) products
}

// l1Bytes is the part of a processor's first cache that a chunk of all inputs
// and of an output may take.
const l1Bytes = 32 << 10

// compileWords makes the transform of a matrix over GF(2^16).
func compileWords(rows matrix) (transform, error) { return compileWith(bestKernel, rows), nil }

func compileWith(k *kernel, rows matrix) *wordTransform {
	t := &wordTransform{inputs: len(rows[0])}
	t.chunkBytes = max(l1Bytes/(t.inputs+1)&^(k.blockBytes-1), k.blockBytes)
	for _, row := range rows {
		if allOnes(row) {
			t.rows = append(t.rows, wordRow{})
		} else {
			t.rows = append(t.rows, wordRow{k.compile(row)})
		}
	}
	t.short.New = func() any { return newShortPieces(t.inputs+len(t.rows), k.blockBytes) }
	return t
}

func allOnes(row []uint16) bool {
	for _, a := range row {
		if a != 1 {
			return false
		}
	}
	return true
}

// apply goes through the inputs in chunks that stay in the first cache until
// all outputs are computed. The last chunk is moved forward to a whole number
// of blocks, so that some bytes are computed twice.
func (t *wordTransform) apply(pieces [][]byte) error {
	s := t.short.Get().(*shortPieces)
	defer t.short.Put(s)
	n := len(pieces[0])
	if n < s.blockBytes {
		s.pad(pieces[:t.inputs])
		t.chunk(s.pieces, 0, s.blockBytes)
		s.unpad(pieces[t.inputs:], t.inputs)
		return nil
	}
	for from := 0; from < n; from += t.chunkBytes {
		end := min(from+t.chunkBytes, n)
		whole := (end - from) &^ (s.blockBytes - 1)
		if whole > 0 {
			t.chunk(pieces, from, from+whole)
		}
		if from+whole < end {
			t.chunk(pieces, end-s.blockBytes, end)
		}
	}
	return nil
}

// chunk computes bytes from to end of each output.
func (t *wordTransform) chunk(pieces [][]byte, from, end int) {
	inputs := pieces[:t.inputs]
	for r, row := range t.rows {
		dst := pieces[t.inputs+r][from:end]
		if row.products == nil {
			addUp(dst, inputs, from)
		} else {
			row.products.compute(dst, inputs, from)
		}
	}
}

// addUp is the sum of the inputs, which is XOR.
func addUp(dst []byte, inputs [][]byte, from int) {
	end := from + len(dst)
	if len(inputs) == 1 {
		copy(dst, inputs[0][from:end])
		return
	}
	subtle.XORBytes(dst, inputs[0][from:end], inputs[1][from:end])
	for _, in := range inputs[2:] {
		subtle.XORBytes(dst, dst, in[from:end])
	}
}

// shortPieces are pieces of a single block, for pieces that are shorter.
type shortPieces struct {
	blockBytes int
	pieces     [][]byte
}

func newShortPieces(count, blockBytes int) *shortPieces {
	s := &shortPieces{blockBytes: blockBytes}
	all := make([]byte, count*blockBytes)
	for i := range count {
		s.pieces = append(s.pieces, all[i*blockBytes:(i+1)*blockBytes])
	}
	return s
}

func (s *shortPieces) pad(inputs [][]byte) {
	for i, in := range inputs {
		copy(s.pieces[i], in) // sums of the bytes left from before are not copied
	}
}

func (s *shortPieces) unpad(outputs [][]byte, inputs int) {
	for i, out := range outputs {
		copy(out, s.pieces[inputs+i])
	}
}
