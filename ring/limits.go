// SPDX-License-Identifier: Apache-2.0

package ring

// Limits of parsed and built rings.
const (
	// maxFileBytes bounds a ring or builder file on disk.
	maxFileBytes = 256 << 20
	// maxRawBytes bounds an unpacked file: a ring of 2^25 partitions with three
	// replicas is 192 MiB.
	maxRawBytes = 256 << 20
	// maxPartPower bounds the partitions of a built or parsed ring.
	maxPartPower = 26
	// maxReplicas bounds the rows of a ring.
	maxReplicas = 256
	// maxDeviceID bounds the list of devices, holes included.
	maxDeviceID = 1<<20 - 1
	// maxWeight keeps sums of weights exact enough to divide by.
	maxWeight = 1e12
	// maxMinPartHours is more than a year.
	maxMinPartHours = 10000
)
