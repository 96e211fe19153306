// SPDX-License-Identifier: Apache-2.0

package imageformat

import (
	"bytes"
	"slices"
	"strings"
)

// The formats that Inspect recognises. GPT is a disk with partitions, in a table
// of either kind (GPT or MBR). Raw is data without a recognised format.
const (
	Raw   = "raw"
	QCOW2 = "qcow2"
	QED   = "qed"
	VHD   = "vhd"
	VHDX  = "vhdx"
	VMDK  = "vmdk"
	VDI   = "vdi"
	ISO   = "iso"
	GPT   = "gpt"
	LUKS  = "luks"
)

const (
	// headMinBytes is the head that is kept of all data. The descriptor of an ISO
	// ends at headMinBytes.
	headMinBytes = isoDescriptorOffset + isoSectorBytes
	// vmdkHeadBytes is the head that is kept of a VMDK: the header and the longest
	// descriptor.
	vmdkHeadBytes = vmdkDescriptorOffset + vmdkDescriptorMaxBytes
	// vhdxHeadBytes is the head that is kept of a VHDX. The metadata follow the
	// log, within the first 8 MiB.
	vhdxHeadBytes = 8 << 20
	// tailBytes is the tail that is kept of all data: the footer of a streamed
	// VMDK.
	tailBytes = 3 * vmdkSectorBytes
)

// Inspector is an io.Writer that keeps the part of the written data that Inspect
// needs. The zero value is ready.
type Inspector struct {
	head, tail []byte
	sizeBytes  int64
	notText    bool // head has a byte that is not of a text
}

// Write takes the next piece of the data. Write never fails.
func (i *Inspector) Write(p []byte) (int, error) {
	i.sizeBytes += int64(len(p))
	i.keepTail(p)
	rest := p
	for len(rest) > 0 {
		room := i.headBytes() - len(i.head)
		if room <= 0 {
			break
		}
		n := min(room, len(rest))
		i.notText = i.notText || !isText(rest[:n])
		i.head = append(i.head, rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

// headBytes returns how long the head shall be. The head so far decides: text
// may be a VMDK descriptor.
func (i *Inspector) headBytes() int {
	switch {
	case bytes.HasPrefix(i.head, []byte(vhdxMagic)):
		return vhdxHeadBytes
	case bytes.HasPrefix(i.head, []byte(vmdkMagic)), !i.notText:
		return vmdkHeadBytes
	}
	return headMinBytes
}

// keepTail keeps the last tailBytes of the data so far.
func (i *Inspector) keepTail(p []byte) {
	if len(p) >= tailBytes {
		i.tail = append(i.tail[:0], p[len(p)-tailBytes:]...)
		return
	}
	i.tail = append(i.tail, p...)
	if over := len(i.tail) - tailBytes; over > 0 {
		i.tail = append(i.tail[:0], i.tail[over:]...)
	}
}

// Finding is the result of an inspection. The tags of the fields are a format on
// disk: staged data keeps its Finding until the import.
type Finding struct {
	Format    string `json:"format"`
	SizeBytes int64  `json:"size"` // length of the data
	// VirtualBytes is the size of the disk that the data describes; 0 if the size
	// is unknown.
	VirtualBytes int64 `json:"virtual_size,omitempty"`
	// Unsafe says why the data must not be used; "" for safe data.
	Unsafe string `json:"unsafe,omitempty"`
}

// Inspect judges all data that was written. Data of two formats at once is
// unsafe: two readers may take the data for two different disks. An exception is
// an ISO with a table of partitions in front, which boots from a disk too.
func (i *Inspector) Inspect() Finding {
	var found []Finding
	for _, probe := range []func(*Inspector) (Finding, bool){
		probeQCOW2, probeQED, probeVHDX, probeVHD, probeVDI, probeVMDK, probeISO, probeMBR, probeLUKS,
	} {
		if f, ok := probe(i); ok {
			found = append(found, f)
		}
	}
	f := Finding{Format: Raw, VirtualBytes: i.sizeBytes}
	switch {
	case len(found) == 1, len(found) == 2 && found[0].Format == ISO && found[1].Format == GPT:
		f = found[0]
	case len(found) > 1:
		names := make([]string, len(found))
		for n := range found {
			names[n] = found[n].Format
		}
		slices.Sort(names)
		f = Finding{Format: found[0].Format, Unsafe: "it is of several formats: " + strings.Join(names, ", ")}
	}
	f.SizeBytes = i.sizeBytes
	return f
}

// recognisable has the disk formats that Inspect recognises.
var recognisable = map[string]bool{Raw: true, QCOW2: true, VHD: true, VHDX: true, VMDK: true, VDI: true, ISO: true}

// Check compares the finding with the declared format and returns the size of
// the disk, 0 if the size is unknown. Safe data of every format may be declared
// raw; the disk is then as large as the data. The error is ErrUnsafe for unsafe
// data, and a *MismatchError for another format.
func (f Finding) Check(declared string) (virtualBytes int64, err error) {
	switch {
	case f.Unsafe != "":
		return 0, &UnsafeError{Format: f.Format, Reason: f.Unsafe}
	case f.Format == declared:
		return f.VirtualBytes, nil
	case declared == Raw:
		return f.SizeBytes, nil
	case f.Format == Raw && !recognisable[declared]:
		return 0, nil
	}
	return 0, &MismatchError{Declared: declared, Found: f.Format}
}
