package main

import (
	"fmt"
	"path/filepath"

	"needletail/objstore/engine"
)

// DeviceConfig is a disk that bodies lie on: a [[device]] of the file. Without
// one the data folder is the only device.
type DeviceConfig struct {
	// Path is a folder on the disk, which nothing else uses. The data folder may
	// be one.
	Path string `toml:"path"`
	// Zone is what fails together: a controller, an enclosure. Slots of an
	// object lie in as many zones as there are.
	Zone int `toml:"zone"`
	// Weight is the device's share of all bodies, in any unit; default 100.
	Weight *float64 `toml:"weight"`
	// State is "" for a device that is used, or "draining" for one that is
	// emptied: it takes nothing new.
	State string `toml:"state"`
}

const (
	deviceWeightDefault = 100
	deviceWeightMax     = 1e9
	deviceZoneMax       = 1 << 16
	stateDraining       = "draining"
)

func (d *DeviceConfig) weight() float64 {
	if d.Weight == nil {
		return deviceWeightDefault
	}
	return *d.Weight
}

func (d *DeviceConfig) validate() error {
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

// validateDevices checks the devices, and that each policy finds enough of them.
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
	for _, p := range c.policies() {
		if p.Slots() > active {
			return fmt.Errorf("policy %q needs %d devices, and %d are there", p.Name, p.Slots(), active)
		}
	}
	return nil
}

// devices are the engine's: none if the data folder is the only one.
func (c *Config) devices() []engine.DeviceOptions {
	list := make([]engine.DeviceOptions, len(c.Devices))
	for i := range c.Devices {
		d := &c.Devices[i]
		list[i] = engine.DeviceOptions{Path: d.Path, Zone: d.Zone, Weight: d.weight(), Draining: d.State == stateDraining}
	}
	return list
}
