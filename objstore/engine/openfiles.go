package engine

import "needletail/objstore/durable"

const (
	// filesPerDevice is what a device has open beside requests: a probe, the
	// folders that are synced or walked through, and a file that is verified or
	// removed.
	filesPerDevice = 4
	// filesPerStore is the locks, the status, and the folders of the rings.
	filesPerStore = 6
)

// OpenFiles is how many files a store may have open at most.
type OpenFiles struct {
	// Store is what the index, its second copy and the devices need beside
	// requests. Index.OpenFilesMax sets most of it.
	Store int
	// Request is what one upload or download needs besides its connection: a
	// file on each device that holds a part of the body.
	Request int
}

// OpenFiles is what a store with these options may have open. Whoever accepts
// connections keeps them within the process's limit less these.
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
