// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"fmt"
	"net"
	"strconv"
)

// Device is a disk of a ring. The fields are the fields of Swift's device
// dicts.
type Device struct {
	ID              int // index in the ring's list of devices
	Region          int
	Zone            int
	Weight          float64 // share of the data, relative to the other devices
	IP              string  // address of the server; one server is one tier
	Port            int
	ReplicationIP   string
	ReplicationPort int
	Device          string // name of the disk, such as sdb1
	Meta            string // free text
}

// String returns the device in the form of Swift's tools:
// rREGIONzZONE-IP:PORT/DEVICE.
func (d *Device) String() string {
	return fmt.Sprintf("r%dz%d-%s/%s", d.Region, d.Zone, net.JoinHostPort(d.IP, strconv.Itoa(d.Port)), d.Device)
}

// check returns the fault of a device given to a builder, or nil.
func (d *Device) check() error {
	switch {
	case d.ID < 0 || d.ID > maxDeviceID:
		return fail(ErrLimit, "device id %d is not within 0 and %d", d.ID, maxDeviceID)
	case d.Region < 0 || d.Zone < 0:
		return fail(ErrArgument, "device %d has a negative region or zone", d.ID)
	case !(d.Weight >= 0) || d.Weight > maxWeight:
		return fail(ErrArgument, "device %d has weight %v, not within 0 and %g", d.ID, d.Weight, maxWeight)
	case d.Port < 0 || d.Port > 65535 || d.ReplicationPort < 0 || d.ReplicationPort > 65535:
		return fail(ErrArgument, "device %d has a port that is not within 0 and 65535", d.ID)
	case d.Device == "":
		return fail(ErrArgument, "device %d has no name", d.ID)
	}
	return nil
}
