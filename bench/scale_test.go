// SPDX-License-Identifier: Apache-2.0

package bench

import "testing"

// BenchmarkManyUploads holds 64 uploads of 256 MiB at once: what matters is
// peakRSS-MB, which must not follow the size of the bodies.
func BenchmarkManyUploads(b *testing.B) {
	s := startNeedletail(b)
	measure(b, s, Load{Method: "PUT", Streams: 64, OpsPerStream: 1, SizeBytes: 256 << 20}, nil)
}
