// SPDX-License-Identifier: Apache-2.0

package ec

import (
	"fmt"
	"sync"

	"github.com/klauspost/reedsolomon"
)

// shardsMax bounds the shards: a byte tells 256 shards apart.
const shardsMax = 256

// Code computes with k data and m parity shards. A Code is safe for concurrent
// use.
type Code struct {
	data, parity int
	rs           reedsolomon.Encoder
}

// codes holds a *Code per [2]int{k, m}. There are as many codes as policies,
// and each keeps its inverted matrices.
var codes sync.Map

// New gives the Code of data and parity shards: data ≥ 1, parity ≥ 1, together
// at most 256. The same numbers give the same bytes for ever.
func New(data, parity int) (*Code, error) {
	if data < 1 || parity < 1 || data+parity > shardsMax {
		return nil, fmt.Errorf("ec: %d data and %d parity shards are not within 1 and %d", data, parity, shardsMax)
	}
	key := [2]int{data, parity}
	if c, ok := codes.Load(key); ok {
		return c.(*Code), nil
	}
	// A server has as many streams as processors, and a shard is short.
	rs, err := reedsolomon.New(data, parity, reedsolomon.WithMaxGoroutines(1))
	if err != nil {
		return nil, fmt.Errorf("ec: %w", err)
	}
	c, _ := codes.LoadOrStore(key, &Code{data, parity, rs})
	return c.(*Code), nil
}

// Encode fills the parity shards from the data shards. All shards have the same
// length, which may be 0.
func (c *Code) Encode(shards [][]byte) error {
	if len(shards) == c.data+c.parity && len(shards[0]) == 0 {
		return nil
	}
	if err := c.rs.Encode(shards); err != nil {
		return fmt.Errorf("ec: encode: %w", err)
	}
	return nil
}

// Reconstruct computes the missing shards among the wanted shards. A missing
// shard has length 0, and Reconstruct uses its capacity if the capacity
// suffices. At least k shards must be there.
func (c *Code) Reconstruct(shards [][]byte, wanted []bool) error {
	if err := c.rs.ReconstructSome(shards, wanted); err != nil {
		return fmt.Errorf("ec: reconstruct: %w", err)
	}
	return nil
}
