// SPDX-License-Identifier: Apache-2.0

package ring_test

import (
	"fmt"

	"needletail/ring"
)

// A builder gives each of 2^8 partitions three devices in three zones.
func ExampleBuilder() {
	b, err := ring.NewBuilder(8, 3, 1)
	if err != nil {
		panic(err)
	}
	for _, text := range []string{"r1z1-10.0.0.1:6200/sda", "r1z2-10.0.0.2:6200/sdb", "r1z3-10.0.0.3:6200/sdc"} {
		d, err := ring.ParseDevice(text)
		if err != nil {
			panic(err)
		}
		d.ID, d.Weight = b.NextID(), 100
		if err := b.Add(d); err != nil {
			panic(err)
		}
	}
	if _, err := b.Rebalance(1); err != nil {
		panic(err)
	}
	r, err := b.Ring(ring.Hash{Prefix: "secret"})
	if err != nil {
		panic(err)
	}
	partition := r.Partition("AUTH_test", "photos", "cat.jpg")
	fmt.Println("partitions:", r.Partitions())
	fmt.Println("devices of the object:", len(r.Nodes(partition)))
	// Output:
	// partitions: 256
	// devices of the object: 3
}

// ParseDevice reads a device as swift-ring-builder's command line spells it.
func ExampleParseDevice() {
	d, err := ring.ParseDevice("r1z2-10.0.0.2:6200/sdb")
	if err != nil {
		panic(err)
	}
	fmt.Println(d.Region, d.Zone, d.IP, d.Port, d.Device)
	// Output: 1 2 10.0.0.2 6200 sdb
}
