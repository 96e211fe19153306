// SPDX-License-Identifier: Apache-2.0

package ec_test

import (
	"fmt"

	"needletail/objstore/ec"
)

// Four data shards and two parity shards bear the loss of any two shards.
func ExampleCode() {
	code, err := ec.New(4, 2)
	if err != nil {
		panic(err)
	}
	shards := make([][]byte, 6)
	for i, text := range []string{"need", "leta", "il: ", "ring", "", ""} {
		shards[i] = make([]byte, 4)
		copy(shards[i], text)
	}
	if err := code.Encode(shards); err != nil {
		panic(err)
	}
	lost := []bool{0: true, 3: true, 5: false}
	shards[0], shards[3] = nil, nil
	if err := code.Reconstruct(shards, lost); err != nil {
		panic(err)
	}
	fmt.Printf("%s…%s\n", shards[0], shards[3])
	// Output: need…ring
}

// A body of 1,000,000 bytes in 4 + 2 fragments has two stripes.
func ExampleGeometry() {
	g := ec.Geometry{Data: 4, SizeBytes: 1_000_000}
	fmt.Println("stripes:", g.Stripes())
	fmt.Println("bytes of a fragment:", g.FragmentBytes())
	first, last := g.Shards(0, 0, 1000) // the first 1,000 bytes of the first stripe
	fmt.Println("shards:", first, "to", last)
	// Output:
	// stripes: 2
	// bytes of a fragment: 250000
	// shards: 0 to 0
}
