// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"encoding/json"
	"unicode/utf8"
)

// A ring file is a single gzip member. Unpacked, both formats begin the same
// way (swift/common/ring/ring.py, doc/source/overview_ring_format.rst):
//
//	offset  size  field
//	0       4     "R1NG"
//	4       2     format version, big-endian: 1 or 2
//
// Version 1 goes on with
//
//	6       4     n: length of the metadata, big-endian
//	10      n     metadata: a JSON object, see metadataV1
//	10+n    ...   replica_count rows of 2^(32-part_shift) device ids of 2 bytes
//	              in the metadata's byte order; the last row may be shorter
//
// Version 2 goes on with blobs, each
//
//	0       8     n: length, big-endian
//	8       n     content
//
// and ends with 16 bytes, two big-endian numbers: where the blob of the index
// begins in the unpacked data, and where in the file. The index is a JSON
// object: name of a section -> [start in the file, start unpacked, end in the
// file, end unpacked, name of a digest, digest in hexadecimal]. Starts, ends
// and digest cover the blob with its length. The sections are
//
//	swift/ring/metadata     a JSON object, see metadataV2
//	swift/ring/devices      a JSON array of devices, null for a hole
//	swift/ring/assignments  the rows, device ids of dev_id_bytes bytes,
//	                        big-endian; the last row may be shorter
//
// Every blob of version 2 begins at a boundary of the deflate stream (a full
// flush), so a reader can begin there. The last 31 bytes of the file have a
// fixed layout, see tailV2.
const (
	magic        = "R1NG"
	headerBytes  = 6
	tailRawBytes = 16

	sectionMetadata    = "swift/ring/metadata"
	sectionDevices     = "swift/ring/devices"
	sectionAssignments = "swift/ring/assignments"
)

// none is the device id of a replica without a place. Swift reserves the
// greatest number of either width for such replicas.
const (
	none      = 1<<32 - 1
	noneShort = 1<<16 - 1
)

type metadataV1 struct {
	Byteorder     string       `json:"byteorder,omitempty"`
	Devs          []*devRecord `json:"devs"`
	NextPartPower *int         `json:"next_part_power,omitempty"`
	PartShift     int          `json:"part_shift"`
	ReplicaCount  int          `json:"replica_count"`
	Version       *int64       `json:"version,omitempty"`
}

type metadataV2 struct {
	DevIDBytes    int     `json:"dev_id_bytes"`
	NextPartPower *int    `json:"next_part_power,omitempty"`
	PartShift     int     `json:"part_shift"`
	ReplicaCount  float64 `json:"replica_count"`
	Version       *int64  `json:"version"`
}

// devRecord is a device in JSON. A pointer tells an absent field, which has a
// default, from an empty field.
type devRecord struct {
	Device          string  `json:"device"`
	ID              int     `json:"id"`
	IP              string  `json:"ip"`
	Meta            string  `json:"meta"`
	Port            int     `json:"port"`
	Region          *int    `json:"region"`
	ReplicationIP   *string `json:"replication_ip"`
	ReplicationPort *int    `json:"replication_port"`
	Weight          float64 `json:"weight"`
	Zone            int     `json:"zone"`
}

func (r *devRecord) device() *Device {
	d := &Device{ID: r.ID, Region: 1, Zone: r.Zone, Weight: r.Weight, IP: r.IP, Port: r.Port,
		ReplicationIP: r.IP, ReplicationPort: r.Port, Device: r.Device, Meta: r.Meta}
	if r.Region != nil {
		d.Region = *r.Region
	}
	if r.ReplicationIP != nil {
		d.ReplicationIP = *r.ReplicationIP
	}
	if r.ReplicationPort != nil {
		d.ReplicationPort = *r.ReplicationPort
	}
	return d
}

func recordOf(d *Device) *devRecord {
	if d == nil {
		return nil
	}
	return &devRecord{Device: d.Device, ID: d.ID, IP: d.IP, Meta: d.Meta, Port: d.Port, Region: &d.Region,
		ReplicationIP: &d.ReplicationIP, ReplicationPort: &d.ReplicationPort, Weight: d.Weight, Zone: d.Zone}
}

// devicesOf checks a list of devices: the index of a device is the id of the
// device.
func devicesOf(records []*devRecord) ([]*Device, error) {
	if len(records) > maxDeviceID+1 {
		return nil, fail(ErrLimit, "%d devices, over %d", len(records), maxDeviceID+1)
	}
	devices := make([]*Device, len(records))
	for i, rec := range records {
		if rec == nil {
			continue
		}
		if rec.ID != i {
			return nil, fail(ErrFormat, "device %d is at place %d of the list", rec.ID, i)
		}
		devices[i] = rec.device()
	}
	return devices, nil
}

func recordsOf(devices []*Device) []*devRecord {
	records := make([]*devRecord, len(devices))
	for i, d := range devices {
		records[i] = recordOf(d)
	}
	return records
}

// asciiJSON encodes as Swift does: no byte above 0x7e, the rest as \u escapes.
func asciiJSON(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		c, n := utf8.DecodeRune(text)
		if c < utf8.RuneSelf && c != 0x7f {
			out = append(out, byte(c))
		} else {
			out = appendEscape(out, c)
		}
		text = text[n:]
	}
	return out, nil
}

// appendEscape appends \uXXXX, or a surrogate pair of them.
func appendEscape(b []byte, c rune) []byte {
	const hex = "0123456789abcdef"
	if c > 0xffff {
		c -= 0x10000
		b = appendEscape(b, 0xd800+c>>10)
		c = 0xdc00 + c&0x3ff
	}
	return append(b, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
}
