// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"

	"needletail/cmd/needletail/config"
)

const gibi = 1 << 30

// However little there is, the parts stay within the whole, and however much,
// within what was configured.
func TestBudgetStaysWithinTheMachine(t *testing.T) {
	for _, c := range []struct {
		memory, files  uint64
		devices        int
		min, max       int // connections
		requestMinMiB  int64
		heapMaxPercent int64
	}{
		{memory: 256 * mebi, files: 64, min: 4, max: 4, requestMinMiB: 24, heapMaxPercent: 50},
		{memory: 512 * mebi, files: 256, min: 40, max: 128, requestMinMiB: 48, heapMaxPercent: 50},
		{memory: 512 * mebi, files: 1 << 20, min: 400, max: 512, requestMinMiB: 48, heapMaxPercent: 50},
		{memory: 4 * gibi, files: 1024, min: 300, max: 512, requestMinMiB: 512, heapMaxPercent: 95},
		{memory: 64 * gibi, files: 1 << 20, min: 8192, max: 8192, requestMinMiB: 1024, heapMaxPercent: 95},
		{memory: 64 * gibi, files: 1 << 20, devices: 3, min: 8192, max: 8192, requestMinMiB: 1024, heapMaxPercent: 95},
	} {
		cfg := defaultSettings()
		for range c.devices {
			cfg.Devices = append(cfg.Devices, config.Device{Path: t.TempDir()})
		}
		b, err := divide(&cfg, c.memory, c.files)
		if err != nil {
			t.Fatal(err)
		}
		if b.connections < c.min || b.connections > c.max {
			t.Errorf("%d MiB, %d files: %d connections", c.memory/mebi, c.files, b.connections)
		}
		if b.requestBytes < c.requestMinMiB*mebi || b.requestBytes > b.heapBytes/2 {
			t.Errorf("%d MiB: %d bytes for requests of a heap of %d", c.memory/mebi, b.requestBytes, b.heapBytes)
		}
		if coded := b.codedBytes(); coded <= 0 || coded+b.requestBytes > b.heapBytes*3/4 {
			t.Errorf("%d MiB: %d bytes for coded bodies, %d for requests, of a heap of %d", c.memory/mebi, coded, b.requestBytes, b.heapBytes)
		}
		if b.heapBytes*100 > b.memoryBytes*c.heapMaxPercent {
			t.Errorf("%d MiB: a heap of %d bytes", c.memory/mebi, b.heapBytes)
		}
	}
}

// Too little is refused at the start, a byte or a file more is not.
func TestBudgetHasAFloor(t *testing.T) {
	cfg := defaultSettings()
	for _, c := range []struct {
		memory, files uint64
		want          error
	}{
		{minMemoryBytes - 1, minOpenFiles, errUsage},
		{minMemoryBytes, minOpenFiles - 1, errUsage},
		{minMemoryBytes, minOpenFiles, nil},
	} {
		if _, err := divide(&cfg, c.memory, c.files); !errors.Is(err, c.want) {
			t.Errorf("%d bytes, %d files: %v", c.memory, c.files, err)
		}
	}
	cfg.Limits.MemoryBytes = 300 * mebi
	if b, err := newBudget(&cfg); err != nil || b.memoryBytes != 300*mebi {
		t.Errorf("limits.memory_bytes: %d, %v", b.memoryBytes, err)
	}
}
