// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

// A batch that may not fit into the memtable is not committed by its caller, and
// with a new memtable there is room again, but for what is under way.
func TestRoom(t *testing.T) {
	const batch = 1 << 20
	var small, large room
	small.init(roomMemTableBytes - 1)
	large.init(roomMemTableBytes)
	if small.take(batch) {
		t.Error("a small memtable has room")
	}
	fill := func() (fit int) {
		for large.take(batch) {
			fit++
		}
		return fit
	}
	most := roomMemTableBytes / batch * roomPercent / 100
	if fit := fill(); fit != most {
		t.Errorf("%d batches of 1 MiB fit, want %d", fit, most)
	}
	for range most - 1 { // two are left, with the batch that did not fit
		large.end(batch)
	}
	large.begin(pebble.WALCreateInfo{})
	if fit := fill(); fit != most-2 {
		t.Errorf("%d batches fit beside two that are under way, want %d", fit, most-2)
	}
}
