// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"path/filepath"

	"needletail/objstore/engine"
)

// Device is a disk with bodies of objects.
type Device struct {
	// Path is a folder on the disk. Nothing else may use the folder. The data
	// folder may be a device.
	Path string `toml:"path"`
	// Zone is the number of a part of the machine that fails as a whole: a
	// controller, an enclosure. The copies or fragments of an object lie in as
	// many zones as possible.
	Zone int `toml:"zone"`
	// Weight is the device's share of all bodies, in any unit.
	Weight *float64 `toml:"weight" default:"100.0"`
	// State is "" for a device in use, or "draining". A draining device takes
	// nothing new, and the server moves its bodies to other devices.
	State string `toml:"state"`
}

const (
	deviceWeightDefault = 100
	deviceWeightMax     = 1e9
	deviceZoneMax       = 1 << 16
	stateDraining       = "draining"
)

func (d *Device) weight() float64 {
	if d.Weight == nil {
		return deviceWeightDefault
	}
	return *d.Weight
}

func (d *Device) validate() error {
	switch {
	case d.Path == "":
		return fmt.Errorf("a device has no path")
	case d.Zone < 0 || d.Zone > deviceZoneMax:
		return fmt.Errorf("%s: zone must be from 0 to %d", d.Path, deviceZoneMax)
	case !(d.weight() > 0 && d.weight() <= deviceWeightMax):
		return fmt.Errorf("%s: weight must be above 0 and at most %g; state = %q empties a device", d.Path, deviceWeightMax, stateDraining)
	case d.State != "" && d.State != stateDraining:
		return fmt.Errorf("%s: state %q is not %q", d.Path, d.State, stateDraining)
	}
	return nil
}

// validateDevices checks the devices. Each policy must find enough of them.
func (c *Config) validateDevices() error {
	paths := map[string]bool{}
	active := 0
	for i := range c.Devices {
		d := &c.Devices[i]
		if err := d.validate(); err != nil {
			return err
		}
		path, err := filepath.Abs(d.Path)
		if err != nil {
			return err
		}
		if paths[path] {
			return fmt.Errorf("%s is there twice", d.Path)
		}
		paths[path] = true
		if d.State == "" {
			active++
		}
	}
	if len(c.Devices) == 0 {
		active = 1
	}
	for _, p := range c.StoragePolicies() {
		if p.Slots() > active {
			return fmt.Errorf("policy %q needs %d devices, and %d are there", p.Name, p.Slots(), active)
		}
	}
	return nil
}

// devices returns the engine's devices. The list is empty if the data folder is
// the only device.
func (c *Config) devices() []engine.DeviceOptions {
	list := make([]engine.DeviceOptions, len(c.Devices))
	for i := range c.Devices {
		d := &c.Devices[i]
		list[i] = engine.DeviceOptions{Path: d.Path, Zone: d.Zone, Weight: d.weight(), Draining: d.State == stateDraining}
	}
	return list
}
