package blob

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
)

// Spec is one device of a store, as it is configured.
type Spec struct {
	Index device.Index
	Dir   string
	FS    vfs.FS // default: the machine's
	// Format allows that a folder without an identity gets one. It is for a
	// device that the store has not used before: the folder under a missing
	// mount looks just the same.
	Format bool
	// Draining: the device is read and gets no new files.
	Draining bool
	Limits   device.Options
	Monitor  device.MonitorOptions
}

// Events are calls that tell what was found. They may come from any goroutine,
// several at once, and must return soon. Any may be nil.
type Events struct {
	// Damaged: the file of a slot is corrupt (datafile.ErrCorrupt) or missing
	// (fs.ErrNotExist) on a device that is there. It is told once per Reader.
	Damaged func(id device.ID, slot int, on device.Index, err error)
	// Leftover: a file may be left on a device whose slot was reported as not
	// stored. It is to be removed unless the placement names it by now.
	Leftover func(id device.ID, on device.Index, err error)
	// State: a device is in another state than when it was last looked at.
	State func(i device.Index, from, to device.State, err error)
}

// Options are the limits of a Set.
type Options struct {
	// WriteWait is how long an upload waits for a device that does not take
	// bytes before it goes on without it. Default 5 s.
	WriteWait time.Duration
	// CreateWait is how long a new upload waits for a device to open a file
	// before it takes another. Default 2 s.
	CreateWait time.Duration
	// SyncWait is how long Finish waits for the quorum. Default 20 s.
	SyncWait time.Duration
	// QuorumWait is how long Finish waits for the rest when the quorum is on
	// stable storage. Default 2 s.
	QuorumWait time.Duration
	// ReadWait is how long a read waits for devices when no other has the bytes.
	// Default 15 s.
	ReadWait time.Duration
	// HedgeMin and HedgeMax bound the time after which a read that has not come
	// back is also sent to another device: four times the device's mean latency.
	// Defaults 20 ms and 1 s.
	HedgeMin, HedgeMax time.Duration
	// ProbeEvery is the pause between two probes of all devices. Default 10 s.
	ProbeEvery time.Duration
	Events     Events
}

func (o *Options) ensureDefaults() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.WriteWait, 5 * time.Second}, {&o.CreateWait, 2 * time.Second},
		{&o.SyncWait, 20 * time.Second}, {&o.QuorumWait, 2 * time.Second}, {&o.ReadWait, 15 * time.Second},
		{&o.HedgeMin, 20 * time.Millisecond}, {&o.HedgeMax, time.Second}, {&o.ProbeEvery, 10 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Events.Damaged == nil {
		o.Events.Damaged = func(device.ID, int, device.Index, error) {}
	}
	if o.Events.Leftover == nil {
		o.Events.Leftover = func(device.ID, device.Index, error) {}
	}
	if o.Events.State == nil {
		o.Events.State = func(device.Index, device.State, device.State, error) {}
	}
}
