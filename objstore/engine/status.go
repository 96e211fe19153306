// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/blob"
	"needletail/objstore/datafolder"
	"needletail/objstore/meta"
	"needletail/objstore/replacefile"
	"needletail/objstore/twin"
)

// HealProgress is the progress of the work on the queue of healing: of the
// running work, or of the last work.
type HealProgress struct {
	Running        bool
	StartedSeconds int64 // Unix
	Objects        int64 // in the queue when the work began
	ObjectsDone    int64
	Bytes          int64 // of one slot of each body in the queue
	BytesDone      int64
	// Left is how long the rest takes at the pace up to now; 0: not known.
	Left time.Duration
}

// DeviceStatus is the state of a device for an operator.
type DeviceStatus struct {
	Index      int
	Path       string
	State      string
	Away       bool `json:",omitempty"`
	TotalBytes int64
	FreeBytes  int64
	Errors     int64
	LatencyUS  int64  // moving mean of an operation, in microseconds
	LastError  string `json:",omitempty"`
}

// CopyStatus is the state of the copies of the index or of the identities, for
// an operator.
type CopyStatus struct {
	Copies  int  // configured number of copies, 1 or 2
	InStep  bool // all copies are there and are written
	Filling bool `json:",omitempty"` // a lost copy is being made anew
	// AloneSeconds is the Unix time since when one copy of two is lost, as far
	// as this process knows. 0: no copy is lost.
	AloneSeconds int64  `json:",omitempty"`
	Lost         string `json:",omitempty"` // why a copy is lost
}

// State returns "in step", "one copy", "refilling" or "alone".
func (s CopyStatus) State() string {
	switch {
	case s.Copies < 2:
		return "one copy"
	case s.InStep:
		return "in step"
	case s.Filling:
		return "refilling"
	}
	return "alone"
}

// Status is the state of the devices and the progress of healing and scrubbing.
type Status struct {
	Store          string
	WrittenSeconds int64 // when this status was made, Unix
	Devices        []DeviceStatus
	Index          CopyStatus
	Identity       CopyStatus
	Heal           HealProgress
	Scrub          ScrubProgress
	Dark           DarkStatus
	HealedSlots    int64
	HealErrors     int64
}

// statusName is DATA/status.json. The commands `needletail heal` and `needletail
// scrub` show the file.
const (
	statusName  = "status.json"
	statusEvery = 2 * time.Second
	statusBytes = 4 << 20
)

// Status returns the status of now.
func (e *Engine) Status() Status {
	s := Status{
		Store: e.id, WrittenSeconds: time.Now().Unix(), Heal: e.heal.readProgress(), Scrub: e.scrub.read(), Dark: e.dark.status(),
		HealedSlots: e.stats.healedSlots.Load(), HealErrors: e.stats.healErrors.Load(),
		Index: indexStatus(e.db.Copies()), Identity: CopyStatus{Copies: 1, InStep: true},
	}
	if id := e.identity.Load(); id != nil {
		s.Identity = *id
	}
	for _, d := range e.fleet.set.Devices() {
		s.Devices = append(s.Devices, deviceStatus(d))
	}
	return s
}

// indexStatus returns the state of the copies of the index for an operator.
func indexStatus(c twin.Copies) CopyStatus {
	if !c.Configured {
		return CopyStatus{Copies: 1, InStep: true}
	}
	s := CopyStatus{Copies: 2, InStep: c.InStep, Filling: c.Filling}
	if !c.InStep {
		s.AloneSeconds = c.LostAt.Unix()
		s.Lost = errorText(c.Lost)
	}
	return s
}

// IdentityCopies notes for Status that the identities have a second copy. lost
// is why a copy is lost, or nil.
func (e *Engine) IdentityCopies(lost error) {
	s := &CopyStatus{Copies: 2, InStep: lost == nil, Lost: errorText(lost)}
	if lost != nil {
		s.AloneSeconds = time.Now().Unix()
	}
	e.identity.Store(s)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// deviceStatus returns the state of a device for an operator.
func deviceStatus(d blob.Status) DeviceStatus {
	return DeviceStatus{
		Index: int(d.Index), Path: d.Dir, State: d.State.String(), Away: d.Away,
		TotalBytes: d.Space.TotalBytes, FreeBytes: d.Space.FreeBytes,
		Errors: d.Errors, LatencyUS: d.Latency.Microseconds(), LastError: errorText(d.LastError),
	}
}

// statusLoop writes DATA/status.json for the command line. A reader sees the
// last status or the new status, whole. After a loss of power the file may be
// gone.
func (e *Engine) statusLoop(ctx context.Context) {
	if !e.fleet.several() && e.opts.ScrubBytesPerSecond == 0 {
		return
	}
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		if err := e.writeStatus(); err != nil {
			e.log.Warn("the status was not written", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// writeStatus replaces DATA/status.json, without a sync: the file is written
// again in statusEvery.
func (e *Engine) writeStatus() error {
	b, err := json.MarshalIndent(e.Status(), "", " ")
	if err != nil {
		return err
	}
	return replacefile.WriteVolatile(e.opts.FS, e.opts.FS.PathJoin(e.dev.Dir(), statusName), append(b, '\n'))
}

// ReadStatus reads the status that the server of a data folder wrote last.
func ReadStatus(fs vfs.FS, dir string) (Status, error) {
	var s Status
	b, err := datafolder.ReadFile(fs, fs.PathJoin(dir, statusName), statusBytes)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}

// startProgress counts the bodies and bytes in the queue.
func (h *healer) startProgress() error {
	p := HealProgress{Running: true, StartedSeconds: time.Now().Unix()}
	err := h.e.db.HealQueue(meta.FileID{}, func(id meta.FileID, _ meta.HealRow) error {
		_, row, found, err := h.e.rowOf(id)
		if found {
			p.Objects++
			p.Bytes += slotBytes(&row)
		}
		return err
	})
	if p.Objects > 0 {
		h.e.log.Info("healing", "objects", p.Objects, "bytes", p.Bytes)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.Objects > 0 {
		h.progress, h.began, h.told = p, time.Now(), time.Now()
	}
	return err
}

// healTellEvery is the pause between two lines of progress in the log.
const healTellEvery = 30 * time.Second

// progressed counts a body that is done, and logs the progress at times.
func (h *healer) progressed(row *meta.ObjectRow) {
	h.mu.Lock()
	p := &h.progress
	p.ObjectsDone++
	p.BytesDone += slotBytes(row)
	if spent := time.Since(h.began); p.BytesDone > 0 {
		p.Left = time.Duration(float64(spent) / float64(p.BytesDone) * float64(max(p.Bytes-p.BytesDone, 0)))
	}
	tell := time.Since(h.told) > healTellEvery
	if tell {
		h.told = time.Now()
	}
	now := *p
	h.mu.Unlock()
	if tell {
		h.e.log.Info("healing", "objects", now.Objects, "done", now.ObjectsDone,
			"percent", percent(now.BytesDone, now.Bytes), "left", now.Left.Round(time.Second))
	}
}

// percent returns the share of done in of, from 0 to 100, with one decimal. If of
// is 0 the result is 100.
func percent(done, of int64) float64 {
	if of <= 0 {
		return 100
	}
	return float64(1000*min(done, of)/of) / 10
}

// Percent returns how much is done, from 0 to 100.
func (p HealProgress) Percent() float64 { return percent(p.BytesDone, p.Bytes) }

// Percent returns how much of this pass is done, from 0 to 100.
func (p ScrubProgress) Percent() float64 { return percent(p.BytesDone, p.Bytes) }

// endProgress ends the progress of the running work and logs the result.
func (h *healer) endProgress() {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := &h.progress
	if p.Running {
		p.Running, p.Left = false, 0
		h.e.log.Info("healed what could be", "objects", p.Objects, "done", p.ObjectsDone, "took", time.Since(h.began).Round(time.Millisecond))
	}
}

// readProgress returns the progress of healing.
func (h *healer) readProgress() HealProgress {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.progress
}
