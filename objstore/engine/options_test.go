// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// A policy for a cluster of Swift's servers is refused: the engine has one code
// of its own.
func TestClusterPolicyIsRefused(t *testing.T) {
	policy := objstore.Policy{Name: "p", Default: true, DataFragments: 2, ParityFragments: 1}
	o := Options{Policies: objstore.Policies{policy}}
	o.EnsureDefaults()
	require.NoError(t, o.Validate())
	o.Policies[0].SegmentBytes = 1 << 20
	require.ErrorContains(t, o.Validate(), "erasure code of a cluster")
}
