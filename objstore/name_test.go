// SPDX-License-Identifier: Apache-2.0

package objstore

import "testing"

func TestHiddenAccounts(t *testing.T) {
	for name, want := range map[AccountName]bool{
		".glance": true, ".": true, "\xffversions.AUTH_a": true, "\xff": true,
		"": false, "AUTH_a": false, "a.b": false, "AUTH_.a": false, "\xfe": false, "é": false,
	} {
		if got := name.Hidden(); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
