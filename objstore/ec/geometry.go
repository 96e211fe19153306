// SPDX-License-Identifier: Apache-2.0

package ec

// BlockBytes is the length of a shard in a whole stripe. It equals the length
// of a block with a checksum of its own, so that a shard is read and checked
// alone.
const BlockBytes = 128 << 10

// Geometry says where the bytes of a body lie.
type Geometry struct {
	Data      int   // k, 1 or more
	SizeBytes int64 // of the body
}

// StripeBytes is the length of the body in a whole stripe.
func (g Geometry) StripeBytes() int64 { return int64(g.Data) * BlockBytes }

// Stripes is the number of stripes.
func (g Geometry) Stripes() int64 { return (g.SizeBytes + g.StripeBytes() - 1) / g.StripeBytes() }

// BodyBytes returns the length of the body in a stripe: less than StripeBytes
// in the last stripe alone, 0 past the end.
func (g Geometry) BodyBytes(stripe int64) int {
	return int(min(max(g.SizeBytes-stripe*g.StripeBytes(), 0), g.StripeBytes()))
}

// ShardBytes is the length of each shard of a stripe.
func (g Geometry) ShardBytes(stripe int64) int { return ShardBytes(g.BodyBytes(stripe), g.Data) }

// ShardBytes is the length of each shard of a stripe of bodyBytes.
func ShardBytes(bodyBytes, data int) int { return (bodyBytes + data - 1) / data }

// FragmentBytes is the length of each fragment.
func (g Geometry) FragmentBytes() int64 {
	whole := g.SizeBytes / g.StripeBytes()
	return whole*BlockBytes + int64(ShardBytes(int(g.SizeBytes-whole*g.StripeBytes()), g.Data))
}

// Shards returns the data shards of a stripe, first to last, with the body's
// bytes [off, end), which must not be empty.
func (g Geometry) Shards(stripe int64, off, end int) (first, last int) {
	n := g.ShardBytes(stripe)
	return off / n, (end - 1) / n
}
