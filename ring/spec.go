// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// maxSpecBytes bounds the text of a device.
const maxSpecBytes = 4096

// spec is the text of a device, as swift-ring-builder takes a device:
//
//	[dID]rREGIONzZONE-IP:PORT[RREPLICATION_IP:PORT]/DEVICE[_META]
//
// An IPv6 address stands in brackets. A name has no _ and no blank.
var spec = regexp.MustCompile(`^(?:d(\d+))?r(\d+)z(\d+)-(` + address + `):(\d+)(?:R(` + address + `):(\d+))?/([^_\s]+)(?:_(.*))?$`)

const address = `\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+`

// ParseDevice reads the text of a device. The ID is -1 if the text has no id.
func ParseDevice(text string) (Device, error) {
	if len(text) > maxSpecBytes {
		return Device{}, fail(ErrLimit, "a device of more than %d bytes", maxSpecBytes)
	}
	m := spec.FindStringSubmatch(text)
	if m == nil {
		return Device{}, fail(ErrArgument, "device %q is not [dID]rREGIONzZONE-IP:PORT[RIP:PORT]/NAME[_META]", text)
	}
	d := Device{ID: -1, IP: plainIP(m[4]), ReplicationIP: plainIP(m[6]), Device: m[8], Meta: m[9]}
	for _, n := range []struct {
		text string
		to   *int
	}{{m[1], &d.ID}, {m[2], &d.Region}, {m[3], &d.Zone}, {m[5], &d.Port}, {m[7], &d.ReplicationPort}} {
		if n.text == "" {
			continue
		}
		v, err := strconv.ParseInt(n.text, 10, 32)
		if err != nil {
			return Device{}, fail(ErrArgument, "device %q: %s is too big", text, n.text)
		}
		*n.to = int(v)
	}
	check := d
	check.ID = max(0, d.ID)
	return d, check.check()
}

// plainIP returns an address without brackets, and IPv6 in the shortest form.
func plainIP(text string) string {
	text = strings.Trim(text, "[]")
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.String()
	}
	return text
}

// Find returns the device named by dID or by the text of Device.String.
func (b *Builder) Find(text string) (Device, error) {
	if id, err := strconv.ParseUint(strings.TrimPrefix(text, "d"), 10, 31); err == nil {
		if int(id) < len(b.devices) && b.devices[id] != nil {
			return *b.devices[id], nil
		}
		return Device{}, fail(ErrNoDevice, "device %d", id)
	}
	want, err := ParseDevice(text)
	if err != nil {
		return Device{}, err
	}
	var found []Device
	for _, d := range b.Devices() {
		if (want.ID < 0 || want.ID == d.ID) && d.String() == want.String() {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return Device{}, fail(ErrNoDevice, "%s", text)
	case 1:
		return found[0], nil
	}
	return Device{}, fail(ErrArgument, "%s is the name of %d devices; say which by dID", text, len(found))
}
