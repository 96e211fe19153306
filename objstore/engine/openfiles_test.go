// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"needletail/objstore"
	"needletail/objstore/durable"
)

// Devices and policies raise the number of files; a small index lowers it, but
// not below what a database needs.
func TestOpenFiles(t *testing.T) {
	small := Options{}
	small.Index.OpenFilesMax = durable.OpenFilesMin
	several := small
	several.Devices = []DeviceOptions{{Path: "a"}, {Path: "b"}, {Path: "c"}}
	several.Policies = objstore.Policies{{Index: 0, Name: "p", DataFragments: 4, ParityFragments: 2}}
	if f := small.OpenFiles(); f.Store > 64 || f.Request != 1 {
		t.Errorf("one disk with a small index: %+v", f)
	}
	if f := several.OpenFiles(); f.Request != 6 || f.Store < 2*durable.OpenFilesMin+4*filesPerDevice {
		t.Errorf("three devices, 4+2: %+v", f)
	}
	if f := (&Options{}).OpenFiles(); f.Store < 500 {
		t.Errorf("the defaults: %+v", f)
	}
}
