// SPDX-License-Identifier: Apache-2.0

package fragment

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// goldenPath has a line for each case: ec_type, k, m, the length of the segment,
// and the SHA-256 of the fragments of liberasurecode 1.6.2, without the version
// of the library. `make fragment-interop` compares with the library itself;
// TestInteropGolden with -rewrite writes the file.
const goldenPath = "testdata/golden.txt"

var (
	goldenShapes  = [][2]int{{2, 1}, {3, 2}, {4, 2}, {8, 4}, {10, 4}, {15, 4}}
	goldenLengths = []int{1, 2, 17, 127, 1000, 4096, 100_001, 1 << 20}
)

// goldenSegment is the segment of a golden case.
func goldenSegment(n int) []byte { return randomBytes(rand.New(rand.NewPCG(2026, uint64(n))), n) }

// goldenSum is the last field of a line.
func goldenSum(fragments [][]byte) string {
	h := sha256.New()
	for _, f := range fragments {
		h.Write(masked(f))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// masked is a fragment without the version of the library that wrote it.
func masked(fragment []byte) []byte {
	m := append([]byte(nil), fragment...)
	clear(m[libraryVersionAt:crcAt])
	return m
}

func TestGolden(t *testing.T) {
	file, err := os.Open(goldenPath)
	require.NoError(t, err)
	defer file.Close()
	cases := 0
	for lines := bufio.NewScanner(file); lines.Scan(); cases++ {
		var ecType, sum string
		var data, parity, n int
		_, err := fmt.Sscan(lines.Text(), &ecType, &data, &parity, &n, &sum)
		require.NoError(t, err)
		fragments := encode(t, newCodec(t, ecType, data, parity), goldenSegment(n))
		require.Equal(t, sum, goldenSum(fragments), lines.Text())
	}
	require.Equal(t, len(Types())*len(goldenShapes)*len(goldenLengths), cases)
}
