// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows were read out of liberasurecode and jerasure.
func TestMatrices(t *testing.T) {
	f := wordField()
	require.Equal(t, matrix{{1, 1, 1, 1}, {20483, 52230, 27503, 30722}}, liberasurecodeVandermonde(f, 4, 2))
	require.Equal(t, matrix{{1, 1, 1}, {15, 8, 6}}, liberasurecodeVandermonde(f, 3, 2))
	require.Equal(t, []uint16{60304, 10240, 9947, 60935, 49158, 13750, 14803, 46085, 61447, 34820}, liberasurecodeVandermonde(f, 10, 4)[1])
	require.Equal(t, matrix{{1, 1, 1, 1}, {1, 52230, 34820, 17411}}, jerasureVandermonde(f, 4, 2))
	require.Equal(t, []uint16{1, 22979, 63202, 11520, 7400, 50310, 39940, 30466}, jerasureVandermonde(f, 8, 4)[1])
	require.Equal(t, matrix{{1, 1, 1, 1}, {1, 2, 4, 8}, {1, 4, 16, 64}}, isalVandermonde(byteField(), 4, 3))
}
