// SPDX-License-Identifier: Apache-2.0

package imageformat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

const diskBytes = 3 << 20

func qcow2(change func(h []byte)) []byte {
	h := make([]byte, 64<<10)
	copy(h, qcow2Magic)
	binary.BigEndian.PutUint32(h[4:], 3)
	binary.BigEndian.PutUint64(h[24:], diskBytes)
	if change != nil {
		change(h)
	}
	return h
}

const descriptor = `# Disk DescriptorFile
version=1
CID=7cf4aba8
parentCID=ffffffff
createType="monolithicSparse"

# Extent description
RW 6144 SPARSE "disk.vmdk"
`

func vmdk(text string, change func(h []byte)) []byte {
	h := make([]byte, 64<<10)
	copy(h, vmdkMagic)
	binary.LittleEndian.PutUint32(h[4:], 1)
	binary.LittleEndian.PutUint64(h[12:], diskBytes/512)
	binary.LittleEndian.PutUint64(h[28:], 1)
	binary.LittleEndian.PutUint64(h[36:], 20)
	copy(h[512:], text)
	if change != nil {
		change(h)
	}
	return h
}

// streamed is a VMDK whose grain directory only the footer knows.
func streamed(change func(tail []byte)) []byte {
	b := vmdk(strings.Replace(descriptor, "monolithicSparse", "streamOptimized", 1), func(h []byte) {
		binary.LittleEndian.PutUint64(h[56:], math.MaxUint64)
	})
	tail := make([]byte, tailBytes)
	binary.LittleEndian.PutUint64(tail, 1)
	binary.LittleEndian.PutUint32(tail[12:], vmdkFooterMarker)
	copy(tail[512:], b[:512])
	binary.LittleEndian.PutUint64(tail[512+56:], 200)
	if change != nil {
		change(tail)
	}
	return append(b, tail...)
}

func vhdx(regionOffset uint64) []byte {
	b := make([]byte, 3<<20)
	copy(b, vhdxMagic)
	table := b[vhdxRegionTableOffset:]
	copy(table, "regi")
	binary.LittleEndian.PutUint32(table[8:], 2)
	entry := table[vhdxTableHeaderRegion+vhdxEntryBytes:]
	copy(entry, vhdxMetadataRegion)
	binary.LittleEndian.PutUint64(entry[16:], regionOffset)
	if regionOffset > uint64(len(b)-1<<17) {
		return b
	}
	meta := b[regionOffset:]
	copy(meta, "metadata")
	binary.LittleEndian.PutUint16(meta[10:], 1)
	copy(meta[vhdxTableHeaderMeta:], vhdxVirtualDiskSize)
	binary.LittleEndian.PutUint32(meta[vhdxTableHeaderMeta+16:], 64<<10)
	binary.LittleEndian.PutUint64(meta[64<<10:], diskBytes)
	return b
}

func vdi() []byte {
	b := make([]byte, 4096)
	binary.LittleEndian.PutUint32(b[0x40:], vdiSignature)
	binary.LittleEndian.PutUint64(b[0x170:], diskBytes)
	return b
}

func vhd() []byte {
	b := make([]byte, 4096)
	copy(b, vhdMagic)
	binary.BigEndian.PutUint64(b[40:], diskBytes)
	return b
}

func iso() []byte {
	b := make([]byte, 64<<10)
	d := b[isoDescriptorOffset:]
	d[0] = 1
	copy(d[1:], "CD001")
	binary.LittleEndian.PutUint32(d[80:], diskBytes/2048)
	binary.LittleEndian.PutUint16(d[128:], 2048)
	return b
}

// mbr is a disk with a partition of a type that begins at a sector.
func mbr(kind byte, firstSector uint32, change func(table []byte)) []byte {
	b := make([]byte, 4096)
	b[510], b[511] = 0x55, 0xAA
	table := b[446:510]
	copy(table, "\x80\x00\x02\x00")
	table[4] = kind
	binary.LittleEndian.PutUint32(table[8:], firstSector)
	if change != nil {
		change(table)
	}
	return b
}

func luks(version byte) []byte {
	b := make([]byte, 4096)
	copy(b, "LUKS\xba\xbe\x00")
	b[7] = version
	return b
}

// both is data of two formats.
func both(first, second []byte) []byte {
	b := make([]byte, max(len(first), len(second)))
	copy(b, second)
	for n, c := range first {
		b[n] |= c
	}
	return b
}

// fat is the boot sector of a FAT file system.
func fat() []byte {
	b := mbr(0x0c, 2048, nil)
	b[16], b[21] = 2, 0xF8
	return b
}

// inspect gives the data in pieces of every size that matters.
func inspect(t *testing.T, data []byte) Finding {
	t.Helper()
	var first Finding
	for n, piece := range []int{len(data) + 1, 1 << 20, 4096, 511} {
		var i Inspector
		for rest := data; len(rest) > 0; {
			k := min(piece, len(rest))
			if _, err := i.Write(rest[:k]); err != nil {
				t.Fatal(err)
			}
			rest = rest[k:]
		}
		f := i.Inspect()
		if n == 0 {
			first = f
		} else if f != first {
			t.Fatalf("in pieces of %d: %+v, at once: %+v", piece, f, first)
		}
	}
	return first
}

func TestInspect(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want Finding
	}{
		"empty":  {nil, Finding{Format: Raw, VirtualBytes: 0}},
		"raw":    {make([]byte, 5000), Finding{Format: Raw, VirtualBytes: 5000}},
		"text":   {[]byte("hello"), Finding{Format: Raw, VirtualBytes: 5}},
		"qcow2":  {qcow2(nil), Finding{Format: QCOW2, VirtualBytes: diskBytes}},
		"vmdk":   {vmdk(descriptor, nil), Finding{Format: VMDK, VirtualBytes: diskBytes}},
		"stream": {streamed(nil), Finding{Format: VMDK, VirtualBytes: diskBytes}},
		"vhdx":   {vhdx(1 << 20), Finding{Format: VHDX, VirtualBytes: diskBytes}},
		"vhd":    {vhd(), Finding{Format: VHD, VirtualBytes: diskBytes}},
		"vdi":    {vdi(), Finding{Format: VDI, VirtualBytes: diskBytes}},
		"iso":    {iso(), Finding{Format: ISO, VirtualBytes: diskBytes}},
		"mbr":    {mbr(0x83, 2048, nil), Finding{Format: GPT}},
		"gpt":    {mbr(0xEE, 1, nil), Finding{Format: GPT}},
		"fat":    {fat(), Finding{Format: Raw, VirtualBytes: 4096}},
		"luks":   {luks(1), Finding{Format: LUKS}},
		"hybrid": {both(iso(), mbr(0xEE, 1, nil)), Finding{Format: ISO, VirtualBytes: diskBytes}},
		// What leads nowhere is not known, and no error.
		"vhdx beyond": {vhdx(math.MaxUint64), Finding{Format: VHDX, VirtualBytes: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.SizeBytes = int64(len(c.data))
			if got := inspect(t, c.data); got != c.want {
				t.Errorf("%+v, not %+v", got, c.want)
			}
		})
	}
}

func TestUnsafe(t *testing.T) {
	putBE := func(at int, v uint64) func([]byte) {
		return func(h []byte) { binary.BigEndian.PutUint64(h[at:], v) }
	}
	for name, data := range map[string][]byte{
		"backing file":       qcow2(putBE(8, 512)),
		"data file":          qcow2(putBE(72, qcow2DataFile)),
		"unknown feature":    qcow2(putBE(72, 1<<4)),
		"qcow1":              qcow2(func(h []byte) { binary.BigEndian.PutUint32(h[4:], 1) }),
		"qcow2 cut off":      qcow2(nil)[:100],
		"qed":                []byte(qedMagic),
		"flat extent":        vmdk(strings.Replace(descriptor, `SPARSE "disk.vmdk"`, `FLAT "/etc/passwd" 0`, 1), nil),
		"path in an extent":  vmdk(strings.Replace(descriptor, `disk.vmdk`, `/etc/passwd`, 1), nil),
		"two extents":        vmdk(descriptor+"RW 1 SPARSE \"other.vmdk\"\n", nil),
		"no extent":          vmdk(`createType="monolithicSparse"`, nil),
		"flat type":          vmdk(strings.Replace(descriptor, "monolithicSparse", "monolithicFlat", 1), nil),
		"descriptor alone":   []byte(descriptor),
		"descriptor astray":  vmdk(descriptor, func(h []byte) { binary.LittleEndian.PutUint64(h[28:], 2) }),
		"vmdk cut off":       vmdk(descriptor, nil)[:600],
		"footer differs":     streamed(func(tail []byte) { tail[512+12]++ }),
		"footer to a footer": streamed(func(tail []byte) { binary.LittleEndian.PutUint64(tail[512+56:], math.MaxUint64) }),
		"no end":             streamed(func(tail []byte) { tail[1024] = 1 }),
		"tabs in an extent":  vmdk(descriptor+"RW\t1\tFLAT\t\"/etc/passwd\"\t0\n", nil),
		"tabs and a field":   vmdk(descriptor+"RW\t1\tFLAT\t\"/etc/passwd=\"\t0\n", nil),
		"unknown line":       vmdk(descriptor+"magic words\n", nil),
		"descriptor, zeros":  append([]byte(descriptor), make([]byte, 4096)...),
		"descriptor, UTF-8":  []byte("# é\n \r\nversion=1\nRW 1 FLAT \"/etc/passwd\" 0\n"),
		"luks 2":             luks(2),
		"luks cut off":       luks(1)[:591],
		"mbr, boot flag":     mbr(0x83, 2048, func(table []byte) { table[0] = 1 }),
		"mbr, no partition":  mbr(0, 0, nil),
		"gpt elsewhere":      mbr(0xEE, 2, nil),
		"gpt, other CHS":     mbr(0xEE, 1, func(table []byte) { table[2] = 1 }),
		"gpt, partition":     mbr(0xEE, 1, func(table []byte) { table[16+4] = 0x83 }),
		"gpt is the second":  mbr(0, 0, func(table []byte) { copy(table[16:], "\x00\x00\x02\x00\xee\x00\x00\x00\x01") }),
		"qcow2 and iso":      both(qcow2(nil), iso()),
		"qcow2 and mbr":      both(qcow2(nil), mbr(0x83, 2048, nil)),
		"vdi and iso":        both(vdi(), iso()),
		"vdi, iso and mbr":   both(vdi(), both(iso(), mbr(0x83, 2048, nil))),
	} {
		t.Run(name, func(t *testing.T) {
			f := inspect(t, data)
			if f.Unsafe == "" {
				t.Errorf("%+v", f)
			}
			var i Inspector
			i.Write(data)
			for _, declared := range []string{Raw, f.Format, "ami"} {
				if _, err := i.Inspect().Check(declared); !errors.Is(err, ErrUnsafe) {
					t.Errorf("declared %s: %v", declared, err)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		data     []byte
		declared string
		want     int64
		mismatch bool
	}{
		"qcow2 as qcow2":   {qcow2(nil), QCOW2, diskBytes, false},
		"qcow2 as raw":     {qcow2(nil), Raw, 64 << 10, false},
		"qcow2 as vmdk":    {qcow2(nil), VMDK, 0, true},
		"qcow2 as ami":     {qcow2(nil), "ami", 0, true},
		"raw as qcow2":     {make([]byte, 100), QCOW2, 0, true},
		"raw as ami":       {make([]byte, 100), "ami", 0, false},
		"raw as raw":       {make([]byte, 100), Raw, 100, false},
		"nothing as qcow2": {nil, QCOW2, 0, true},
		"nothing as raw":   {nil, Raw, 0, false},
		"mbr as raw":       {mbr(0x83, 2048, nil), Raw, 4096, false},
		"mbr as ami":       {mbr(0x83, 2048, nil), "ami", 0, true},
		"mbr as qcow2":     {mbr(0x83, 2048, nil), QCOW2, 0, true},
		"luks as raw":      {luks(1), Raw, 4096, false},
		"luks as qcow2":    {luks(1), QCOW2, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			var i Inspector
			i.Write(c.data)
			got, err := i.Inspect().Check(c.declared)
			var mismatch *MismatchError
			if got != c.want || errors.As(err, &mismatch) != c.mismatch || err != nil && !c.mismatch {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
}

// Memory does not follow the data.
func TestHeadIsBounded(t *testing.T) {
	for _, data := range [][]byte{
		bytes.Repeat([]byte("text "), 4<<20), append([]byte(vhdxMagic), make([]byte, 16<<20)...),
		append([]byte(vmdkMagic), make([]byte, 16<<20)...), make([]byte, 16<<20),
	} {
		var i Inspector
		i.Write(data)
		i.Write(data)
		if len(i.head) > vhdxHeadBytes || len(i.tail) != tailBytes {
			t.Errorf("%q: %d bytes of head, %d of tail", data[:8], len(i.head), len(i.tail))
		}
		if !bytes.Equal(i.tail, data[len(data)-tailBytes:]) {
			t.Error("the tail is not the end")
		}
	}
}

func FuzzInspect(f *testing.F) {
	for _, seed := range [][]byte{qcow2(nil)[:512], vmdk(descriptor, nil)[:2048], streamed(nil), vdi(), vhd(), []byte(descriptor), mbr(0xEE, 1, nil), luks(1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var i Inspector
		i.Write(data)
		if got := i.Inspect(); got.VirtualBytes < 0 {
			t.Errorf("%+v", got)
		}
	})
}
