package checksum

import (
	"sync"
	"sync/atomic"

	md5simd "github.com/minio/md5-simd"
)

const (
	// lanesMax is the number of streams that the lane server serves, up to
	// md5simd.Lanes of them side by side; a stream beyond it gets a plain digest.
	lanesMax = 4 * md5simd.Lanes

	// lanesFrom is the number of streams in flight from which a new one takes a
	// lane. Processor seconds per GB on two cores (BenchmarkMD5): a plain digest
	// 1.3 whatever the number; lanes 2.0 for 1 stream, 1.7 for 2, 1.0 to 1.4 for
	// 4, 0.5 to 0.7 for 8. Streams whose first bytes came before it stay plain.
	lanesFrom = 6
)

// inFlight counts the Hashes that are taken and not released.
var inFlight atomic.Int64

// freeLanes holds the lanes that no Hash uses. The set is made once and never
// closed: the library keeps an entry for every hash that was ever closed, and
// walks all of them in each round.
var freeLanes = sync.OnceValue(func() chan md5simd.Hasher {
	server := md5simd.NewServer()
	lanes := make(chan md5simd.Hasher, lanesMax)
	for range lanesMax {
		lanes <- server.NewHash()
	}
	return lanes
})

// takeLane is an empty lane, or nil if all are in use.
func takeLane() md5simd.Hasher {
	select {
	case lane := <-freeLanes():
		return lane
	default:
		return nil
	}
}

// giveLane empties a lane, wherever its stream ended, and frees it.
func giveLane(lane md5simd.Hasher) {
	lane.Reset()
	freeLanes() <- lane
}
