// SPDX-License-Identifier: Apache-2.0

package engine

import "needletail/objstore/durable"

const (
	// filesPerDevice is the number of open files of a device beside requests: a
	// probe, two folders for a sync or a walk, and a file for verifying or
	// removing.
	filesPerDevice = 4
	// filesPerStore counts the locks, the status, and the folders of the rings.
	filesPerStore = 6
)

// OpenFiles is how many files a store has open at most.
type OpenFiles struct {
	// Store is for the index, the second copy of the index and the devices,
	// beside requests. Index.OpenFilesMax makes up most of Store.
	Store int
	// Request is for one upload or download, without the connection: a file on
	// each device with a part of the body.
	Request int
}

// OpenFiles returns how many files a store with the options has open at most. A
// server must keep the number of connections within the limit of the process
// less OpenFiles.
func (o *Options) OpenFiles() OpenFiles {
	c := *o
	c.EnsureDefaults()
	c.Index.EnsureDefaults()
	copies, slots := 1, 1
	if len(c.Devices) > 0 {
		copies = 2
	}
	for _, p := range c.Policies {
		slots = max(slots, layoutOf(p).Slots())
	}
	files := max(c.Index.OpenFilesMax, durable.OpenFilesMin)
	return OpenFiles{
		Store:   copies*files + (1+len(c.Devices))*filesPerDevice + filesPerStore + slots,
		Request: slots,
	}
}
