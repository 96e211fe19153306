// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"fmt"

	"github.com/klauspost/reedsolomon"
)

// byteTransform computes in GF(2^8).
type byteTransform struct{ encoder reedsolomon.Encoder }

// compileBytes makes the transform of a matrix over GF(2^8).
func compileBytes(rows matrix) (transform, error) {
	custom := make([][]byte, len(rows))
	for r, row := range rows {
		for _, a := range row {
			custom[r] = append(custom[r], byte(a))
		}
	}
	// A proxy has as many requests as processors, and a segment is short. The
	// library never inverts: a plan has a matrix of its own.
	encoder, err := reedsolomon.New(len(rows[0]), len(rows), reedsolomon.WithCustomMatrix(custom),
		reedsolomon.WithMaxGoroutines(1), reedsolomon.WithInversionCache(false))
	if err != nil {
		return nil, fmt.Errorf("reedsolomon: %w", err)
	}
	return byteTransform{encoder}, nil
}

func (t byteTransform) apply(pieces [][]byte) error {
	if err := t.encoder.Encode(pieces); err != nil {
		return fmt.Errorf("fragment: reedsolomon: %w", err)
	}
	return nil
}
