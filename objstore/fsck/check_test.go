// SPDX-License-Identifier: Apache-2.0

package fsck

import "testing"

// A share of a check is a number from 1 to the number of shares.
func TestCheckOptionsParts(t *testing.T) {
	f := func(part, parts int, ok bool) {
		t.Helper()
		if err := (&CheckOptions{Part: part, Parts: parts}).Validate(); (err == nil) != ok {
			t.Errorf("part %d of %d: %v", part, parts, err)
		}
	}
	f(0, 0, true)
	f(0, 3, false)
	f(4, 3, false)
	f(1, checkPartsMax, true)
	f(1, checkPartsMax+1, false)
}
