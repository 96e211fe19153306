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

	// Devices are what bodies lie on. None means the data folder alone, which is
	// device 0 in any case: of a store that gets devices later it is emptied,
	// unless it is one of them.
	Devices []DeviceOptions

	// InlineMaxBytes is the longest body that lies in the index. Default 64 KiB,
	// at most 1 MiB; negative for none but empty ones.
	InlineMaxBytes int
	// ReserveBytes and ReservePercent of the disk stay free: writes that would
	// touch the larger of them fail with KindNoSpace, deletes go on. Default
	// 2 percent; negative for none.
	ReserveBytes   int64
	ReservePercent float64
	// ExpireEvery is the pause between two looks for expired objects. They are
	// absent at once; only listings and counts wait for it. Default 10 s.
	ExpireEvery time.Duration
	// GCEvery is the pause after which the removal of files that failed is
	// tried again. Default 1 min.
	GCEvery time.Duration
	// DarkDataAge is how long data files that no row names are kept in
	// quarantine. Default DarkDataAge, 7 days; negative for ever.
	DarkDataAge time.Duration

	// FailedAfter is how long a device is failed before what it holds is built
	// anew on others. Default 10 min.
	FailedAfter time.Duration
	// HealEvery is the pause between two looks at the queue of bodies that are
	// not whole, and at the devices. Default 10 s.
	HealEvery time.Duration
	// SweepEvery is the pause between two comparisons of all bodies with where
	// they belong. Default 24 h; a change of devices brings it forward.
	SweepEvery time.Duration
	// HealBytesPerSecond bounds what healing writes. Default 100 MiB; negative
	// for no limit.
	HealBytesPerSecond int64
	// ScrubBytesPerSecond is the rate at which all that is stored is verified,
	// over and over. Default 0, which is never.
	ScrubBytesPerSecond int64
	// Monitor are the limits by which devices are judged, Blob those of reading
	// and writing on several; its Events are set.
	Monitor device.MonitorOptions
	Blob    blob.Options

	// IndexHangLimit is how long the index's writes may hang on one of the two
	// disks that hold it before the store goes on with the other. Default 20 s.
	IndexHangLimit time.Duration
	// IndexFillEvery is the pause between two looks for a copy of the index that
	// is lost, which is then made anew. Default 30 s.
	IndexFillEvery time.Duration
	// Index are the settings of the index; its FS, Logger and Mirror are set.
	Index meta.Options
	// Events are told what an operator must know. Optional.
	Events EventListener
}

// DeviceOptions are one disk of a store.
type DeviceOptions struct {
	Path     string
	Zone     int     // what fails together; slots of an object lie in as many as there are
	Weight   float64 // share of all bodies, in any unit; above 0
	Draining bool    // takes nothing new and is emptied
	FS       vfs.FS  // default Options.FS
}

// EventListener is told of events. A nil function is not called; a function
// must return soon and must not call the store.
type EventListener struct {
	// Corrupt: a stored body is damaged. quarantined says that its file was
	// moved aside.
	Corrupt func(o objstore.ObjectID, quarantined bool, err error)
	// Sealed: a write failed in a way after which the index (or the device)
	// takes no more writes until the store is opened again.
	Sealed func(err error)
}

const (
	// inlineDefaultBytes: inline and as a data file, on two busy cores. PUTs of
	// new names until the index was compacted, in turns, by 1, 16 or (64) writers;
	// BenchmarkWriteAmplification counts the bytes that reach the disk per byte of a
	// body, with the journal of its file system:
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
	// 64 KiB is the longest body that is served faster inline in every way, and for
	// no more CPU; its price is 2.4 times the bytes. Who must spare the disk's
	// endurance sets 16 KiB.
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

// EnsureDefaults fills in what is zero.
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

// Validate checks what EnsureDefaults filled in.
func (o *Options) Validate() error {
	if err := o.Policies.Validate(); err != nil {
		return err
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
