// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"testing"

	"needletail/objstore"
)

// TestAnyETagIsRandom: no MD5 is taken of a body whose caller needs none, in a
// file or inline.
func TestAnyETagIsRandom(t *testing.T) {
	e := openTest(t, t.TempDir(), Options{})
	defer e.Close()
	c := objstore.ContainerID{Account: "a", Container: "c"}
	if _, err := e.PutContainer(t.Context(), c, objstore.PutContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{10, 1 << 20} {
		seen := map[string]bool{}
		for range 3 {
			info, err := e.PutObject(t.Context(), c.Object("o"), bytes.NewReader(make([]byte, size)),
				objstore.PutOptions{SizeBytes: int64(size), AnyETag: true})
			if err != nil || seen[info.ETag] {
				t.Errorf("%d bytes: %q again, %v", size, info.ETag, err)
			}
			seen[info.ETag] = true
		}
	}
}
