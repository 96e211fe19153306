// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
)

// Spec is a device of a store, as configured.
type Spec struct {
	Index device.Index
	Dir   string
	FS    vfs.FS // default: the machine's
	// Format allows a folder without an identity to get an identity. Format is
	// for a device new to the store: the folder under a missing mount looks
	// just the same.
	Format bool
	// Draining: the device is read and gets no new files.
	Draining bool
	Limits   device.Options
	Monitor  device.MonitorOptions
}

// Events are calls that tell of findings. The calls may come from any
// goroutine, several at once, and must return soon. Any call may be nil.
type Events struct {
	// Damaged: the file of a slot is corrupt (datafile.ErrCorrupt) or missing
	// (fs.ErrNotExist) on a present device. A Reader tells once.
	Damaged func(id device.ID, slot int, on device.Index, err error)
	// Leftover: a file may be left on a device whose slot was reported as not
	// stored. The file is to be removed unless the placement names the file by
	// now.
	Leftover func(id device.ID, on device.Index, err error)
	// State: the state of a device has changed since the last look.
	State func(i device.Index, from, to device.State, err error)
}

// Options are the limits of a Set.
type Options struct {
	// WriteWait is how long an upload waits for a device that does not take
	// bytes before the upload goes on without the device. Default 5 s.
	WriteWait time.Duration
	// CreateWait is how long a new upload waits for a device to open a file
	// before the upload takes another device. Default 2 s.
	CreateWait time.Duration
	// SyncWait is how long Finish waits for the quorum. Default 20 s.
	SyncWait time.Duration
	// QuorumWait is how long Finish waits for the rest when the quorum is on
	// stable storage. Default 2 s.
	QuorumWait time.Duration
	// ReadWait is how long a read waits for devices when no other device has
	// the bytes. Default 15 s.
	ReadWait time.Duration
	// HedgeMin and HedgeMax bound the time after which a read without an answer
	// is also sent to another device: four times the device's mean latency.
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
