// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"needletail/objstore"
	"needletail/objstore/storetest"
)

// The reference servers keep counters and listings exact, and the Store over
// them keeps the contract of its guarantees.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objstore.Store {
		return newFake(t, 4, 3).open(t, Options{})
	})
}
