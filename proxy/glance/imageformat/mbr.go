// SPDX-License-Identifier: Apache-2.0

package imageformat

import "encoding/binary"

// A master boot record (MBR) is the first sector of a partitioned disk. On a
// disk with a GPT, the MBR has a partition that protects the GPT (UEFI 2.10,
// 5.2):
//
//	offset  bytes  what
//	446     64     four partitions of 16: boot flag (1), first CHS (3), type (1),
//	               last CHS (3), first sector (4, little-endian), sectors (4)
//	510     2      0x55 0xAA
//
// The boot sector of a FAT file system ends with the same two bytes, but has the
// number of FATs at 16 and the medium at 21.
const (
	mbrBytes        = 512
	mbrPartitions   = 446
	mbrEntryBytes   = 16
	mbrTypeGPT      = 0xEE
	fatCountOffset  = 16
	fatMediumOffset = 21
	fatFixedDisk    = 0xF8
)

// probeMBR recognises a disk with a partition table. The boot sector of a FAT file
// system is not a partition table.
func probeMBR(i *Inspector) (Finding, bool) {
	if len(i.head) < mbrBytes || i.head[510] != 0x55 || i.head[511] != 0xAA {
		return Finding{}, false
	}
	if i.head[fatCountOffset] == 2 && i.head[fatMediumOffset] == fatFixedDisk {
		return Finding{}, false
	}
	return Finding{Format: GPT, Unsafe: unsafePartitions(i.head[mbrPartitions : mbrPartitions+4*mbrEntryBytes])}, true
}

// unsafePartitions returns the fault of a partition table, or "".
func unsafePartitions(table []byte) string {
	used, protective := 0, false
	for at := 0; at < len(table); at += mbrEntryBytes {
		entry := table[at : at+mbrEntryBytes]
		if entry[0] != 0 && entry[0] != 0x80 {
			return "a partition has an invalid boot flag"
		}
		if entry[4] != 0 {
			used++
		}
		if entry[4] != mbrTypeGPT {
			continue
		}
		if string(entry[1:4]) != "\x00\x02\x00" || binary.LittleEndian.Uint32(entry[8:]) != 1 {
			return "the partition that protects the GPT begins elsewhere"
		}
		protective = true
	}
	switch {
	case protective && (used != 1 || table[4] != mbrTypeGPT):
		return "there is more beside the partition that protects the GPT"
	case used == 0:
		return "it has no partition"
	}
	return ""
}
