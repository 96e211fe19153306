// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// The parameters for the listing come with an upload, also where the upload has
// no other reason for a footer.
func TestErasureListing(t *testing.T) {
	f := newECFake(t, Options{})
	listing := objstore.ListingOverride{ETag: "abc", SizeBytes: sizeOf(99), Extra: fields("slo_etag", `"e"`)}
	f.put(t, []byte("x"), objstore.PutOptions{Listing: listing})
	info, err := f.store.HeadObject(t.Context(), ecID, objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, listing, info.Listing)
}
