// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"needletail/objstore/engine"
)

// progressFigure is one line of the table of background work.
type progressFigure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*engine.Status) float64
}

func progress(kind prometheus.ValueType, name, help string, value func(*engine.Status) float64) progressFigure {
	return progressFigure{prometheus.NewDesc("needletail_"+name, help, nil, nil), kind, value}
}

var progressFigures = []progressFigure{
	progress(gauge, "heal_running", "1 while bodies are made whole.", func(s *engine.Status) float64 { return float64(boolFigure(s.Heal.Running)) }),
	progress(gauge, "heal_objects", "Objects that are or were to be healed.", func(s *engine.Status) float64 { return float64(s.Heal.Objects) }),
	progress(gauge, "heal_objects_done", "Those of them that are done.", func(s *engine.Status) float64 { return float64(s.Heal.ObjectsDone) }),
	progress(gauge, "heal_progress_bytes", "Bytes that are or were to be healed.", func(s *engine.Status) float64 { return float64(s.Heal.Bytes) }),
	progress(gauge, "heal_progress_bytes_done", "Those of them that are done.", func(s *engine.Status) float64 { return float64(s.Heal.BytesDone) }),
	progress(gauge, "heal_progress_ratio", "The part that is done, 0 to 1.", func(s *engine.Status) float64 { return s.Heal.Percent() / 100 }),
	progress(gauge, "heal_left_seconds", "Time that healing still takes.", func(s *engine.Status) float64 { return s.Heal.Left.Seconds() }),
	progress(gauge, "scrub_pass_bytes", "Bytes that a pass of verifying reads.", func(s *engine.Status) float64 { return float64(s.Scrub.Bytes) }),
	progress(gauge, "scrub_pass_bytes_done", "Those of them that were read in this pass.", func(s *engine.Status) float64 { return float64(s.Scrub.BytesDone) }),
	progress(gauge, "scrub_pass_ratio", "The part of the pass that is done, 0 to 1.", func(s *engine.Status) float64 { return s.Scrub.Percent() / 100 }),
	progress(gauge, "scrub_pass_seconds", "Time that a whole pass takes.", func(s *engine.Status) float64 { return s.Scrub.FullPass().Seconds() }),
	progress(gauge, "scrub_left_seconds", "Time that this pass still takes.", func(s *engine.Status) float64 { return s.Scrub.Left().Seconds() }),
	progress(counter, "scrub_passes_total", "Passes that ended since the start.", func(s *engine.Status) float64 { return float64(s.Scrub.Passes) }),
	progress(counter, "scrub_damaged_total", "Damaged slots and bodies that verifying found since the start.", func(s *engine.Status) float64 { return float64(s.Scrub.Damaged) }),
}

// copyFigure is one line of the table of databases with two copies.
type copyFigure struct {
	desc  *prometheus.Desc
	value func(*engine.CopyStatus) float64
}

func ofCopies(name, help string, value func(*engine.CopyStatus) float64) copyFigure {
	return copyFigure{prometheus.NewDesc("needletail_copies_"+name, help, []string{"of"}, nil), value}
}

var copyFigures = []copyFigure{
	ofCopies("wanted", "Copies that there are to be.", func(c *engine.CopyStatus) float64 { return float64(c.Copies) }),
	ofCopies("in_step", "1 if there are so many and all are written, 0 if a second one is lost.", func(c *engine.CopyStatus) float64 { return float64(boolFigure(c.InStep)) }),
	ofCopies("refilling", "1 while a lost one is made anew.", func(c *engine.CopyStatus) float64 { return float64(boolFigure(c.Filling)) }),
	ofCopies("alone_since_timestamp_seconds", "Unix time since when there is one of two; 0 if they are in step.", func(c *engine.CopyStatus) float64 { return float64(c.AloneSeconds) }),
}

// deviceFigure is one line of the table of metrics per device.
type deviceFigure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*engine.DeviceStatus) float64
}

func perDevice(kind prometheus.ValueType, name, help string, value func(*engine.DeviceStatus) float64) deviceFigure {
	return deviceFigure{prometheus.NewDesc("needletail_device_"+name, help, []string{"device", "path"}, nil), kind, value}
}

// stateNumber orders the states: 0 ok, 1 suspect, 2 draining, 3 failed.
func stateNumber(d *engine.DeviceStatus) float64 {
	for n, name := range []string{"ok", "suspect", "draining"} {
		if d.State == name {
			return float64(n)
		}
	}
	return 3
}

var deviceFigures = []deviceFigure{
	perDevice(gauge, "state", "0 ok, 1 suspect, 2 draining, 3 failed.", stateNumber),
	perDevice(gauge, "total_bytes", "Size of the device.", func(d *engine.DeviceStatus) float64 { return float64(d.TotalBytes) }),
	perDevice(gauge, "free_bytes", "Free bytes of the device.", func(d *engine.DeviceStatus) float64 { return float64(d.FreeBytes) }),
	perDevice(counter, "errors_total", "Errors of the device since the start.", func(d *engine.DeviceStatus) float64 { return float64(d.Errors) }),
	perDevice(gauge, "latency_seconds", "Moving mean of the time of an operation.", func(d *engine.DeviceStatus) float64 { return float64(d.LatencyUS) / 1e6 }),
}
