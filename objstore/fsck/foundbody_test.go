// SPDX-License-Identifier: Apache-2.0

package fsck

import (
	"fmt"
	"testing"

	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Fragments and copies find together again; a body that was cut off loses
// against an older whole one.
func TestRebuildPutsSlotsTogether(t *testing.T) {
	at := func(data int, slots ...device.Index) meta.Placement {
		return meta.Placement{DataFragments: data, Devices: slots}
	}
	none := device.None
	b := &foundBody{meta.ObjectRow{Placement: at(2, 7, none, none)}, 1}
	if b.complete() {
		t.Error("one fragment of two is whole")
	}
	b.add(at(2, none, none, 5))
	b.add(at(2, none, none, 9)) // the same slot twice
	if want := at(2, 7, none, 5); !b.complete() || fmt.Sprint(b.row.Placement) != fmt.Sprint(want) {
		t.Errorf("%+v", b.row.Placement)
	}
	b = &foundBody{meta.ObjectRow{Placement: at(0, 7)}, 1}
	b.add(at(0, 3))
	if want := at(0, 7, 3); !b.complete() || fmt.Sprint(b.row.Placement) != fmt.Sprint(want) {
		t.Errorf("%+v", b.row.Placement)
	}
}
