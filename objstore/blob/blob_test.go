package blob

import (
	"testing"

	"needletail/objstore/ec"
)

var layouts = []Layout{{Copies: 1}, {Copies: 2}, {Copies: 3}, {Data: 1, Parity: 1}, {Data: 2, Parity: 1}, {Data: 4, Parity: 2}, {Data: 5, Parity: 3}}

// sizes are at and around the edges of blocks and stripes of a layout.
func sizes(l Layout) []int {
	all := []int{0, 1, 4095, 4096, 4097}
	for _, edge := range []int{ec.BlockBytes, l.bodyRoom(), 2 * l.bodyRoom()} {
		all = append(all, edge-1, edge, edge+1)
	}
	return append(all, (stripesEach+2)*l.bodyRoom()+12345)
}

func TestBodiesComeBack(t *testing.T) {
	rng := newRand(t)
	for _, l := range layouts {
		b := newBench(t, 8, Options{})
		for _, n := range sizes(l) {
			body := randomBytes(rng, n)
			id, p := b.mustStore(l, body)
			b.sameBody(id, l, p, body)
		}
	}
}
