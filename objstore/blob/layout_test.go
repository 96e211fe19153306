// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore/device"
)

func TestLayouts(t *testing.T) {
	f := func(l Layout, slots, need, quorum int, text string) {
		t.Helper()
		require.NoError(t, l.Validate())
		require.Equal(t, slots, l.Slots())
		require.Equal(t, need, l.Need())
		require.Equal(t, quorum, l.Quorum())
		require.Equal(t, text, l.String())
	}
	f(Layout{Copies: 1}, 1, 1, 1, "1 copy")
	f(Layout{Copies: 2}, 2, 1, 1, "2 copies")
	f(Layout{Copies: 3}, 3, 1, 2, "3 copies")
	f(Layout{Copies: 4}, 4, 1, 2, "4 copies")
	f(Layout{Copies: 5}, 5, 1, 3, "5 copies")
	f(Layout{Copies: 64}, 64, 1, 32, "64 copies")
	f(Layout{Data: 4, Parity: 1}, 5, 4, 4, "4+1")
	f(Layout{Data: 4, Parity: 2}, 6, 4, 5, "4+2")
	f(Layout{Data: 1, Parity: 63}, 64, 1, 2, "1+63")
	for _, l := range []Layout{{}, {Copies: -1}, {Copies: 65}, {Data: 4}, {Parity: 2}, {Copies: 1, Data: 4, Parity: 2},
		{Data: 62, Parity: 3}, {Data: -1, Parity: 3}, {Data: math.MaxInt, Parity: math.MaxInt}} {
		require.Error(t, l.Validate(), "%+v", l)
	}
}

func TestPlacements(t *testing.T) {
	l := Layout{Copies: 3}
	require.NoError(t, Placement{1, 2, 3}.Validate(l))
	require.NoError(t, Placement{device.None, 2, device.None}.Validate(l))
	require.Error(t, Placement{1, 2}.Validate(l))
	require.Error(t, Placement{1, 2, 3, 4}.Validate(l))
	require.Error(t, Placement{1, 2, 1}.Validate(l))
	require.Equal(t, 2, Placement{device.None, 2, device.None}.Missing())
}
