// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"needletail/objstore/engine"
)

// progressFigure is one line of the table of background work.
type progressFigure struct {
	desc  *prometheus.Desc
	value func(*engine.Status) float64
}

func progress(name, help string, value func(*engine.Status) float64) progressFigure {
	return progressFigure{prometheus.NewDesc("needletail_"+name, help, nil, nil), value}
}

var progressFigures = []progressFigure{
	progress("heal_running", "1 while bodies are made whole.", func(s *engine.Status) float64 { return float64(boolFigure(s.Heal.Running)) }),
	progress("heal_objects", "Objects that are or were to be healed.", func(s *engine.Status) float64 { return float64(s.Heal.Objects) }),
	progress("heal_objects_done", "Those of them that are done.", func(s *engine.Status) float64 { return float64(s.Heal.ObjectsDone) }),
	progress("heal_progress_bytes", "Bytes that are or were to be healed.", func(s *engine.Status) float64 { return float64(s.Heal.Bytes) }),
	progress("heal_progress_bytes_done", "Those of them that are done.", func(s *engine.Status) float64 { return float64(s.Heal.BytesDone) }),
	progress("heal_progress_percent", "How much is done.", func(s *engine.Status) float64 { return s.Heal.Percent() }),
	progress("heal_left_seconds", "Time that healing still takes.", func(s *engine.Status) float64 { return s.Heal.Left.Seconds() }),
	progress("scrub_pass_bytes", "Bytes that a pass of verifying reads.", func(s *engine.Status) float64 { return float64(s.Scrub.Bytes) }),
	progress("scrub_pass_bytes_done", "Those of them that were read in this pass.", func(s *engine.Status) float64 { return float64(s.Scrub.BytesDone) }),
	progress("scrub_pass_percent", "How much of the pass is done.", func(s *engine.Status) float64 { return s.Scrub.Percent() }),
	progress("scrub_pass_seconds", "Time that a whole pass takes.", func(s *engine.Status) float64 { return s.Scrub.FullPass().Seconds() }),
	progress("scrub_left_seconds", "Time that this pass still takes.", func(s *engine.Status) float64 { return s.Scrub.Left().Seconds() }),
	progress("scrub_passes", "Passes that ended since the start.", func(s *engine.Status) float64 { return float64(s.Scrub.Passes) }),
	progress("scrub_damaged", "Damaged slots and bodies that verifying found since the start.", func(s *engine.Status) float64 { return float64(s.Scrub.Damaged) }),
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
	ofCopies("alone_since_seconds", "Unix time since when there is one of two; 0 if they are in step.", func(c *engine.CopyStatus) float64 { return float64(c.AloneSeconds) }),
}

// deviceFigure is one line of the table of metrics per device.
type deviceFigure struct {
	desc  *prometheus.Desc
	value func(*engine.DeviceStatus) float64
}

func perDevice(name, help string, value func(*engine.DeviceStatus) float64) deviceFigure {
	return deviceFigure{prometheus.NewDesc("needletail_device_"+name, help, []string{"device", "path"}, nil), value}
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
	perDevice("state", "0 ok, 1 suspect, 2 draining, 3 failed.", stateNumber),
	perDevice("total_bytes", "Size of the device.", func(d *engine.DeviceStatus) float64 { return float64(d.TotalBytes) }),
	perDevice("free_bytes", "Free bytes of the device.", func(d *engine.DeviceStatus) float64 { return float64(d.FreeBytes) }),
	perDevice("errors", "Errors of the device since the start.", func(d *engine.DeviceStatus) float64 { return float64(d.Errors) }),
	perDevice("latency_seconds", "Moving mean of the time of an operation.", func(d *engine.DeviceStatus) float64 { return float64(d.LatencyUS) / 1e6 }),
}
