// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"encoding/binary"
	"strings"
	"testing"

	"needletail/objstore"
)

// qcow2Data is the beginning of a disk of 112 MiB, and the padding of one.
func qcow2Data(backing uint64) string {
	h := make([]byte, 512)
	copy(h, "QFI\xfb\x00\x00\x00\x03")
	binary.BigEndian.PutUint64(h[8:], backing)
	binary.BigEndian.PutUint64(h[24:], 112<<20)
	return string(h)
}

// mbrData is the first sector of a disk with a partition, whose boot flag is
// given: 0 and 0x80 are right.
func mbrData(flag byte) string {
	b := make([]byte, 512)
	b[446], b[450], b[510], b[511] = flag, 0x83, 0x55, 0xAA
	return string(b)
}

func TestUploadIsInspected(t *testing.T) {
	s := newSite(t)
	f := func(disk, container, data string, status int, want string) {
		t.Helper()
		a := s.want(201, "alice", "POST", "/v2/images", `{"disk_format": "`+disk+`", "container_format": "`+container+`"}`)
		path := a.Header.Get("Location")[len("http://127.0.0.1:60999"):]
		a = s.do("alice", "PUT", path+"/file", data, "Content-Type", octetStream)
		if a.Status != status || status != 204 && !strings.Contains(a.body, want) {
			t.Errorf("%s of %.10q: %d %s", disk, data, a.Status, a.body)
		}
		shown := s.want(200, "alice", "GET", path, "").body
		if status == 204 {
			if !strings.Contains(shown, want) {
				t.Errorf("%s has no %s", shown, want)
			}
			return
		}
		if !strings.Contains(shown, `"status": "queued"`) || !strings.Contains(shown, `"size": null`) {
			t.Errorf("after a refusal: %s", shown)
		}
		id := objstore.ObjectID{Account: serviceAccount, Container: defaultContainer, Object: objstore.ObjectName(path[len("/v2/images/"):])}
		if _, err := s.store.HeadObject(t.Context(), id, objstore.OpenOptions{}); err == nil {
			t.Error("the refused data is still there")
		}
	}
	f("raw", "bare", "some bytes", 204, `"virtual_size": 10`)
	f("qcow2", "bare", qcow2Data(0), 204, `"virtual_size": 117440512`)
	f("qcow2", "ovf", "not looked at", 204, `"virtual_size": null`)
	f("ami", "bare", "not known", 204, `"virtual_size": null`)
	f("raw", "bare", mbrData(0x80), 204, `"virtual_size": 512`)
	f("raw", "bare", "", 204, `"virtual_size": null`)
	f("vmdk", "bare", qcow2Data(0), 415, "Image disk_format vmdk does not match stream data qcow2")
	f("qcow2", "bare", "some bytes", 415, "Image disk_format qcow2 does not match stream data raw")
	f("qcow2", "bare", "", 415, "Image disk_format qcow2 does not match stream data raw")
	f("qcow2", "bare", mbrData(0x80), 415, "Image disk_format qcow2 does not match stream data gpt")
	f("raw", "bare", mbrData(1), 415, "Image failed safety checks")
	f("qcow2", "bare", qcow2Data(512), 415, "Image failed safety checks")
	f("raw", "bare", qcow2Data(512), 415, "Image failed safety checks")

	s.restart(func(c *Config) { c.AnyPartitions = true })
	f("raw", "bare", mbrData(1), 204, `"virtual_size": 512`)
	f("raw", "bare", qcow2Data(512), 415, "Image failed safety checks")
	s.restart(func(c *Config) { c.AnyFormat = true })
	f("qcow2", "bare", "", 204, `"virtual_size": null`)
	f("qcow2", "bare", "some bytes", 204, `"virtual_size": null`)
	f("qcow2", "bare", qcow2Data(512), 415, "Image failed safety checks")
	f("raw", "bare", mbrData(1), 415, "Image failed safety checks")
}
