package imageformat

import (
	"bytes"
	"slices"
	"strings"
)

// The formats that are recognised. GPT is a disk with partitions, whatever their
// table; Raw is whatever is nothing else.
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
	// headMinBytes is kept of all data: the descriptor of an ISO ends there.
	headMinBytes = isoDescriptorOffset + isoSectorBytes
	// vmdkHeadBytes is kept of a VMDK: its header and its longest descriptor.
	vmdkHeadBytes = vmdkDescriptorOffset + vmdkDescriptorMaxBytes
	// vhdxHeadBytes is kept of a VHDX: its metadata come within the first
	// MiBs, right after the log.
	vhdxHeadBytes = 8 << 20
	// tailBytes is kept of the end: the footer of a streamed VMDK.
	tailBytes = 3 * vmdkSectorBytes
)

// Inspector keeps of the data that is written to it what Inspect needs. The
// zero value is ready.
type Inspector struct {
	head, tail []byte
	sizeBytes  int64
	notText    bool // head has a byte that is no text
}

// Write takes the next piece of the data. It never fails.
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

// headBytes is how much of the beginning is wanted, by what is there of it.
func (i *Inspector) headBytes() int {
	switch {
	case bytes.HasPrefix(i.head, []byte(vhdxMagic)):
		return vhdxHeadBytes
	case bytes.HasPrefix(i.head, []byte(vmdkMagic)), !i.notText:
		return vmdkHeadBytes
	}
	return headMinBytes
}

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

// Finding is what the data is. The tags of its fields are a format on disk.
type Finding struct {
	Format    string `json:"format"`
	SizeBytes int64  `json:"size"` // of the data
	// VirtualBytes is the size of the disk that the data describes; 0 if that
	// is not known.
	VirtualBytes int64 `json:"virtual_size,omitempty"`
	// Unsafe says why the data must not be used; "" if nothing speaks against it.
	Unsafe string `json:"unsafe,omitempty"`
}

// Inspect judges all that was written. Data that is of two formats at once is
// unsafe, as who opens it may take it for either; but an ISO that boots from a
// disk begins with a table of partitions.
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

// recognisable are the disk formats that Inspect can tell.
var recognisable = map[string]bool{Raw: true, QCOW2: true, VHD: true, VHDX: true, VMDK: true, VDI: true, ISO: true}

// Check compares the data with the format that it is declared to have, and
// gives the size of the disk: ErrUnsafe, or a *MismatchError. What is declared
// to be raw may be anything that is safe; its disk is then as large as the data.
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
