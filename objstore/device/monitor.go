// SPDX-License-Identifier: Apache-2.0

package device

import (
	"sync"
	"sync/atomic"
	"time"

	"needletail/objstore/oserror"
)

// operationsMax is the number of operations that a device runs at once. It
// bounds the goroutines held by a hanging disk.
const operationsMax = 64

// MonitorOptions are the limits of a Monitor.
type MonitorOptions struct {
	// SlowAfter is the age of a running operation, and the mean duration of
	// ended operations, from which a device is suspect. Default 1 s.
	SlowAfter time.Duration
	// HungAfter is the age of a running operation from which a device is
	// failed, for as long as the operation runs. Default 30 s: a sync of much
	// data may take long.
	HungAfter time.Duration
	// ErrorsMax is the number of errors in a row that make a device failed
	// until a probe succeeds. Default 8.
	ErrorsMax int
	// GoodMin is the number of operations without an error in a row that make a
	// suspect device ok. Default 64.
	GoodMin int
}

func (o *MonitorOptions) ensureDefaults() {
	if o.SlowAfter <= 0 {
		o.SlowAfter = time.Second
	}
	if o.HungAfter <= 0 {
		o.HungAfter = 30 * time.Second
	}
	if o.ErrorsMax <= 0 {
		o.ErrorsMax = 8
	}
	if o.GoodMin <= 0 {
		o.GoodMin = 64
	}
}

// latencyWeight is the weight of an operation in the mean: 1/16.
const latencyWeight = 16

// Monitor counts the operations of a device, bounds their number, and judges
// the device by them. A Monitor is safe for concurrent use.
type Monitor struct {
	opts  MonitorOptions
	base  time.Time
	slots chan int // numbers of free slots
	// started holds, per slot, when the slot's operation began, in ns after
	// base and never 0; 0 for a free slot.
	started [operationsMax]atomic.Int64

	mu        sync.Mutex // guards what follows
	condition State      // ok, suspect or failed, by ended operations
	bad, good int        // errors, or operations without, one after another
	stats     MonitorStats
}

// MonitorStats are the counters of a Monitor.
type MonitorStats struct {
	Operations int64         // that ended
	Errors     int64         // that speak against the device
	Latency    time.Duration // moving mean
	LastError  error         // or nil
}

// NewMonitor returns the Monitor of an ok device.
func NewMonitor(o MonitorOptions) *Monitor {
	o.ensureDefaults()
	m := &Monitor{opts: o, base: time.Now(), slots: make(chan int, operationsMax)}
	for i := range operationsMax {
		m.slots <- i
	}
	return m
}

// Operation is a running operation.
type Operation struct {
	m    *Monitor
	slot int
}

// Begin starts an operation, when fewer than operationsMax run: ErrBusy after
// wait, or at once if the device hangs: callers would pile up. End must follow, from any goroutine, when the disk has answered.
func (m *Monitor) Begin(wait time.Duration) (Operation, error) {
	var slot int
	select {
	case slot = <-m.slots:
	default:
		if m.Hung() {
			return Operation{}, ErrBusy
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case slot = <-m.slots:
		case <-timer.C:
			return Operation{}, ErrBusy
		}
	}
	m.started[slot].Store(m.now())
	return Operation{m, slot}, nil
}

func (m *Monitor) now() int64 { return int64(time.Since(m.base)) + 1 }

// End ends the operation with its result. An error of a missing file or a full
// disk does not count against the device, nor does an error for want of a
// descriptor.
func (o Operation) End(err error) {
	m := o.m
	took := time.Duration(m.now() - m.started[o.slot].Swap(0))
	m.slots <- o.slot
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Operations++
	if oserror.Exhausted(err) {
		return // the disk was not asked
	}
	m.stats.Latency += (took - m.stats.Latency) / latencyWeight
	if faulty(err) {
		m.blame(err)
		return
	}
	m.bad = 0
	m.good++
	switch {
	case m.condition == StateOK && m.stats.Latency > m.opts.SlowAfter:
		m.condition, m.good = StateSuspect, 0
	case m.condition == StateSuspect && m.good >= m.opts.GoodMin && m.stats.Latency <= m.opts.SlowAfter:
		m.condition = StateOK
	}
}

// Blame counts an error seen outside of Begin and End.
func (m *Monitor) Blame(err error) {
	if !faulty(err) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blame(err)
}

func (m *Monitor) blame(err error) {
	m.stats.Errors++
	m.stats.LastError = err
	m.good = 0
	m.bad++
	m.condition = max(m.condition, StateSuspect)
	if m.bad >= m.opts.ErrorsMax {
		m.condition = StateFailed
	}
}

// Probed tells the result of a probe: a success makes the device ok, a failure
// makes it failed. A probe without a descriptor tells nothing.
func (m *Monitor) Probed(err error) {
	if oserror.Exhausted(err) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.condition, m.bad, m.good, m.stats.Latency = StateOK, 0, 0, 0
		return
	}
	m.condition, m.stats.LastError = StateFailed, err
}

// State is StateOK, StateSuspect or StateFailed.
func (m *Monitor) State() State {
	m.mu.Lock()
	state := m.condition
	m.mu.Unlock()
	switch age := m.oldest(); {
	case age > m.opts.HungAfter: // as Hung
		return StateFailed
	case age > m.opts.SlowAfter:
		return max(state, StateSuspect)
	}
	return state
}

// Hung reports whether an operation runs for longer than HungAfter: a caller
// who asks the device now would wait too.
func (m *Monitor) Hung() bool { return m.oldest() > m.opts.HungAfter }

// oldest returns the age of the operation that runs longest, or 0.
func (m *Monitor) oldest() time.Duration {
	if len(m.slots) == operationsMax { // none runs
		return 0
	}
	now, age := m.now(), int64(0)
	for i := range m.started {
		if start := m.started[i].Load(); start != 0 {
			age = max(age, now-start)
		}
	}
	return time.Duration(age)
}

// Running returns the number of running operations.
func (m *Monitor) Running() int { return operationsMax - len(m.slots) }

// Stats returns the counters.
func (m *Monitor) Stats() MonitorStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}
