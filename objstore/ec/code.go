package ec

import (
	"fmt"
	"sync"

	"github.com/klauspost/reedsolomon"
)

// shardsMax is what one byte can tell apart.
const shardsMax = 256

// Code computes with k data and m parity shards. It is safe for concurrent use.
type Code struct {
	data, parity int
	rs           reedsolomon.Encoder
}

// codes holds one *Code per [2]int{k, m}: their number is that of the policies,
// and each keeps the matrices that it inverted.
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
	// A server has as many streams as processors; one shard is short.
	rs, err := reedsolomon.New(data, parity, reedsolomon.WithMaxGoroutines(1))
	if err != nil {
		return nil, fmt.Errorf("ec: %w", err)
	}
	c, _ := codes.LoadOrStore(key, &Code{data, parity, rs})
	return c.(*Code), nil
}

// Encode fills the parity shards from the data shards. All have the same length,
// which may be 0.
func (c *Code) Encode(shards [][]byte) error {
	if len(shards) == c.data+c.parity && len(shards[0]) == 0 {
		return nil
	}
	if err := c.rs.Encode(shards); err != nil {
		return fmt.Errorf("ec: encode: %w", err)
	}
	return nil
}

// Reconstruct computes the shards that are wanted and missing: those of length
// 0, into their capacity if that suffices. At least k must be there.
func (c *Code) Reconstruct(shards [][]byte, wanted []bool) error {
	if err := c.rs.ReconstructSome(shards, wanted); err != nil {
		return fmt.Errorf("ec: reconstruct: %w", err)
	}
	return nil
}
