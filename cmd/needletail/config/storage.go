// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"needletail/objstore/engine"
)

// Storage says how the store uses its disks.
type Storage struct {
	// ReserveBytes are the bytes of each disk that stay free. The larger of
	// reserve_bytes and reserve_percent counts. A write into the reserve gets
	// swift.full_disk_status.
	ReserveBytes int64 `toml:"reserve_bytes"`
	// ReservePercent is the free share of each disk, in percent.
	ReservePercent float64 `toml:"reserve_percent"`
	// InlineMaxBytes is the size of the largest body inside of the index, in
	// bytes, at most 1048576. Larger bodies are files.
	InlineMaxBytes int64 `toml:"inline_max_bytes"`
	// HealBytesPerSecond is the largest rate at which the server writes lost
	// copies and fragments anew, in bytes a second, from 1048576 on.
	HealBytesPerSecond int64 `toml:"heal_bytes_per_second"`
	// ScrubBytesPerSecond is the rate at which the server reads and verifies
	// all stored bodies, over and over, in bytes a second, from 1048576 on. 0:
	// never.
	ScrubBytesPerSecond int64 `toml:"scrub_bytes_per_second"`
	// DeviceFailedAfter is how long a device is failed before the bodies of the
	// device are built anew on other devices.
	DeviceFailedAfter Duration `toml:"device_failed_after"`
	// DarkDataAge is how long quarantine/dark keeps data files that no row of the
	// index names, from "1h" on. "0s": for ever.
	DarkDataAge Duration `toml:"dark_data_age"`
}

// darkDataAgeMin leaves an operator time to read the log.
const darkDataAgeMin = time.Hour

func defaultStorage() Storage {
	return Storage{
		ReserveBytes: 256 * mebi, ReservePercent: 1, InlineMaxBytes: 64 << 10,
		HealBytesPerSecond: 100 * mebi, ScrubBytesPerSecond: 10 * mebi, // Swift's auditor: 10 MB/s
		DeviceFailedAfter: Duration(10 * time.Minute), DarkDataAge: Duration(engine.DarkDataAge),
	}
}

func (s *Storage) validate() error {
	switch {
	case s.ReserveBytes < 0 || s.ReservePercent < 0 || s.ReservePercent >= 100:
		return errors.New("reserve_bytes or storage.reserve_percent is out of range")
	case s.InlineMaxBytes < 0 || s.InlineMaxBytes > 1*mebi:
		return errors.New("inline_max_bytes must be from 0 to 1048576")
	case s.HealBytesPerSecond < mebi:
		return errors.New("heal_bytes_per_second is under 1048576")
	case s.ScrubBytesPerSecond != 0 && s.ScrubBytesPerSecond < mebi:
		return errors.New("scrub_bytes_per_second is neither 0 nor from 1048576 on")
	case s.DeviceFailedAfter <= 0:
		return errors.New("device_failed_after must be positive")
	case s.DarkDataAge != 0 && time.Duration(s.DarkDataAge) < darkDataAgeMin:
		return fmt.Errorf("dark_data_age is neither 0 nor from %s on", darkDataAgeMin)
	}
	return nil
}

// EngineOptions returns the engine's settings, for serving, checking and
// repairing.
func (c *Config) EngineOptions(logger *slog.Logger) engine.Options {
	return engine.Options{
		Policies:       c.StoragePolicies(),
		InlineMaxBytes: inlineMaxBytes(c.Storage.InlineMaxBytes),
		ReserveBytes:   c.Storage.ReserveBytes,
		ReservePercent: c.Storage.ReservePercent,
		Devices:        c.devices(),
		FailedAfter:    time.Duration(c.Storage.DeviceFailedAfter),
		DarkDataAge:    darkDataAge(time.Duration(c.Storage.DarkDataAge)),

		HealBytesPerSecond:  c.Storage.HealBytesPerSecond,
		ScrubBytesPerSecond: c.Storage.ScrubBytesPerSecond,

		Logger: logger,
	}
}

// inlineMaxBytes returns the engine's option. To the engine 0 means the default,
// and a negative number means that the index keeps no body.
func inlineMaxBytes(configured int64) int {
	if configured == 0 {
		return -1
	}
	return int(configured)
}

// darkDataAge returns the engine's option. To the engine 0 means the default,
// and a negative duration means for ever.
func darkDataAge(configured time.Duration) time.Duration {
	if configured == 0 {
		return -1
	}
	return configured
}
