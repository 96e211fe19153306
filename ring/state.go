// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
)

// builderFormat is the format of builder files: a gzip member with a JSON
// object, builderRecord. The format is needletail's own. Swift's builder files
// are Python pickles, and needletail does not read pickles.
const builderFormat = "needletail ring builder 1"

// builderRecord is a builder in JSON. Rows and moves are base64 of 4 bytes per
// partition, little-endian; a device id of 2^32-1 is no device.
type builderRecord struct {
	Format       string       `json:"format"`
	PartPower    int          `json:"part_power"`
	Replicas     float64      `json:"replicas"`
	MinPartHours int          `json:"min_part_hours"`
	Overload     float64      `json:"overload"`
	Version      int64        `json:"version"`
	Changed      bool         `json:"changed"`
	Devices      []*devRecord `json:"devices"`
	Removed      []int        `json:"removed"`
	Rows         [][]byte     `json:"rows"`
	Moved        []byte       `json:"moved"` // hours since 1970
}

// Save writes the builder to a file, atomically and durably.
func (b *Builder) Save(path string) error {
	if err := writeAtomically(osFiles{}, path, b.write); err != nil {
		return &Error{Op: "write", Path: path, Err: err}
	}
	return nil
}

func (b *Builder) write(w io.Writer) error {
	rec := builderRecord{Format: builderFormat, PartPower: b.power, Replicas: b.replicas, MinPartHours: b.minPartHours,
		Overload: b.overload, Version: b.version, Changed: b.changed, Devices: recordsOf(b.devices), Moved: packIDs(b.moved)}
	for id, gone := range b.removed {
		if gone {
			rec.Removed = append(rec.Removed, id)
		}
	}
	for _, row := range b.rows {
		rec.Rows = append(rec.Rows, packIDs(row))
	}
	z := gzip.NewWriter(w)
	if err := json.NewEncoder(z).Encode(rec); err != nil {
		return err
	}
	return z.Close()
}

// LoadBuilder reads a file written by Save.
func LoadBuilder(path string) (*Builder, error) {
	data, err := readFile(path)
	if err == nil {
		var b *Builder
		if b, err = ParseBuilder(data); err == nil {
			return b, nil
		}
	}
	return nil, &Error{Op: "load", Path: path, Err: err}
}

// ParseBuilder reads the bytes of a builder file.
func ParseBuilder(data []byte) (*Builder, error) {
	if len(data) > 1 && data[0] == 0x80 {
		return nil, fail(ErrVersion, "this is a Python pickle, such as swift-ring-builder writes; make a builder from the ring file")
	}
	raw, err := unpack(data, maxRawBytes)
	if err != nil {
		return nil, err
	}
	var rec builderRecord
	if err := json.Unmarshal(raw, &rec); err != nil {
		return nil, fail(ErrFormat, "builder: %v", err)
	}
	if rec.Format != builderFormat {
		return nil, fail(ErrVersion, "the builder's format is %q, not %q", rec.Format, builderFormat)
	}
	return rec.builder()
}

func (rec *builderRecord) builder() (*Builder, error) {
	// A small file must not make a big table: the moves have an entry for every
	// partition, so they bound the table.
	if rec.PartPower < 0 || rec.PartPower > maxPartPower || len(rec.Moved) != 4<<rec.PartPower {
		return nil, fail(ErrFormat, "%d bytes of moves for a part power of %d", len(rec.Moved), rec.PartPower)
	}
	b, err := NewBuilder(rec.PartPower, rec.Replicas, rec.MinPartHours)
	if err != nil {
		return nil, err
	}
	if err := b.SetOverload(rec.Overload); err != nil {
		return nil, err
	}
	if b.devices, err = devicesOf(rec.Devices); err != nil {
		return nil, err
	}
	for _, d := range b.devices {
		if d != nil {
			if err := d.check(); err != nil {
				return nil, err
			}
		}
	}
	b.removed = make([]bool, len(b.devices))
	for _, id := range rec.Removed {
		if id < 0 || id >= len(b.devices) || b.devices[id] == nil {
			return nil, fail(ErrFormat, "device %d is removed and not there", id)
		}
		b.removed[id] = true
	}
	for _, row := range rec.Rows {
		b.rows = append(b.rows, unpackIDs(row))
	}
	b.moved = unpackIDs(rec.Moved)
	b.version, b.changed = rec.Version, rec.Changed
	return b, b.Validate()
}

func packIDs(ids []uint32) []byte {
	out := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		out = binary.LittleEndian.AppendUint32(out, id)
	}
	return out
}

func unpackIDs(b []byte) []uint32 {
	ids := make([]uint32, len(b)/4)
	for i := range ids {
		ids[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return ids
}

// Validate checks that every replica of every partition is on a present device,
// and that no two replicas of a partition share a device. A builder before its
// first Rebalance is valid.
func (b *Builder) Validate() error {
	if b.rows == nil {
		return nil
	}
	if len(b.rows) > maxReplicas {
		return fail(ErrLimit, "%d rows", len(b.rows))
	}
	for i, row := range b.rows {
		if len(row) != b.parts() && (i != len(b.rows)-1 || i == 0 || len(row) > b.parts()) {
			return fail(ErrFormat, "row %d has %d of %d partitions", i, len(row), b.parts())
		}
		for p, id := range row {
			if int64(id) >= int64(len(b.devices)) || b.devices[id] == nil {
				return fail(ErrFormat, "replica %d of partition %d is on device %d, which is not there", i, p, id)
			}
			for _, other := range b.rows[:i] {
				if other[p] == id {
					return fail(ErrFormat, "device %d has two replicas of partition %d", id, p)
				}
			}
		}
	}
	return nil
}
