// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	pebblerecord "github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// CheckManifest reads the newest manifest of a closed database to its end:
// ErrDamaged if a record is damaged. Pebble would take the rest for never
// written, and remove the tables named there. A last record cut short, or with
// zeros in its last sectors, comes of a crash and is no error. A database that
// was never made is no error either.
func CheckManifest(fsys vfs.FS, dir string) error {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	name := currentManifest(names)
	if name == "" {
		return nil
	}
	f, err := fsys.Open(fsys.PathJoin(dir, name), vfs.SequentialReadsOption)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Pebble says so
	}
	if err != nil {
		return err
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if at, ok := wholeRecords(b); !ok {
		return fmt.Errorf("%w: the manifest %s cannot be read from byte %d of %d on", ErrDamaged, fsys.PathJoin(dir, name), at, len(b))
	}
	return nil
}

// currentManifest returns the manifest named by the newest marker, as Pebble
// finds it: marker.manifest.ITERATION.NAME.
func currentManifest(names []string) (manifest string) {
	newest := ""
	for _, n := range names {
		rest, isMarker := strings.CutPrefix(n, "marker.manifest.")
		iteration, name, named := strings.Cut(rest, ".")
		if isMarker && named && (len(iteration) > len(newest) || len(iteration) == len(newest) && iteration > newest) {
			newest, manifest = iteration, name
		}
	}
	return manifest
}

// The chunks of a manifest have the oldest form of Pebble's logs: checksum 4,
// payload length 2, type 1, payload.
const (
	oldChunkHeaderBytes = 7
	oldBlockBytes       = 32 << 10
	// sectorBytes is written by a disk whole or not at all.
	sectorBytes = 512
)

// wholeRecords reads the records of b; at is the end of the last whole record.
func wholeRecords(b []byte) (at int, ok bool) {
	r := pebblerecord.NewReader(strings.NewReader(string(b)), 0)
	for {
		at = int(r.Offset())
		next, err := r.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, next)
		}
		if errors.Is(err, io.EOF) {
			return at, true
		}
		if err != nil {
			return at, cutShort(b[min(at, len(b)):], at)
		}
	}
}

// cutShort reports whether the rest of a manifest after its last whole record,
// from the offset at on, may come of a crash: the rest is zeros, ends within a
// chunk, or its last sectors were never written.
func cutShort(rest []byte, at int) bool {
	lastSector := (at + len(rest) - 1) / sectorBytes * sectorBytes
	if allZero(rest[min(max(lastSector-at, 0), len(rest)):]) {
		return true
	}
	for p := 0; p < len(rest); {
		left := oldBlockBytes - (at+p)%oldBlockBytes
		if left < oldChunkHeaderBytes {
			p += left
			continue
		}
		chunk := rest[p:min(p+left, len(rest))]
		if len(chunk) < oldChunkHeaderBytes {
			return true
		}
		n := int(binary.LittleEndian.Uint16(chunk[4:]))
		if right := rightLength(chunk); right != n {
			// A chunk right with another length is whole. A chunk that is all
			// there is damaged.
			return right < 0 && n > len(chunk)-oldChunkHeaderBytes && len(chunk) < left
		}
		p += oldChunkHeaderBytes + n
	}
	return true
}

// rightLength returns the length of the payload with which a chunk's checksum
// is right, or -1.
func rightLength(chunk []byte) int {
	want := binary.LittleEndian.Uint32(chunk)
	sum := crc32.Update(0, castagnoli, chunk[6:oldChunkHeaderBytes])
	for n := 0; ; n++ {
		if (sum>>15|sum<<17)+0xa282ead8 == want {
			return n
		}
		if oldChunkHeaderBytes+n == len(chunk) {
			return -1
		}
		sum = crc32.Update(sum, castagnoli, chunk[oldChunkHeaderBytes+n:oldChunkHeaderBytes+n+1])
	}
}
