// SPDX-License-Identifier: Apache-2.0

package fragment_test

import (
	"fmt"

	"needletail/objstore/cluster/fragment"
)

// Any four of six fragments give the segment.
func ExampleCodec() {
	codec, err := fragment.New("liberasurecode_rs_vand", 4, 2)
	if err != nil {
		panic(err)
	}
	fragments := make([][]byte, 6)
	if err := codec.Encode([]byte("needletail"), fragments); err != nil {
		panic(err)
	}
	fragments[0], fragments[2] = nil, nil
	segment, err := codec.Decode(fragments, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(fragments[5]), string(segment))
	// Output: 84 needletail
}

// Bytes on both sides of a border need the fragments of two segments.
func ExampleGeometry() {
	codec, err := fragment.New("liberasurecode_rs_vand", 4, 2)
	if err != nil {
		panic(err)
	}
	g, err := codec.Geometry(1 << 20)
	if err != nil {
		panic(err)
	}
	fmt.Println(g.ArchiveBytes(2_500_000))
	fmt.Println(g.Range(1_048_570, 1_048_600))
	// Output:
	// 625240
	// 0 524447
}
