// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"
)

// WriteFile writes the ring to a file, atomically and durably, in format 1 or
// 2. Format 0 means the ring's own format (FormatVersion).
func (r *Ring) WriteFile(path string, format int) error {
	if err := writeAtomically(osFiles{}, path, func(w io.Writer) error { return r.Write(w, format) }); err != nil {
		return &Error{Op: "write", Path: path, Err: err}
	}
	return nil
}

// Write writes the ring in format 1 or 2. Format 0 means the ring's own format.
// The same ring gives the same bytes every time. Format 1 has no room for
// device ids from 65,535 on.
func (r *Ring) Write(w io.Writer, format int) error {
	if format == 0 {
		format = r.format
	}
	var version *int64
	if r.version != 0 {
		version = &r.version
	}
	var next *int
	if r.nextPartPower != 0 {
		next = &r.nextPartPower
	}
	switch format {
	case 1:
		return r.writeV1(w, version, next)
	case 2:
		return r.writeV2(w, version, next)
	}
	return fail(ErrVersion, "version %d", format)
}

// idBytes returns the width of the device ids: 4 if an id needs 4 bytes, else
// 2.
func (r *Ring) idBytes() int {
	if len(r.devices) > noneShort {
		return 4
	}
	return 2
}

func (r *Ring) writeV1(w io.Writer, version *int64, next *int) error {
	if r.idBytes() != 2 {
		return fail(ErrVersion, "version 1 has no room for device ids from %d on; write version 2", noneShort)
	}
	text, err := asciiJSON(metadataV1{Byteorder: "little", Devs: recordsOf(r.devices), NextPartPower: next,
		PartShift: 32 - r.power, ReplicaCount: len(r.rows), Version: version})
	if err != nil {
		return err
	}
	z := newGzipWriter(w)
	z.stored(binary.BigEndian.AppendUint16([]byte(magic), 1))
	z.write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
	z.write(text)
	z.rows(r.rows, 2, binary.LittleEndian)
	z.boundary()
	return z.close()
}

func (r *Ring) writeV2(w io.Writer, version *int64, next *int) error {
	meta, err := asciiJSON(metadataV2{DevIDBytes: r.idBytes(), NextPartPower: next,
		PartShift: 32 - r.power, ReplicaCount: r.Replicas(), Version: version})
	if err != nil {
		return err
	}
	devices, err := asciiJSON(recordsOf(r.devices))
	if err != nil {
		return err
	}
	z := newGzipWriter(w)
	z.stored(binary.BigEndian.AppendUint16([]byte(magic), 2))
	index := map[string][6]any{}
	index[sectionMetadata] = z.section(len(meta), func() { z.write(meta) })
	index[sectionDevices] = z.section(len(devices), func() { z.write(devices) })
	ids := 0
	for _, row := range r.rows {
		ids += len(row)
	}
	index[sectionAssignments] = z.section(ids*r.idBytes(), func() { z.rows(r.rows, r.idBytes(), binary.BigEndian) })

	text, err := asciiJSON(index)
	if err != nil {
		return err
	}
	rawStart, fileStart := z.rawBytes, z.fileBytes
	z.section(len(text), func() { z.write(text) })
	z.stored(binary.BigEndian.AppendUint64(nil, rawStart))
	z.stored(binary.BigEndian.AppendUint64(nil, fileStart))
	return z.close()
}

// gzipWriter writes a gzip member whose deflate stream has boundaries. A reader
// can begin at a boundary, since every stretch between two boundaries has a
// compressor of its own and nothing refers back. An error stays: the methods do
// nothing after an error, and close returns it.
type gzipWriter struct {
	w         io.Writer
	z         *flate.Writer
	hash      hash.Hash // of the section that is being written
	err       error
	crc       uint32
	rawBytes  uint64
	fileBytes uint64
}

// The parts of the file around the deflate stream, and the blocks written
// without a compressor:
//
//	header  1f 8b 08 00 | time, 4 bytes | 02 ff
//	stored  00 | n, 2 bytes | ^n, 2 bytes | n bytes, then a flush
//	flush   00 00 00 ff ff
//	end     01 00 00 ff ff | CRC-32 | unpacked length mod 2^32
//
// tailV2: format 2 ends with a stored block of 8 bytes, a flush and an end: 13
// + 5 + 13 = 31 bytes, and Swift begins to read there.
var (
	// gzipTime is the time that Swift writes, so that equal rings are equal
	// files.
	gzipTime   = uint32(1300507380)
	flushBlock = []byte{0, 0, 0, 0xff, 0xff}
	endBlock   = []byte{1, 0, 0, 0xff, 0xff}
)

func newGzipWriter(w io.Writer) *gzipWriter {
	g := &gzipWriter{w: w}
	header := binary.LittleEndian.AppendUint32([]byte{0x1f, 0x8b, 8, 0}, gzipTime)
	g.out(append(header, 2, 0xff))
	g.z, _ = flate.NewWriter(fileWriter{g}, flate.BestCompression) // fails for unknown levels only
	return g
}

// fileWriter is where the compressor writes to.
type fileWriter struct{ g *gzipWriter }

func (f fileWriter) Write(b []byte) (int, error) {
	f.g.out(b)
	return len(b), f.g.err
}

func (g *gzipWriter) out(b []byte) {
	if g.err == nil {
		_, g.err = g.w.Write(b)
		g.fileBytes += uint64(len(b))
	}
}

// count takes note of unpacked bytes.
func (g *gzipWriter) count(b []byte) {
	g.crc = crc32.Update(g.crc, crc32.IEEETable, b)
	g.rawBytes += uint64(len(b))
}

// stored writes a few bytes as they are, and a boundary.
func (g *gzipWriter) stored(b []byte) {
	g.count(b)
	head := binary.LittleEndian.AppendUint16([]byte{0}, uint16(len(b)))
	head = binary.LittleEndian.AppendUint16(head, ^uint16(len(b)))
	g.out(append(append(head, b...), flushBlock...))
}

func (g *gzipWriter) write(b []byte) {
	g.count(b)
	if g.hash != nil {
		g.hash.Write(b)
	}
	if g.err == nil {
		_, g.err = g.z.Write(b)
	}
}

// boundary ends a stretch: all bytes are out, and the next stretch begins
// afresh.
func (g *gzipWriter) boundary() {
	if g.err == nil {
		g.err = g.z.Flush()
		g.z.Reset(fileWriter{g})
	}
}

// rows writes a table of device ids of width bytes.
func (g *gzipWriter) rows(rows [][]uint32, width int, order binary.AppendByteOrder) {
	buf := make([]byte, 0, 64<<10)
	for _, row := range rows {
		for _, id := range row {
			if width == 2 {
				buf = order.AppendUint16(buf, uint16(id))
			} else {
				buf = order.AppendUint32(buf, id)
			}
			if len(buf) == cap(buf) {
				g.write(buf)
				buf = buf[:0]
			}
		}
	}
	g.write(buf)
}

// section writes a blob of n bytes and returns its entry for the index.
func (g *gzipWriter) section(n int, content func()) [6]any {
	fileStart, rawStart := g.fileBytes, g.rawBytes
	g.hash = sha256.New()
	g.write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	content()
	g.boundary()
	sum := hex.EncodeToString(g.hash.Sum(nil))
	g.hash = nil
	return [6]any{fileStart, rawStart, g.fileBytes, g.rawBytes, "sha256", sum}
}

func (g *gzipWriter) close() error {
	g.out(endBlock)
	g.out(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, g.crc), uint32(g.rawBytes)))
	return g.err
}
