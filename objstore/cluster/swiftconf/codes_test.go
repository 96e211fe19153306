// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/fragment"
)

// TestWritableCodesCanBeWritten: a code is writable here if the package that
// codes knows the code.
func TestWritableCodesCanBeWritten(t *testing.T) {
	for ecType, writable := range codes {
		_, err := fragment.New(ecType, 4, 2)
		require.Equal(t, writable, err == nil, "%s: %v", ecType, err)
	}
	// A policy of the widest shape that swift.conf may have is coded too.
	for ecType, writable := range codes {
		if writable {
			_, err := fragment.New(ecType, maxFragments-4, 4)
			require.NoError(t, err, ecType)
		}
	}
}
