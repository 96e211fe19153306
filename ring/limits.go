package ring

// Limits of what is parsed and built.
const (
	// maxFileBytes bounds a ring or builder file as it lies on disk.
	maxFileBytes = 256 << 20
	// maxRawBytes bounds what such a file unpacks to: a ring of 2^25 partitions
	// with three replicas is 192 MiB.
	maxRawBytes = 256 << 20
	// maxPartPower bounds the partitions of a ring that is built or read.
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
