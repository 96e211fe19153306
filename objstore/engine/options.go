// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/datafolder"
	"needletail/objstore/device"
	"needletail/objstore/meta"
)

// Options are the settings of a store. The zero value is ready.
type Options struct {
	FS       vfs.FS            // default vfs.Default
	Logger   *slog.Logger      // default slog.Default
	Policies objstore.Policies // default objstore.DefaultPolicies

	// Devices hold the bodies. Without devices the data folder holds the bodies.
	// The data folder is device 0 in any case; with devices, a data folder that
	// is not in the list is emptied.
	Devices []DeviceOptions

	// InlineMaxBytes is the length of the longest body in the index. Default 64
	// KiB, at most 1 MiB. Negative: only empty bodies are in the index.
	InlineMaxBytes int
	// ReserveBytes and ReservePercent of a disk stay free; the larger reserve
	// counts. A write that would touch the reserve fails with KindNoSpace,
	// deletes go on. Default 2 percent; negative: no reserve.
	ReserveBytes   int64
	ReservePercent float64
	// ExpireEvery is the pause between two searches for expired objects. An
	// expired object is absent at once; only listings and counts wait for the
	// search. Default 10 s.
	ExpireEvery time.Duration
	// GCEvery is the pause after which the collector tries again to remove
	// files. Default 1 min.
	GCEvery time.Duration
	// DarkDataAge is how long data files without a row stay in quarantine.
	// Default DarkDataAge, 7 days; negative: for ever.
	DarkDataAge time.Duration

	// FailedAfter is how long a device must be failed before the slots on the
	// device are built anew on different devices. Default 10 min.
	FailedAfter time.Duration
	// HealEvery is the pause between two looks at the devices and at the queue
	// of bodies to heal. Default 10 s.
	HealEvery time.Duration
	// SweepEvery is the pause between two comparisons of all bodies with the
	// rings. Default 24 h. A change of devices starts a comparison at once.
	SweepEvery time.Duration
	// HealBytesPerSecond bounds the writes of healing. Default 100 MiB;
	// negative: no limit.
	HealBytesPerSecond int64
	// ScrubBytesPerSecond is the rate at which all stored bytes are verified,
	// pass after pass. Default 0: never.
	ScrubBytesPerSecond int64
	// Monitor holds the limits by which a device is judged. Blob holds the
	// limits of reading and writing on several devices; Open sets Blob.Events.
	Monitor device.MonitorOptions
	Blob    blob.Options

	// IndexHangLimit is how long a write of the index may hang on one of two
	// disks before the store goes on with the second disk. Default 20 s.
	IndexHangLimit time.Duration
	// IndexFillEvery is the pause between two looks for a lost copy of the
	// index. A lost copy is filled. Default 30 s.
	IndexFillEvery time.Duration
	// Index holds the settings of the index. Open sets FS, Logger and Mirror.
	Index meta.Options
	// Events tell the operator what happens. Optional.
	Events EventListener
}

// DeviceOptions are the settings of one disk.
type DeviceOptions struct {
	Path     string
	Zone     int     // disks with a common fault; the slots of an object lie in as many zones as possible
	Weight   float64 // share of all bodies, in any unit; above 0
	Draining bool    // takes nothing new and is emptied
	FS       vfs.FS  // default Options.FS
}

// EventListener gets events. A nil function is not called. A function must
// return soon and must not call the store.
type EventListener struct {
	// Corrupt: a stored body is damaged. quarantined is true if the file was
	// moved to quarantine.
	Corrupt func(o objstore.ObjectID, quarantined bool, err error)
	// Sealed: after a failed write the index or the device takes no more writes
	// until the next Open.
	Sealed func(err error)
}

const (
	// inlineDefaultBytes comes from a comparison of bodies in the index with bodies
	// in data files, on two busy cores. Each pair of figures is inline/data file,
	// PUT/s ratio is inline over data file. PUTs of new names ran until the index
	// was compacted, in turns, by 1, 16 or (64) writers. The bytes written are the
	// bytes on the disk per byte of a body, with the journal of the file system
	// (BenchmarkWriteAmplification):
	//
	//	          PUT/s ratio      CPU µs per PUT       bytes written
	//	           × 1   × 16       × 1      × 16
	//	  4 KiB                           117/280 (64)   3.2/4.6 to 7.2
	//	 16 KiB    1.9    1.8    439/912    245/481      3.0/1.9
	//	 32 KiB    1.8    1.4    460/781    363/504
	//	 64 KiB    1.6    1.3    409/673    446/441      3.0/1.2 to 1.3
	//	128 KiB    1.3    0.7   977/1317    833/613      3.0/1.1
	//	256 KiB                          2253/517 (64)   3.0/1.06
	//
	// and GETs per second of a few objects:
	//
	//	          GET × 1      GET × 16
	//	 16 KiB  22711/9948  26233/12855
	//	 64 KiB  12501/7824  14692/8682
	//	128 KiB  15389/8469  15087/9880
	//
	// 64 KiB is the longest body with faster service inline in every way and no
	// more CPU. The price is 2.4 times the bytes written: an operator with a disk of
	// low endurance sets 16 KiB.
	inlineDefaultBytes    = 64 << 10
	inlineLimitBytes      = 1 << 20
	reserveDefaultPercent = 2
	expireEveryDefault    = 10 * time.Second
	gcEveryDefault        = time.Minute
	failedAfterDefault    = 10 * time.Minute
	healEveryDefault      = 10 * time.Second
	sweepEveryDefault     = 24 * time.Hour
	indexFillEveryDefault = 30 * time.Second
	healRateDefault       = 100 << 20
)

// EnsureDefaults replaces zero values by the defaults.
func (o *Options) EnsureDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if len(o.Policies) == 0 {
		o.Policies = objstore.DefaultPolicies()
	}
	switch {
	case o.InlineMaxBytes == 0:
		o.InlineMaxBytes = inlineDefaultBytes
	case o.InlineMaxBytes < 0:
		o.InlineMaxBytes = 0
	}
	if o.ReserveBytes == 0 && o.ReservePercent == 0 {
		o.ReservePercent = reserveDefaultPercent
	}
	o.ReserveBytes, o.ReservePercent = max(o.ReserveBytes, 0), max(o.ReservePercent, 0)
	if o.ExpireEvery == 0 {
		o.ExpireEvery = expireEveryDefault
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.GCEvery, gcEveryDefault}, {&o.DarkDataAge, DarkDataAge}, {&o.FailedAfter, failedAfterDefault},
		{&o.HealEvery, healEveryDefault}, {&o.SweepEvery, sweepEveryDefault},
		{&o.IndexFillEvery, indexFillEveryDefault},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.HealBytesPerSecond == 0 {
		o.HealBytesPerSecond = healRateDefault
	}
	if o.Events.Corrupt == nil {
		o.Events.Corrupt = func(objstore.ObjectID, bool, error) {}
	}
	if o.Events.Sealed == nil {
		o.Events.Sealed = func(error) {}
	}
}

// Folder returns the data folder dir of a store with these options, for package
// fsck and for Open.
func (o *Options) Folder(dir string) datafolder.Folder {
	c := *o
	c.EnsureDefaults()
	f := datafolder.Folder{Dir: dir, FS: c.FS, Logger: c.Logger, Policies: c.Policies, Index: c.Index, IndexHangLimit: c.IndexHangLimit}
	for _, d := range c.Devices {
		if d.FS == nil {
			d.FS = c.FS
		}
		f.Devices = append(f.Devices, datafolder.Device{Path: d.Path, FS: d.FS, Draining: d.Draining})
	}
	return f
}

// Validate checks the values after EnsureDefaults.
func (o *Options) Validate() error {
	if err := o.Policies.Validate(); err != nil {
		return err
	}
	for _, p := range o.Policies {
		if p.ClusterCode() {
			return fmt.Errorf("storage policy %q has the erasure code of a cluster", p.Name)
		}
	}
	switch {
	case o.InlineMaxBytes > inlineLimitBytes:
		return fmt.Errorf("InlineMaxBytes is above %d", inlineLimitBytes)
	case o.ReservePercent > 50:
		return errors.New("ReservePercent is above 50")
	case min(o.ExpireEvery, o.GCEvery, o.FailedAfter, o.HealEvery, o.SweepEvery, o.IndexFillEvery) < 0:
		return errors.New("ExpireEvery, GCEvery, FailedAfter, HealEvery, SweepEvery or IndexFillEvery is negative")
	case o.ScrubBytesPerSecond < 0:
		return errors.New("ScrubBytesPerSecond is negative")
	}
	return nil
}
